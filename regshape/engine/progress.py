"""How far a campaign has come, in values that a store can keep and another process go on from.

The rule: a case is done when its end is noted here, with what it judged and what it violated, in
one step. What was in flight when a process died is not done, and is run again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from regshape.model import Case, Finding, Violation

PHASES = ("known", "corpus", "sweep", "search")
"""The phases that execute cases by number, in their order."""


class Done:
    """Which numbers of a phase are done: all below `mark`, and some beyond it."""

    def __init__(self, mark: int = 0, beyond: Sequence[int] = ()) -> None:
        self.mark = mark
        self._beyond = set(beyond)

    def __contains__(self, number: int) -> bool:
        return number < self.mark or number in self._beyond

    @property
    def beyond(self) -> tuple[int, ...]:
        """The numbers that are done although one before them is not, in their order."""
        return tuple(sorted(self._beyond))

    def add(self, number: int) -> None:
        """Note that a number is done."""
        self._beyond.add(number)
        while self.mark in self._beyond:
            self._beyond.remove(self.mark)
            self.mark += 1

    def advance(self, mark: int) -> None:
        """Note that all below a number are done."""
        self.mark = mark


@dataclass(frozen=True, slots=True)
class Place:
    """The same as `Done`, to be kept."""

    mark: int = 0
    beyond: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """The places of the phases, and what the cases that are done add up to."""

    places: Mapping[str, Place] = field(default_factory=dict)
    judged: Mapping[str, int] = field(default_factory=dict)
    cases: int = 0
    requests: int = 0
    seconds: float = 0.0
    searched: float = 0.0
    """Seconds of the budget that the search has used."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A violation with the case that showed it, by phase and number."""

    phase: str
    index: int
    violation: Violation
    seen_after: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """The violations of the cases that are done.

    `known` are those that were pursued or are being pursued, of which `open` are not settled;
    `early` were shown by cases beyond the mark, and wait for those before them.
    """

    known: tuple[Violation, ...] = ()
    open: tuple[Sighting, ...] = ()
    early: tuple[Sighting, ...] = ()
    doubts: Mapping[str, str] = field(default_factory=dict)
    misses: tuple[tuple[tuple[str, str], int], ...] = ()
    """How often the violation of an identity did not show again."""


@dataclass(frozen=True, slots=True)
class Origin:
    """What a campaign began with, so that it can go on with the same cases.

    `settings` has no secrets; `fingerprint` tells whether the cases are still the same; `run` is
    how many processes worked on the campaign before.
    """

    id: str
    started: str
    settings: Mapping[str, Any]
    known: tuple[Case, ...]
    fingerprint: str
    run: int = 0


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """All that is kept of a campaign that has not come to its end."""

    origin: Origin
    progress: Progress = field(default_factory=Progress)
    seen: Seen = field(default_factory=Seen)
    findings: tuple[Finding, ...] = ()


class Journal(Protocol):
    """Keeps how far a campaign has come; what it cannot keep it says itself, and raises nothing."""

    def begin(self, origin: Origin) -> None:
        """Keep what the campaign began with."""
        ...

    def save(self, campaign: str, progress: Progress, seen: Seen | None) -> None:
        """Keep how far it has come; no `seen` means that nothing new was seen. Runs in a thread."""
        ...
