"""The embedded registry under a name that outlives its port."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from regshape.model import CampaignInfo, Finding, Observer, Result, Verdict


class Relabelled:
    """Passes a campaign on to observers as one against `label`.

    The embedded registry's port is gone with the campaign; its label can be given to `replay`.
    """

    def __init__(self, observers: Sequence[Observer], label: str) -> None:
        self._observers = observers
        self._label = label

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
            observer.finding(finding)

    def finished(self, result: Result) -> None:
        """Pass it on."""
        for observer in self._observers:
            observer.finished(self.result(result))

    def result(self, result: Result) -> Result:
        """Return the result with the label."""
        return replace(result, campaign=replace(result.campaign, target=self._label))
