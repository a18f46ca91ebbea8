from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import anyio
import httpx
import pytest

from regshape.model import Exchange, Failure
from regshape.transport.capturing import CapturingTransport
from regshape.transport.failures import TooLargeError


def a_request(**extensions: object) -> tuple[httpx.Request, list[Exchange]]:
    exchanges: list[Exchange] = []
    request = httpx.Request(
        "GET", "http://h/v2/?x", extensions={"exchanges": exchanges, **extensions}
    )
    return request, exchanges


class Chunks(httpx.AsyncByteStream):
    """A body in chunks, which notes whether it was closed."""

    def __init__(self, *chunks: bytes, pause: float = 0.0) -> None:
        self.chunks = chunks
        self.pause = pause
        self.closed = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for chunk in self.chunks:
            yield chunk
            await anyio.sleep(self.pause)

    async def aclose(self) -> None:
        self.closed = True


def answering(stream: httpx.AsyncByteStream) -> httpx.MockTransport:
    return httpx.MockTransport(lambda _: httpx.Response(200, headers={"X-A": "b"}, stream=stream))


async def test_the_answer_is_read_and_given_on() -> None:
    stream = Chunks(b"ab", b"c")
    request, exchanges = a_request()
    response = await CapturingTransport(answering(stream), 10, 1).handle_async_request(request)
    assert await response.aread() == b"abc"
    assert stream.closed
    (exchange,) = exchanges
    assert (exchange.target, exchange.answer, exchange.failure) == ("/v2/?x", b"abc", None)
    assert exchange.answer_headers == (("x-a", "b"),)


async def test_nothing_is_recorded_where_nobody_wants_it() -> None:
    capturing = CapturingTransport(answering(Chunks(b"ab")), 10, 1)
    response = await capturing.handle_async_request(httpx.Request("GET", "http://h/"))
    assert await response.aread() == b"ab"


async def test_a_body_beyond_the_limit_is_kept_up_to_it() -> None:
    stream = Chunks(b"abc", b"def", b"ghi")
    request, exchanges = a_request()
    with pytest.raises(TooLargeError):
        await CapturingTransport(answering(stream), 5, 1).handle_async_request(request)
    assert stream.closed
    assert exchanges[0].answer == b"abcde"
    assert exchanges[0].failure == Failure("too-large", "the answer's body is longer than 5 bytes")


async def test_a_body_of_exactly_the_limit_is_whole() -> None:
    request, exchanges = a_request()
    capturing = CapturingTransport(answering(Chunks(b"abc", b"de")), 5, 1)
    await capturing.handle_async_request(request)
    assert exchanges[0].failure is None


async def test_a_whole_body_beyond_the_limit_is_cut_too() -> None:
    inner = httpx.MockTransport(lambda _: httpx.Response(200, content=b"abcdefgh"))
    request, exchanges = a_request()
    with pytest.raises(TooLargeError):
        await CapturingTransport(inner, 5, 1).handle_async_request(request)
    assert exchanges[0].answer == b"abcde"


async def test_the_deadline_holds_for_the_whole_exchange() -> None:
    request, exchanges = a_request()
    capturing = CapturingTransport(answering(Chunks(*(b"x",) * 99, pause=0.02)), 999, 0.1)
    with pytest.raises(httpx.ReadTimeout):
        await capturing.handle_async_request(request)
    assert exchanges[0].status == 200
    assert 0 < len(exchanges[0].answer) < 20


async def test_being_cancelled_is_no_timeout() -> None:
    request, exchanges = a_request()
    capturing = CapturingTransport(answering(Chunks(b"x", b"x", pause=1)), 999, 1)
    with anyio.move_on_after(0.05) as scope:
        await capturing.handle_async_request(request)
    assert scope.cancelled_caught
    assert exchanges == []


async def test_a_transport_that_is_not_asynchronous_is_refused() -> None:
    class Sync(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            yield b""

    inner = httpx.MockTransport(lambda _: httpx.Response(200, stream=Sync()))
    request, _ = a_request()
    with pytest.raises(httpx.StreamError):
        await CapturingTransport(inner, 5, 1).handle_async_request(request)
