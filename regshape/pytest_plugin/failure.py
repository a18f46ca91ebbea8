"""The text of a failure: what was wrong, the sentence of the document, the case, how to replay it.

The rule: no traceback, no secret, and nothing that a terminal would obey.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from regshape.model import Exchange, Finding, Requirement, Violation
from regshape.pytest_plugin.telling import WIDTH, wrapped
from regshape.report.codec import case_to_json
from regshape.report.curl import curl
from regshape.report.redact import redact_exchange, redact_finding, redact_line
from regshape.report.shell import fold_command
from regshape.report.terminal import ID_LENGTH, MAX_EXCHANGES, broken_steps, exchange_line
from regshape.report.wording import counted, plain

MOST_FINDINGS = 3
"""Findings of one requirement that are told in full."""


@dataclass(frozen=True, slots=True)
class Replays:
    """How findings are seen again: a case file for `regshape replay`, or this very pytest run.

    `target` is None for an application in the process of the tests, which nothing else can reach.
    """

    target: str | None
    seed: int
    files: Mapping[str, Path]

    def line(self, finding: Finding) -> str:
        """Return the command line that shows the finding again."""
        if self.target is None or finding.id not in self.files:
            return f"pytest --regshape --regshape-seed {self.seed} -k {finding.requirement}"
        return redact_line(f"regshape replay {self.files[finding.id]} {self.target}")


def write_cases(findings: Sequence[Finding], folder: Path, below: Path) -> dict[str, Path]:
    """Write each finding's minimal case into the folder; return the files, as seen from `below`."""
    files: dict[str, Path] = {}
    for finding in findings:
        path = folder / f"{finding.requirement}-{finding.id[:ID_LENGTH]}.json"
        path.write_text(json.dumps(case_to_json(finding.case), indent=2) + "\n", encoding="utf-8")
        files[finding.id] = path.relative_to(below) if path.is_relative_to(below) else path
    return files


def failure_text(findings: Sequence[Finding], requirement: Requirement, replays: Replays) -> str:
    """Return the text of a requirement that is not met; its first line says what was wrong."""
    lines: list[str] = []
    for finding in findings[:MOST_FINDINGS]:
        lines += [*_told(redact_finding(finding), requirement, replays), ""]
    rest = len(findings) - MOST_FINDINGS
    if rest > 0:
        lines.append(f"and {counted(rest, 'finding')} more, named at the end")
    return "\n".join(lines).rstrip()


def violation_text(
    violation: Violation, requirement: Requirement, exchanges: Sequence[Exchange], target: str
) -> str:
    """Return the text of a violation by a case that a test executed."""
    lines = [*wrapped(plain(redact_line(violation.summary))), *_sentence(requirement)]
    lines += _exchanges([redact_exchange(exchange) for exchange in exchanges])
    for exchange in exchanges:
        lines += fold_command(redact_line(curl(exchange, target)), WIDTH)
    return "\n".join(lines)


def _told(finding: Finding, requirement: Requirement, replays: Replays) -> Iterator[str]:
    seen, tried = finding.reproduced
    yield from wrapped(plain(finding.summary))
    yield from _sentence(requirement)
    yield f"  the minimal case, seen {seen} of {tried} times:"
    yield from _exchanges(finding.exchanges)
    for sentence in broken_steps(finding.case):
        yield from wrapped(sentence.plain, "  ")
    yield "  to see it again:"
    yield from fold_command(replays.line(finding), WIDTH)
    if replays.target is not None:
        for command in finding.replay:
            yield from fold_command(plain(command), WIDTH)


def _sentence(requirement: Requirement) -> Iterator[str]:
    yield from wrapped(f"{requirement.id}, {requirement.level}: {requirement.text}", "  ")
    yield from wrapped(f"from {requirement.source}", "  ")


def _exchanges(exchanges: Sequence[Exchange]) -> Iterator[str]:
    for number, exchange in enumerate(exchanges[:MAX_EXCHANGES], 1):
        yield exchange_line(number, exchange, WIDTH).plain
    rest = len(exchanges) - MAX_EXCHANGES
    if rest > 0:
        yield f"     and {counted(rest, 'request')} more"
