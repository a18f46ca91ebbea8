"""Programs of steps from prepared pools, in the shape that Hypothesis shrinks best.

A step draws three choices: which move, whether and how it is broken, and which one of a
kind it works on. The first of each pool is the simplest; that is where shrinking leads, as every
step draws as much as any other: a move that drew less would be simpler than those before it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from hypothesis import strategies as st

from regshape.model import Case, Mutator, Step

MOST_STEPS = 8
UNBROKEN_PER_BROKEN = 2
"""How many times as likely an unbroken step is than a broken one, where it can be broken."""


@dataclass(frozen=True, slots=True)
class Move:
    """An operation with prepared arguments. `refers` marks one that works on an earlier thing."""

    operation: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    refers: bool = False
    needs: tuple[str, ...] = ()
    search: bool = True

    @property
    def reads(self) -> bool:
        """Whether the move changes nothing and needs nothing to be there."""
        missing = self.arguments.get("want") == "missing" or "absent" in self.arguments.values()
        reading = self.operation.startswith(("get-", "head-", "list-", "discover-"))
        nowhere = self.operation in {"ping", "list-catalog"} or self.arguments.get("level") == ""
        return nowhere or (reading and missing)

    def step(self, mutators: tuple[Mutator, ...] = ()) -> Step:
        """Return the move as a step."""
        return Step(self.operation, self.arguments, mutators)


Steps: TypeAlias = tuple[Step, ...]
Breaks = Mapping[str, Sequence[tuple[Mutator, ...]]]
"""The prepared combinations of mutators for each operation."""


def programs(
    protocol: str,
    moves: Sequence[Move],
    breaks: Breaks,
    together: Sequence[Steps] = (),
) -> st.SearchStrategy[Case]:
    """Return a strategy for cases of one to eight moves, some of them steps that belong together.

    What is put together stands behind the moves, so that it shrinks to one of them; it is left out
    where one of its steps is no move.
    """
    pool = _by_operation(move for move in moves if move.search)
    known = [(move.operation, move.arguments) for move in moves]
    options: list[list[Steps]] = [
        *(_alone(_options(move, breaks.get(move.operation, ()))) for move in pool),
        *([steps] for steps in together if all(plain(step) in known for step in steps)),
    ]
    chosen = [st.sampled_from(steps) for steps in options]
    indices = st.integers(0, len(options) - 1)
    which = st.integers(0, 2)

    @st.composite
    def part(draw: st.DrawFn) -> Steps:
        index = draw(indices)
        drawn: Steps = draw(chosen[index])
        chosen_one = draw(which)
        if chosen_one == 0 or index >= len(pool) or not pool[index].refers:
            return drawn
        (step,) = drawn
        return (replace(step, arguments={**step.arguments, "which": chosen_one}),)

    def case(parts: list[Steps]) -> Case:
        return Case(protocol, tuple(itertools.chain.from_iterable(parts)))

    return st.lists(part(), min_size=1, max_size=MOST_STEPS).map(case)


def _alone(steps: Sequence[Step]) -> list[Steps]:
    return [(step,) for step in steps]


def plain(step: Step) -> tuple[str, dict[str, Any]]:
    """Return the move that a step is, whichever thing it refers to."""
    return step.operation, {key: step.arguments[key] for key in step.arguments if key != "which"}


def _by_operation(moves: Iterable[Move]) -> list[Move]:
    """Return the moves of each operation side by side: from one, shrinking finds the first."""
    groups: dict[str, list[Move]] = {}
    for move in moves:
        groups.setdefault(move.operation, []).append(move)
    return [move for group in groups.values() for move in group]


def _options(move: Move, combinations: Sequence[tuple[Mutator, ...]]) -> list[Step]:
    """Return the move unbroken, often enough, and then broken in each prepared way."""
    unbroken = move.step()
    broken = [move.step(mutators) for mutators in combinations]
    return [unbroken] * (1 + UNBROKEN_PER_BROKEN * len(broken)) + broken
