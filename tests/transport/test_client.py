from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path

import anyio
import httpx
import pytest
import respx
import trustme
from anyio.abc import SocketAttribute
from anyio.streams.tls import TLSListener, TLSStream
from starlette.applications import Starlette
from starlette.requests import Request as AppRequest
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from regshape import __version__
from regshape.errors import UsageError
from regshape.model import Frame, Mutator, Request
from regshape.mutators.apply import apply
from regshape.transport.client import Client, open_client
from tests.transport.hostile import EMPTY, answering, serving, whole

AGENT = f"regshape/{__version__}"


async def sent(request: Request, path: str = "") -> bytes:
    """Return the bytes that a client sends for a request."""
    async with serving(answering(EMPTY)) as peer, open_client(peer.url + path) as client:
        exchange = await client.send(request)
        assert exchange.failure is None
        return peer.everything.replace(b"127.0.0.1:%d" % peer.port, b"HOST")


async def test_only_host_agent_and_length_are_added() -> None:
    assert await sent(Request("GET", "/v2/")) == (
        b"GET /v2/ HTTP/1.1\r\nHost: HOST\r\nUser-Agent: " + AGENT.encode() + b"\r\n\r\n"
    )
    assert (await sent(Request("DELETE", "/v2/", body=b"ab"))).endswith(
        b"\r\nContent-Length: 2\r\n\r\nab"
    )
    assert (await sent(Request("POST", "/v2/"))).endswith(b"\r\nContent-Length: 0\r\n\r\n")


async def test_what_the_request_says_itself_is_left_alone() -> None:
    headers = (("host", "other"), ("USER-AGENT", "me"), ("content-length", "0"))
    assert await sent(Request("PUT", "/v2/", headers=headers)) == (
        b"PUT /v2/ HTTP/1.1\r\nhost: other\r\nUSER-AGENT: me\r\ncontent-length: 0\r\n\r\n"
    )
    chunked = Request(
        "PUT",
        "/v2/",
        headers=(("Transfer-Encoding", "chunked"),),
        frame=Frame(payload=b"0\r\n\r\n"),
    )
    assert b"Content-Length" not in await sent(chunked)


async def test_the_path_of_the_url_stands_before_every_target() -> None:
    request = Request("GET", "/v2/{name}/tags/list", {"name": "a/b"}, (("n", "1"), ("last", None)))
    assert (await sent(request, "/prefix/")).startswith(
        b"GET /prefix/v2/a/b/tags/list?n=1&last HTTP/1.1\r\n"
    )
    assert (await sent(Request("OPTIONS", "*"), "/prefix")).startswith(b"OPTIONS * HTTP/1.1\r\n")


async def test_targets_that_no_url_can_carry_go_out_as_they_are() -> None:
    for target in ("/../../%zz", "/a b", "//x/\x01\xe9", "http://x/"):
        line = b"GET " + target.encode("latin-1") + b" HTTP/1.1\r\n"
        assert (await sent(Request("GET", target))).startswith(line)


async def test_methods_keep_their_case() -> None:
    assert (await sent(Request("get", "/"))).startswith(b"get / HTTP/1.1\r\n")


async def test_the_exchange_tells_what_was_sent_and_what_came() -> None:
    answer = whole(b"ok", b"X-Odd: \xe9", b"X-Odd: 2", status=b"201 Made")
    async with serving(answering(answer)) as peer, open_client(peer.url) as client:
        exchange = await client.send(Request("PUT", "/v2/", body=b"body"))
    assert (exchange.method, exchange.target, exchange.body) == ("PUT", "/v2/", b"body")
    assert exchange.headers == (
        ("Host", f"127.0.0.1:{peer.port}"),
        ("User-Agent", AGENT),
        ("Content-Length", "4"),
    )
    assert (exchange.status, exchange.reason, exchange.answer) == (201, "Made", b"ok")
    assert exchange.header_values("x-odd") == ["\xe9", "2"]
    assert exchange.failure is None
    assert 0 < exchange.seconds < 1


