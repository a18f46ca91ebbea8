"""Judge exchanges by the table of requirements, and keep count of what was judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from regshape.errors import UsageError
from regshape.model import (
    Call,
    Capability,
    Check,
    Exchange,
    Expectation,
    Fault,
    Level,
    Outcome,
    Race,
    RaceCheck,
    RegistryProtocol,
    Requirement,
    Verdict,
    Violation,
)
from regshape.settings import Settings


class Judge:
    """The checks that apply to a campaign, by operation."""

    def __init__(self, requirements: Sequence[Requirement], operations: Sequence[str]) -> None:
        self._checks: Mapping[str, tuple[tuple[str, Check], ...]] = {
            operation: tuple(
                (item.id, item.check)
                for item in requirements
                if item.check is not None and (not item.operations or operation in item.operations)
            )
            for operation in operations
        }
        self._races: tuple[tuple[str, RaceCheck], ...] = tuple(
            (item.id, item.race) for item in requirements if item.race is not None
        )

    def judge_race(self, race: Race) -> tuple[list[str], list[Violation]]:
        """Return the ids of the requirements that a race says something of, and violations."""
        judged: list[str] = []
        violations: dict[tuple[str, str], Violation] = {}
        for id_, check in self._races:
            faults = check(race)
            if faults is None:
                continue
            judged.append(id_)
            for fault in faults:
                violation = Violation(id_, fault.aspect, fault.summary, fault.among)
                violations.setdefault(violation.identity, violation)
        return judged, list(violations.values())

    def judge(self, call: Call, exchange: Exchange) -> tuple[list[str], list[Violation]]:
        """Return the ids of the requirements that the exchange says something of, and violations.

        Of several violations in the same aspect only the first of the table is reported.
        """
        judged: list[str] = []
        violations: list[Violation] = []
        aspects: set[str] = set()
        for id_, check in self._checks.get(call.operation, ()):
            found = check(call, exchange)
            if found is False:
                continue
            judged.append(id_)
            if found is not True and found.aspect not in aspects:
                aspects.add(found.aspect)
                violations.append(violation_of(id_, call, found))
        return judged, violations


def violation_of(id_: str, call: Call, fault: Fault) -> Violation:
    """Return the violation: what was done, what was wrong with the answer, what had been broken.

    A mutator that changes nothing is left out: what fails with it fails for another reason.
    """
    if fault.wide:
        return Violation(id_, fault.aspect, fault.summary)
    source = call.cause or call
    operation = source.operation
    if call.operation != operation:
        operation = f"{operation}>{call.operation}"
    broken = {
        mutator.target if mutator.key is None else f"{mutator.target} {mutator.key}"
        for mutator in source.mutators
        if mutator.expect is not Expectation.TOLERATE
    }
    return Violation(id_, f"{operation} | {fault.aspect}", fault.summary, tuple(sorted(broken)))


def selected(
    protocol: RegistryProtocol, settings: Settings, version: str
) -> tuple[list[Requirement], dict[str, str]]:
    """Return the requirements to judge, and why each of the others is skipped.

    Raises:
        UsageError: a pattern of `only` or `skip` names no requirement.
    """
    ids = [item.id for item in protocol.requirements]
    for pattern in (*settings.only, *settings.skip):
        if not any(fnmatchcase(id_, pattern) for id_ in ids):
            raise UsageError(f"no requirement {pattern!r}: `regshape requirements` lists them")
    kept: list[Requirement] = []
    skipped: dict[str, str] = {}
    for item in protocol.requirements:
        reason = _why_skipped(item, protocol, settings, version)
        if reason is None:
            kept.append(item)
        else:
            skipped[item.id] = reason
    return kept, skipped


def able(
    requirements: Sequence[Requirement], capabilities: Mapping[str, Capability]
) -> list[Requirement]:
    """Return the requirements that a target with these capabilities can be held to."""
    absent = {item.name for item in capabilities.values() if not item.present}
    return [item for item in requirements if absent.isdisjoint(item.needs)]


def _why_skipped(
    item: Requirement, protocol: RegistryProtocol, settings: Settings, version: str
) -> str | None:
    if item.waiver is not None:
        return item.waiver
    if item.level_in(version, protocol.versions) is None:
        return f"not in version {version}: --spec {item.since} judges it"
    if settings.only and not any(fnmatchcase(item.id, pattern) for pattern in settings.only):
        return "left out by --only"
    if any(fnmatchcase(item.id, pattern) for pattern in settings.skip):
        return "left out by --skip"
    return None


class Tally:
    """What is known of each requirement so far."""

    def __init__(
        self, protocol: RegistryProtocol, version: str, skipped: Mapping[str, str]
    ) -> None:
        self._requirements = {item.id: item for item in protocol.requirements}
        self._levels = {
            item.id: item.level_in(version, protocol.versions) or item.level
            for item in protocol.requirements
        }
        self._skipped = dict(skipped)
        self._judged = dict.fromkeys(self._requirements, 0)
        self._findings: dict[str, list[str]] = {id_: [] for id_ in self._requirements}
        self._doubts: dict[str, str] = {}

    def lacks(self, capabilities: Mapping[str, Capability]) -> None:
        """Skip what needs a capability that the target does not have."""
        for item in self._requirements.values():
            found = (capabilities[name] for name in item.needs if name in capabilities)
            absent = next((one for one in found if not one.present), None)
            if absent is not None:
                self._skipped.setdefault(item.id, f"no {absent.name}: {absent.reason}")

    def count(self, ids: Sequence[str]) -> None:
        """Add judged exchanges."""
        for id_ in ids:
            self._judged[id_] += 1

    def add(self, counts: Mapping[str, int]) -> None:
        """Add counts of judged exchanges by requirement."""
        for id_, number in counts.items():
            self._judged[id_] += number

    @property
    def judged(self) -> dict[str, int]:
        """A copy of the counts of judged exchanges that are not zero."""
        return {id_: number for id_, number in self._judged.items() if number}

    @property
    def doubts(self) -> dict[str, str]:
        """A copy of what could not be shown again, by requirement."""
        return dict(self._doubts)

    def says_more(self, known: Violation, other: Violation) -> bool:
        """Return whether the other, of all operations, is a narrower one seen with more broken.

        Of one answer only the narrower is told. With something more broken that says nothing of
        the answer, and the wider one alone is left: `HTTP-03`, that none is a 5xx, is such a row.
        """
        narrow, wide = self._requirements[known.requirement], self._requirements[other.requirement]
        return narrow.check is not None and not wide.operations and known.comes_with(other)

    def found(self, id_: str, finding: str) -> None:
        """Add a confirmed finding."""
        self._findings[id_].append(finding)

    def doubt(self, id_: str, reason: str) -> None:
        """Note a violation that could not be shown again."""
        self._doubts[id_] = reason

    def level(self, id_: str) -> Level:
        """Return the level of a requirement in the version that is judged by."""
        return self._levels[id_]

    def verdict(self, id_: str) -> Verdict:
        """Return the verdict of one requirement."""
        level, judged = self._levels[id_], self._judged[id_]
        findings = tuple(self._findings[id_])
        if findings:
            outcome = Outcome.FAIL if level is Level.MUST else Outcome.WARN
            return Verdict(id_, level, outcome, judged, None, findings)
        if id_ in self._skipped:
            return Verdict(id_, level, Outcome.SKIP, judged, self._skipped[id_])
        if id_ in self._doubts:
            return Verdict(id_, level, Outcome.INCONCLUSIVE, judged, self._doubts[id_])
        if not judged:
            return Verdict(id_, level, Outcome.INCONCLUSIVE, 0, "no answer said anything of it")
        return Verdict(id_, level, Outcome.PASS, judged)

    def verdicts(self) -> tuple[Verdict, ...]:
        """Return all verdicts, in the order of the table."""
        return tuple(self.verdict(id_) for id_ in self._requirements)
