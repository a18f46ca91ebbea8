from __future__ import annotations

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import httpx
import pytest
import trustme
from anyio.abc import SocketAttribute, SocketStream
from anyio.streams.tls import TLSListener, TLSStream

from regshape.model import Frame
from regshape.transport import connection as connection_module
from regshape.transport import wire as wire_module
from regshape.transport.failures import (
    AbandonedError,
    MalformedAnswerError,
    StaleError,
    TlsError,
)
from regshape.transport.wire import WireTransport
from tests.transport.hostile import (
    EMPTY,
    answering,
    endless,
    read_head,
    resetting,
    serving,
    silent,
    whole,
)

HOST = (b"Host", b"h")


def a_request(
    url: str, method: str = "GET", body: bytes = b"", **extensions: object
) -> httpx.Request:
    headers = [HOST, (b"Content-Length", b"%d" % len(body))] if body else [HOST]
    return httpx.Request(
        method, url, headers=headers, stream=httpx.ByteStream(body), extensions=extensions
    )


async def body_of(response: httpx.Response) -> bytes:
    return await response.aread()


async def test_what_is_sent_is_what_was_given_byte_for_byte() -> None:
    async with serving(answering(EMPTY)) as peer, WireTransport() as wire:
        request = httpx.Request(
            "PUT",
            peer.url,
            headers=[HOST, (b"x-Odd", b"\xff\x01"), (b"X-ODD", b""), (b"Content-Length", b"3")],
            stream=httpx.ByteStream(b"abc"),
            extensions={"target": b"http://other/../%zz?\xe9"},
        )
        response = await wire.handle_async_request(request)
        assert response.status_code == 200
        head = b"Host: h\r\nx-Odd: \xff\x01\r\nX-ODD: \r\nContent-Length: 3\r\n\r\n"
        assert peer.everything == b"PUT http://other/../%zz?\xe9 HTTP/1.1\r\n" + head + b"abc"


async def test_the_url_gives_the_target_where_nothing_else_does() -> None:
    async with serving(answering(EMPTY)) as peer, WireTransport() as wire:
        await wire.handle_async_request(a_request(peer.url + "/v2/a%2Fb?x=1"))
        assert peer.everything.startswith(b"GET /v2/a%2Fb?x=1 HTTP/1.1\r\n")


async def test_a_frame_replaces_version_and_payload() -> None:
    async with serving(answering(EMPTY)) as peer, WireTransport() as wire:
        frame = Frame("HTTP/9.9", b"5\r\nhello\r\n0\r\n\r\n")
        await wire.handle_async_request(a_request(peer.url, "PUT", b"hello", frame=frame))
        assert peer.everything.startswith(b"PUT / HTTP/9.9\r\n")
        assert peer.everything.endswith(b"\r\n\r\n5\r\nhello\r\n0\r\n\r\n")


async def test_a_body_too_long_for_one_send_arrives_whole() -> None:
    body = bytes(range(256)) * 20_000
    seen_all = anyio.Event()

    async def script(stream: SocketStream, seen: bytearray) -> None:
        while not seen.endswith(body[-256:]) or len(seen) < len(body):
            seen += await stream.receive()
        seen_all.set()
        await stream.send(EMPTY)

    async with serving(script) as peer, WireTransport() as wire:
        response = await wire.handle_async_request(a_request(peer.url, "PUT", body))
        assert response.status_code == 200
        assert peer.everything.endswith(b"\r\n\r\n" + body)


async def test_a_body_that_is_a_stream_is_read_first() -> None:
    async def parts() -> object:
        for part in (b"ab", b"c"):
            yield part

    async with serving(answering(EMPTY)) as peer, WireTransport() as wire:
        request = httpx.Request("PUT", peer.url, content=parts())  # type: ignore[arg-type]
        await wire.handle_async_request(request)
        assert peer.everything.endswith(b"\r\n\r\nabc")


async def test_a_fin_ends_the_request_and_the_answer_is_still_read() -> None:
    async def script(stream: SocketStream, seen: bytearray) -> None:
        while True:
            try:
                seen += await stream.receive()
            except anyio.EndOfStream:
                await stream.send(whole(b"short", status=b"400 Bad Request"))
                return

    async with serving(script) as peer, WireTransport() as wire:
        frame = Frame(payload=b"ab", ending="fin")
        response = await wire.handle_async_request(a_request(peer.url, "PUT", b"abcd", frame=frame))
        assert response.status_code == 400
        assert peer.everything.endswith(b"\r\n\r\nab")


async def test_a_reset_by_this_side_is_an_error_of_its_own() -> None:
    broken = anyio.Event()

    async def script(stream: SocketStream, seen: bytearray) -> None:
        try:
            while True:
                seen += await stream.receive()
        except anyio.BrokenResourceError:
            broken.set()

    async with serving(script) as peer, WireTransport() as wire:
        with pytest.raises(AbandonedError):
            await wire.handle_async_request(a_request(peer.url, frame=Frame(ending="rst")))
        with anyio.fail_after(1):
            await broken.wait()


