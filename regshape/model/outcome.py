"""What a campaign comes to: verdicts, findings, and who wants to know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol

from regshape.model.exchange import Exchange
from regshape.model.judgement import Level
from regshape.model.program import Case


class Outcome(StrEnum):
    """What is known of one requirement on one target."""

    PASS = "pass"  # noqa: S105 - an outcome, no secret
    FAIL = "fail"
    WARN = "warn"
    SKIP = "skip"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of one requirement on one target."""

    requirement: str
    level: Level
    outcome: Outcome
    judged: int
    reason: str | None = None
    findings: tuple[str, ...] = ()

    def is_clear(self) -> bool:
        """Return whether answers were judged, and nothing is in doubt."""
        return self.judged > 0 and self.outcome not in (Outcome.SKIP, Outcome.INCONCLUSIVE)


@dataclass(frozen=True, slots=True)
class Finding:
    """One distinct failure with its minimal case, confirmed by re-execution.

    `requests` and `mutators` count those of the minimal case; requests that only read back the
    state are left out. `reproduced` is (times seen, times tried).
    """

    id: str
    requirement: str
    signature: str
    summary: str
    case: Case
    exchanges: tuple[Exchange, ...]
    reproduced: tuple[int, int]
    requests: int
    mutators: int
    replay: tuple[str, ...]
    index: int | None = None
    executions: int = 0
    seen_after: int = 0
    """Requests that the campaign had sent when it first saw the violation."""


@dataclass(frozen=True, slots=True)
class CampaignInfo:
    """What identifies a campaign and how far it came. Times are UTC ISO 8601 and seconds."""

    id: str
    protocol: str
    spec: str
    target: str
    implementation: str | None
    seed: int
    started: str
    seconds: float = 0.0
    cases: int = 0
    requests: int = 0
    ended_by: str = "running"


@dataclass(frozen=True, slots=True)
class KnownFailure:
    """A failure that a baseline knows: which finding, why it is let pass, and until which day.

    `case` is the finding's minimal case, which the next campaign begins with.
    """

    requirement: str
    finding: str
    signature: str = ""
    summary: str = ""
    reason: str | None = None
    expires: date | None = None
    case: Case | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What a baseline says of a campaign: what failed as known, what too late, what no more."""

    known: tuple[KnownFailure, ...] = ()
    expired: tuple[KnownFailure, ...] = ()
    fixed: tuple[KnownFailure, ...] = ()

    def standing(self, finding: str) -> Standing:
        """Return how the baseline stands to a finding's id."""
        if any(entry.finding == finding for entry in self.known):
            return Standing.KNOWN
        if any(entry.finding == finding for entry in self.expired):
            return Standing.EXPIRED
        return Standing.NEW


class Standing(StrEnum):
    """How a baseline stands to a finding."""

    NEW = "new"
    KNOWN = "known"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Result:
    """A campaign with its verdicts (in the order of the requirements) and its findings.

    `baseline` is None where there was none to compare with.
    """

    campaign: CampaignInfo
    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...]
    baseline: Comparison | None = None

    def standing(self, finding: str) -> Standing:
        """Return how the baseline stands to a finding's id; without a baseline all are new."""
        return (self.baseline or Comparison()).standing(finding)

    def is_excused(self, verdict: Verdict) -> bool:
        """Return whether all that the verdict has found is known to the baseline."""
        standings = {self.standing(finding) for finding in verdict.findings}
        return standings == {Standing.KNOWN}


class Observer(Protocol):
    """Who wants to know while a campaign runs: a display, a store, a stream of events."""

    def started(self, campaign: CampaignInfo) -> None:
        """A campaign begins."""
        ...

    def phase(self, name: str, total: int | None) -> None:
        """A phase (`probe`, `corpus`, `sweep`, `search`, `shrink`) begins; total cases if known."""
        ...

    def progress(self, campaign: CampaignInfo) -> None:
        """Some time has passed; called a few times a second with the counts so far."""
        ...

    def verdict(self, verdict: Verdict) -> None:
        """A requirement's outcome is known for the first time, or has changed."""
        ...

    def finding(self, finding: Finding) -> None:
        """A finding is confirmed."""
        ...

    def finished(self, result: Result) -> None:
        """The campaign has ended, in whatever way."""
        ...
