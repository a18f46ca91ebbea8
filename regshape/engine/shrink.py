"""Shrink a failing case to the smallest that still shows the same violation.

A case that was drawn is shrunk by Hypothesis from its buffer. A case of the sweep or the corpus has
none and is short: smaller programs made of its steps are tried, smallest first.

Contract: what is returned has shown the identity in an execution, and its steps are a
simplification of the case's. The budget counts executions; past it the case that is smallest so far
is returned.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import anyio.from_thread
import anyio.to_thread
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from hypothesis import strategies as st
from hypothesis.database import InMemoryExampleDatabase
from hypothesis.errors import Flaky

from regshape.model import Case, Step
from regshape.report.codec import case_to_json

Shows: TypeAlias = Callable[[Case], Coroutine[Any, Any, bool]]
"""Executes a case and tells whether it shows the identity that is being shrunk."""


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The smallest case that was found, and the executions it took."""

    case: Case
    executions: int


class _ShownError(Exception):
    """Raised inside Hypothesis where a case shows the identity."""


def size(case: Case) -> tuple[int, int, int, str]:
    """Return the order of cases: fewer steps, fewer mutators, shorter text."""
    text = json.dumps(case_to_json(case), sort_keys=True)
    return len(case.steps), sum(len(step.mutators) for step in case.steps), len(text), text


class _Tries:
    """Executes cases, each once, no more of them than the budget allows."""

    def __init__(self, shows: Shows, budget: int) -> None:
        self._shows = shows
        self._budget = budget
        self._known: dict[str, bool] = {}
        self.executions = 0

    async def first(self, cases: Iterable[Case]) -> Case | None:
        """Return the first of the cases that shows the identity, if any does."""
        for case in cases:
            if await self.shown(case):
                return case
        return None

    async def shown(self, case: Case) -> bool:
        """Return whether a case shows the identity; past the budget none does."""
        key = repr(case)
        if key not in self._known:
            if self.executions >= self._budget:
                return False
            self.executions += 1
            self._known[key] = await self._shows(case)
        return self._known[key]


async def shortcut(case: Case, about: str, shows: Shows, budget: int) -> Shrunk:
    """Return one step of the case that shows the identity, or such a step and one before it.

    The case itself comes back where neither does. Most of what a long program shows takes no more,
    and Hypothesis would leave out one step after the other. `about` is the operation that showed
    it, which another step may have needed.
    """
    tries = _Tries(shows, budget)
    found = await tries.first(_alone_or_paired(case, about))
    return Shrunk(found or case, tries.executions)


def _alone_or_paired(case: Case, about: str) -> Iterator[Case]:
    places = [place for place, step in enumerate(case.steps) if step.operation == about]
    for place in places or range(len(case.steps)):
        yield from _bare_first(case, case.steps[place : place + 1])
    for last in places:
        for place in reversed(range(last)):
            yield from _bare_first(case, (case.steps[place], case.steps[last]))


async def shrink_program(case: Case, shows: Shows, budget: int) -> Shrunk:
    """Return the smallest program made of the case's steps that shows the identity.

    Where not one step does, the program is cut off after the step with which it first shows; what
    that one needs is looked for among one or two of those before it, and then by leaving out.
    """
    tries = _Tries(shows, budget)
    found = await tries.first(_singles(case))
    if found is None:
        ended = await _cut_off(case, tries)
        found = await tries.first(_subsets(ended)) or await _left_out(ended, tries)
    return Shrunk(found, tries.executions)


def _singles(case: Case) -> Iterator[Case]:
    for step in case.steps:
        yield from _bare_first(case, (step,))


def _bare_first(case: Case, steps: Sequence[Step]) -> Iterator[Case]:
    """Yield a program of the steps without mutators, and with them, but never the case itself."""
    bare = tuple(replace(step, mutators=()) for step in steps)
    for smaller in (bare, tuple(steps)):
        if smaller != case.steps:
            yield replace(case, steps=smaller)


async def _cut_off(case: Case, tries: _Tries) -> Case:
    """Return the shortest beginning of the case that shows the identity."""
    low, high = 2, len(case.steps)
    while low < high:
        middle = (low + high) // 2
        if await tries.shown(replace(case, steps=case.steps[:middle])):
            high = middle
        else:
            low = middle + 1
    return replace(case, steps=case.steps[:high])


