"""What pytest's own output says of a campaign: the letters, the closing section, the exit status.

The rule: everything comes from the reports' `user_properties`, so that it is the same whichever
process of pytest-xdist ran the campaign.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pytest

ERROR = "regshape_error"
LOST = "regshape_lost"
WARNED = ("warned", "w", ("WARN", {"yellow": True}))
SETUP_ERROR = pytest.ExitCode.USAGE_ERROR
WIDTH = 80
QUIET = frozenset({pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED})


@dataclass(slots=True)
class Row:
    """One requirement as its report tells of it; `mark` is the word that the section says."""

    mark: str
    requirement: str
    findings: Sequence[str]
    replays: Sequence[str]
    fixed: Sequence[str]


@dataclass(slots=True, eq=False)  # pluggy keeps plugins in sets
class Telling:
    """Collects the reports of requirements, and tells of them at the end."""

    is_worker: bool
    rows: list[Row] = field(default_factory=list)
    campaigns: set[str] = field(default_factory=set)
    lost: str | None = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what a report says; what keeps all tests from running ends the session."""
        told = _properties(report)
        if ERROR in told and not self.is_worker:
            raise pytest.UsageError(f"regshape: {told[ERROR][0]}")
        if report.when != "call" or "regshape_requirement" not in told:
            return
        self.campaigns.update(told["regshape_campaign"])
        self.lost = told[LOST][0] if LOST in told else self.lost
        self.rows.append(
            Row(
                _mark(report, told),
                told["regshape_requirement"][0],
                told.get("regshape_finding", ()),
                told.get("regshape_replay", ()),
                told.get("regshape_fixed", ()),
            )
        )

    def pytest_report_teststatus(
        self, report: pytest.TestReport | pytest.CollectReport
    ) -> tuple[str, str, tuple[str, Mapping[str, bool]]] | None:
        """Show what passes although it is not met with a letter of its own."""
        if not isinstance(report, pytest.TestReport) or report.when != "call":
            return None
        return WARNED if _mark(report, _properties(report)) == "warn" else None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Let no campaign pass that broke off since its target was gone."""
        if self.lost is not None and not self.is_worker and exitstatus in QUIET:
            session.exitstatus = SETUP_ERROR

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write the closing section: the campaign, and what was not met with its replay."""
        if not self.rows:
            return
        terminalreporter.section("regshape")
        for text in sorted(self.campaigns):
            for line in wrapped(text):
                terminalreporter.write_line(line)
        for line in self._lines():
            terminalreporter.write_line(line)
        if self.lost is not None:
            terminalreporter.write_line(f"error: {self.lost}", red=True)

    def _lines(self) -> Iterator[str]:
        for row in self.rows:
            for finding, replay in zip(row.findings, row.replays, strict=True):
                yield from wrapped(f"{row.mark} {row.requirement}: {finding}")
                yield f"  {replay}"
            for entry in row.fixed:
                yield from wrapped(f"fixed {row.requirement}: {entry}: the baseline may forget it")


def wrapped(text: str, indent: str = "") -> list[str]:
    """Return the text in lines that fit, addresses whole."""
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _mark(report: pytest.TestReport, told: Mapping[str, Sequence[str]]) -> str:
    if hasattr(report, "wasxfail"):
        return "known"
    if report.passed and told.get("regshape_finding"):
        return "warn"
    return "fail" if report.failed else "pass"


def _properties(report: pytest.TestReport) -> dict[str, list[str]]:
    """Return the properties of ours by name, in the order in which they were added."""
    told: dict[str, list[str]] = {}
    for name, value in report.user_properties:
        if name.startswith("regshape_"):
            told.setdefault(name, []).append(str(value))
    return told