async def test_a_connection_is_used_again() -> None:
    async with serving(answering(whole(b"ok"))) as peer, WireTransport() as wire:
        for _ in range(3):
            assert await body_of(await wire.handle_async_request(a_request(peer.url))) == b"ok"
        assert len(peer.received) == 1


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        whole(b"") + b"excess",
    ],
)
async def test_a_connection_is_not_used_again_after_an_answer_that_ends_it(answer: bytes) -> None:
    async with serving(answering(answer)) as peer, WireTransport() as wire:
        for _ in range(2):
            await body_of(await wire.handle_async_request(a_request(peer.url)))
        assert len(peer.received) == 2


@pytest.mark.parametrize(
    "headers",
    [
        [HOST, (b"Content-Length", b"0"), (b"Content-Length", b"0")],
        [HOST, (b"Content-Length", b"1")],
        [HOST, (b"Transfer-Encoding", b"chunked")],
        [HOST, (b"Connection", b"close")],
        [HOST, (b"X", b"a\r\nb: c")],
    ],
)
async def test_a_connection_is_not_used_again_after_a_request_that_may_be_misread(
    headers: list[tuple[bytes, bytes]],
) -> None:
    async with serving(answering(EMPTY)) as peer, WireTransport() as wire:
        for _ in range(2):
            request = httpx.Request("GET", peer.url, headers=headers, stream=httpx.ByteStream(b""))
            await wire.handle_async_request(request)
        assert len(peer.received) == 2


async def test_a_connection_is_not_used_again_if_the_peer_answered_before_it_read_all() -> None:
    async def script(stream: SocketStream, seen: bytearray) -> None:
        await stream.receive()
        await stream.send(whole(b"enough"))
        await anyio.sleep(1)

    async with serving(script) as peer, WireTransport() as wire:
        for _ in range(2):
            response = await wire.handle_async_request(
                a_request(peer.url, "PUT", bytes(20_000_000))
            )
            assert await body_of(response) == b"enough"
        assert len(peer.received) == 2


async def test_an_interim_answer_does_not_stop_a_long_body() -> None:
    async def script(stream: SocketStream, seen: bytearray) -> None:
        await stream.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        await anyio.sleep(0.02)
        while len(seen) < 20_000_000:
            seen += await stream.receive()
        await stream.send(whole(b"all"))

    async with serving(script) as peer, WireTransport() as wire:
        response = await wire.handle_async_request(a_request(peer.url, "PUT", bytes(20_000_000)))
        assert await body_of(response) == b"all"


async def test_a_body_left_unread_closes_its_connection() -> None:
    big = whole(b"x" * 1_000_000)
    async with serving(answering(big)) as peer, WireTransport() as wire:
        response = await wire.handle_async_request(a_request(peer.url))
        await response.aclose()
        assert len(await body_of(await wire.handle_async_request(a_request(peer.url)))) == 1_000_000
        assert len(peer.received) == 2


async def test_a_connection_that_the_peer_closed_while_idle_is_not_tried() -> None:
    async with serving(answering(whole(b"ok"), close=True)) as peer, WireTransport() as wire:
        for _ in range(2):
            request = a_request(peer.url, "POST", b"x")
            assert await body_of(await wire.handle_async_request(request)) == b"ok"
            await anyio.sleep(0.02)
        assert len(peer.received) == 2


async def closing_at_the_second_request(stream: SocketStream, seen: bytearray) -> None:
    await read_head(stream, seen)
    await stream.send(whole(b"ok"))
    await read_head(stream, seen)


async def test_a_safe_request_that_meets_a_stale_connection_is_sent_again_once() -> None:
    async with serving(closing_at_the_second_request) as peer, WireTransport() as wire:
        for _ in range(2):
            assert await body_of(await wire.handle_async_request(a_request(peer.url))) == b"ok"
        assert len(peer.received) == 2


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE"])
async def test_a_request_that_may_have_had_its_effect_is_never_sent_again(method: str) -> None:
    async with serving(closing_at_the_second_request) as peer, WireTransport() as wire:
        await wire.handle_async_request(a_request(peer.url))
        with pytest.raises(StaleError):
            await wire.handle_async_request(a_request(peer.url, method, b"x"))
        assert len(peer.received) == 1


async def test_a_fresh_request_opens_a_connection_though_one_is_idle() -> None:
    async with serving(closing_at_the_second_request) as peer, WireTransport() as wire:
        await wire.handle_async_request(a_request(peer.url))
        request = a_request(peer.url, "POST", b"x", fresh=True)
        assert await body_of(await wire.handle_async_request(request)) == b"ok"
        assert len(peer.received) == 2


