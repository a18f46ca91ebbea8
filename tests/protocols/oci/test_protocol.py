"""The world of one case on the reference registry: what it reads back, and what it leaves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from http import HTTPStatus
from itertools import islice

import httpx
import pytest
from pydantic import SecretStr

from regshape.catalog import find
from regshape.engine.generate import Drawer, sweep
from regshape.engine.mutate import combinations
from regshape.engine.send import Executor, Trace
from regshape.engine.target import client_of
from regshape.model import Case, Space, Step
from regshape.protocols.oci.models import ErrorCode
from regshape.protocols.oci.protocol import OciWorld
from regshape.protocols.oci.reference import Reference, ReferenceOptions
from regshape.protocols.oci.reference.messages import Incoming
from regshape.protocols.serving import Answer, RefusedError
from regshape.settings import Settings

ENTRY = find("oci")
ENDPOINTS = {
    "end-1": {200, 404, 401}, "end-2": {200, 404}, "end-3": {200, 404}, "end-4a": {202, 404},
    "end-4b": {201, 202, 404, 400}, "end-4c": {202, 404, 400}, "end-5": {202, 404, 416},
    "end-6": {201, 404, 400, 416}, "end-7a": {201, 404, 413}, "end-7b": {201, 404, 413},
    "end-8a": {200, 404}, "end-8b": {200, 404}, "end-9": {202, 404, 400, 405},
    "end-10": {202, 404, 400, 405}, "end-11": {201, 202, 404}, "end-12a": {200, 404, 400},
    "end-12b": {200, 404, 400}, "end-13": {204, 404}, "end-14": {204, 404, 400},
}  # fmt: skip
"""The table of endpoints of the distribution specification, `spec.md`: success and failures.

Its 201 of end-4c needs a digest, which is end-4b.
"""


class Unfound(Reference):
    """Says of a name that is none that it is not there, and of a session that it is no id."""

    def name_invalid(self, message: str) -> RefusedError:
        return self.refusal(HTTPStatus.NOT_FOUND, ErrorCode.NAME_UNKNOWN, message)

    def finish(self, answer: Answer, request: Incoming) -> Answer:
        if request.route == "session" and request.method == "DELETE" and answer.status == 404:
            answer = replace(answer, status=HTTPStatus.BAD_REQUEST)
        return super().finish(answer, request)


REGISTRIES: tuple[Callable[[], Reference], ...] = (
    Reference,
    Unfound,
    lambda: Reference(ReferenceOptions(delete=False, single_post=False)),
    lambda: Reference(ReferenceOptions(referrers=False)),
    lambda: Reference(ReferenceOptions(auth="basic", users={"bob": "secret"})),
)
"""Five ways of keeping the specification, which together answer with all of its table."""


async def executed(registry: Reference, cases: list[Case], *, probe: bool = True) -> list[Trace]:
    inner = httpx.ASGITransport(registry.app, raise_app_exceptions=False)
    settings = Settings(username="bob", password=SecretStr("secret"))
    async with client_of(settings, inner) as client:
        executor = Executor(ENTRY.protocol, client.send, Space("regshape", "", "http://embedded"))
        if probe:
            await executor.probe("a0")
        return [await executor.run(case, f"b{number:x}") for number, case in enumerate(cases)]


def swept() -> list[Case]:
    return list(sweep("oci", ENTRY.moves, ENTRY.programs, ENTRY.breaks))


def drawn(seed: int, count: int) -> list[Case]:
    drawer = Drawer(ENTRY.cases(ENTRY.moves, combinations(ENTRY.breaks)), seed)
    return [case for _, case in islice(drawer.cases(), count)]


async def test_a_probe_leaves_nothing_behind() -> None:
    registry = Reference()
    await executed(registry, [])
    assert (registry.store.repositories, registry.store.sessions) == ({}, {})


@pytest.mark.parametrize("seed", range(3))
async def test_no_drawn_case_leaves_anything_behind(seed: int) -> None:
    registry = Reference()
    for case in drawn(seed, 150):
        await executed(registry, [case], probe=False)
        assert (registry.store.repositories, registry.store.sessions) == ({}, {}), case


async def test_no_case_of_the_sweep_leaves_anything_behind() -> None:
    registry = Reference()
    await executed(registry, swept())
    assert (registry.store.repositories, registry.store.sessions) == ({}, {})


async def test_where_nothing_can_be_deleted_nothing_is_asked_for_twice() -> None:
    registry = Reference(ReferenceOptions(delete=False))
    await executed(registry, drawn(1, 30))
    assert registry.store.repositories
    assert not registry.store.sessions


@pytest.mark.slow
async def test_the_sweep_drives_every_endpoint_to_every_status_of_its_row() -> None:
    seen: dict[str, set[int]] = defaultdict(set)
    for registry in REGISTRIES:
        for trace in await executed(registry(), swept()):
            for turn in trace.turns:
                seen[turn.call.facts.endpoint].add(turn.exchange.status or 0)
    missing = {
        (endpoint, status)
        for endpoint, statuses in ENDPOINTS.items()
        for status in statuses - seen[endpoint]
    }
    assert missing == set()


async def test_a_write_is_read_back_where_its_answer_said() -> None:
    [trace] = await executed(Reference(), [Case("oci", (Step("push-manifest"),))])
    written, read, *_ = trace.turns
    assert (written.call.operation, read.call.operation) == ("push-manifest", "get-manifest")
    assert read.call.cause == written.call
    assert read.exchange.answer == written.exchange.body


@pytest.mark.parametrize("seed", range(2))
async def test_in_the_end_each_thing_is_read_once_at_most(seed: int) -> None:
    serial = [case for case in drawn(seed, 60) if not case.parallel]
    for trace in await executed(Reference(), serial):
        last = [
            turn for turn in trace.turns if turn.call.role == "readback" and not turn.call.cause
        ]
        targets = [(turn.exchange.method, turn.exchange.target) for turn in last]
        assert len(targets) == len(set(targets)) <= 6


async def test_after_broken_framing_the_server_is_asked_whether_it_is_there() -> None:
    chunked = next(m for m in ENTRY.breaks["post-blob"] if m.name == "chunked")
    [trace] = await executed(Reference(), [Case("oci", (Step("post-blob", {}, (chunked,)),))])
    clean = trace.turns[-1].call if trace.turns[-1].call.cause else trace.turns[-2].call
    assert clean.cause is not None
    assert clean.cause.mutators == (chunked,)
    assert clean.operation == "get-blob"
    assert not clean.mutators


def test_no_repository_of_a_space_is_that_of_another() -> None:
    salts = [f"{number:x}" for number in range(600)]
    salts += [f"{salt}r" for salt in salts]  # what is executed again, on fresh connections
    worlds = [OciWorld(Space("p", salt)) for salt in salts]
    names = [repo.name for world in worlds for repo in (*world.state.repos, world.state.absent)]
    assert len(set(names)) == len(names)
