"""What a campaign comes to, one entry for each requirement, in the words of pytest.

It crosses from one process of pytest-xdist to the others as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from pydantic import TypeAdapter

from regshape.model import (
    Finding,
    KnownFailure,
    Outcome,
    Requirement,
    Result,
    Standing,
    Verdict,
)
from regshape.pytest_plugin.failure import Replays, failure_text
from regshape.report.redact import redact_line, redact_url
from regshape.report.wording import effort, plain, tally

Says: TypeAlias = Literal["pass", "fail", "warn", "skip", "xfail"]
FAILING: Mapping[str, frozenset[Outcome]] = {
    "must": frozenset({Outcome.FAIL}),
    "should": frozenset({Outcome.FAIL, Outcome.WARN}),
    "never": frozenset(),
}
"""Which outcomes fail a test, by `--regshape-fail-on`."""
LOST = "the target was lost"


@dataclass(frozen=True, slots=True)
class Told:
    """How one requirement is reported: what pytest says, why, and what is put beside it."""

    requirement: str
    says: Says
    why: str
    properties: tuple[tuple[str, str | int], ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A campaign for pytest; `error` is set where it could not begin, `lost` if it broke off."""

    told: Mapping[str, Told] = field(default_factory=dict)
    error: str | None = None
    lost: str | None = None


SHEETS = TypeAdapter(Sheet)


def sheet_of(
    result: Result, requirements: Sequence[Requirement], fail_on: str, replays: Replays
) -> Sheet:
    """Return what a result, compared with its baseline, is for pytest."""
    known = {requirement.id: requirement for requirement in requirements}
    lost = None
    if result.campaign.ended_by == "target-lost":
        lost = f"{LOST} after {result.campaign.requests:,} requests"
    writer = _Writer(result, fail_on, lost, replays)
    told = {v.requirement: writer.told(v, known[v.requirement]) for v in result.verdicts}
    return Sheet(told, lost=lost)


@dataclass(frozen=True, slots=True)
class _Writer:
    result: Result
    fail_on: str
    lost: str | None
    replays: Replays

    def told(self, verdict: Verdict, requirement: Requirement) -> Told:
        mine = [f for f in self.result.findings if f.id in verdict.findings]
        fresh = [f for f in mine if self.result.standing(f.id) is not Standing.KNOWN]
        says, why = self._says(verdict, fresh, requirement)
        return Told(verdict.requirement, says, why, self._properties(verdict, fresh or mine))

    def _says(
        self, verdict: Verdict, fresh: Sequence[Finding], requirement: Requirement
    ) -> tuple[Says, str]:
        if not verdict.findings:
            return self._says_of_unfailed(verdict)
        if not fresh:
            return "xfail", "; ".join(map(_known, self._entries(verdict)))
        text = failure_text(fresh, requirement, self.replays)
        return ("fail" if verdict.outcome in FAILING[self.fail_on] else "warn"), text

    def _says_of_unfailed(self, verdict: Verdict) -> tuple[Says, str]:
        reason = plain(redact_line(verdict.reason or ""))
        if verdict.outcome is Outcome.SKIP:
            return "skip", reason
        if self.lost is not None:
            return "skip", f"inconclusive: {self.lost}"
        if verdict.outcome is Outcome.INCONCLUSIVE:
            return "skip", f"inconclusive: {reason}"
        return "pass", ""

    def _entries(self, verdict: Verdict) -> list[KnownFailure]:
        known = self.result.baseline.known if self.result.baseline else ()
        return [entry for entry in known if entry.requirement == verdict.requirement]

    def _properties(
        self, verdict: Verdict, findings: Sequence[Finding]
    ) -> tuple[tuple[str, str | int], ...]:
        fixed = self.result.baseline.fixed if self.result.baseline else ()
        rows: list[tuple[str, str | int]] = [
            ("regshape_requirement", verdict.requirement),
            ("regshape_level", verdict.level.value),
            ("regshape_outcome", verdict.outcome.value),
            ("regshape_judged", verdict.judged),
            ("regshape_findings", len(verdict.findings)),
            ("regshape_campaign", _campaign(self.result)),
        ]
        for finding in findings:
            rows.append(("regshape_finding", plain(redact_line(finding.summary))))
            rows.append(("regshape_replay", self.replays.line(finding)))
        rows += [
            ("regshape_fixed", f"{entry.finding[:8]} {entry.summary}".strip())
            for entry in fixed
            if entry.requirement == verdict.requirement
        ]
        return tuple(rows)


def _campaign(result: Result) -> str:
    info = result.campaign
    target = plain(redact_url(info.target))
    where = f"{info.protocol} {info.spec} on {target}, seed {info.seed}"
    return f"{where}: {tally(result.verdicts)} in {effort(info)}"


def _known(entry: KnownFailure) -> str:
    why = f" ({entry.reason})" if entry.reason else ""
    return f"known to the baseline as {entry.finding[:8]}{why}"
