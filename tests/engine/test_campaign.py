"""Campaigns in process, on the reference registry and on transports that misbehave."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field

import anyio
import httpx
import pytest

from regshape.catalog import ReferenceSettings, find
from regshape.engine.campaign import GRACE
from regshape.engine.generate import sweep
from regshape.engine.plan import plan_of
from regshape.engine.runner import run_campaign
from regshape.errors import TargetError, UsageError
from regshape.model import CampaignInfo, Capability, Finding, Outcome, Result, Verdict
from regshape.protocols.oci.guards import GUARDS
from regshape.protocols.oci.reference import Reference, ReferenceOptions
from regshape.settings import Settings

ENTRY = find("oci")
OPEN = {name: Capability(name, present=False, reason="nobody is kept out") for name in GUARDS}
PLAIN = Settings(
    target="http://embedded", time=None, max_cases=300, use_corpus=False, confirmations=2
)


@dataclass
class Recording(httpx.AsyncBaseTransport):
    """Sends on, and keeps every request; from some request on nothing answers any more."""

    inner: httpx.AsyncBaseTransport
    dies_after: int | None = None
    slow: float = 0.0
    sent: list[tuple[str, str, tuple[tuple[bytes, bytes], ...], bytes]] = field(
        default_factory=list
    )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        target = bytes(request.extensions.get("target") or request.url.raw_path).decode("latin-1")
        body = await request.aread()
        self.sent.append((request.method, target, tuple(request.headers.raw), body))
        if self.dies_after is not None and len(self.sent) > self.dies_after:
            raise httpx.ConnectError("nothing listens there")
        if self.slow:
            await anyio.sleep(self.slow)
        return await self.inner.handle_async_request(request)


@dataclass
class Watching:
    phases: list[str] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    ended: list[Result] = field(default_factory=list)
    stop: anyio.Event | None = None

    def started(self, campaign: CampaignInfo) -> None: ...

    def phase(self, name: str, total: int | None) -> None:
        self.phases.append(name)
        if name == "search" and self.stop is not None:
            self.stop.set()

    def progress(self, campaign: CampaignInfo) -> None: ...

    def verdict(self, verdict: Verdict) -> None:
        self.verdicts.append(verdict)

    def finding(self, finding: Finding) -> None:
        self.findings.append(finding)

    def finished(self, result: Result) -> None:
        self.ended.append(result)


def reference(*defects: str, options: ReferenceOptions | None = None) -> Recording:
    app = (
        Reference(options).app
        if options is not None
        else ENTRY.reference(ReferenceSettings(defects=defects))
    )
    return Recording(httpx.ASGITransport(app, raise_app_exceptions=False))


def outcomes(result: Result) -> dict[str, str]:
    return {verdict.requirement: verdict.outcome.value for verdict in result.verdicts}


async def run(inner: Recording, **changes: object) -> Result:
    return await run_campaign(PLAIN.model_copy(update=changes), ENTRY, inner=inner)


async def test_the_same_seed_gives_the_same_verdicts_at_any_concurrency() -> None:
    results = [await run(reference(), concurrency=n, seed=4) for n in (1, 4, 64)]
    assert {result.campaign.cases for result in results} == {300}
    assert outcomes(results[0]) == outcomes(results[1]) == outcomes(results[2])
    counts = [[verdict.judged for verdict in result.verdicts] for result in results]
    assert counts[0] == counts[1] == counts[2]


async def test_the_same_seed_finds_the_same_at_any_concurrency() -> None:
    found: list[set[tuple[str, str, str]]] = []
    for concurrency in (1, 16):
        result = await run(reference("chunk-order-ignored"), concurrency=concurrency, max_cases=200)
        found.append({(f.requirement, f.signature, repr(f.case)) for f in result.findings})
    assert found[0] == found[1] != set()


async def test_no_more_cases_begin_than_are_allowed() -> None:
    result = await run(reference(), max_cases=17)
    assert (result.campaign.cases, result.campaign.ended_by) == (17, "cases")


async def test_few_more_requests_are_sent_than_are_allowed() -> None:
    result = await run(reference(), max_cases=None, max_requests=500, concurrency=4)
    assert result.campaign.ended_by == "requests"
    assert 500 <= result.campaign.requests < 500 + 4 * 60


async def test_time_ends_the_search_and_little_is_overrun() -> None:
    began = time.monotonic()
    result = await run(reference(), time=0.5, max_cases=None)
    assert result.campaign.ended_by == "time"
    plan = plan_of(ENTRY, PLAIN, OPEN)
    assert result.campaign.cases > len(list(sweep("oci", plan.moves, plan.programs, plan.breaks)))
    assert time.monotonic() - began < 60
    assert result.campaign.seconds < 60


async def test_without_time_there_is_no_search_and_every_case_of_the_sweep_is_counted() -> None:
    result = await run(reference(), time=0, max_cases=None)
    assert result.campaign.ended_by == "done"
    plan = plan_of(ENTRY, PLAIN, OPEN)
    swept = list(sweep("oci", plan.moves, plan.programs, plan.breaks))
    assert result.campaign.cases == len(swept) + len(plan.races)


async def test_a_campaign_can_be_stopped_and_keeps_what_was_learnt() -> None:
    watching = Watching(stop=anyio.Event())
    result = await run_campaign(
        PLAIN.model_copy(update={"max_cases": None}),
        ENTRY,
        [watching],
        stop=watching.stop,
        inner=reference(),
    )
    assert result.campaign.ended_by == "interrupt"
    assert watching.ended == [result]
    assert Counter(outcomes(result).values())["pass"] > 90


async def test_a_case_that_is_cut_off_still_cleans_up() -> None:
    registry = Reference()
    inner = Recording(httpx.ASGITransport(registry.app), slow=0.002)
    await run(inner, time=0.3, max_cases=None, only=("HTTP-*",), mutators=("route-*",))
    assert GRACE > 0
    assert (registry.store.repositories, registry.store.sessions) == ({}, {})


async def test_a_target_that_stops_answering_is_given_up_as_lost() -> None:
    inner = reference()
    inner.dies_after = 400
    result = await run(inner, max_cases=None)
    assert result.campaign.ended_by == "target-lost"
    assert result.campaign.requests < 3000  # the cases in flight are played to their end
    assert not result.findings


async def test_what_was_open_when_the_target_was_lost_is_inconclusive() -> None:
    inner = reference("chunk-order-ignored")
    inner.dies_after = 330
    result = await run(inner, max_cases=None, only=("OCI-CHK-07",), concurrency=1, confirmations=5)
    assert result.campaign.ended_by == "target-lost"
    verdict = next(v for v in result.verdicts if v.requirement == "OCI-CHK-07")
    assert verdict.outcome in {Outcome.INCONCLUSIVE, Outcome.FAIL}


async def test_a_target_that_never_answers_is_an_error() -> None:
    inner = reference()
    inner.dies_after = 0
    with pytest.raises(TargetError):
        await run(inner)


async def test_a_read_only_campaign_only_reads_and_changes_nothing() -> None:
    registry = Reference()
    inner = Recording(httpx.ASGITransport(registry.app, raise_app_exceptions=False))
    result = await run(inner, read_only=True, max_cases=500)
    assert not {method for method, *_ in inner.sent} & {"POST", "PUT", "PATCH", "DELETE"}
    assert (registry.store.repositories, registry.store.sessions) == ({}, {})
    assert not result.findings


async def test_nothing_outside_the_prefix_is_written() -> None:
    inner = reference()
    await run(inner, max_cases=800, repo_prefix="here")
    writes = [
        target for method, target, *_ in inner.sent if method not in {"GET", "HEAD", "OPTIONS"}
    ]
    elsewhere = {target for target in writes if not target.startswith("/v2/here/")}
    named = {target for target in elsewhere if "here" in target}
    assert elsewhere - named <= {"/v2/", "/v2/_oci/ext/discover", "*"}  # PRI * is no write
    assert all(target.startswith(("http://embedded/", "/v2/_", "/v1/")) for target in named)


async def test_moves_that_need_what_is_absent_are_not_sent() -> None:
    inner = reference(options=ReferenceOptions(mount=False, delete=False))
    result = await run(inner, max_cases=200)
    skipped = {v.requirement: v.reason for v in result.verdicts if v.outcome is Outcome.SKIP}
    assert "no mount" in (skipped["OCI-MNT-01"] or "")
    assert "no delete-tag" in (skipped["OCI-DEL-02"] or "")


@pytest.mark.parametrize("cases", [400, 1300])
async def test_nearly_every_request_is_another(cases: int) -> None:
    inner = reference()
    await run(inner, max_cases=cases, spec="dev")
    assert len(set(inner.sent)) / len(inner.sent) >= 0.95


async def test_a_rate_is_kept() -> None:
    began = time.monotonic()
    result = await run(reference(), max_cases=5, rate=100.0)
    assert result.campaign.requests / (time.monotonic() - began) <= 110


async def test_a_finding_is_told_with_its_verdict() -> None:
    watching = Watching()
    settings = PLAIN.model_copy(update={"max_cases": 150})
    await run_campaign(settings, ENTRY, [watching], inner=reference("chunk-order-ignored"))
    assert "OCI-CHK-07" in {finding.requirement for finding in watching.findings}
    told = [v.outcome for v in watching.verdicts if v.requirement == "OCI-CHK-07"]
    assert told[-1] is Outcome.FAIL
    finding = next(f for f in watching.findings if f.requirement == "OCI-CHK-07")
    assert finding.reproduced == (2, 2)
    assert len(finding.replay) == len(finding.exchanges)


async def test_phases_follow_each_other() -> None:
    watching = Watching()
    settings = PLAIN.model_copy(update={"max_cases": None, "time": 0.05, "use_corpus": False})
    await run_campaign(settings, ENTRY, [watching], inner=reference())
    assert watching.phases == ["sweep", "search", "shrink"]


@pytest.mark.parametrize(
    "changes", [{"spec": "2.0"}, {"only": ("NONE",)}, {"mutators": ("none",)}], ids=str
)
async def test_settings_that_name_nothing_are_an_error(changes: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        await run(reference(), **changes)


async def test_only_the_mutators_that_are_chosen_are_sent() -> None:
    inner = reference()
    await run(inner, mutators=("method-frob",), max_cases=None, time=0)
    methods = {method for method, *_ in inner.sent}
    assert methods == {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "FROB"}
