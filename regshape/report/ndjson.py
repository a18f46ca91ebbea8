"""The events of a campaign as they happen, one JSON object a line (`tail -f` shows them)."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TextIO

from regshape.model import CampaignInfo, Finding, Result, Verdict
from regshape.report.document import campaign_to_json, finding_to_json, verdict_to_json


class EventLog:
    """An observer that appends a line for each event.

    A file that cannot be written any more is given up, and `broke` is told why: a full disk ends
    no campaign.
    """

    def __init__(
        self,
        file: TextIO,
        broke: Callable[[OSError], None],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._file = file
        self._broke = broke
        self._now = now
        self._open = True

    def started(self, campaign: CampaignInfo) -> None:
        """Write what identifies the campaign."""
        self._write("started", campaign=campaign_to_json(campaign))

    def phase(self, name: str, total: int | None) -> None:
        """Write which phase begins, and how many cases it has if that is known."""
        self._write("phase", name=name, total=total)

    def progress(self, campaign: CampaignInfo) -> None:
        """Write the counts so far."""
        counts = campaign_to_json(campaign)
        kept = ("seconds", "cases", "requests", "requests_per_second")
        self._write("progress", **{name: counts[name] for name in kept})

    def verdict(self, verdict: Verdict) -> None:
        """Write a verdict that is new or has changed."""
        self._write("verdict", verdict=verdict_to_json(verdict))

    def finding(self, finding: Finding) -> None:
        """Write a finding whole."""
        self._write("finding", finding=finding_to_json(finding))

    def finished(self, result: Result) -> None:
        """Write how the campaign ended, and how many requirements came to which outcome."""
        outcomes = Counter(verdict.outcome.value for verdict in result.verdicts)
        self._write(
            "finished",
            campaign=campaign_to_json(result.campaign),
            outcomes=dict(outcomes),
            findings=len(result.findings),
        )

    def _write(self, event: str, **fields: Any) -> None:
        if not self._open:
            return
        at = self._now().isoformat(timespec="milliseconds").replace("+00:00", "Z")
        try:
            self._file.write(json.dumps({"event": event, "at": at, **fields}) + "\n")
            self._file.flush()
        except OSError as error:
            self._open = False
            self._broke(error)
