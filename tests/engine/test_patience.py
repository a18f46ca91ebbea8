"""What was only accepted is given time to take effect, and no more requests than that takes."""

from __future__ import annotations

from collections.abc import Sequence

import anyio
import httpx

from regshape.catalog import find
from regshape.engine.judge import Judge
from regshape.engine.patience import Patience
from regshape.engine.runner import run_campaign
from regshape.engine.send import Executor, Trace
from regshape.engine.target import client_of
from regshape.model import Call, Case, Exchange, Request, Result, Space, Step
from regshape.protocols.oci.defects.bad_deletes import BlobDeletedLater, UntaggedStillServed
from regshape.protocols.oci.reference import Reference
from regshape.protocols.oci.reference.odd_manners import LateDeletes
from regshape.settings import Settings

ENTRY = find("oci")
DELETES = ("delete-tag", "delete-manifest", "delete-blob")


class LateTags(UntaggedStillServed, LateDeletes):
    """Deletes late, and tags that were read not at all."""


class LaterThanThat(LateDeletes):
    delay = 0.6


def call(*, early: bool) -> Call:
    ended = (lambda exchange: exchange.status == 200) if early else None
    return Call("get", Request("GET", "/"), None, early=ended)


async def asked(patience: Patience, grace: float, *statuses: int, early: bool = True) -> list[int]:
    """Return the statuses that are seen of these, the last one for ever, from first to last."""
    seen = [statuses[0]]

    async def again() -> Exchange:
        seen.append(statuses[min(len(seen), len(statuses) - 1)])
        return Exchange("GET", "/", status=seen[-1])

    first = Exchange("GET", "/", status=statuses[0])
    given = await patience.late(call(early=early), first, anyio.current_time(), grace, again)
    assert given.status == seen[-1]
    return seen


async def executed(registry: Reference, grace: float, *operations: str) -> Trace:
    inner = httpx.ASGITransport(registry.app, raise_app_exceptions=False)
    async with client_of(Settings(), inner) as client:
        executor = Executor(ENTRY.protocol, client.send, Space("regshape", "", "http://embedded"))
        executor.patience = Patience(grace)
        executor.judge = Judge(ENTRY.protocol.requirements, tuple(ENTRY.protocol.operations))
        steps = tuple(Step(operation) for operation in operations)
        return await executor.run(Case("oci", steps), "e0")


def violated(trace: Trace) -> list[str]:
    return sorted({violation.requirement for violation in trace.violations})


async def campaign(registry: Reference, *only: str, cases: int) -> Result:
    settings = Settings(
        target="http://embedded", seed=5, time=None, max_cases=cases, only=only, grace=2.0,
        use_corpus=False, confirmations=2,
    )  # fmt: skip
    inner = httpx.ASGITransport(registry.app, raise_app_exceptions=False)
    return await run_campaign(settings, ENTRY, inner=inner)


async def test_an_early_answer_is_asked_for_again_until_it_is_not() -> None:
    assert await asked(Patience(1.0), 1.0, 200, 200, 404) == [200, 200, 404]


async def test_what_is_not_early_is_asked_for_once() -> None:
    assert await asked(Patience(1.0), 1.0, 404) == [404]
    assert await asked(Patience(1.0), 1.0, 200, early=False) == [200]


async def test_a_grace_ends() -> None:
    assert len(await asked(Patience(0.2), 0.2, 200)) == 4  # after 0, 0.05, 0.15 and 0.2 s


async def test_a_grace_that_was_in_vain_is_given_once() -> None:
    patience = Patience(0.1)
    await asked(patience, patience.grace(), 200)
    assert (patience.grace(), patience.grace(patient=True)) == (0.0, 0.1)


async def test_after_a_grace_in_vain_others_have_twice_what_they_took() -> None:
    patience = Patience(0.2)
    await asked(patience, patience.grace(), 200, 404)
    await asked(patience, patience.grace(), 200)
    assert 0.1 <= patience.grace() < 0.2


async def test_each_kind_of_delete_may_take_effect_late() -> None:
    for operation in DELETES:
        trace = await executed(LateDeletes(), 2.0, operation)
        assert (violated(trace), trace.waited) == ([], True)


async def test_lists_may_show_for_a_moment_what_was_deleted() -> None:
    for following in ("list-tags", "list-referrers"):
        trace = await executed(LateDeletes(), 2.0, "push-manifest", "delete-manifest", following)
        assert violated(trace) == []


async def test_what_is_deleted_after_the_grace_is_found() -> None:
    found: Sequence[str] = [
        requirement
        for operation in DELETES
        for requirement in violated(await executed(LaterThanThat(), 0.2, operation))
    ]
    assert set(found) >= {"OCI-DEL-02", "OCI-DEL-06", "OCI-DEL-12"}


async def test_a_registry_that_deletes_at_once_is_not_waited_for() -> None:
    trace = await executed(Reference(), 2.0, *DELETES)
    assert (violated(trace), trace.waited) == ([], False)


async def test_a_delete_without_effect_is_told_from_late_ones() -> None:
    result = await campaign(LateTags(), "OCI-DEL-*", cases=150)
    assert {item.requirement for item in result.findings} == {"OCI-DEL-02"}


async def test_a_delete_without_effect_costs_the_whole_grace_a_few_times_only() -> None:
    result = await campaign(BlobDeletedLater(), "OCI-DEL-12", cases=150)
    assert [item.requirement for item in result.findings] == ["OCI-DEL-12"]
    assert result.campaign.seconds < 10  # an execution of the shrinker at a time would take more
