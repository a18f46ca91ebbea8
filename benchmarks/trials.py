"""One planted defect, one campaign: what it showed, and after how many requests.

Nothing but the defect is wrong with the registry, so that each finding is due to it; it counts as
found only by a finding of a requirement that the defect says that it violates. Campaigns run
without the corpus, which holds regressions. Requests that shrink and confirm count like others.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import anyio
from pydantic import SecretStr

from benchmarks.shrinking import Size, known_sizes, size_of
from regshape.catalog import Entry, find
from regshape.cli.embedded import embedded_registry
from regshape.engine.runner import run_campaign
from regshape.model import CampaignInfo, Defect, Finding, Result, Verdict
from regshape.model.causes import causes_of
from regshape.settings import Settings
from tests.quality.hunt import IDENTITIES, embedded, search_alone

DEADLINE = 0.25
"""Seconds that an answer may take where a defect leaves requests without one."""
SILENT = frozenset({"uploads-deadlocked", "unyank-deadlocked"})
"""Defects that leave requests without an answer."""
SERVED = frozenset({"wedged-by-cut-request"})
"""Defects that show only behind a server of their own."""
NO_DELETES = frozenset({"disabled-not-found"})
"""Defects of registries in which deletion is disabled."""


@dataclass(frozen=True)
class Plan:
    """How every defect is hunted: up to so many requests, with or without the sweep."""

    requests: int = 1000
    search: bool = False
    shrink: int = 200
    protocol: str = "oci"


@dataclass(frozen=True)
class Shown:
    """One finding of a trial."""

    requirement: str
    signature: str
    summary: str
    seen_after: int
    size: Size


@dataclass(frozen=True)
class Trial:
    """What one campaign came to; `found_after` is None where the defect was not found."""

    defect: str
    kind: str
    seed: int
    seconds: float
    requests: int
    found_after: int | None = None
    found_in: float | None = None
    """Seconds until it was first seen."""
    ratio: float | None = None
    """Requests and mutators of the finding over those of the smallest case that is known."""
    shown: tuple[Shown, ...] = ()
    causes: int = 0
    """How many causes the findings were told as."""


@dataclass
class Clock:
    """Notes when each finding was confirmed."""

    began: float = field(default_factory=time.perf_counter)
    found: list[tuple[float, Finding]] = field(default_factory=list)

    def started(self, campaign: CampaignInfo) -> None: ...
    def phase(self, name: str, total: int | None) -> None: ...
    def progress(self, campaign: CampaignInfo) -> None: ...
    def verdict(self, verdict: Verdict) -> None: ...
    def finished(self, result: Result) -> None: ...

    def finding(self, finding: Finding) -> None:
        self.found.append((time.perf_counter() - self.began, finding))


def run_trial(name: str, seed: int, plan: Plan) -> Trial:
    """Hunt for one defect, and return what came of it."""
    entry = find(plan.protocol)
    defect = entry.defects[name]
    clock = Clock()
    with deployed(entry, defect) as (changes, inner):
        settings = Settings(
            target="http://embedded",
            protocol=plan.protocol,
            seed=seed,
            time=None,
            max_requests=plan.requests,
            use_corpus=False,
            spec=entry.protocol.versions[-1],
            concurrency=1,
            shrink_executions=plan.shrink,
        ).model_copy(update=dict(changes))
        result = anyio.run(_campaign, settings, plan, clock, inner)
    mine = [
        (after, finding)
        for after, finding in clock.found
        if finding.requirement in defect.requirements
    ]
    first = min(mine, key=lambda item: item[1].seen_after, default=None)
    return Trial(
        name,
        defect.kind,
        seed,
        time.perf_counter() - clock.began,
        result.campaign.requests,
        None if first is None else first[1].seen_after,
        None if first is None else first[0],
        None if first is None else _ratio(first[1], known_sizes(plan.protocol).get(name)),
        tuple(_shown(finding) for finding in result.findings),
        len(causes_of(result.findings, entry.protocol.requirements)),
    )


async def _campaign(settings: Settings, plan: Plan, clock: Clock, inner: object) -> Result:
    if plan.search:
        return await search_alone(settings, [clock], inner=inner)
    return await run_campaign(settings, find(plan.protocol), [clock], inner=inner)


@contextlib.contextmanager
def deployed(entry: Entry, defect: Defect) -> Iterator[tuple[Mapping[str, Any], object]]:
    """Yield the settings and the transport that reach a registry with the defect."""
    name = defect.name
    changes = dict(IDENTITIES) if defect.auth != "none" else {}
    changes["tokens"] = {who: SecretStr(token) for who, token in entry.tokens.items()}
    if name in SERVED:
        with embedded_registry(entry.protocol.name, [name]) as url:
            yield {**changes, "target": url, "deadline": DEADLINE}, None
        return
    if name in SILENT:
        changes["deadline"] = DEADLINE
    yield changes, embedded(entry, name, auth=defect.auth, delete=name not in NO_DELETES)


def _ratio(finding: Finding, known: Size | None) -> float | None:
    if known is None:
        return None
    return (finding.requests + finding.mutators) / (known[1] + known[2])


def _shown(finding: Finding) -> Shown:
    return Shown(
        finding.requirement,
        finding.signature,
        finding.summary,
        finding.seen_after,
        size_of(finding),
    )
