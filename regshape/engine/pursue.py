"""Pursue a violation: shrink its case, confirm it by execution, and make the finding."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hypothesis import strategies as st

from regshape.engine.generate import Numbered
from regshape.engine.send import Executor, Trace
from regshape.engine.shrink import Shrunk, shrink_drawn, shrink_program, simplify
from regshape.model import Case, Exchange, Finding, Step, Turn, Violation
from regshape.report.curl import curl

Salt = Callable[[], str]


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
        shrunk = await self._shrink(pursuit)
        seen, shown = 0, None
        tries = 1 if self.hurried else self._confirmations
        for _ in range(tries):
            trace = await self._executor.run(shrunk.case, self._salt())
            violation = trace.shows(pursuit.violation)
            if violation is not None:
                seen += 1
                shown = shown or (trace, violation)
        if shown is None:
            return None
        return self._finding(pursuit, shrunk, shown, (seen, tries))

    async def _shrink(self, pursuit: Pursuit) -> Shrunk:
        numbered = pursuit.numbered
        case = numbered.case
        if self.hurried or (
            len(case.steps) == 1 and case.steps[0] == Step(case.steps[0].operation)
        ):
            return Shrunk(case, 0)

        async def shows(smaller: Case) -> bool:
            if self.hurried:
                return False
            trace = await self._executor.run(smaller, self._salt())
            return trace.shows(pursuit.violation) is not None

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
        shown: tuple[Trace, Violation],
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
            mutators=sum(len(step.mutators) for step in shrunk.case.steps),
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
    exchanges: list[Exchange] = [turn.exchange for turn in _relevant(turns)]
    return tuple(curl(exchange, origin) for exchange in exchanges)
