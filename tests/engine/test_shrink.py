"""Shrinking on predicates, without any registry."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from regshape.catalog import find
from regshape.engine.generate import Drawer
from regshape.engine.mutate import combinations
from regshape.engine.shrink import (
    Shows,
    Shrunk,
    shortcut,
    shrink_drawn,
    shrink_program,
    simplify,
    size,
)
from regshape.model import Case, Mutator, Step

ENTRY = find("oci")
STRATEGY = ENTRY.cases(ENTRY.moves, combinations(ENTRY.breaks))
Predicate = Callable[[Case], bool]
MUTATOR = Mutator("name-plus", "name", "append", None, "/a+b")


def operations(case: Case) -> list[str]:
    return [step.operation for step in case.steps]


def in_order(*wanted: str) -> Predicate:
    """Return whether these operations come in this order, whatever is between them."""

    def holds(case: Case) -> bool:
        found = iter(operations(case))
        return all(operation in found for operation in wanted)

    return holds


def broken_push_then_delete(case: Case) -> bool:
    pushes = [
        i
        for i, step in enumerate(case.steps)
        if step.operation == "push-manifest" and step.mutators
    ]
    return bool(pushes) and "delete-tag" in operations(case)[pushes[0] + 1 :]


def showing(predicate: Predicate) -> Shows:
    async def shows(case: Case) -> bool:
        return predicate(case)

    return shows


def first_that_holds(predicate: Predicate, seed: int, longer_than: int) -> bytes:
    drawer = Drawer(STRATEGY, seed)
    return next(
        buffer
        for buffer, case in drawer.cases()
        if predicate(case) and len(case.steps) > longer_than
    )


async def shrunk(predicate: Predicate, seed: int, budget: int = 300) -> Shrunk:
    buffer = first_that_holds(predicate, seed, 4)
    found = await shrink_drawn(STRATEGY, buffer, showing(predicate), budget)
    assert found is not None
    fewer = await shrink_program(found.case, showing(predicate), budget - found.executions)
    executions = found.executions + fewer.executions
    simple = await simplify(fewer.case, showing(predicate), budget - executions)
    return Shrunk(simple.case, executions + simple.executions)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(
    "wanted", [("push-manifest", "delete-manifest"), ("open-upload", "send-chunk", "cancel-upload")]
)
async def test_dependent_steps_are_left_alone_and_bare(wanted: tuple[str, ...], seed: int) -> None:
    found = await shrunk(in_order(*wanted), seed)
    assert found.case.steps == tuple(Step(operation) for operation in wanted)
    assert found.executions <= 300


@pytest.mark.parametrize("seed", range(3))
async def test_a_mutator_that_matters_stays_and_no_other(seed: int) -> None:
    found = await shrunk(broken_push_then_delete, seed)
    assert operations(found.case) == ["push-manifest", "delete-tag"]
    assert [len(step.mutators) for step in found.case.steps] == [1, 0]


async def test_no_more_is_executed_than_the_budget_allows() -> None:
    executed = 0

    def counted(case: Case) -> bool:
        nonlocal executed
        executed += 1
        return in_order("push-manifest", "delete-manifest")(case)

    buffer = first_that_holds(in_order("push-manifest", "delete-manifest"), 1, 4)
    found = await shrink_drawn(STRATEGY, buffer, showing(counted), 9)
    assert found is not None
    assert executed == found.executions <= 9


async def test_what_does_not_show_again_is_not_shrunk() -> None:
    buffer = first_that_holds(in_order("ping"), 1, 1)
    assert await shrink_drawn(STRATEGY, buffer, showing(lambda case: False), 50) is None


async def test_answers_that_change_cost_no_more_than_the_minimum() -> None:
    calls = 0

    def flaky(case: Case) -> bool:
        nonlocal calls
        calls += 1
        return calls % 3 != 0 and in_order("push-manifest")(case)

    buffer = first_that_holds(in_order("push-manifest"), 1, 4)
    found = await shrink_drawn(STRATEGY, buffer, showing(flaky), 60)
    assert found is not None
    assert "push-manifest" in operations(found.case)


async def test_the_thread_of_the_shrinker_ends() -> None:
    await shrunk(in_order("push-manifest", "delete-manifest"), 2, budget=5)
    names = [thread.name for thread in threading.enumerate()]
    assert not any("hypothesis" in name.lower() for name in names)


async def test_a_case_of_the_sweep_loses_the_steps_that_do_not_matter() -> None:
    steps = tuple(Step(name) for name in ("ping", "open-upload", "list-tags"))
    found = await shrink_program(Case("oci", steps), showing(in_order("open-upload")), 50)
    assert operations(found.case) == ["open-upload"]


async def test_a_case_of_the_sweep_loses_a_mutator_that_does_not_matter() -> None:
    case = Case("oci", (Step("open-upload", {}, (MUTATOR,)),))
    found = await shrink_program(case, showing(in_order("open-upload")), 50)
    assert found == Shrunk(Case("oci", (Step("open-upload"),)), 1)


async def test_a_case_that_cannot_be_smaller_stays_what_it_is() -> None:
    case = Case("oci", (Step("ping"), Step("ping")))
    found = await shrink_program(case, showing(lambda smaller: len(smaller.steps) > 1), 50)
    assert found.case == case


async def test_a_program_is_not_tried_past_the_budget() -> None:
    case = Case("oci", tuple(Step("ping") for _ in range(8)))
    found = await shrink_program(case, showing(lambda smaller: False), 4)
    assert found == Shrunk(case, 4)


def test_fewer_steps_are_smaller_than_fewer_mutators() -> None:
    one = Case("oci", (Step("ping", {}, (MUTATOR,)),))
    two = Case("oci", (Step("ping"), Step("ping")))
    assert size(one) < size(two)


async def test_an_argument_that_matters_is_kept_when_the_others_go() -> None:
    step = Step("list-tags", {"tags": 2, "n": 1, "walk": True}, (MUTATOR,))

    def walks(case: Case) -> bool:
        return bool(case.steps[0].arguments.get("walk"))

    found = await simplify(Case("oci", (step,)), showing(walks), 50)
    assert found.case.steps == (Step("list-tags", {"walk": True}),)


async def test_a_case_is_not_simplified_past_the_budget() -> None:
    case = Case("oci", (Step("list-tags", {"n": 1}),))
    assert await simplify(case, showing(lambda simpler: True), 0) == Shrunk(case, 0)


async def test_a_long_program_is_cut_off_and_its_middle_left_out() -> None:
    names = ("ping", "push-manifest", "list-tags", "list-catalog", "delete-tag", "get-blob", "ping")
    case = Case("oci", tuple(Step(name) for name in names))
    wanted = ("push-manifest", "list-tags", "list-catalog", "delete-tag")
    found = await shrink_program(case, showing(in_order(*wanted)), 100)
    assert operations(found.case) == list(wanted)
    assert found.executions <= 30


async def test_a_program_of_the_search_is_not_executed_again_as_it_was() -> None:
    executed: list[Case] = []

    def seen(smaller: Case) -> bool:
        executed.append(smaller)
        return False

    case = Case("oci", (Step("push-manifest"), Step("delete-tag")))
    await shrink_program(case, showing(seen), 50)
    assert case not in executed


LONG = Case(
    "oci",
    tuple(Step(name) for name in ("ping", "open-upload", "list-tags", "push-manifest", "get-blob")),
)


async def test_one_step_of_many_is_found_at_once() -> None:
    found = await shortcut(LONG, "push-manifest", showing(in_order("push-manifest")), 50)
    assert found == Shrunk(Case("oci", (Step("push-manifest"),)), 1)


async def test_a_step_and_what_it_needs_are_found_among_many() -> None:
    needed = in_order("open-upload", "get-blob")
    found = await shortcut(LONG, "get-blob", showing(needed), 50)
    assert (operations(found.case), found.executions) == (["open-upload", "get-blob"], 4)


async def test_what_an_unnamed_operation_brought_is_found_too() -> None:
    found = await shortcut(LONG, "finish-upload", showing(in_order("get-blob")), 50)
    assert operations(found.case) == ["get-blob"]


async def test_what_takes_three_steps_has_no_shortcut() -> None:
    needed = in_order("ping", "open-upload", "get-blob")
    assert await shortcut(LONG, "get-blob", showing(needed), 50) == Shrunk(LONG, 5)


async def test_of_two_mutators_the_one_that_matters_is_kept() -> None:
    other = replace(MUTATOR, name="other")
    case = Case("oci", (Step("ping", {}, (other, MUTATOR)),))
    found = await simplify(case, showing(lambda one: MUTATOR in one.steps[0].mutators), 50)
    assert found.case.steps == (Step("ping", {}, (MUTATOR,)),)
