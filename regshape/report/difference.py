"""What has changed between two campaigns, and how campaigns compare requirement by requirement."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass

from regshape.model import CampaignInfo, Finding, Outcome, Result


@dataclass(frozen=True, slots=True)
class Change:
    """A requirement whose outcome is another; None where a campaign does not know it."""

    requirement: str
    before: Outcome | None
    after: Outcome | None


@dataclass(frozen=True, slots=True)
class Difference:
    """What an earlier and a later campaign do not have in common.

    `fixed` is what the later one judged and did not find again, `missing` what it did not judge.
    What does not show every time is `flaky`, whichever of the two has it. `changed` are outcomes
    that no finding accounts for.
    """

    new: tuple[Finding, ...] = ()
    fixed: tuple[Finding, ...] = ()
    missing: tuple[Finding, ...] = ()
    flaky: tuple[Finding, ...] = ()
    changed: tuple[Change, ...] = ()


def is_flaky(finding: Finding) -> bool:
    """Return whether a finding did not show in every repetition."""
    seen, tried = finding.reproduced
    return seen < tried


def difference(before: Result, after: Result) -> Difference:
    """Return what has changed from one campaign to a later one."""
    was = {finding.id: finding for finding in before.findings}
    now = {finding.id: finding for finding in after.findings}
    shaky = {id_ for id_, finding in [*was.items(), *now.items()] if is_flaky(finding)}
    clear = {verdict.requirement for verdict in after.verdicts if verdict.is_clear()}
    gone = [was[id_] for id_ in was if id_ not in now and id_ not in shaky]
    return Difference(
        new=tuple(now[id_] for id_ in now if id_ not in was and id_ not in shaky),
        fixed=tuple(finding for finding in gone if finding.requirement in clear),
        missing=tuple(finding for finding in gone if finding.requirement not in clear),
        flaky=tuple({**was, **now}[id_] for id_ in {**was, **now} if id_ in shaky),
        changed=_changed(before, after),
    )


def _changed(before: Result, after: Result) -> tuple[Change, ...]:
    was = {verdict.requirement: verdict for verdict in before.verdicts}
    now = {verdict.requirement: verdict for verdict in after.verdicts}
    changes = []
    for id_ in {**was, **now}:
        old, new = was.get(id_), now.get(id_)
        same_findings = set(old.findings if old else ()) == set(new.findings if new else ())
        change = Change(id_, old.outcome if old else None, new.outcome if new else None)
        if change.before is not change.after and same_findings:
            changes.append(change)
    return tuple(changes)


@dataclass(frozen=True, slots=True)
class Matrix:
    """Outcomes by requirement and campaign; None where a campaign does not know a requirement."""

    campaigns: tuple[CampaignInfo, ...]
    rows: tuple[tuple[str, tuple[Outcome | None, ...]], ...]


def matrix(results: Sequence[Result]) -> Matrix:
    """Return the outcomes of several campaigns side by side, requirements in their order."""
    outcomes = [{v.requirement: v.outcome for v in result.verdicts} for result in results]
    ids = dict.fromkeys(v.requirement for result in results for v in result.verdicts)
    return Matrix(
        tuple(result.campaign for result in results),
        tuple((id_, tuple(known.get(id_) for known in outcomes)) for id_ in ids),
    )


CSV_FIELDS = ("requirement", "level", "outcome", "judged", "reason", "findings")


def verdicts_csv(result: Result) -> str:
    """Return the verdicts as CSV with a head line; several findings are parted by spaces."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(CSV_FIELDS)
    for item in result.verdicts:
        row = (item.requirement, item.level.value, item.outcome.value, item.judged)
        writer.writerow((*row, item.reason or "", " ".join(item.findings)))
    return text.getvalue()
