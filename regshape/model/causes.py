"""Findings that have one cause, told together: who runs a registry wants to hear of it once.

Two findings are of one cause where they

1. violate one requirement in the same aspect, or, on different operations, by another wrong status:
   each operation has its own way to accept what it must refuse, or
2. are of one operation, answered with the same wrong status, or
3. are races between the same operations: one fault loses a tag or a manifest, as it happens.

A failure that no requirement narrows down (a row judged on every operation, by its status) must
have been provoked alike, too. Then what the table says to follow from another violation joins it,
but never brings two causes together. All else stays apart: two faults of an operation are two.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from regshape.model.judgement import Requirement, parts_of
from regshape.model.outcome import Finding

STATUS = "status "
READING = ("get-", "head-", "list-", "ping", "upload-status")
"""How the names of operations begin that change nothing."""


@dataclass(frozen=True, slots=True)
class Cause:
    """Findings of one cause, the one that says most of it first."""

    findings: tuple[Finding, ...]

    @property
    def first(self) -> Finding:
        """The finding that stands for all."""
        return self.findings[0]

    @property
    def operations(self) -> tuple[str, ...]:
        """The operations on which it was seen, without what read back their effect."""
        names = (name for finding in self.findings for name in _operations(finding))
        return tuple(dict.fromkeys(names))


def causes_of(findings: Sequence[Finding], requirements: Iterable[Requirement]) -> list[Cause]:
    """Return the findings by cause, in the order in which the first of each was found."""
    rows = {item.id: item for item in requirements}
    groups = _alike(findings, rows)
    members: dict[int, list[Finding]] = {}
    for place, group in enumerate(groups):
        members.setdefault(_root(place, groups, rows), []).extend(group)
    # What follows may have been found first: what it follows from stands for both.
    return [
        Cause((*groups[root], *(one for one in found if one not in groups[root])))
        for root, found in members.items()
    ]


def _alike(findings: Sequence[Finding], rows: Mapping[str, Requirement]) -> list[list[Finding]]:
    """Return findings in groups of which each is akin to another; the smallest case leads."""
    groups: list[list[Finding]] = []
    for finding in findings:
        joined = [group for group in groups if any(_akin(finding, one, rows) for one in group)]
        merged = [*(one for group in joined for one in group), finding]
        place = groups.index(joined[0]) if joined else len(groups)
        groups = [group for group in groups if group not in joined]
        groups.insert(place, merged)
    return [sorted(group, key=_effort) for group in groups]


def _effort(finding: Finding) -> tuple[int, str]:
    return finding.requests + finding.mutators, finding.id


def _operations(finding: Finding) -> Sequence[str]:
    if finding.case.parallel:
        return sorted(_raced(finding))
    name = parts_of(finding.signature).operation.partition(">")[0]
    return [name] if name else []


def _raced(finding: Finding) -> frozenset[str]:
    """Return the operations that a race was between: what only looks on is left out."""
    names = frozenset(step.operation for steps in finding.case.parallel for step in steps)
    return frozenset(name for name in names if not name.startswith(READING)) or names


def _akin(one: Finding, other: Finding, rows: Mapping[str, Requirement]) -> bool:
    races = [_is_race(finding, rows) for finding in (one, other)]
    if any(races):
        return all(races) and _raced(one) == _raced(other)
    mine, its = parts_of(one.signature), parts_of(other.signature)
    statuses = mine.aspect.startswith(STATUS) and its.aspect.startswith(STATUS)
    if statuses and (_is_wide(one, rows) or _is_wide(other, rows)) and mine.broken != its.broken:
        return False
    if one.requirement != other.requirement:
        return statuses and (mine.judged, mine.aspect) == (its.judged, its.aspect)
    if mine.aspect != its.aspect:
        return statuses and mine.operation != its.operation
    return not (statuses and _is_wide(one, rows)) or bool(mine.broken) or mine.judged == its.judged


def _is_race(finding: Finding, rows: Mapping[str, Requirement]) -> bool:
    row = rows.get(finding.requirement)
    return row is not None and row.race is not None


def _is_wide(finding: Finding, rows: Mapping[str, Requirement]) -> bool:
    """Return whether the requirement is one of all operations, and so says little of a cause."""
    row = rows.get(finding.requirement)
    return row is None or not row.operations


def _root(place: int, groups: Sequence[Sequence[Finding]], rows: Mapping[str, Requirement]) -> int:
    """Return the place of the group from which this one follows, through others if need be."""
    visited = {place}
    while True:
        sources = _sources(groups[place], rows)
        following = (
            other
            for other, group in enumerate(groups)
            if other not in visited and any(one.requirement in sources for one in group)
        )
        found = next(following, None)
        if found is None:
            return place
        visited.add(found)
        place = found


def _sources(group: Sequence[Finding], rows: Mapping[str, Requirement]) -> frozenset[str]:
    """Return what all of a group follows from: empty where one of it stands by itself."""
    mine = [rows[one.requirement].follows if one.requirement in rows else () for one in group]
    return frozenset().union(*mine) if all(mine) else frozenset()
