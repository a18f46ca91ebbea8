"""The executor: steps in a row, and lists of steps that are released together."""

from __future__ import annotations

import anyio
import httpx
import pytest
from starlette.types import Receive

from regshape.catalog import find
from regshape.engine.judge import Judge
from regshape.engine.send import Executor, Gate, Trace
from regshape.engine.target import client_of
from regshape.model import Case, Space, Step
from regshape.protocols.oci.defects import planted
from regshape.protocols.oci.reference import Answer, Incoming, Reference
from regshape.settings import Settings

PROTOCOL = find("oci").protocol
PUSH, OTHER = Step("push-manifest"), Step("push-manifest", {"tag": "v2"})
SAME = Step("push-manifest", {"same": True})


class Overlapping(Reference):
    """Counts how many pushes were under way at once, and each request that it was sent."""

    running = 0
    most = 0
    removed = 0

    async def answer(self, request: Incoming, receive: Receive) -> Answer:
        self.removed += request.method == "DELETE"
        if request.method != "PUT":
            return await super().answer(request, receive)
        self.running += 1
        self.most = max(self.most, self.running)
        await anyio.sleep(0.01)
        self.running -= 1
        return await super().answer(request, receive)


async def executed(registry: Reference, case: Case) -> Trace:
    inner = httpx.ASGITransport(registry.app, raise_app_exceptions=False)
    async with client_of(Settings(), inner) as client:
        executor = Executor(PROTOCOL, client.send, Space("regshape", "", "http://embedded"))
        executor.judge = Judge(PROTOCOL.requirements, tuple(PROTOCOL.operations))
        return await executor.run(case, "c0")


def race(*lists: Step, before: tuple[Step, ...] = ()) -> Case:
    return Case("oci", before, parallel=tuple((step,) for step in lists))


async def test_a_gate_opens_when_all_have_come() -> None:
    gate, through = Gate(3), []

    async def pass_through() -> None:
        await gate.go()
        through.append(1)

    async with anyio.create_task_group() as group:
        group.start_soon(pass_through)
        group.start_soon(pass_through)
        await anyio.sleep(0.01)
        assert through == []
        await gate.go()
    assert len(through) == 2


async def test_lists_are_released_together() -> None:
    registry = Overlapping()
    trace = await executed(registry, race(PUSH, OTHER, PUSH))
    assert registry.most == 3
    assert {turn.lane for turn in trace.turns} == {None, 0, 1, 2}
    assert trace.violations == []


async def test_steps_in_a_row_do_not_overlap() -> None:
    registry = Overlapping()
    trace = await executed(registry, Case("oci", (PUSH, OTHER)))
    assert registry.most == 1
    assert {turn.lane for turn in trace.turns} == {None}


async def test_lists_push_contents_of_their_own_unless_they_say_otherwise() -> None:
    for step, contents in ((PUSH, 2), (SAME, 1)):
        trace = await executed(Reference(), race(step, step))
        bodies = {turn.exchange.body for turn in trace.turns if turn.exchange.method == "PUT"}
        assert len(bodies) == contents


async def test_what_a_race_made_is_removed() -> None:
    registry = Overlapping()
    await executed(registry, race(PUSH, Step("post-blob"), Step("send-chunk"), before=(OTHER,)))
    assert registry.removed
    assert registry.store.repositories == {}
    assert registry.store.sessions == {}


async def test_an_acknowledged_tag_that_is_lost_is_seen() -> None:
    trace = await executed(planted(["tag-index-written-back"])(), race(PUSH, OTHER))
    assert [item.requirement for item in trace.violations] == ["OCI-RACE-02"]
    assert trace.violations[0].broken == ("push-manifest",)


@pytest.mark.parametrize("defect", ["untag-deletes-manifest", "tags-dangle"])
async def test_what_shows_without_a_race_is_no_race(defect: str) -> None:
    case = race(Step("delete-manifest"), Step("delete-tag"), before=(PUSH, OTHER))
    trace = await executed(planted([defect])(), case)
    assert [item for item in trace.violations if "RACE" in item.requirement] == []
