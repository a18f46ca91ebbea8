"""Folding on predicates, without any registry: a step counts as one request, and one per tag."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from regshape.catalog import find
from regshape.engine.fold import MOST, Measure, fold
from regshape.engine.shrink import Shrunk
from regshape.model import Case, Mutator, Step

MOVES = [move.step() for move in find("oci").moves if move.search]
MUTATOR = Mutator("name-plus", "name", "append", None, "/a+b")
TWO_TAGS = Step("list-tags", {"tags": 2})
COUNTED = Step("list-tags", {"n": "count"})
Predicate = Callable[[Case], bool]


def program(*steps: Step) -> Case:
    return Case("oci", steps)


def measuring(predicate: Predicate, executed: list[Case] | None = None) -> Measure:
    async def measure(case: Case) -> int | None:
        if executed is not None:
            executed.append(case)
        return sum(_requests(step) for step in case.steps) if predicate(case) else None

    return measure


def _requests(step: Step) -> int:
    tags = step.arguments.get("tags", 0)
    return 1 + (len(tags) if isinstance(tags, Sequence) else tags)


def said(case: Case, **arguments: object) -> bool:
    """Return whether the steps, taken together, say all of this."""
    told = {item for step in case.steps for item in step.arguments.items() if item[0] != "tags"}
    tags = any(step.arguments.get("tags") == arguments.get("tags") for step in case.steps)
    return tags and {item for item in arguments.items() if item[0] != "tags"} <= told


async def test_two_steps_become_the_one_move_that_says_what_both_did() -> None:
    found = await fold(
        program(TWO_TAGS, COUNTED),
        MOVES,
        "list-tags",
        measuring(lambda case: said(case, tags=2, n="count")),
        100,
    )
    assert found.case == program(Step("list-tags", {"tags": 2, "n": "count"}))
    assert found.executions <= 5  # the likest moves are tried first


async def test_a_mutator_goes_where_a_move_shows_as_much() -> None:
    def refused(case: Case) -> bool:
        last = case.steps[-1]
        return bool(last.mutators) or last.arguments.get("shape") == "image-missing"

    case = program(Step("push-manifest", {}, (MUTATOR,)))
    found = await fold(case, MOVES, "push-manifest", measuring(refused), 100)
    assert found.case == program(Step("push-manifest", {"shape": "image-missing"}))


async def test_the_operation_of_the_violation_is_tried_by_itself() -> None:
    def opens(case: Case) -> bool:
        return case.steps[0].operation in {"finish-upload", "open-upload"}

    found = await fold(program(Step("finish-upload")), MOVES, "open-upload", measuring(opens), 100)
    assert found == Shrunk(program(Step("open-upload")), 2)


async def test_a_step_becomes_an_operation_that_comes_before_it_and_takes_fewer_requests() -> None:
    async def measure(case: Case) -> int | None:
        if len(case.steps) < 2 or case.steps[-1].operation != "get-blob":
            return None
        return 4 if case.steps[0].operation == "push-manifest" else 5

    case = program(Step("finish-upload"), Step("get-blob", {"want": "elsewhere"}))
    found = await fold(case, MOVES, "get-blob", measure, 200)
    assert found.case.steps == (Step("push-manifest"), case.steps[1])


async def test_what_takes_more_requests_is_not_taken() -> None:
    async def measure(case: Case) -> int | None:
        return 2 if len(case.steps) == 2 else 3

    case = program(Step("push-manifest"), Step("push-manifest"))
    assert (await fold(case, MOVES, "push-manifest", measure, 200)).case == case


async def test_what_cannot_be_folded_stays_and_costs_little() -> None:
    case = program(Step("push-manifest"), Step("delete-tag"), Step("get-manifest"))
    found = await fold(case, MOVES, "get-manifest", measuring(lambda other: other == case), 300)
    assert found.case == case
    assert found.executions <= 2 * MOST + 5


@pytest.mark.parametrize("budget", [0, 1, 7])
async def test_no_more_is_executed_than_the_budget_allows(budget: int) -> None:
    executed: list[Case] = []
    case = program(TWO_TAGS, COUNTED, TWO_TAGS)
    measure = measuring(lambda other: other == case, executed)
    found = await fold(case, MOVES, "list-tags", measure, budget)
    assert found.case == case
    assert len(executed) == found.executions == budget


async def test_what_does_not_show_again_is_not_folded() -> None:
    case = program(TWO_TAGS, COUNTED)
    found = await fold(case, MOVES, "list-tags", measuring(lambda other: False), 100)
    assert found == Shrunk(case, 1)


async def test_the_bare_operation_of_the_violation_needs_no_execution() -> None:
    case = program(Step("open-upload"))
    found = await fold(case, MOVES, "open-upload", measuring(lambda other: True), 100)
    assert found == Shrunk(case, 0)
