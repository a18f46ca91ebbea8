"""Corpora: folders of case files, which people read, comment and review."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from regshape.errors import CaseError, UsageError
from regshape.model import Case, Finding
from regshape.report.codec import case_from_json, case_text, read_case
from regshape.report.redact import redact_line

SHORT_ID = 8


def read_corpus(folder: Path) -> dict[str, Case]:
    """Return the cases of a folder by the names of their files, in their order.

    Raises:
        UsageError: there is no such folder.
        CaseError: a file is no case; names the file and the field.
    """
    if not folder.is_dir():
        raise UsageError(f"{folder}: there is no such folder of cases")
    paths = sorted(path for path in folder.iterdir() if path.suffix == ".json")
    return {path.name: read_case(path) for path in paths}


def case_of(finding: Finding, comment: str = "") -> tuple[str, Case]:
    """Return the name of a file, and the case that a finding becomes in it."""
    words = re.sub(r"[^a-z0-9]+", "-", finding.requirement.lower())
    said = comment or f"{finding.requirement}: {redact_line(finding.summary)}"
    return f"{words}-{finding.id[:SHORT_ID]}.json", replace(finding.case, comment=said)


def read_cases(source: Path) -> dict[str, Case]:
    """Return the cases of a folder, of a case file, or of the findings of a result document.

    Raises:
        CaseError: it is none of these; names the file and the field.
    """
    if source.is_dir():
        return read_corpus(source)
    try:
        data = json.loads(source.read_bytes())
    except OSError as error:
        raise CaseError(f"{source}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise CaseError(
            f"{source}: neither a case nor a report, not being JSON: {error}"
        ) from error
    if isinstance(data, dict) and isinstance(data.get("findings"), list):
        return dict(
            _found(row, f"{source}: findings.{n}") for n, row in enumerate(data["findings"])
        )
    return {source.name: case_from_json(data, str(source))}


def _found(row: object, where: str) -> tuple[str, Case]:
    texts = row if isinstance(row, dict) else {}
    parts = [texts.get(name) for name in ("id", "requirement", "summary")]
    if not all(isinstance(part, str) for part in parts):
        raise CaseError(f"{where}: is no finding, which has an id, a requirement and a summary")
    id_, requirement, summary = map(str, parts)
    case = case_from_json(texts.get("case"), f"{where}.case")
    return case_of(Finding(id_, requirement, "", summary, case, (), (1, 1), 0, 0, ()), case.comment)


def add_case(folder: Path, name: str, case: Case) -> Path | None:
    """Write a case into a folder and return its path, or None where the folder has it already.

    Raises:
        UsageError: another case has that name, or it cannot be written.
        CaseError: a file of the folder is no case.
    """
    there = read_corpus(folder) if folder.exists() else {}
    if any(other.steps == case.steps for other in there.values()):
        return None
    if name in there:
        raise UsageError(f"{folder / name} is another case: name another folder with --to")
    write_case(folder / name, case)
    return folder / name


def write_case(path: Path, case: Case) -> None:
    """Write a case file.

    Raises:
        UsageError: it cannot be written; the message says why.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(case_text(case), encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error


def protocol_of(cases: Mapping[str, Case]) -> str:
    """Return the protocol of all the cases; raises `UsageError` where they have several or none."""
    names = sorted({case.protocol for case in cases.values()})
    if len(names) != 1:
        raise UsageError(f"a corpus is of one protocol, and this has {', '.join(names) or 'none'}")
    return names[0]
