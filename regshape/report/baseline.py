"""Baselines: the failures of a target that are known, as a file that people read and review.

The rule: only a person excuses for how long. An update adds what failed and drops what is fixed; it
never moves a date, and never forgets what was not judged.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue

from regshape.errors import CaseError, UsageError
from regshape.model import Case, Comparison, Finding, KnownFailure, Result
from regshape.report.codec import StrictFile, case_from_json, case_to_json, validated
from regshape.report.redact import redact_words
from regshape.report.wording import CUT_SHORT

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Baseline:
    """What is known to fail, of one protocol, in the order of the file."""

    protocol: str
    spec: str
    entries: tuple[KnownFailure, ...] = ()

    def cases(self) -> tuple[Case, ...]:
        """Return the minimal cases of its entries, as far as the file has them."""
        return tuple(entry.case for entry in self.entries if entry.case is not None)


class _EntryFile(StrictFile):
    requirement: str
    finding: str
    signature: str = ""
    summary: str = ""
    reason: str | None = None
    expires: Annotated[date | None, Field(strict=False)] = None
    case: dict[str, JsonValue] | None = None

    def build(self, where: str) -> KnownFailure:
        case = None if self.case is None else case_from_json(self.case, where)
        return KnownFailure(
            self.requirement,
            self.finding,
            self.signature,
            self.summary,
            self.reason,
            self.expires,
            case,
        )


class _BaselineFile(StrictFile):
    format: Literal[1]
    protocol: str
    spec: str
    entries: list[_EntryFile]


def read_baseline(path: Path, protocol: str) -> Baseline:
    """Return the baseline in a file.

    Raises:
        CaseError: the file cannot be read, or is no baseline; names the file and the field.
        UsageError: it is a baseline of another protocol.
    """
    try:
        data = json.loads(path.read_bytes())
    except OSError as error:
        raise CaseError(f"the baseline {path} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise CaseError(f"{path}: not a baseline, since it is not JSON: {error}") from error
    file = validated(_BaselineFile, data, str(path))
    if file.protocol != protocol:
        raise UsageError(f"{path} is a baseline of {file.protocol}, and this is about {protocol}")
    entries = tuple(
        entry.build(f"{path}: entries.{place}.case") for place, entry in enumerate(file.entries)
    )
    return Baseline(file.protocol, file.spec, entries)


def compared(result: Result, baseline: Baseline, today: date) -> Result:
    """Return the result with what the baseline says of it: known, expired, fixed.

    An entry holds to the end of the day that it names. It is fixed where its requirement was judged
    by a campaign that ran to its end, and it did not fail.
    """
    failed = {finding.id for finding in result.findings}
    again = [entry for entry in baseline.entries if entry.finding in failed]
    comparison = Comparison(
        known=tuple(entry for entry in again if not _is_over(entry, today)),
        expired=tuple(entry for entry in again if _is_over(entry, today)),
        fixed=tuple(_fixed(result, baseline, failed)),
    )
    return replace(result, baseline=comparison)


def updated(baseline: Baseline, result: Result, today: date) -> Baseline:
    """Return the baseline after a campaign: with what failed anew, without what is fixed."""
    comparison = compared(result, baseline, today).baseline or Comparison()
    stays = [entry for entry in baseline.entries if entry not in comparison.fixed]
    there = {entry.finding for entry in stays}
    stays += [_entry_of(finding) for finding in result.findings if finding.id not in there]
    campaign = result.campaign
    return Baseline(campaign.protocol, campaign.spec, tuple(sorted(stays, key=_place)))


def baseline_of(result: Result) -> Baseline:
    """Return the baseline to which everything in the result is known."""
    entries = sorted((_entry_of(finding) for finding in result.findings), key=_place)
    return Baseline(result.campaign.protocol, result.campaign.spec, tuple(entries))


def baseline_text(baseline: Baseline) -> str:
    """Return the text of a baseline's file: sorted, one field a line, so that it diffs well."""
    data = {
        "format": FORMAT,
        "protocol": baseline.protocol,
        "spec": baseline.spec,
        "entries": [_entry_to_json(entry) for entry in baseline.entries],
    }
    return json.dumps(data, indent=2) + "\n"


def write_baseline(path: Path, baseline: Baseline) -> None:
    """Write a baseline, whole or not at all.

    Raises:
        UsageError: the file cannot be written; the message says why.
    """
    beside = path.with_name(f"{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(baseline_text(baseline), encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        raise UsageError(f"the baseline {path} cannot be written: {error.strerror}") from error


def _is_over(entry: KnownFailure, today: date) -> bool:
    return entry.expires is not None and entry.expires < today


def _fixed(result: Result, baseline: Baseline, failed: set[str]) -> Iterator[KnownFailure]:
    if result.campaign.ended_by in CUT_SHORT:
        return
    clear = {verdict.requirement for verdict in result.verdicts if verdict.is_clear()}
    for entry in baseline.entries:
        if entry.finding not in failed and entry.requirement in clear:
            yield entry


def _entry_of(finding: Finding) -> KnownFailure:
    clean = redact_words(finding)
    return KnownFailure(
        clean.requirement, clean.id, clean.signature, clean.summary, case=clean.case
    )


def _place(entry: KnownFailure) -> tuple[str, str, str]:
    return entry.requirement, entry.signature, entry.finding


def _entry_to_json(entry: KnownFailure) -> Mapping[str, Any]:
    data: dict[str, Any] = {
        "requirement": entry.requirement,
        "finding": entry.finding,
        "signature": entry.signature,
        "summary": entry.summary,
        "reason": entry.reason,
        "expires": entry.expires.isoformat() if entry.expires else None,
        "case": None if entry.case is None else case_to_json(entry.case),
    }
    return {name: value for name, value in data.items() if value is not None}
