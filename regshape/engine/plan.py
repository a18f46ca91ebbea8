"""What a campaign sends: the moves, programs and breaks that fit the settings and the target."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from regshape.catalog import Entry
from regshape.engine.mutate import chosen, combinations, is_chosen
from regshape.engine.target import identities_of
from regshape.model import Capability, Case, Mutator, Step
from regshape.settings import Settings
from regshape.strategies.common import Move, plain


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
    programs, races = tuple(_fitting(entry, settings, absent)), entry.races
    breaks = chosen(entry.breaks, settings)
    if "main" not in identities_of(settings):
        breaks = {operation: _without_auth(group) for operation, group in breaks.items()}
    if settings.read_only:
        moves, programs, races = [move for move in moves if move.reads], (), ()
        breaks = {operation: _harmless(group) for operation, group in breaks.items()}
    return Plan(moves, programs, races, breaks, entry.cases(moves, combinations(breaks)))


def _fitting(entry: Entry, settings: Settings, absent: set[str]) -> Iterator[Case]:
    """Yield the programs without the steps that the target or the settings do not allow."""
    left_out = [
        (move.operation, move.arguments)
        for move in entry.moves
        if not absent.isdisjoint(move.needs)
    ]

    def fits(step: Step) -> bool:
        chosen_ones = all(is_chosen(mutator, settings) for mutator in step.mutators)
        return chosen_ones and plain(step) not in left_out

    for program in entry.programs:
        steps = tuple(step for step in program.steps if fits(step))
        if steps or program.parallel:
            yield replace(program, steps=steps)


def _without_auth(group: Iterable[Mutator]) -> tuple[Mutator, ...]:
    """Return the mutators that change a request which carries no credentials."""
    return tuple(mutator for mutator in group if mutator.target != "auth")


def _harmless(group: Iterable[Mutator]) -> tuple[Mutator, ...]:
    """Return the mutators that cannot turn a read into a write."""
    return tuple(mutator for mutator in group if mutator.target != "method")
