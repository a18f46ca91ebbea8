"""Fold a case that was shrunk into prepared moves that say the same with less.

A case that was found in a list is made of that list's steps; a move of the pool may have in one
step what two of them did, or show without a mutator what was seen with one.

Contract: as in `regshape.engine.shrink`; what is returned has fewer steps, else fewer mutators,
else fewer requests, and never more requests; or it is the bare operation that the violation is of.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from regshape.engine.shrink import Shrunk
from regshape.model import Case, Step

Measure: TypeAlias = Callable[[Case], Coroutine[Any, Any, int | None]]
"""Executes a case: how many requests it takes, or None where it does not show the identity."""
MOST = 24
"""How many other cases are executed at most in each of the ways to fold one."""


async def fold(
    case: Case, moves: Sequence[Step], about: str, measure: Measure, budget: int
) -> Shrunk:
    """Return the case folded into moves; `about` is the operation that the violation is of."""
    if _is_least(case, about) or budget < 1:
        return Shrunk(case, 0)
    executions = 1
    least = await measure(case)
    if least is None:
        return Shrunk(case, executions)
    tried = {repr(case)}
    again = True
    while again:
        again = False
        for other in _untried(case, moves, about, tried):
            if executions >= budget:
                return Shrunk(case, executions)
            executions += 1
            requests = await measure(other)
            if requests is None or requests > least:
                continue
            if _extent(other, about, requests) < _extent(case, about, least):
                case, least, again = other, requests, True
                break
    return Shrunk(case, executions)


def _is_least(case: Case, about: str) -> bool:
    first = case.steps[0]
    return len(case.steps) == 1 and first == Step(about or first.operation)


def _extent(case: Case, about: str, requests: int) -> tuple[int, int, int, bool]:
    """Return the steps, mutators and requests, and whether it is more than the operation alone."""
    broken = sum(len(step.mutators) for step in case.steps)
    return len(case.steps), broken, requests, case.steps != (Step(about),)


def _untried(case: Case, moves: Sequence[Step], about: str, tried: set[str]) -> Iterator[Case]:
    """Yield what may be less than the case, the smallest first, as far as is worth it."""
    ways = (
        _alone(case, moves, about),
        _joined(case, moves),
        _unbroken(case, moves),
        _cheaper(case, moves),
    )
    for other in itertools.chain.from_iterable(itertools.islice(way, MOST) for way in ways):
        if repr(other) not in tried:
            tried.add(repr(other))
            yield other


def _alone(case: Case, moves: Sequence[Step], about: str) -> Iterator[Case]:
    """Yield the operation of the violation by itself, then with what the last step says."""
    bare = Step(about)
    if bare not in moves:
        return
    yield replace(case, steps=(bare,))
    if len(case.steps) > 1 and case.steps[-1].operation != about:
        for move in _like(bare, moves):
            yield replace(case, steps=(move,))


def _joined(case: Case, moves: Sequence[Step]) -> Iterator[Case]:
    """Yield a move in place of a step and the one before it, which it may include."""
    places = range(len(case.steps) - 1, 0, -1)
    return _in_turn(
        [
            [
                replace(case, steps=(*case.steps[: place - 1], move, *case.steps[place + 1 :]))
                for move in _like(case.steps[place], moves)
            ]
            for place in places
        ]
    )


def _unbroken(case: Case, moves: Sequence[Step]) -> Iterator[Case]:
    """Yield a move in place of a step that is broken."""
    return _in_turn(
        [
            [_with(case, place, move) for move in _like(step, moves)]
            for place, step in enumerate(case.steps)
            if step.mutators
        ]
    )


def _in_turn(groups: Sequence[Sequence[Case]]) -> Iterator[Case]:
    """Yield the first of each group, then the second of each, and so on."""
    turns = itertools.zip_longest(*groups)
    return (case for turn in turns for case in turn if case is not None)


def _cheaper(case: Case, moves: Sequence[Step]) -> Iterator[Case]:
    """Yield the operations that stand before a step's in the pool: the simpler ones come first."""
    bare = [move for move in moves if not move.arguments]
    for place, step in enumerate(case.steps[:-1]):
        if step in bare:
            for move in bare[1 : bare.index(step)]:
                yield _with(case, place, move)


def _with(case: Case, place: int, step: Step) -> Case:
    return replace(case, steps=(*case.steps[:place], step, *case.steps[place + 1 :]))


def _like(step: Step, moves: Sequence[Step]) -> list[Step]:
    """Return the moves of the step's operation, those that say most of what it says first."""

    def unlike(move: Step) -> int:
        wanted, given = step.arguments, move.arguments
        left_out = [key for key, value in wanted.items() if given.get(key) != value]
        return len(left_out) * len(moves) + len(given)

    return sorted((move for move in moves if move.operation == step.operation), key=unlike)
