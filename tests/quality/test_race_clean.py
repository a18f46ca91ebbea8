"""Races on a registry that does nothing wrong show nothing, whatever overlaps with what."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import anyio
import httpx
import pytest
import uvicorn
from starlette.types import Receive

from regshape.catalog import Entry, find
from regshape.engine.runner import replay, run_campaign
from regshape.model import Case, Result, Step
from regshape.protocols.oci.reference import Answer, Incoming, Reference, ReferenceOptions
from regshape.settings import Settings
from regshape.strategies.oci_races import races

START_SECONDS = 10.0
NIGHTLY = pytest.mark.nightly
PLAIN = Settings(target="http://embedded")


class Slow(Reference):
    """Waits before and after it does what it is asked, all of it at once: requests overlap."""

    def __init__(self, options: ReferenceOptions | None = None) -> None:
        super().__init__(options)
        self.chance = random.Random(1)

    async def answer(self, request: Incoming, receive: Receive) -> Answer:
        await anyio.sleep(self.chance.choice((0, 0, 0.001, 0.003)))
        answer = await super().answer(request, receive)
        await anyio.sleep(self.chance.choice((0, 0, 0.001, 0.003)))
        return answer


class SlowAndKept(Slow):
    """Is slow, and leaves a session open that was closed, with all of its content."""

    def finish_upload(self, request: Incoming) -> Answer:
        session = self.need_session(request.name, request.reference)
        answer = super().finish_upload(request)
        session.append(request.body)
        self.store.sessions[session.id] = session
        return answer


def only_races() -> Entry:
    entry = find("oci")
    return replace(entry, moves=(), programs=(), breaks={}, cases=lambda _, __: races(entry.moves))


async def raced(seed: int, cases: int, inner: object = None, url: str = "") -> Result:
    settings = Settings(
        target=url or "http://embedded",
        seed=seed,
        time=None,
        max_cases=cases,
        use_corpus=False,
        confirmations=2,
        spec="dev",
    )
    return await run_campaign(settings, only_races(), inner=inner)


def accused(result: Result) -> list[str]:
    """Return what was found, and what was doubted."""
    doubts = [v for v in result.verdicts if v.outcome.value == "inconclusive" and v.judged]
    return [f"{f.requirement} {f.summary} {f.case}" for f in result.findings] + [
        f"{v.requirement} {v.reason}" for v in doubts
    ]


def in_process(registry: Reference) -> httpx.ASGITransport:
    return httpx.ASGITransport(registry.app, raise_app_exceptions=False)


@contextmanager
def served(registry: Reference) -> Iterator[str]:
    """Serve a registry on a free port for as long as the block lasts."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(registry.app, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    until = time.monotonic() + START_SECONDS
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def judged(result: Result) -> set[str]:
    return {v.requirement for v in result.verdicts if v.judged and "RACE" in v.requirement}


async def test_requests_that_overlap_show_nothing_in_process() -> None:
    result = await raced(1, 60, in_process(Slow()))
    assert accused(result) == []
    assert len(judged(result)) == 9


async def test_a_referrer_that_is_tagged_while_it_is_deleted_may_be_listed() -> None:
    before = (Step("push-manifest", {"shape": "referrer", "subject": "present", "by": "digest"}),)
    deletes = (Step("delete-manifest"), Step("delete-manifest"))
    tags = (Step("delete-tag"), Step("list-tags"))
    case = Case("oci", before, parallel=(deletes, tags))
    result = await replay(PLAIN, find("oci"), case, inner=in_process(Reference()))
    assert (result.tried, [violation.summary for violation in result.violations]) == (20, [])


async def test_a_session_that_outlives_its_end_is_no_race() -> None:
    chunk, finish = (Step("send-chunk"),), (Step("finish-upload"),)
    case = Case("oci", (Step("open-upload"),), parallel=(chunk, finish, chunk))
    result = await replay(PLAIN, find("oci"), case, inner=in_process(SlowAndKept()))
    assert [v.summary for v in result.violations if v.requirement == "OCI-RACE-06"] == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, *(pytest.param(n, marks=NIGHTLY) for n in range(1, 5))])
async def test_a_thousand_races_show_nothing_in_process(seed: int) -> None:
    assert accused(await raced(seed, 1000, in_process(Slow()))) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, *(pytest.param(n, marks=NIGHTLY) for n in range(2, 5))])
async def test_a_thousand_races_show_nothing_over_a_socket(seed: int) -> None:
    with served(Slow()) as url:
        assert accused(await raced(seed, 1000, url=url)) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        ReferenceOptions(delete=False),
        ReferenceOptions(referrers=False),
        ReferenceOptions(mount=False, single_post=False),
        ReferenceOptions(page_limit=2),
        ReferenceOptions(chunk_min_length=64),
    ],
)
async def test_races_show_nothing_where_less_is_supported(options: ReferenceOptions) -> None:
    assert accused(await raced(1, 300, in_process(Slow(options)))) == []
