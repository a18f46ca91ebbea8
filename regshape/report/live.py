"""The progress line on a terminal, an observer of the campaign."""

from __future__ import annotations

import time
from collections.abc import Callable

from rich.console import Console
from rich.live import Live
from rich.text import Text

from regshape.model import CampaignInfo, Finding, Result, Verdict
from regshape.report.wording import clock

SEARCH = "search"
MILLION = 1_000_000


class LiveProgress:
    """Shows phase, cases, requests, their rate, findings and the time left, in 60 columns."""

    def __init__(
        self, console: Console, budget: float | None, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._live = Live(console=console, auto_refresh=False, transient=True)
        self._budget = budget
        self._now = now
        self._phase = "start"
        self._total: int | None = None
        self._phase_began = now()
        self._cases_before = 0
        self._campaign: CampaignInfo | None = None
        self._findings = 0

    def close(self) -> None:
        """Take the line off the terminal; the closing tables follow."""
        self._live.stop()

    def started(self, campaign: CampaignInfo) -> None:
        """Show the line."""
        self._campaign = campaign
        self._live.start()

    def phase(self, name: str, total: int | None) -> None:
        """Show another phase."""
        self._phase, self._total = name, total
        self._phase_began = self._now()
        self._cases_before = self._campaign.cases if self._campaign else 0
        self._show()

    def progress(self, campaign: CampaignInfo) -> None:
        """Show the counts."""
        self._campaign = campaign
        self._show()

    def verdict(self, verdict: Verdict) -> None:
        """Verdicts are for the closing tables."""

    def finding(self, finding: Finding) -> None:
        """Count a finding."""
        self._findings += 1
        self._show()

    def finished(self, result: Result) -> None:
        """Take the line away."""
        self.close()

    def line(self) -> str:
        """Return what the line says now."""
        campaign = self._campaign
        if campaign is None:
            return self._phase
        rate = campaign.requests / campaign.seconds if campaign.seconds > 0 else 0.0
        parts = (
            self._phase,
            f"{_short(campaign.cases)} cases",
            f"{_short(campaign.requests)} req",
            f"{_short(round(rate))}/s",
            f"{self._findings} found",
            self._left(campaign),
        )
        return "  ".join(part for part in parts if part)

    def _left(self, campaign: CampaignInfo) -> str:
        if self._phase == SEARCH and self._budget is not None:
            return f"{clock(self._budget - (self._now() - self._phase_began))} left"
        if self._total:
            done = (campaign.cases - self._cases_before) / self._total
            return f"{min(done, 1.0):.0%}"
        return ""

    def _show(self) -> None:
        if self._live.is_started:
            self._live.update(Text(self.line(), no_wrap=True, overflow="ellipsis"), refresh=True)


def _short(number: int) -> str:
    if number >= MILLION:
        return f"{number / MILLION:.1f}M"
    return f"{number // 1000}k" if number >= MILLION // 10 else f"{number:,}"