def _subsets(case: Case) -> Iterator[Case]:
    """Yield programs of the last step and one or two of those before it."""
    *before, last = case.steps
    for count in (1, 2):
        for steps in itertools.combinations(before, count):
            yield from _bare_first(case, (*steps, last))


async def _left_out(case: Case, tries: _Tries) -> Case:
    """Return the case without the steps that it shows the identity without."""
    place = 0
    while place < len(case.steps) - 1:
        fewer = replace(case, steps=(*case.steps[:place], *case.steps[place + 1 :]))
        if await tries.shown(fewer):
            case = fewer
        else:
            place += 1
    return case


async def simplify(case: Case, shows: Shows, budget: int) -> Shrunk:
    """Return the case with as little said in each step as still shows the identity.

    Hypothesis goes from a move to the one before it; here it is asked whether the operation alone
    does, what it does without each argument, and without its mutators.
    """
    executions = 0
    again = True
    while again:
        again = False
        for simpler in _simpler(case):
            if executions >= budget:
                return Shrunk(case, executions)
            executions += 1
            if await shows(simpler):
                case, again = simpler, True
                break
    return Shrunk(case, executions)


def _simpler(case: Case) -> Iterator[Case]:
    for place, step in enumerate(case.steps):
        for simpler in simpler_steps(step):
            yield replace(case, steps=(*case.steps[:place], simpler, *case.steps[place + 1 :]))


def simpler_steps(step: Step) -> Iterator[Step]:
    """Yield the step with no argument, without each of them, and without its mutators."""
    if step.arguments:
        yield replace(step, arguments={})
    if len(step.arguments) > 1:
        for left_out in step.arguments:
            kept = {key: value for key, value in step.arguments.items() if key != left_out}
            yield replace(step, arguments=kept)
    if step.mutators:
        yield replace(step, mutators=())
    if len(step.mutators) > 1:
        yield from (replace(step, mutators=(alone,)) for alone in step.mutators)


async def shrink_drawn(
    strategy: st.SearchStrategy[Case], buffer: bytes, shows: Shows, budget: int
) -> Shrunk | None:
    """Return the smallest case that Hypothesis finds from a buffer.

    None means that the buffer's case did not show the identity again: it comes and goes.
    """
    search = _Search(strategy, shows, budget)
    try:
        await anyio.to_thread.run_sync(search.run, buffer, abandon_on_cancel=True)
    finally:
        search.stop()
    if search.best is None:
        return None
    return Shrunk(search.best, search.executions)


class _Search:
    """One run of Hypothesis' shrinker in a thread of its own; the event loop executes."""

    def __init__(self, strategy: st.SearchStrategy[Case], shows: Shows, budget: int) -> None:
        self._strategy = strategy
        self._shows = shows
        self._budget = budget
        self.executions = 0
        self.best: Case | None = None

    def stop(self) -> None:
        """Let the thread come to its end without executing anything more."""
        self._budget = 0

    def _shown(self, case: Case) -> bool:
        """Execute a case, but past the budget say no without doing so."""
        if self.executions >= self._budget:
            return False
        self.executions += 1
        return anyio.from_thread.run(self._shows, case)

    def run(self, buffer: bytes) -> None:
        """Replay the buffer, then shrink what it showed."""

        @settings(
            database=InMemoryExampleDatabase(),
            deadline=None,
            derandomize=False,
            max_examples=10_000,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.reuse, Phase.shrink],
            verbosity=Verbosity.quiet,
            report_multiple_bugs=False,
            print_blob=False,
        )
        @given(self._strategy)
        def raising(case: Case) -> None:
            if self._shown(case):
                if self.best is None or size(case) < size(self.best):
                    self.best = case
                raise _ShownError

        try:
            raising.hypothesis.fuzz_one_input(buffer)  # type: ignore[attr-defined]
        except _ShownError:
            self._shrink(raising)

    def _shrink(self, raising: Callable[[], None]) -> None:
        try:
            raising()
        except (_ShownError, Flaky):
            # Flaky: answers changed between executions, or the budget ended. Both leave `best`.
            return
