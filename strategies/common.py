"""Programs of steps from prepared pools, in the shape that Hypothesis shrinks best.

A step draws three choices: which move, whether and how it is broken, and which one of a
kind it works on. The first of each pool is the simplest; that is where shrinking leads, as every
step draws as much as any other: a move that drew less would be simpler than those before it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

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


Breaks = Mapping[str, Sequence[tuple[Mutator, ...]]]
"""The prepared combinations of mutators for each operation."""


def programs(protocol: str, moves: Sequence[Move], breaks: Breaks) -> st.SearchStrategy[Case]:
    """Return a strategy for cases of one to eight steps over the moves."""
    pool = _by_operation(move for move in moves if move.search)
    options = [_options(move, breaks.get(move.operation, ())) for move in pool]
    chosen = [st.sampled_from(steps) for steps in options]
    indices = st.integers(0, len(pool) - 1)
    which = st.integers(0, 2)

    @st.composite
    def step(draw: st.DrawFn) -> Step:
        index = draw(indices)
        drawn: Step = draw(chosen[index])
        chosen_one = draw(which)
        if chosen_one == 0 or not pool[index].refers:
            return drawn
        return replace(drawn, arguments={**drawn.arguments, "which": chosen_one})

    def case(steps: list[Step]) -> Case:
        return Case(protocol, tuple(steps))

    return st.lists(step(), min_size=1, max_size=MOST_STEPS).map(case)


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
