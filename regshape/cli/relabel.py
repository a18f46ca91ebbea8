"""The embedded registry under a name that outlives its port."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace

from regshape.engine.access import Access
from regshape.model import CampaignInfo, Finding, Observer, Result, Verdict

SERVED = "http://127.0.0.1:5000"
"""Where `regshape serve` listens."""


class Relabelled:
    """Passes a campaign on to observers as one against `access.label`.

    An embedded registry's port is gone with the campaign: its label can be given to `replay`, and
    commands begin by serving one on the usual port.
    """

    def __init__(
        self, observers: Sequence[Observer], access: Access, protocol: str, url: str
    ) -> None:
        self._observers = observers
        self._label = access.label
        self._embedded = access.url is None
        self._url = url
        planted = [word for name in access.defects for word in ("--defect", name)]
        self._serve = shlex.join(["regshape", "serve", "--protocol", protocol, *planted]) + " &"

    def started(self, campaign: CampaignInfo) -> None:
        """Pass it on."""
        for observer in self._observers:
            observer.started(replace(campaign, target=self._label))

    def phase(self, name: str, total: int | None) -> None:
        """Pass it on."""
        for observer in self._observers:
            observer.phase(name, total)

    def progress(self, campaign: CampaignInfo) -> None:
        """Pass it on."""
        for observer in self._observers:
            observer.progress(replace(campaign, target=self._label))

    def verdict(self, verdict: Verdict) -> None:
        """Pass it on."""
        for observer in self._observers:
            observer.verdict(verdict)

    def finding(self, finding: Finding) -> None:
        """Pass it on."""
        for observer in self._observers:
            observer.finding(self._moved(finding))

    def finished(self, result: Result) -> None:
        """Pass it on."""
        for observer in self._observers:
            observer.finished(self.result(result))

    def result(self, result: Result) -> Result:
        """Return the result with the label."""
        return replace(
            result,
            campaign=replace(result.campaign, target=self._label),
            findings=tuple(self._moved(finding) for finding in result.findings),
        )

    def _moved(self, finding: Finding) -> Finding:
        if not self._embedded or finding.replay[:1] == (self._serve,):
            return finding
        lines = (line.replace(self._url, SERVED) for line in finding.replay)
        return replace(finding, replay=(self._serve, *lines))
