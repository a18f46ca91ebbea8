"""Shrink a race to the fewest lists and steps that still show the same violation.

A race comes and goes, so each smaller case is tried several times before it is given up, and
Hypothesis, which takes answers that change for an error, is left out.

Contract: as in `regshape.engine.shrink`; at least two lists stay, as one alone is no race.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TypeVar

from regshape.engine.shrink import Shows, Shrunk, simpler_steps
from regshape.model import Case, Step

T = TypeVar("T")
TRIES = 8
"""How many times a smaller race is executed before it counts as not showing the violation."""
FEWEST_LISTS = 2


async def narrow(case: Case, shows: Shows, budget: int) -> Shrunk:
    """Return the smallest race that shows the identity, found greedily."""
    executions = 0
    tried: set[str] = set()
    again = True
    while again:
        again = False
        for smaller in _smaller(case):
            if repr(smaller) in tried:
                continue
            tried.add(repr(smaller))
            for _ in range(TRIES):
                if executions >= budget:
                    return Shrunk(case, executions)
                executions += 1
                if await shows(smaller):
                    case, again = smaller, True
                    break
            if again:
                break
    return Shrunk(case, executions)


def _smaller(case: Case) -> Iterator[Case]:
    """Yield the case without a list, a step of the set-up, a step of a list, or an argument."""
    if len(case.parallel) > FEWEST_LISTS:
        for lists in _without_one(case.parallel):
            yield replace(case, parallel=lists)
    for change in (_without_one, _simpler):
        for steps in change(case.steps):
            yield replace(case, steps=steps)
        for place, steps in enumerate(case.parallel):
            for changed in filter(None, change(steps)):
                lists = (*case.parallel[:place], changed, *case.parallel[place + 1 :])
                yield replace(case, parallel=lists)


def _without_one(items: tuple[T, ...]) -> Iterator[tuple[T, ...]]:
    for place in range(len(items)):
        yield (*items[:place], *items[place + 1 :])


def _simpler(steps: tuple[Step, ...]) -> Iterator[tuple[Step, ...]]:
    for place, step in enumerate(steps):
        for simpler in simpler_steps(step):
            yield (*steps[:place], simpler, *steps[place + 1 :])
