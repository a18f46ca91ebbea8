"""Whether some serial order of the events of several lists explains what was read.

The events of one list keep their order; those of different lists may come in any. Nothing else is
assumed: of two requests that overlap either may have come first, and a read may see either state.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

Key: TypeAlias = tuple[str, str, str]
"""What can be read: its kind (`tag`, `manifest`, `blob`, `referrer`), repository and reference."""
Value: TypeAlias = str | None
"""A tag holds a digest, the rest holds THERE; None is what is not there."""

THERE = "there"
"""Also what is read of a tag where only its presence can be seen."""


@dataclass(frozen=True, slots=True)
class Write:
    """Sets a key, or, with `only`, sets it if that is what it holds."""

    key: Key
    value: Value
    only: Value = None


@dataclass(frozen=True, slots=True)
class Read:
    """What was seen of a key, and in answer to what."""

    key: Key
    seen: Value
    operation: str


@dataclass(frozen=True, slots=True)
class Event:
    """What one turn did or saw, at once."""

    writes: tuple[Write, ...] = ()
    reads: tuple[Read, ...] = ()
    operation: str = ""

    def about(self, keys: Iterable[Key], *, reads: bool) -> Event:
        """Return the part of the event that is about these keys, with or without its reads."""
        wanted = frozenset(keys)
        return Event(
            tuple(write for write in self.writes if write.key in wanted),
            tuple(read for read in self.reads if reads and read.key in wanted),
            self.operation,
        )


Lanes: TypeAlias = Sequence[Sequence[Event]]
Holding: TypeAlias = Mapping[Key, Value]


def fits(seen: Value, value: Value) -> bool:
    """Return whether what was seen can be what is held."""
    return value is not None if seen == THERE else seen == value


def outcomes(lanes: Lanes, before: Holding) -> Iterator[Holding]:
    """Yield everything that can be held in the end, over all orders that explain the reads."""
    keys = tuple(before)
    start = (tuple(0 for _ in lanes), tuple(before.values()))
    reached, waiting = {start}, [start]
    while waiting:
        places, values = waiting.pop()
        holding = dict(zip(keys, values, strict=True))
        if all(place == len(lane) for place, lane in zip(places, lanes, strict=True)):
            yield holding
        for lane, place in enumerate(places):
            if place == len(lanes[lane]) or not _possible(lanes[lane][place], holding):
                continue
            then = _written(lanes[lane][place], holding)
            following = (
                (*places[:lane], place + 1, *places[lane + 1 :]),
                tuple(then[key] for key in keys),
            )
            if following not in reached:
                reached.add(following)
                waiting.append(following)


def explained(lanes: Lanes, before: Holding, reads: Sequence[Read]) -> bool:
    """Return whether some order explains all reads: those of the lists, and these at the end."""
    return any(
        all(fits(read.seen, holding[read.key]) for read in reads)
        for holding in outcomes(lanes, before)
    )


def _possible(event: Event, holding: Holding) -> bool:
    return all(fits(read.seen, holding[read.key]) for read in event.reads)


def _written(event: Event, holding: Holding) -> Holding:
    then = dict(holding)
    for write in event.writes:
        if write.only is None or then[write.key] == write.only:
            then[write.key] = write.value
    return then
