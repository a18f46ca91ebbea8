"""Cases on their way through the executor, and what they showed on its way to the pursuer.

Cases run at the settings' concurrency, but what they showed is taken in the order of their numbers,
so that the same seed gives the same findings whatever finished first.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import anyio
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from regshape.engine.generate import Numbered
from regshape.engine.ledger import Ledger
from regshape.engine.order import Ordered
from regshape.engine.progress import Done
from regshape.engine.pursue import Pursuer, Pursuit
from regshape.engine.send import Trace
from regshape.model import Violation

Shown: TypeAlias = tuple[Numbered, Sequence[Violation]]


@dataclass(frozen=True, slots=True)
class Phase:
    """Cases by number, of which there are `total`, or without end; and which of them are done."""

    name: str
    numbered: Callable[[int], Numbered]
    total: int | None
    done: Done

    def left(self) -> Iterator[int]:
        """Yield the numbers that are not done."""
        start = self.done.mark
        numbers = itertools.count(start) if self.total is None else range(start, self.total)
        return (number for number in numbers if number not in self.done)

    def is_left(self) -> bool:
        """Return whether any number is not done."""
        return next(self.left(), None) is not None


class Running(Protocol):
    """What a flow asks of the campaign that it runs for."""

    @property
    def sent(self) -> int:
        """How many requests were sent."""
        ...

    def goes_on(self) -> bool:
        """Return whether another case may begin."""
        ...

    def begins(self) -> None:
        """Count a case."""
        ...

    async def execute(self, numbered: Numbered) -> Trace:
        """Execute a case."""
        ...

    def done(self, numbered: Numbered, trace: Trace) -> Sequence[Violation]:
        """Note that a case is done, and return what it showed that is new."""
        ...


class Flow:
    """Runs phases, and starts on a pursuit of what they show."""

    def __init__(
        self, campaign: Running, ledger: Ledger, pursuer: Pursuer, pursuits: TaskGroup
    ) -> None:
        self._campaign = campaign
        self._ledger = ledger
        self._pursuer = pursuer
        self._pursuits = pursuits

    async def run(self, phase: Phase, concurrency: int) -> None:
        """Execute a phase's cases until they, or what the campaign allows, come to an end.

        Where it is cut off, what was shown out of turn is taken all the same: a requirement that a
        done case violated must not end as met.
        """
        ordered: Ordered[Shown] = Ordered(phase.done.mark)
        for number in phase.done.beyond:
            early = self._ledger.early(phase.name, number)
            ordered.hold(number, (phase.numbered(number), early))
        numbers = phase.left()
        try:
            async with anyio.create_task_group() as group:
                for _ in range(concurrency):
                    group.start_soon(self._work, phase, numbers, ordered)
        finally:
            for shown in ordered.rest():
                self.take(*shown)

    async def _work(self, phase: Phase, numbers: Iterator[int], ordered: Ordered[Shown]) -> None:
        while self._campaign.goes_on():
            number = next(numbers, None)
            if number is None:
                return
            self._campaign.begins()
            numbered = phase.numbered(number)
            await checkpoint()  # an app in the same process may never wait, and time must pass
            trace = await self._campaign.execute(numbered)
            shown = self._campaign.done(numbered, trace)
            for due in ordered.put(number, (numbered, shown)):
                self.take(*due)

    def take(self, numbered: Numbered, shown: Sequence[Violation]) -> None:
        """Start on what is new of what a case showed, now that its turn has come."""
        for pursuit in self._ledger.absorb(numbered, shown, self._campaign.sent):
            self.pursue(pursuit)

    def pursue(self, pursuit: Pursuit) -> None:
        """Start on a pursuit."""
        self._pursuits.start_soon(self._pursue, pursuit)

    async def _pursue(self, pursuit: Pursuit) -> None:
        finding = await self._pursuer.pursue(pursuit)
        self._ledger.settle(pursuit, finding)
