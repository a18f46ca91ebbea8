"""Hunt for one planted defect in process, the campaign ending at its finding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import anyio
import httpx
from pydantic import SecretStr

from regshape.catalog import Entry, ReferenceSettings, find
from regshape.engine.campaign import Campaign
from regshape.engine.plan import Plan
from regshape.engine.runner import run_campaign
from regshape.engine.start import Lists
from regshape.engine.target import client_of
from regshape.model import CampaignInfo, Case, Finding, Observer, Result, Verdict
from regshape.protocols.oci.defects import DEFECTS
from regshape.settings import Settings

Steps: TypeAlias = list[tuple[str, dict[str, Any], list[str]]]
Row: TypeAlias = tuple[str, str, Steps, int]
"""A defect, the requirement that tells of it, the minimal case and its number of requests."""

IDENTITIES: Mapping[str, Any] = {
    "username": "main",
    "password": SecretStr("secret"),
    "other_username": "other",
    "other_password": SecretStr("word"),
}
"""Two users of the embedded registry, of whom the second may do nothing with the first's."""


@dataclass
class StopAt:
    """Ends a campaign at the first finding of one of these requirements."""

    requirements: Sequence[str]
    stop: anyio.Event
    found: Finding | None = None
    all: list[Finding] = field(default_factory=list)

    def started(self, campaign: CampaignInfo) -> None: ...
    def phase(self, name: str, total: int | None) -> None: ...
    def progress(self, campaign: CampaignInfo) -> None: ...
    def verdict(self, verdict: Verdict) -> None: ...
    def finished(self, result: Result) -> None: ...

    def finding(self, finding: Finding) -> None:
        self.all.append(finding)
        if finding.requirement in self.requirements and self.found is None:
            self.found = finding
            self.stop.set()


def embedded(
    entry: Entry, *defects: str, auth: str = "none", delete: bool = True
) -> httpx.ASGITransport:
    """Return a transport to a reference registry with these defects, in process."""
    reference = ReferenceSettings(
        auth=auth,
        users={"main": "secret", "other": "word"},
        rights={"other": {"regshape-other/*": ("pull", "push", "delete")}},
        delete=delete,
        defects=defects,
    )
    return httpx.ASGITransport(entry.reference(reference), raise_app_exceptions=False)


class SearchAlone(Campaign):
    """A campaign of nothing but the random search."""

    def _lists(self, plan: Plan, corpus: Sequence[Case]) -> Lists:
        return {}


async def search_alone(
    settings: Settings,
    observers: Sequence[Observer],
    *,
    stop: anyio.Event | None = None,
    inner: object = None,
) -> Result:
    """Run a campaign that begins with the random search."""
    async with client_of(settings, inner) as client:
        entry = find(settings.protocol)
        return await SearchAlone(settings, entry, client, observers, stop).run()


async def hunt(
    defect: str,
    requirements: Sequence[str],
    *,
    seed: int = 0,
    max_requests: int = 2000,
    spec: str = "dev",
    delete: bool = True,
) -> StopAt:
    """Run a campaign without the corpus until the defect is found or the requests are spent."""
    auth = DEFECTS[defect].auth
    settings = _settings(seed, max_requests, spec)
    if auth != "none":
        settings = settings.model_copy(update=IDENTITIES)
    inner = embedded(find("oci"), defect, auth=auth, delete=delete)
    return await _watched(settings, find("oci"), requirements, inner)


async def hunt_by_search(defect: str, requirements: Sequence[str], seed: int) -> StopAt:
    """Hunt with the random search alone, in up to 4,000 requests."""
    watcher = StopAt(requirements, anyio.Event())
    settings, inner = _settings(seed, 4000, "dev"), embedded(find("oci"), defect)
    await search_alone(settings, [watcher], stop=watcher.stop, inner=inner)
    return watcher


async def hunt_silent(defect: str, requirements: Sequence[str], deadline: float) -> StopAt:
    """Hunt for a defect that leaves requests without an answer until the deadline."""
    settings = _settings(0, 2000, "dev").model_copy(update={"deadline": deadline})
    return await _watched(settings, find("oci"), requirements, embedded(find("oci"), defect))


async def hunt_served(url: str, requirements: Sequence[str], deadline: float) -> StopAt:
    """Hunt in a registry that is served, one case after the other."""
    changes = {"target": url, "deadline": deadline, "concurrency": 1}
    settings = _settings(0, 2000, "dev").model_copy(update=changes)
    return await _watched(settings, find("oci"), requirements, None)


async def assert_found(row: Row) -> None:
    """Hunt for the row's defect, and compare what is found with the rest of the row."""
    name, requirement, steps, requests = row
    found = (await hunt(name, DEFECTS[name].requirements[:1])).found
    assert found is not None
    assert found.requirement == requirement == DEFECTS[name].requirements[0]
    assert steps_of(found) == steps
    assert (found.requests, found.reproduced) == (requests, (2, 2))
    assert found.seen_after <= 2000


def steps_of(finding: Finding) -> Steps:
    """Return the minimal case as (operation, arguments, names of the mutators)."""
    return [
        (step.operation, dict(step.arguments), [mutator.name for mutator in step.mutators])
        for step in finding.case.steps
    ]


def _settings(seed: int, max_requests: int, spec: str) -> Settings:
    return Settings(
        target="http://embedded",
        seed=seed,
        time=None,
        max_requests=max_requests,
        use_corpus=False,
        spec=spec,
        confirmations=2,
        grace=0.1,
    )


async def _watched(
    settings: Settings, entry: Entry, requirements: Sequence[str], inner: object
) -> StopAt:
    watcher = StopAt(requirements, anyio.Event())
    await run_campaign(settings, entry, [watcher], stop=watcher.stop, inner=inner)
    return watcher
