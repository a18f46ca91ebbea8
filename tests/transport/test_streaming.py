"""Bodies that flow through the transport, both ways."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from functools import partial

import anyio
import pytest
from anyio.abc import SocketStream
from starlette.applications import Starlette
from starlette.requests import Request as StarletteRequest
from starlette.responses import Response
from starlette.routing import Route

from regshape.errors import UsageError
from regshape.model import Mutator, Request
from regshape.mutators.apply import apply
from regshape.transport.auth import Credentials
from regshape.transport.capturing import Observed
from regshape.transport.client import open_client
from regshape.transport.streaming import FlowError, Outflow
from tests.conftest import Serve
from tests.transport.hostile import answering, read_head, serving, silent, whole

MEBIBYTE = 1024 * 1024


async def zeros(count: int) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield bytes(1000)


async def swallowing(stream: SocketStream, seen: bytearray) -> None:
    """Read a request whole, keep its head only, and answer with how long the body was."""
    data = await read_head(stream, seen)
    head, _, rest = data.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    assert length is not None
    count = len(rest)
    while count < int(length[1]):
        count += len(await stream.receive(MEBIBYTE))
    await stream.send(whole(b"%d" % count))


async def test_a_body_goes_out_as_it_comes_under_its_length() -> None:
    async with serving(swallowing) as peer, open_client(peer.url) as client:
        content = Outflow(partial(zeros, 5000), 5_000_000)
        async with client.open(Request("PUT", "/blob"), content) as flow:
            assert await flow.read(100) == b"5000000"
    assert flow.exchange.status == 200


@pytest.mark.parametrize(("size", "message"), [(2999, "has more than"), (3001, "ends 1 bytes")])
async def test_a_source_that_is_not_as_long_as_was_said_is_the_callers_fault(
    size: int, message: str
) -> None:
    async with serving(swallowing) as peer, open_client(peer.url) as client:
        with pytest.raises(UsageError, match=message):
            async with client.open(Request("PUT", "/"), Outflow(partial(zeros, 3), size)):
                pass


async def test_a_peer_that_answers_early_is_heard() -> None:
    refusal = whole(b"no", status=b"401 Unauthorized")
    async with serving(answering(refusal)) as peer, open_client(peer.url, deadline=5) as client:
        content = Outflow(partial(zeros, 100_000), 100_000_000)
        async with client.open(Request("PUT", "/"), content) as flow:
            assert flow.exchange.status == 401


async def test_an_answer_is_read_as_it_comes_and_observed_when_it_ends() -> None:
    seen: list[Observed] = []
    body = b"x" * (3 * MEBIBYTE)
    async with (
        serving(answering(whole(body))) as peer,
        open_client(peer.url, observe=seen.append, body_limit=10) as client,
    ):
        async with client.open(Request("GET", "/")) as flow:
            assert seen == []
            pieces = [piece async for piece in flow.pieces()]
        async with client.open(Request("GET", "/")) as flow:
            assert await flow.read(5) == b"xxxxx"
    assert b"".join(pieces) == body
    assert len(pieces) > 1
    assert seen[0].exchange.answer_length == len(body)
    assert seen[0].origin == peer.url
    assert len(seen) == 2


async def test_a_peer_that_stops_is_given_up_after_the_time_of_one_wait() -> None:
    half = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"
    async with serving(answering(half)) as peer, open_client(peer.url, deadline=0.2) as client:
        with anyio.fail_after(5):
            async with client.open(Request("GET", "/")) as flow:
                with pytest.raises(FlowError) as caught:
                    await flow.read(100)
    assert caught.value.failure.kind == "timeout"
    async with serving(silent) as peer, open_client(peer.url, deadline=0.2) as client:
        with pytest.raises(FlowError) as caught:
            async with client.open(Request("GET", "/")):
                pass
    assert caught.value.failure.kind == "timeout"


async def test_a_slow_answer_may_take_longer_than_one_wait() -> None:
    parts = [b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n", *[b"x"] * 8]
    script = answering(*parts, pause=0.1)
    async with (
        serving(script) as peer,
        open_client(peer.url, deadline=0.5) as client,
        client.open(Request("GET", "/")) as flow,
    ):
        assert await flow.read(100) == b"x" * 8


async def test_who_breaks_a_flowing_body_has_it_whole() -> None:
    mutator = Mutator("corrupt-body", "body", "append", None, "!")
    async with serving(swallowing) as peer, open_client(peer.url, apply=apply) as client:
        content = Outflow(partial(zeros, 3), 3000)
        async with client.open(Request("PUT", "/"), content, (mutator,)) as flow:
            assert await flow.read(100) == b"3001"
    assert flow.exchange.body == bytes(3000) + b"!"


async def test_a_flowing_body_is_sent_again_where_credentials_were_wanted_anew(
    serve: Serve,
) -> None:
    lengths: list[int] = []

    async def put(request: StarletteRequest) -> Response:
        lengths.append(len(await request.body()))
        if len(lengths) == 1:
            return Response(None, 401, headers={"WWW-Authenticate": 'Basic realm="r"'})
        return Response(request.headers["authorization"])

    login = Credentials("ann", "secret")
    app = Starlette(routes=[Route("/{path:path}", put, methods=["GET", "PUT"])])
    async with serve(app) as url, open_client(url, login, retry=True) as client:
        await client.discover()
        lengths.clear()
        content = Outflow(partial(zeros, 300), 300_000)
        async with client.open(Request("PUT", "/blob"), content) as flow:
            assert await flow.read(100) == login.basic().encode()
    assert lengths == [300_000, 300_000]
