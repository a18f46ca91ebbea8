"""Pursue a violation: shrink its case, confirm it by execution, and make the finding."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import anyio
from hypothesis import strategies as st

from regshape.engine.fold import Measure, fold
from regshape.engine.generate import Numbered
from regshape.engine.send import Executor
from regshape.engine.shrink import (
    Shows,
    Shrunk,
    shortcut,
    shrink_drawn,
    shrink_program,
    simplify,
)
from regshape.engine.trials import RaceCourse, Shown, Trials
from regshape.model import Case, Finding, Step, Turn, Violation
from regshape.model.judgement import parts_of
from regshape.report.curl import curl

Salt = Callable[[], str]
PURSUITS_AT_ONCE = 8
"""How many violations are pursued at a time; races, which wait for nothing else, not counted."""


@dataclass(frozen=True, slots=True)
class Pursuit:
    """A violation that was seen for the first time, with the case that showed it."""

    numbered: Numbered
    violation: Violation
    seen_after: int


class Way(Protocol):
    """A way of shrinking a case."""

    async def __call__(self, case: Case, *, budget: int) -> Shrunk:
        """Return the smaller case, in no more executions than the budget."""
        ...


class Pursuer:
    """Turns pursuits into findings, on the target that the executor works on."""

    def __init__(
        self,
        executor: Executor,
        strategy: st.SearchStrategy[Case],
        salt: Salt,
        *,
        moves: Sequence[Step],
        executions: int,
        confirmations: int,
    ) -> None:
        self._executor = executor
        self._strategy = strategy
        self._salt = salt
        self._moves = moves
        self._executions = executions
        self._confirmations = confirmations
        self._room = anyio.CapacityLimiter(PURSUITS_AT_ONCE)
        self._course = RaceCourse()
        self._hurried = False

    def hurry(self, until: float) -> None:
        """Confirm without shrinking from now on; races by a time of the event loop."""
        self._hurried = True
        self._course.hurry(until)

    async def pursue(self, pursuit: Pursuit) -> Finding | None:
        """Return the finding, or None where the violation did not show again."""
        if pursuit.numbered.case.parallel:
            return await self._pursue_race(pursuit)
        async with self._room:
            shrunk = await self._shrink(pursuit)
            tries = 1 if self._hurried else self._confirmations
            shown = await self._seen(shrunk.case, pursuit, tries)
        return self._finding(pursuit, shrunk, shown[0], (len(shown), tries)) if shown else None

    async def _pursue_race(self, pursuit: Pursuit) -> Finding | None:
        """Return the finding of a race that was seen at least twice, the first sight included."""
        found = pursuit.numbered.case
        trials = Trials(found, partial(self._try_race, pursuit=pursuit))
        await self._course.run(trials, found, self._executions)
        form = trials.confirmed()
        if form is None or form.shown is None:
            return None
        shrunk = Shrunk(form.case, trials.executions)
        return self._finding(pursuit, shrunk, form.shown, (form.seen, form.tried))

    async def _try(self, case: Case, pursuit: Pursuit) -> Shown | None:
        """Execute a case once, and return what shows the violation, if it does."""
        trace = await self._executor.run(case, self._salt())
        violation = trace.shows(pursuit.violation)
        return None if violation is None else (trace, violation)

    async def _try_race(self, case: Case, pursuit: Pursuit) -> Shown | None:
        """Execute a race once; a target that is slow in everything shows nothing by being late."""
        shown = await self._try(case, pursuit)
        return None if shown is None or shown[0].was_starved() else shown

    async def _seen(self, case: Case, pursuit: Pursuit, tries: int) -> list[Shown]:
        """Return the executions, of so many, that show the violation.

        None where the first one, which is given all the time there is, shows that it passes. Those
        in which an answer did not come in time count only where every one shows it: what answers
        at other times is slow, or kept busy by something else.
        """
        shown: list[Shown] = []
        for number in range(tries):
            trace = await self._executor.run(case, self._salt(), patient=number == 0)
            violation = trace.shows(pursuit.violation)
            if violation is not None:
                shown.append((trace, violation))
            elif number == 0 and trace.waited:
                break
        return shown if len(shown) == tries else [one for one in shown if not one[0].timed_out()]

    def _measure(self, pursuit: Pursuit) -> Measure:
        """Return what tells the requests of a case that shows the violation, till time is up."""

        async def measure(case: Case) -> int | None:
            shown = None if self._hurried else await self._try(case, pursuit)
            return None if shown is None else shown[0].requests

        return measure

    def _shows(self, pursuit: Pursuit) -> Shows:
        """Return what tells whether a case shows the violation, but not once time is up."""
        measure = self._measure(pursuit)

        async def shows(smaller: Case) -> bool:
            return await measure(smaller) is not None

        return shows

    async def _shrink(self, pursuit: Pursuit) -> Shrunk:
        if self._hurried:
            return Shrunk(pursuit.numbered.case, 0)
        shows = self._shows(pursuit)
        about = parts_of(pursuit.violation.cause).operation.partition(">")[0]
        shrunk = await self._shrink_as_it_came(pursuit.numbered, about, shows)
        if shrunk is None:
            return Shrunk(pursuit.numbered.case, 1)
        shrunk = await self._further(shrunk, partial(simplify, shows=shows))
        folding = partial(fold, moves=self._moves, about=about, measure=self._measure(pursuit))
        folded = await self._further(shrunk, folding)
        if folded.case == shrunk.case:
            return folded
        return await self._further(folded, partial(simplify, shows=shows))

    async def _further(self, shrunk: Shrunk, way: Way) -> Shrunk:
        """Return what a further way of shrinking makes of it, in what is left of the budget."""
        further = await way(shrunk.case, budget=self._executions - shrunk.executions)
        return Shrunk(further.case, shrunk.executions + further.executions)

    async def _shrink_as_it_came(
        self, numbered: Numbered, about: str, shows: Shows
    ) -> Shrunk | None:
        """Shrink by the buffer, if there is one, then by steps; None where it comes and goes."""
        shrunk = Shrunk(numbered.case, 0)
        if numbered.buffer is not None:
            shrunk = await shortcut(numbered.case, about, shows, self._executions)
            if shrunk.case != numbered.case:
                return shrunk
            left = self._executions - shrunk.executions
            drawn = await shrink_drawn(self._strategy, numbered.buffer, shows, left)
            if drawn is None:
                return None
            shrunk = Shrunk(drawn.case, shrunk.executions + drawn.executions)
        return await self._further(shrunk, partial(shrink_program, shows=shows))

    def _finding(
        self,
        pursuit: Pursuit,
        shrunk: Shrunk,
        shown: Shown,
        reproduced: tuple[int, int],
    ) -> Finding:
        trace, violation = shown
        turns = _relevant(trace.turns)
        return Finding(
            id=finding_id(violation),
            requirement=violation.requirement,
            signature=violation.signature,
            summary=violation.summary,
            case=shrunk.case,
            exchanges=tuple(turn.exchange for turn in turns),
            reproduced=reproduced,
            requests=trace.requests,
            mutators=sum(len(step.mutators) for step in shrunk.case.all_steps()),
            replay=_replay(trace.turns, self._executor.origin),
            index=pursuit.numbered.index,
            executions=shrunk.executions,
            seen_after=pursuit.seen_after,
        )


def finding_id(violation: Violation) -> str:
    """Return the id of a finding: the same identity has the same id in every campaign."""
    text = "\n".join(violation.identity)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _relevant(turns: Sequence[Turn]) -> list[Turn]:
    return [turn for turn in turns if turn.call.role != "cleanup"]


def _replay(turns: Sequence[Turn], origin: str) -> tuple[str, ...]:
    """Return the command lines; those that ran at the same time stand together, each list a line.

    Their place is where the first of them was sent.
    """
    lines: list[str] = []
    lanes: dict[int, list[str]] = {}
    for turn in _relevant(turns):
        line = curl(turn.exchange, origin)
        if turn.lane is not None:
            lanes.setdefault(turn.lane, []).append(line)
            continue
        if lanes:
            lines += _at_once(lanes)
            lanes = {}
        lines.append(line)
    return (*lines, *_at_once(lanes))


def _at_once(lanes: dict[int, list[str]]) -> list[str]:
    """Return lists of commands as lines that run at the same time, and wait for each other."""
    lists = [f"{{ {'; '.join(lanes[lane])}; }} &" for lane in sorted(lanes)]
    return [*lists, "wait"] if lists else []
