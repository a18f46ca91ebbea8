"""Pursue a race: see it again, shrink it, and learn how often its smallest form shows.

A race comes and goes, so every execution counts, whatever it was for: the one in which the campaign
saw it, those that tried to see it again, and those of the smaller forms. A race is confirmed when
it was seen twice; what was confirmed stays a finding, however far its shrinking came.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeAlias

import anyio

from regshape.engine.narrow import narrow
from regshape.engine.send import Trace
from regshape.engine.shrink import Shows
from regshape.model import Case, Violation

RACES, HURRIED_RACES, TWICE = 20, 4, 2
"""How many times a race is executed to learn how often it shows, and how often it must."""
NARROWINGS = 100
"""Executions in which a race is shrunk at most: most of them show nothing."""
CONFIRMED_AT_ONCE, SHRUNK_AT_ONCE = 2, 2

Shown: TypeAlias = tuple[Trace, Violation]
Try: TypeAlias = Callable[[Case], Awaitable[Shown | None]]
"""Executes a case, and returns what shows the violation, if it does."""


@dataclass(slots=True, eq=False)
class Form:
    """One form of a race: how often it was tried, how often seen, and what first showed it here."""

    case: Case
    tried: int = 0
    seen: int = 0
    shown: Shown | None = None

    @property
    def is_confirmed(self) -> bool:
        """Whether it was seen twice, once of that here."""
        return self.seen >= TWICE and self.shown is not None


class Trials:
    """The executions of a race and of its smaller forms. `executions` counts those made here."""

    def __init__(self, found: Case, attempt: Try) -> None:
        self._attempt = attempt
        first = Form(found, tried=1, seen=1)
        self._forms = {repr(found): first}
        self._smaller = [first]
        self.executions = 0

    async def shows(self, case: Case) -> bool:
        """Execute a case, and return whether it shows the violation."""
        form = self._forms.setdefault(repr(case), Form(case))
        shown = await self._attempt(case)
        self.executions += 1
        form.tried += 1
        if shown is None:
            return False
        form.seen += 1
        form.shown = form.shown or shown
        if form not in self._smaller:
            self._smaller.append(form)
        return True

    def confirmed(self) -> Form | None:
        """Return the smallest form that was seen twice, or None."""
        return next((form for form in reversed(self._smaller) if form.is_confirmed), None)

    async def settle(self) -> None:
        """Execute the smallest form often enough to know its rate, or the one before it."""
        for form in reversed(self._smaller):
            while form.tried < RACES:
                await self.shows(form.case)
            if form.is_confirmed:
                return


class RaceCourse:
    """Where races are tried: first whether they show again, and then how small they get.

    `until` is when what is being tried must be left as it is.
    """

    def __init__(self) -> None:
        self._confirming = anyio.CapacityLimiter(CONFIRMED_AT_ONCE)
        self._shrinking = anyio.CapacityLimiter(SHRUNK_AT_ONCE)
        self._scopes: set[anyio.CancelScope] = set()
        self._until = float("inf")

    @property
    def is_hurried(self) -> bool:
        """Whether there is only time to see what was seen once more."""
        return self._until < float("inf")

    def hurry(self, until: float) -> None:
        """End what is being tried by then, in the time of the event loop."""
        self._until = until
        for scope in self._scopes:
            scope.deadline = until

    async def run(self, trials: Trials, found: Case, budget: int) -> None:
        """Try a race for as long as there is time; what came of it is in the trials."""
        with self._limited():
            async with self._confirming:
                for _ in range(HURRIED_RACES if self.is_hurried else RACES):
                    if await trials.shows(found) or trials.confirmed():
                        break
            if trials.confirmed() is None or self.is_hurried:
                return
            async with self._shrinking:
                await narrow(found, self._unhurried(trials), min(budget, NARROWINGS))
                if not self.is_hurried:
                    await trials.settle()

    def _unhurried(self, trials: Trials) -> Shows:
        """Return what tells whether a case shows the violation, but not once time is up."""

        async def shows(case: Case) -> bool:
            return not self.is_hurried and await trials.shows(case)

        return shows

    @contextmanager
    def _limited(self) -> Iterator[None]:
        with anyio.CancelScope(deadline=self._until) as scope:
            self._scopes.add(scope)
            try:
                yield
            finally:
                self._scopes.discard(scope)
