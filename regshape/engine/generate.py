"""Make cases: the corpus, the sweep, and the numbered cases of the random search.

A campaign's case is a function of the seed and its number alone, whatever the concurrency and the
number of workers.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from regshape.model import Case, Mutator
from regshape.report.codec import case_from_text
from regshape.strategies.common import Move

BUFFER_SIZE = 512
"""Bytes that a case is drawn from; eight steps use less than half of them."""


@dataclass(frozen=True, slots=True)
class Numbered:
    """A case with its number in the campaign; `buffer` is None where it was not drawn."""

    index: int
    phase: str
    case: Case
    buffer: bytes | None = None


class Drawer:
    """Draws cases from buffers with the public API of Hypothesis."""

    def __init__(self, strategy: st.SearchStrategy[Case], seed: int) -> None:
        self.strategy = strategy
        self._seed = seed
        self._drawn: list[Case] = []

        @settings(
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )
        @given(strategy)
        def record(case: Case) -> None:
            self._drawn.append(case)

        self._draw = record.hypothesis.fuzz_one_input  # type: ignore[attr-defined]

    def buffer(self, number: int) -> bytes:
        """Return the bytes of a number, the same for the same seed on every machine."""
        return hashlib.shake_128(f"{self._seed}/{number}".encode()).digest(BUFFER_SIZE)

    def case(self, buffer: bytes) -> Case | None:
        """Return the case of a buffer, or None where the buffer is too short for one."""
        self._drawn.clear()
        self._draw(buffer)
        return self._drawn[0] if self._drawn else None

    def numbered(self, number: int) -> Numbered:
        """Return the case of a number; one of no steps where its buffer is too short."""
        buffer = self.buffer(number)
        case = self.case(buffer)
        return Numbered(number, "search", Case("", ()) if case is None else case, buffer)

    def cases(self, start: int = 0) -> Iterator[tuple[bytes, Case]]:
        """Yield the cases of all numbers from `start`, without end."""
        for number in itertools.count(start):
            buffer = self.buffer(number)
            case = self.case(buffer)
            if case is not None:
                yield buffer, case


def corpus_cases(folder: str, further: Path | None, *, built_in: bool) -> list[Case]:
    """Return the regression cases of a protocol, built in and from a directory, by file name.

    Raises:
        CaseError: a file is no case; names the file and the field.
    """
    found: list[Case] = []
    if built_in:
        found += _cases_in(files("regshape.corpora").joinpath(folder))
    if further is not None:
        found += _cases_in(further)
    return found


def _cases_in(folder: Traversable) -> list[Case]:
    if not folder.is_dir():
        return []
    paths = sorted(
        (item for item in folder.iterdir() if item.name.endswith(".json")),
        key=lambda item: item.name,
    )
    return [case_from_text(path.read_text(encoding="utf-8"), path.name) for path in paths]


def sweep(
    protocol: str,
    moves: Sequence[Move],
    prepared: Sequence[Case],
    breaks: Mapping[str, Sequence[Mutator]],
) -> Iterator[Case]:
    """Yield the deterministic part: the prepared programs, every move, every move broken once.

    Programs come first, in their order: they ask most for the fewest requests. Each mutator breaks
    the first move of its operation; operations are spread evenly, and within each the kinds of
    mutators take turns, so that none with many keeps the others waiting.
    """
    seen: set[str] = set()
    alone = [Case(protocol, (move.step(),)) for move in moves]
    for case in itertools.chain(prepared, alone, _broken(protocol, moves, breaks)):
        if repr(case) not in seen:
            seen.add(repr(case))
            yield case


def _broken(
    protocol: str, moves: Sequence[Move], breaks: Mapping[str, Sequence[Mutator]]
) -> list[Case]:
    firsts: dict[str, Move] = {}
    for move in moves:
        firsts.setdefault(move.operation, move)
    return _spread(
        [
            [Case(protocol, (first.step((mutator,)),)) for mutator in _by_turns(breaks[operation])]
            for operation, first in firsts.items()
            if operation in breaks
        ]
    )


def _spread(groups: Sequence[Sequence[Case]]) -> list[Case]:
    """Return the cases of all groups, those of each spread evenly over the whole."""
    placed = [(place / len(group), case) for group in groups for place, case in enumerate(group)]
    return [case for _, case in sorted(placed, key=lambda pair: pair[0])]


def _by_turns(group: Sequence[Mutator]) -> list[Mutator]:
    """Return mutators of different kinds in turn: the first of each kind, then the second ..."""
    kinds: dict[tuple[str, ...], list[Mutator]] = {}
    for mutator in group:
        kind = (mutator.name.partition("-")[0], mutator.action, mutator.expect)
        kinds.setdefault(kind, []).append(mutator)
    turns = itertools.zip_longest(*kinds.values())
    return [mutator for turn in turns for mutator in turn if mutator is not None]
