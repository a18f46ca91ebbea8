"""Pursue a violation: shrink its case, confirm it by execution, and make the finding."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from regshape.engine.generate import Numbered
from regshape.engine.narrow import narrow
from regshape.engine.send import Executor, Trace
from regshape.engine.shrink import Shows, Shrunk, shrink_drawn, shrink_program, simplify
from regshape.model import Case, Finding, Step, Turn, Violation
from regshape.report.curl import curl

Salt = Callable[[], str]
NARROWINGS = 100
"""Executions in which a race is shrunk at most: most of them show nothing."""
RACES, HURRIED_RACES, TWICE = 20, 4, 2
"""How many times a race is executed to learn how often it shows, and how often it must."""


@dataclass(frozen=True, slots=True)
class Pursuit:
    """A violation that was seen for the first time, with the case that showed it."""

    numbered: Numbered
    violation: Violation
    seen_after: int


class Pursuer:
    """Turns pursuits into findings, on the target that the executor works on."""

    def __init__(
        self,
        executor: Executor,
        strategy: st.SearchStrategy[Case],
        salt: Salt,
        *,
        executions: int,
        confirmations: int,
    ) -> None:
        self._executor = executor
        self._strategy = strategy
        self._salt = salt
        self._executions = executions
        self._confirmations = confirmations
        self.hurried = False
        """Whether time is up: what is pursued from now on is confirmed without being shrunk."""

    async def pursue(self, pursuit: Pursuit) -> Finding | None:
        """Return the finding, or None where the violation did not show again."""
        if pursuit.numbered.case.parallel:
            return await self._pursue_race(pursuit)
        shrunk = await self._shrink(pursuit)
        tries = 1 if self.hurried else self._confirmations
        shown = await self._seen(shrunk.case, pursuit, tries)
        return self._finding(pursuit, shrunk, shown, tries) if shown else None

    async def _pursue_race(self, pursuit: Pursuit) -> Finding | None:
        """Return the finding of a race that was seen at least twice, the first sight included.

        Where the smallest case does not show it often enough, the one that was found stands.
        """
        tries = HURRIED_RACES if self.hurried else RACES
        found = pursuit.numbered.case
        shrunk = Shrunk(found, 0)
        if not self.hurried:
            budget = min(self._executions, NARROWINGS)
            shrunk = await narrow(found, self._shows(pursuit), budget)
        shown = await self._seen(shrunk.case, pursuit, tries)
        if len(shown) < TWICE and shrunk.case != found:
            more = await self._seen(found, pursuit, tries)
            if len(more) > len(shown):
                shrunk, shown = Shrunk(found, shrunk.executions), more
        return self._finding(pursuit, shrunk, shown, tries) if shown else None

    async def _seen(
        self, case: Case, pursuit: Pursuit, tries: int
    ) -> list[tuple[Trace, Violation]]:
        """Return the executions, of so many, that show the violation."""
        shown = []
        for _ in range(tries):
            trace = await self._executor.run(case, self._salt())
            violation = trace.shows(pursuit.violation)
            if violation is not None:
                shown.append((trace, violation))
        return shown

    def _shows(self, pursuit: Pursuit) -> Shows:
        """Return what tells whether a case shows the violation, but not once time is up."""

        async def shows(smaller: Case) -> bool:
            if self.hurried:
                return False
            trace = await self._executor.run(smaller, self._salt())
            return trace.shows(pursuit.violation) is not None

        return shows

    async def _shrink(self, pursuit: Pursuit) -> Shrunk:
        numbered = pursuit.numbered
        case = numbered.case
        if self.hurried or (
            len(case.steps) == 1 and case.steps[0] == Step(case.steps[0].operation)
        ):
            return Shrunk(case, 0)
        shows = self._shows(pursuit)
        if numbered.buffer is None:
            shrunk = await shrink_program(case, shows, self._executions)
        else:
            drawn = await shrink_drawn(self._strategy, numbered.buffer, shows, self._executions)
            if drawn is None:
                return Shrunk(case, 1)
            shrunk = drawn
        simple = await simplify(shrunk.case, shows, self._executions - shrunk.executions)
        return Shrunk(simple.case, shrunk.executions + simple.executions)

    def _finding(
        self,
        pursuit: Pursuit,
        shrunk: Shrunk,
        shown: Sequence[tuple[Trace, Violation]],
        tries: int,
    ) -> Finding:
        trace, violation = shown[0]
        turns = _relevant(trace.turns)
        return Finding(
            id=finding_id(violation),
            requirement=violation.requirement,
            signature=violation.signature,
            summary=violation.summary,
            case=shrunk.case,
            exchanges=tuple(turn.exchange for turn in turns),
            reproduced=(len(shown), tries),
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