async def test_mutators_break_what_leaves_and_the_exchange_shows_it() -> None:
    mutators = [
        Mutator("m", "method", "replace", None, "Frob it"),
        Mutator("d", "digest", "corrupt"),
        Mutator("h", "header", "replace", "X-Odd", "a\x00\xe9\u2603"),
        Mutator("b", "body", "append", None, "!"),
        Mutator("f", "frame", "chunked"),
    ]
    digest = "sha256:" + "a" * 64
    request = Request("PUT", "/v2/x/blobs/{digest}", {"digest": digest}, body=b"body")
    async with (
        serving(answering(EMPTY)) as peer,
        open_client(peer.url + "/p", apply=apply) as client,
    ):
        exchange = await client.send(request, mutators)
    line, *_ = peer.everything.split(b"\r\n")
    assert line == b"Frob it /p/v2/x/blobs/" + digest[:-1].encode() + b"0 HTTP/1.1"
    # What has no octet of its own goes out as UTF-8.
    assert "X-Odd: a\x00\xe9\u2603".encode() in peer.everything
    assert peer.everything.endswith(b"\r\n\r\n5\r\nbody!\r\n0\r\n\r\n")
    assert (exchange.method, exchange.target) == ("Frob it", f"/p/v2/x/blobs/{digest[:-1]}0")
    assert exchange.body == b"5\r\nbody!\r\n0\r\n\r\n"


async def test_fixed_rules_break_every_request() -> None:
    rules = [Mutator("h", "header", "replace", "X-Rule", "1")]
    async with (
        serving(answering(EMPTY)) as peer,
        open_client(peer.url, apply=apply, rules=rules) as client,
    ):
        for _ in range(2):
            await client.send(Request("GET", "/"), [Mutator("m", "method", "case", None, "lower")])
    assert peer.everything.count(b"X-Rule: 1\r\n") == 2
    assert peer.everything.count(b"get / HTTP/1.1\r\n") == 2


async def test_an_unknown_mutator_is_the_callers_mistake() -> None:
    async with open_client("http://127.0.0.1:9", apply=apply) as client:
        with pytest.raises(UsageError, match="no mutator target"):
            await client.send(Request("GET", "/"), [Mutator("x", "nothing", "replace")])


async def echo(request: AppRequest) -> Response:
    return JSONResponse({"path": request.url.path, "query": request.url.query})


async def failing(request: AppRequest) -> Response:
    raise RuntimeError("on purpose")


async def test_an_app_can_stand_in_for_the_wire() -> None:
    app = Starlette(routes=[Route("/fail", failing), Route("/{path:path}", echo)])
    inner = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with open_client("http://registry/base", inner=inner, apply=apply) as client:
        exchange = await client.send(
            Request("GET", "/{name}/x", {"name": "a"}, (("q", "1"),)),
            [Mutator("n", "name", "append", None, "b")],
        )
        assert exchange.answer == b'{"path":"/base/ab/x","query":"q=1"}'
        assert exchange.header("content-type") == "application/json"
    async with open_client("http://registry", inner=inner) as client:
        assert (await client.send(Request("GET", "/fail"))).status == 500


async def test_httpx_own_transport_can_stand_in_for_the_wire() -> None:
    async with (
        serving(answering(whole(b"ok"))) as peer,
        open_client(peer.url, inner=httpx.AsyncHTTPTransport()) as client,
    ):
        exchange = await client.send(Request("GET", "/v2/"))
        assert exchange.answer == b"ok"
        illegal = await client.send(Request("GET", "/", headers=(("X", "a\nb"),)))
        assert illegal.failure is not None
        assert "could not be sent" in illegal.failure.detail
    async with open_client(peer.url, inner=httpx.AsyncHTTPTransport()) as client:
        exchange = await client.send(Request("GET", "/v2/"))
        assert exchange.failure is not None
        assert exchange.failure.kind == "connect"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (httpx.ConnectTimeout("slow"), "timeout"),
        (httpx.WriteError("gone"), "reset"),
        (httpx.RemoteProtocolError("Server disconnected without sending a response."), "closed"),
        (httpx.RemoteProtocolError("peer closed connection without sending it all"), "cut-off"),
        (httpx.RemoteProtocolError("illegal status line"), "malformed"),
        (httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"), "tls"),
    ],
)
async def test_a_failure_of_the_network_has_a_kind(error: httpx.HTTPError, kind: str) -> None:
    with respx.mock() as router:
        router.get("http://registry/v2/").mock(side_effect=error)
        inner = httpx.MockTransport(router.async_handler)
        exchange = await open_client("http://registry", inner=inner).send(Request("GET", "/v2/"))
    assert exchange.failure is not None
    assert exchange.failure.kind == kind


