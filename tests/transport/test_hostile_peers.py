"""Whatever a peer does becomes an exchange: no hang, no crash, nothing unbounded, nothing lost."""

from __future__ import annotations

import gzip
import time
import tracemalloc

import anyio
import pytest
from anyio.abc import SocketStream

from regshape.model import Exchange, Request
from regshape.transport.auth import Credentials
from regshape.transport.client import open_client
from tests.transport.hostile import (
    EMPTY,
    Script,
    answering,
    closing,
    endless,
    read_head,
    resetting,
    serving,
    silent,
    whole,
)

DEADLINE = 0.3
LIMIT = 100_000


async def exchange_with(script: Script, request: Request | None = None) -> Exchange:
    """Send one request to a script and return the exchange, which must not take long."""
    async with (
        serving(script) as peer,
        open_client(peer.url, deadline=DEADLINE, body_limit=LIMIT) as client,
    ):
        started = time.monotonic()
        exchange = await client.send(request or Request("GET", "/v2/"))
        assert time.monotonic() - started < DEADLINE + 0.3
        return exchange


def kind(exchange: Exchange) -> str | None:
    return exchange.failure.kind if exchange.failure else None


async def test_an_endless_body_is_read_up_to_the_limit() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"
    tracemalloc.start()
    exchange = await exchange_with(endless(head, b"x" * 65536))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kind(exchange) == "too-large"
    assert exchange.status == 200
    assert exchange.answer == b"x" * LIMIT
    assert peak < 4_000_000


async def test_an_endless_slow_body_ends_at_the_deadline_with_what_came() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    exchange = await exchange_with(endless(head, b"1\r\nx\r\n", pause=0.02))
    assert kind(exchange) == "timeout"
    assert exchange.status == 200
    assert 1 < len(exchange.answer) < 30
    assert exchange.failure is not None
    assert "did not end within 0.3 s" in exchange.failure.detail


async def test_endless_headers_are_bounded() -> None:
    exchange = await exchange_with(
        endless(b"HTTP/1.1 200 OK\r\n", b"X-Y: " + b"z" * 9000 + b"\r\n")
    )
    assert kind(exchange) == "malformed"
    assert exchange.status is None
    assert exchange.answer.startswith(b"HTTP/1.1 200 OK\r\nX-Y: zzz")
    assert len(exchange.answer) < 300_000


async def test_a_head_of_one_byte_at_a_time_ends_at_the_deadline_with_what_came() -> None:
    exchange = await exchange_with(answering(b"H", b"T", b"T", b"P", pause=0.1))
    assert kind(exchange) == "timeout"
    assert b"HTTP".startswith(exchange.answer)
    assert exchange.answer


async def test_a_reset_is_told_from_a_close() -> None:
    assert kind(await exchange_with(resetting)) == "reset"
    assert kind(await exchange_with(closing)) == "closed"


async def test_no_answer_ends_at_the_deadline() -> None:
    exchange = await exchange_with(silent)
    assert kind(exchange) == "timeout"
    assert exchange.failure is not None
    assert exchange.failure.detail == "no answer came within 0.3 s"


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n",
    ],
)
async def test_a_body_that_ends_early_keeps_what_came(head: bytes) -> None:
    exchange = await exchange_with(answering(head + b"abc", close=True))
    assert kind(exchange) == "cut-off"
    assert exchange.status == 200
    assert exchange.answer == b"abc"


async def test_a_head_that_ends_early_keeps_what_came() -> None:
    exchange = await exchange_with(answering(b"HTTP/1.1 200 OK\r\nX-", close=True))
    assert kind(exchange) == "cut-off"
    assert exchange.answer == b"HTTP/1.1 200 OK\r\nX-"


async def test_header_bytes_that_are_no_utf_8_are_kept_as_they_are() -> None:
    exchange = await exchange_with(answering(whole(b"", b"X-Odd: \xff\xfe\xe9")))
    assert exchange.failure is None
    assert exchange.header("x-odd") == "\xff\xfe\xe9"


