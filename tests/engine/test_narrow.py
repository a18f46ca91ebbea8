"""Shrinking races on predicates, without any registry."""

from __future__ import annotations

from regshape.engine.narrow import narrow
from regshape.engine.shrink import Shows
from regshape.model import Case, Step

PUSH, PING, LIST = Step("push-manifest"), Step("ping"), Step("list-tags", {"n": 1})
BIG = Case("oci", (PING, PUSH), parallel=((PING, PUSH), (LIST,), (PUSH, LIST), (PING,)))


def two_pushes(case: Case) -> bool:
    return sum(PUSH in steps for steps in case.parallel) > 1


def every(number: int) -> Shows:
    """Return what shows a race of two pushes only every so many executions."""
    executed = 0

    async def shows(case: Case) -> bool:
        nonlocal executed
        executed += 1
        return two_pushes(case) and executed % number == 0

    return shows


async def test_lists_steps_and_setup_that_do_not_matter_go() -> None:
    found = await narrow(BIG, every(1), 300)
    assert found.case == Case("oci", (), parallel=((PUSH,), (PUSH,)))


async def test_a_race_that_comes_and_goes_shrinks_all_the_same() -> None:
    found = await narrow(BIG, every(3), 500)
    assert found.case == Case("oci", (), parallel=((PUSH,), (PUSH,)))


async def test_what_does_not_show_again_stays_what_it_is() -> None:
    found = await narrow(BIG, every(10_000), 1_000)
    assert found.case == BIG


async def test_no_more_is_executed_than_the_budget_allows() -> None:
    assert (await narrow(BIG, every(10_000), 7)).executions == 7
