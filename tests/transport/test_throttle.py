from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import anyio
import anyio.lowlevel
import httpx
import pytest

from regshape.model import Request
from regshape.transport.client import open_client
from regshape.transport.throttle import MOST_TRIES, pause_of

GET = Request("GET", "/v2/a/tags/list")


class Limiting(httpx.AsyncBaseTransport):
    """Answers 429 to the first requests, and notes when each came."""

    def __init__(self, refused: int, **headers: str) -> None:
        self.refused = refused
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.came: list[float] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await anyio.lowlevel.checkpoint()
        self.came.append(anyio.current_time())
        if len(self.came) <= self.refused:
            return httpx.Response(429, headers=self.headers, content=b"slow")
        return httpx.Response(200, content=b"in")


async def test_who_is_told_to_come_back_later_does_so() -> None:
    registry = Limiting(1, Retry_After="1")
    assert (await open_client("http://r", inner=registry).send(GET)).status == 200
    assert 1 <= registry.came[1] - registry.came[0] < 3


async def test_the_pause_holds_for_all_requests() -> None:
    registry = Limiting(1, Retry_After="1")
    client = open_client("http://r", inner=registry)
    async with anyio.create_task_group() as group:
        group.start_soon(client.send, GET)
        await anyio.sleep(0.2)
        group.start_soon(client.send, GET)
    assert all(time - registry.came[0] >= 1 for time in registry.came[1:])


@pytest.mark.parametrize("told", ["", "soon", "-1", "61", "9" * 30])
async def test_a_429_that_names_no_time_worth_waiting_for_is_the_answer(told: str) -> None:
    registry = Limiting(9, Retry_After=told)
    assert (await open_client("http://r", inner=registry).send(GET)).status == 429
    assert len(registry.came) == 1


async def test_a_peer_that_never_has_time_is_asked_a_few_times() -> None:
    registry = Limiting(99, Retry_After="0")
    assert (await open_client("http://r", inner=registry).send(GET)).status == 429
    assert len(registry.came) == MOST_TRIES


def test_a_time_is_a_number_of_seconds_or_a_date() -> None:
    soon = datetime.now(UTC) + timedelta(seconds=30)
    assert pause_of(" 7 ") == 7
    assert pause_of("Sun, 06 Nov 1994 08:49:37 GMT") == 0
    assert pause_of("Sun, 06 Nov 1994 08:49:37 -0000") == 0
    assert 25 < (pause_of(format_datetime(soon, usegmt=True)) or 0) <= 30
    assert [pause_of(text) for text in ("", "x", "1.5", "-1", "Sun, 99 Nov")] == [None] * 5
