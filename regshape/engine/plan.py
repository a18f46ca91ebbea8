"""What a campaign sends: the moves, programs and breaks that fit the settings and the target."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from regshape.catalog import Entry
from regshape.engine.mutate import chosen, combinations
from regshape.model import Capability, Case, Mutator
from regshape.settings import Settings
from regshape.strategies.common import Move


@dataclass(frozen=True, slots=True)
class Plan:
    """The pools of the sweep, and the strategy of the search over the same pools."""

    moves: Sequence[Move]
    programs: Sequence[Case]
    races: Sequence[Case]
    breaks: Mapping[str, tuple[Mutator, ...]]
    strategy: st.SearchStrategy[Case]


def plan_of(entry: Entry, settings: Settings, capabilities: Mapping[str, Capability]) -> Plan:
    """Return the plan: without moves that need what the target lacks, or that may not be sent.

    Raises:
        UsageError: the settings name a mutator that does not exist.
    """
    absent = {item.name for item in capabilities.values() if not item.present}
    moves = [move for move in entry.moves if absent.isdisjoint(move.needs)]
    breaks, races = chosen(entry.breaks, settings), entry.races
    programs = _unbroken_otherwise(entry.programs, breaks) if settings.mutators else entry.programs
    if settings.username is None and not settings.tokens:
        breaks = {operation: _without_auth(group) for operation, group in breaks.items()}
    if settings.read_only:
        moves, programs, races = [move for move in moves if move.reads], (), ()
        breaks = {operation: _harmless(group) for operation, group in breaks.items()}
    return Plan(moves, programs, races, breaks, entry.cases(moves, combinations(breaks)))


def _unbroken_otherwise(
    programs: Iterable[Case], breaks: Mapping[str, Sequence[Mutator]]
) -> tuple[Case, ...]:
    """Return the programs that no other mutators than these break."""
    names = {mutator.name for group in breaks.values() for mutator in group}
    return tuple(
        case
        for case in programs
        if all(mutator.name in names for step in case.steps for mutator in step.mutators)
    )


def _without_auth(group: Iterable[Mutator]) -> tuple[Mutator, ...]:
    """Return the mutators that change a request which carries no credentials."""
    return tuple(mutator for mutator in group if mutator.target != "auth")


def _harmless(group: Iterable[Mutator]) -> tuple[Mutator, ...]:
    """Return the mutators that cannot turn a read into a write."""
    return tuple(mutator for mutator in group if mutator.target != "method")