@pytest.mark.parametrize("url", ["", "registry:5000", "ftp://registry", "http://", "http://[::"])
def test_what_is_no_url_is_the_callers_mistake(url: str) -> None:
    with pytest.raises(UsageError, match="URL"):
        open_client(url)


def test_a_ca_file_that_cannot_be_used_is_the_callers_mistake(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("nothing", encoding="ascii")
    for path in (empty, tmp_path / "absent.pem"):
        with pytest.raises(UsageError, match=path.name):
            open_client("https://registry", ca_file=path)


async def over_tls(
    client_of: Mapping[str, object], authority: trustme.CA, subject: str = "127.0.0.1"
) -> tuple[str | None, str, bytes]:
    """Return kind and detail of the failure, and the answer, of an exchange over TLS."""
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(subject).configure_cert(server)
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - no Django

    async def handle(stream: TLSStream) -> None:
        async with stream:
            await stream.receive()
            await stream.send(whole(b"ok"))

    async with listener, anyio.create_task_group() as group:
        group.start_soon(TLSListener(listener, server, standard_compatible=False).serve, handle)
        url = f"https://127.0.0.1:{port}"
        async with open_client(url, **client_of) as client:  # type: ignore[arg-type]
            exchange = await client.send(Request("GET", "/v2/"))
        group.cancel_scope.cancel()
    failure = exchange.failure
    return (failure.kind if failure else None, failure.detail if failure else "", exchange.answer)


async def test_a_certificate_is_trusted_with_its_authority_or_unchecked(tmp_path: Path) -> None:
    authority, stranger = trustme.CA(), trustme.CA()
    good, bad = tmp_path / "good.pem", tmp_path / "bad.pem"
    authority.cert_pem.write_to_path(good)
    stranger.cert_pem.write_to_path(bad)
    assert await over_tls({"ca_file": good}, authority) == (None, "", b"ok")
    assert await over_tls({"insecure": True}, authority) == (None, "", b"ok")
    for options in ({"ca_file": bad}, {}):
        kind, detail, answer = await over_tls(options, authority)
        assert (kind, answer) == ("tls", b"")
        assert "--ca-file" in detail
        assert "--insecure" in detail


async def test_a_certificate_for_another_host_is_not_trusted(tmp_path: Path) -> None:
    authority = trustme.CA()
    path = tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(path)
    kind, _, _ = await over_tls({"ca_file": path}, authority, "other.example")
    assert kind == "tls"


async def test_a_plain_peer_under_https_is_a_failure_of_tls() -> None:
    async with serving(answering(EMPTY, b"HTTP/1.1 400 Bad\r\n\r\n", close=True)) as peer:
        url = peer.url.replace("http:", "https:")
        async with open_client(url, insecure=True, deadline=0.3) as client:
            exchange = await client.send(Request("GET", "/"))
    assert exchange.failure is not None
    assert exchange.failure.kind in ("tls", "timeout")


async def test_many_requests_at_once_each_get_their_own_answer() -> None:
    app = Starlette(routes=[Route("/{path:path}", echo)])
    client = Client("http://h", httpx.ASGITransport(app))
    results: dict[int, bytes] = {}

    async def one(number: int) -> None:
        results[number] = (await client.send(Request("GET", f"/{number}"))).answer

    async with anyio.create_task_group() as group:
        for number in range(32):
            group.start_soon(one, number)
    assert all(f'"/{number}"'.encode() in answer for number, answer in results.items())