async def test_a_close_on_a_fresh_connection_is_not_retried() -> None:
    async with serving(resetting) as peer, WireTransport() as wire:
        with pytest.raises(httpx.ReadError):
            await wire.handle_async_request(a_request(peer.url))
        assert len(peer.received) == 1


async def test_idle_connections_are_bounded_in_number_and_age(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(wire_module, "IDLE_LIMIT", 1)
    async with serving(answering(EMPTY, pause=0.01)) as peer, WireTransport() as wire:
        async with anyio.create_task_group() as group:
            for _ in range(3):
                group.start_soon(wire.handle_async_request, a_request(peer.url))
        await wire.handle_async_request(a_request(peer.url))
        assert len(peer.received) == 3
        monkeypatch.setattr(connection_module, "IDLE_SECONDS", 0.0)
        await wire.handle_async_request(a_request(peer.url))
        assert len(peer.received) == 4


async def test_a_long_body_is_streamed() -> None:
    script = endless(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 1000)
    async with serving(script) as peer, WireTransport() as wire:
        response = await wire.handle_async_request(a_request(peer.url))
        size = 0
        async for chunk in response.aiter_raw():
            size += len(chunk)
            if size > 100_000:
                break
        await response.aclose()


async def test_httpx_timeouts_are_kept() -> None:
    async with serving(silent) as peer, WireTransport() as wire:
        request = a_request(peer.url, timeout={"connect": 1, "read": 0.05, "write": 1, "pool": 1})
        with pytest.raises(httpx.ReadTimeout):
            await wire.handle_async_request(request)


async def test_an_httpx_client_can_use_it() -> None:
    async with serving(answering(whole(b"ok"))) as peer:
        async with httpx.AsyncClient(transport=WireTransport()) as client:
            response = await client.post(peer.url, content=b"abc")
            assert response.text == "ok"
        assert peer.everything.endswith(b"\r\n\r\nabc")


async def test_a_tunnel_that_opens_has_no_body_and_is_closed() -> None:
    async with serving(answering(b"HTTP/1.1 200 OK\r\n\r\n")) as peer, WireTransport() as wire:
        request = a_request(peer.url, "CONNECT", target=b"h:1")
        response = await wire.handle_async_request(request)
        assert await body_of(response) == b""


async def test_a_protocol_is_switched_only_if_it_was_asked_for() -> None:
    switching = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"
    async with serving(answering(switching)) as peer, WireTransport() as wire:
        with pytest.raises(MalformedAnswerError):
            await wire.handle_async_request(a_request(peer.url))
        request = a_request(peer.url)
        request.headers["Upgrade"] = "h2c"
        assert (await wire.handle_async_request(request)).status_code == 101


async def test_other_schemes_and_unknown_hosts_are_refused() -> None:
    async with WireTransport() as wire:
        with pytest.raises(httpx.UnsupportedProtocol):
            await wire.handle_async_request(a_request("ftp://127.0.0.1/"))
        with pytest.raises(httpx.ConnectError):
            await wire.handle_async_request(a_request("http://regshape.invalid/"))


async def echoing(stream: TLSStream) -> None:
    """Answer each request once it has all come; a PUT is of five million bytes."""
    async with stream:
        try:
            while True:
                data = await stream.receive()
                while data.startswith(b"PUT") and len(data) < 5_000_000:
                    data += await stream.receive()
                await stream.send(whole(b"ok"))
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return


@asynccontextmanager
async def encrypted(authority: trustme.CA) -> AsyncIterator[tuple[str, list[TLSStream]]]:
    """Run a TLS server; yields its URL and the connections that it has had."""
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(server)
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - no Django
    connections: list[TLSStream] = []

    async def handle(stream: TLSStream) -> None:
        connections.append(stream)
        await echoing(stream)

    async with listener, anyio.create_task_group() as group:
        group.start_soon(TLSListener(listener, server, standard_compatible=False).serve, handle)
        yield f"https://127.0.0.1:{port}/", connections
        group.cancel_scope.cancel()


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def test_an_encrypted_connection_is_used_again() -> None:
    authority = trustme.CA()
    async with (
        encrypted(authority) as (url, connections),
        WireTransport(trusting(authority)) as wire,
    ):
        for _ in range(3):
            assert await body_of(await wire.handle_async_request(a_request(url))) == b"ok"
        assert len(connections) == 1


async def test_a_long_body_is_sent_whole_while_tls_has_messages_of_its_own() -> None:
    authority = trustme.CA()
    async with encrypted(authority) as (url, _), WireTransport(trusting(authority)) as wire:
        request = a_request(url, "PUT", bytes(5_000_000))
        assert await body_of(await wire.handle_async_request(request)) == b"ok"


async def test_a_peer_is_trusted_only_with_its_authority() -> None:
    async with encrypted(trustme.CA()) as (url, _), WireTransport(trusting(trustme.CA())) as wire:
        with pytest.raises(TlsError, match="--ca-file"):
            await wire.handle_async_request(a_request(url))
