"""From a violation to a finding: races carry how often they show, the rest is reproduced."""

from __future__ import annotations

import itertools

import anyio
import httpx
import pytest
from starlette.types import Receive

from regshape.catalog import find
from regshape.engine.generate import Numbered
from regshape.engine.judge import Judge
from regshape.engine.mutate import combinations
from regshape.engine.pursue import Pursuer, Pursuit
from regshape.engine.send import Executor
from regshape.engine.target import client_of
from regshape.engine.trials import RACES
from regshape.model import Case, Finding, Space, Step
from regshape.protocols.oci.defects.bad_races import DeletedTwice
from regshape.protocols.oci.reference import Answer, Incoming, Reference
from regshape.settings import Settings

ENTRY = find("oci")
DELETE = Step("delete-manifest")
DEADLINE = 0.25
RACE = Case("oci", (Step("push-manifest"),), parallel=((DELETE,), (DELETE,), (Step("ping"),)))


def _every_third(request: Incoming) -> bool:
    """Return whether a request is for one of every three repositories."""
    return sum(map(ord, request.name.removesuffix("-b"))) % 3 == 0


class Seldom(DeletedTwice):
    """Has the fault in every third repository only."""

    async def answer(self, request: Incoming, receive: Receive) -> Answer:
        if _every_third(request):
            return await super().answer(request, receive)
        return await Reference.answer(self, request, receive)


class Late(Reference):
    """Answers deletes past the deadline, in two of three repositories or in all."""

    def __init__(self, *, everywhere: bool = True) -> None:
        super().__init__()
        self._everywhere = everywhere

    async def answer(self, request: Incoming, receive: Receive) -> Answer:
        if request.method == "DELETE" and (self._everywhere or not _every_third(request)):
            await anyio.sleep(2 * DEADLINE)
        return await super().answer(request, receive)


class LateTogether(Reference):
    """Takes its time for a delete where another is under way; all others are answered as usual."""

    def __init__(self, late: float, usual: float = 0.0) -> None:
        super().__init__()
        self._late = late
        self._usual = usual
        self._deleting = 0

    async def answer(self, request: Incoming, receive: Receive) -> Answer:
        if request.method != "DELETE":
            await anyio.sleep(self._usual)
            return await super().answer(request, receive)
        self._deleting += 1
        try:
            await anyio.sleep(0.005)
            await anyio.sleep(self._late if self._deleting > 1 else 0)
            return await super().answer(request, receive)
        finally:
            self._deleting -= 1


async def pursued(
    registry: Reference, case: Case, *, hurried: float | None = None, deadline: float = DEADLINE
) -> Finding | None:
    """Return the finding that comes of the first execution that shows anything.

    With `hurried` the time is up already, and so many seconds are left to confirm it.
    """
    inner = httpx.ASGITransport(registry.app, raise_app_exceptions=False)
    async with client_of(Settings(deadline=deadline), inner) as client:
        executor = Executor(ENTRY.protocol, client.send, Space("regshape", "", "http://embedded"))
        executor.judge = Judge(ENTRY.protocol.requirements, tuple(ENTRY.protocol.operations))
        numbers = itertools.count()
        strategy = ENTRY.cases(ENTRY.moves, combinations(ENTRY.breaks))
        pursuer = Pursuer(
            executor,
            strategy,
            lambda: f"d{next(numbers):x}",
            moves=[move.step() for move in ENTRY.moves],
            executions=100,
            confirmations=3,
        )
        if hurried is not None:
            pursuer.hurry(anyio.current_time() + hurried)
        for number in range(30):
            trace = await executor.run(case, f"c{number:x}")
            if trace.violations:
                seen = Pursuit(Numbered(0, "sweep", case), trace.violations[0], executor.sent)
                return await pursuer.pursue(seen)
    return None


async def test_a_race_shrinks_and_carries_how_often_it_shows() -> None:
    found = await pursued(DeletedTwice(), RACE)
    assert found is not None
    assert found.requirement == "OCI-RACE-01"
    assert found.reproduced == (RACES, RACES)
    assert found.case.parallel == ((DELETE,), (DELETE,))


async def test_a_race_that_shows_now_and_then_is_a_finding() -> None:
    found = await pursued(Seldom(), RACE)
    assert found is not None
    seen, tried = found.reproduced
    assert (0 < seen < tried, tried) == (True, RACES)


async def test_a_race_replays_as_commands_that_run_at_the_same_time() -> None:
    found = await pursued(DeletedTwice(), RACE)
    assert found is not None
    at = [number for number, line in enumerate(found.replay) if line.endswith("; } &")]
    assert at == [at[0], at[0] + 1]
    assert all("-X DELETE" in found.replay[number] for number in at)
    assert found.replay[at[-1] + 1] == "wait"


async def test_when_time_is_up_a_race_is_confirmed_as_it_is() -> None:
    found = await pursued(DeletedTwice(), RACE, hurried=1)
    assert found is not None
    assert found.case == RACE


@pytest.mark.parametrize("case", [RACE, Case("oci", (Step("push-manifest"), DELETE))])
async def test_a_registry_without_fault_gives_no_finding(case: Case) -> None:
    assert await pursued(Reference(), case) is None


async def test_what_is_never_answered_is_a_finding() -> None:
    found = await pursued(Late(), Case("oci", (Step("push-manifest"), DELETE)))
    assert found is not None
    assert (found.requirement, found.reproduced) == ("HTTP-01", (3, 3))


async def test_what_is_answered_at_other_times_is_no_finding() -> None:
    """A target that gets no time of its machine answers some requests past any deadline."""
    registry = Late(everywhere=False)
    assert await pursued(registry, Case("oci", (Step("push-manifest"), DELETE))) is None


async def test_a_race_that_is_never_answered_is_a_finding() -> None:
    found = await pursued(LateTogether(2), RACE, hurried=30, deadline=1)
    assert found is not None
    assert found.requirement == "OCI-RACE-01"


async def test_a_race_on_a_target_that_is_slow_in_everything_is_no_finding() -> None:
    assert await pursued(LateTogether(0.5, usual=0.05), RACE, hurried=30) is None