async def test_a_gzip_bomb_stays_small() -> None:
    bomb = gzip.compress(bytes(20_000_000))
    exchange = await exchange_with(answering(whole(bomb, b"Content-Encoding: gzip")))
    assert exchange.failure is None
    assert exchange.answer == bomb


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nNo colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Nul: a\x00b\r\n\r\n",
        b"HTTP/1.1 99 Low\r\n\r\n",
        b"HTTP/1.1 2000 High\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        b"\x15\x03\x01\x00\x02\x02\x16",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    ],
)
async def test_a_malformed_head_is_kept_raw(answer: bytes) -> None:
    exchange = await exchange_with(answering(answer))
    assert kind(exchange) == "malformed"
    assert exchange.status is None
    assert exchange.answer == answer


async def test_a_bad_chunk_keeps_status_and_the_chunks_before_it() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    exchange = await exchange_with(answering(head + b"3\r\nabc\r\nxyz\r\nabc\r\n"))
    assert kind(exchange) == "malformed"
    assert exchange.status == 200
    assert exchange.answer == b"abc"
    assert exchange.failure is not None
    assert "chunk" in exchange.failure.detail


async def test_a_flood_of_interim_answers_is_bounded() -> None:
    exchange = await exchange_with(endless(b"", b"HTTP/1.1 100 Continue\r\n\r\n"))
    assert kind(exchange) == "malformed"
    assert exchange.failure is not None
    assert "interim" in exchange.failure.detail


async def test_a_few_interim_answers_are_passed_over() -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    exchange = await exchange_with(answering(hints + hints + whole(b"ok")))
    assert exchange.failure is None
    assert exchange.answer == b"ok"


@pytest.mark.parametrize(
    ("method", "answer"),
    [
        ("HEAD", whole(b"abcde")),
        ("GET", b"HTTP/1.1 204 No Content\r\n\r\nabcde"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\n\r\nabcde"),
        ("GET", whole(b"ok") + b"abcde"),
    ],
)
async def test_bytes_behind_the_end_of_an_answer_are_noticed(method: str, answer: bytes) -> None:
    exchange = await exchange_with(answering(answer), Request(method, "/v2/"))
    assert kind(exchange) == "malformed"
    assert exchange.status is not None
    assert exchange.failure is not None
    assert exchange.failure.detail.startswith("5 bytes follow the end of the ")


async def test_bytes_behind_the_end_never_reach_the_next_exchange() -> None:
    async def script(stream: SocketStream, seen: bytearray) -> None:
        await read_head(stream, seen)
        await stream.send(whole(b"first") + b"GARBAGE")
        await read_head(stream, seen)

    async with serving(script) as peer, open_client(peer.url, deadline=DEADLINE) as client:
        first = await client.send(Request("GET", "/1"))
        second = await client.send(Request("GET", "/2"))
        assert first.answer == second.answer == b"first"
        assert len(peer.received) == 2


@pytest.mark.parametrize("status", [b"301 Moved", b"307 Temporary Redirect", b"201 Created"])
async def test_a_location_elsewhere_is_only_told(status: bytes) -> None:
    async with serving(answering(EMPTY)) as other:
        location = b"Location: " + other.url.encode() + b"/stolen"
        async with (
            serving(answering(whole(b"", location, status=status))) as peer,
            open_client(peer.url, Credentials("user", "secret"), deadline=DEADLINE) as client,
        ):
            exchange = await client.send(Request("GET", "/v2/"))
        assert exchange.header("location") == f"{other.url}/stolen"
        assert other.received == []
        assert b"Authorization: Basic " in peer.everything


async def test_nobody_listening_is_a_failure_to_connect() -> None:
    async with serving(silent) as peer:
        pass
    async with open_client(peer.url, deadline=DEADLINE) as client:
        exchange = await client.send(Request("GET", "/v2/"))
    assert kind(exchange) == "connect"


async def test_an_early_answer_to_a_long_body_is_read_though_the_peer_reads_no_more() -> None:
    async def script(stream: SocketStream, seen: bytearray) -> None:
        await stream.receive()
        await stream.send(whole(b"too much", status=b"413 Too Large"))
        await anyio.sleep(60)

    exchange = await exchange_with(script, Request("PUT", "/v2/", body=bytes(20_000_000)))
    assert exchange.failure is None
    assert exchange.status == 413
