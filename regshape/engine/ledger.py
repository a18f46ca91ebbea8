"""What a campaign has learnt: counts, violations, findings; and the telling of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from regshape.engine.generate import Numbered
from regshape.engine.judge import Tally
from regshape.engine.progress import Checkpoint, Seen, Sighting
from regshape.engine.pursue import Pursuit
from regshape.model import Finding, Observer, Outcome, Verdict, Violation

MOST_MISSES = 3
"""How many times a violation that does not show again is pursued."""


class Ledger:
    """Takes note of what cases showed and of what pursuits came to, and tells the observers."""

    def __init__(self, tally: Tally, observers: Sequence[Observer]) -> None:
        self._tally = tally
        self._observers = observers
        self._findings: list[Finding] = []
        self._known: list[Violation] = []
        self._misses: Counter[tuple[str, str]] = Counter()
        self._open: dict[tuple[str, str], Sighting] = {}
        self._early: dict[tuple[str, int], Sequence[Violation]] = {}
        self._touched: set[str] = set()
        self._told: dict[str, Outcome] = {}
        self.changes = 0
        """Goes up whenever `seen` would say something new."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What was confirmed so far, in the order in which it was."""
        return tuple(self._findings)

    def verdicts(self) -> tuple[Verdict, ...]:
        """Return all verdicts; what is not settled by now is in doubt."""
        for sighting in self._open.values():
            summary = f"not confirmed before the end: {sighting.violation.summary}"
            self._tally.doubt(sighting.violation.requirement, summary)
        return self._tally.verdicts()

    # --- what cases showed ------------------------------------------------------------------------

    def count(self, judged: Sequence[str]) -> None:
        """Add what the exchanges of a case judged."""
        self._tally.count(judged)
        self._touched.update(judged)

    def add(self, judged: Mapping[str, int]) -> None:
        """Add counts of judged exchanges."""
        self._tally.add(judged)
        self._touched.update(judged)

    def shown(self, numbered: Numbered, violations: Sequence[Violation]) -> Sequence[Violation]:
        """Return what is new of what a case showed; it is noted until the case's turn comes."""
        new = self.new(violations)
        if new:
            self._early[numbered.phase, numbered.index] = new
            self.changes += 1
        return new

    def new(self, violations: Sequence[Violation]) -> Sequence[Violation]:
        """Return those that nothing known explains."""
        return [violation for violation in violations if not self._explains(violation)]

    def _explains(self, violation: Violation) -> bool:
        return any(
            known.explains(violation) or self._tally.says_more(known, violation)
            for known in self._known
        )

    def early(self, phase: str, index: int) -> Sequence[Violation]:
        """Return what a case showed whose turn has not come."""
        return self._early.get((phase, index), ())

    def absorb(
        self, numbered: Numbered, violations: Sequence[Violation], seen_after: int
    ) -> Iterator[Pursuit]:
        """Yield what is to be pursued of what a case showed, now that its turn has come."""
        self._early.pop((numbered.phase, numbered.index), None)
        for violation in violations:
            if not self._explains(violation):
                self._known.append(violation)
                self._open[violation.identity] = Sighting(
                    numbered.phase, numbered.index, violation, seen_after
                )
                self.changes += 1
                yield Pursuit(numbered, violation, seen_after)

    # --- what pursuits came to --------------------------------------------------------------------

    def settle(self, pursuit: Pursuit, finding: Finding | None) -> None:
        """Take note of what a pursuit came to."""
        violation = pursuit.violation
        self._open.pop(violation.identity, None)
        self.changes += 1
        if finding is None:
            self._miss(violation)
        elif all(known.id != finding.id for known in self._findings):
            self._findings.append(finding)
            self._tally.found(violation.requirement, finding.id)
            for observer in self._observers:
                observer.finding(finding)
        self._touched.add(violation.requirement)
        self.tell()

    def _miss(self, violation: Violation) -> None:
        self._tally.doubt(violation.requirement, f"seen once, not again: {violation.summary}")
        self._misses[violation.identity] += 1
        if self._misses[violation.identity] < MOST_MISSES:
            self._known.remove(violation)  # the next time that it shows is pursued too

    def tell(self) -> None:
        """Tell the observers of verdicts whose outcome is new."""
        for requirement in sorted(self._touched):
            verdict = self._tally.verdict(requirement)
            if self._told.get(requirement) is not verdict.outcome:
                self._told[requirement] = verdict.outcome
                for observer in self._observers:
                    observer.verdict(verdict)
        self._touched.clear()

    # --- what is kept of it -----------------------------------------------------------------------

    def seen(self) -> Seen:
        """Return what is to be kept of the violations."""
        return Seen(
            known=tuple(self._known),
            open=tuple(self._open.values()),
            early=tuple(
                Sighting(phase, index, violation)
                for (phase, index), violations in self._early.items()
                for violation in violations
            ),
            doubts=self._tally.doubts,
            misses=tuple(self._misses.items()),
        )

    def restore(self, kept: Checkpoint) -> None:
        """Go on from what was kept; what was open is to be pursued anew by the caller."""
        seen = kept.seen
        self.add(kept.progress.judged)
        for requirement, reason in seen.doubts.items():
            self._tally.doubt(requirement, reason)
        self._known = list(seen.known)
        self._misses = Counter(dict(seen.misses))
        self._open = {sighting.violation.identity: sighting for sighting in seen.open}
        for sighting in seen.early:
            place = (sighting.phase, sighting.index)
            self._early[place] = [*self._early.get(place, ()), sighting.violation]
        for finding in kept.findings:
            self._findings.append(finding)
            self._tally.found(finding.requirement, finding.id)
            self._touched.add(finding.requirement)
