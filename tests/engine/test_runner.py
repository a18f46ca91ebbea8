"""The ways into the engine: campaigns that begin with what is known, or where another left off."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import anyio
import httpx
import pytest
from pydantic import SecretStr

from regshape.catalog import ReferenceSettings, find
from regshape.engine.record import Recorder, Store, open_store
from regshape.engine.runner import replay, run_campaign
from regshape.engine.start import Start
from regshape.errors import UsageError
from regshape.model import CampaignInfo, Case, Finding, Result, Step, Verdict
from regshape.settings import Settings

ENTRY = find("oci")
SETTINGS = Settings(
    target="http://embedded",
    time=None,
    max_cases=250,
    use_corpus=False,
    confirmations=2,
    mutators=("method-*", "accept-*"),
    seed=3,
)
DEFECT = "chunk-order-ignored"
ACROSS = Case("oci", (Step("send-chunk", {"order": "ahead"}),))


def reference(*defects: str) -> httpx.ASGITransport:
    app = ENTRY.reference(ReferenceSettings(defects=defects))
    return httpx.ASGITransport(app, raise_app_exceptions=False)


def fail_on_broken(error: Exception) -> None:
    raise AssertionError(str(error))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regshape.engine.campaign.TICK", 0.01)
    monkeypatch.setattr("regshape.engine.campaign.SAVE_SECONDS", 0.01)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(str(tmp_path / "v.sqlite"))
    yield opened
    opened.close()


class StopAfter:
    """Ends a campaign some time after it has begun."""

    def __init__(self, cases: int) -> None:
        self.stop = anyio.Event()
        self.phases: list[tuple[str, int | None]] = []
        self._cases = cases

    def started(self, campaign: CampaignInfo) -> None: ...
    def verdict(self, verdict: Verdict) -> None: ...
    def finding(self, finding: Finding) -> None: ...
    def finished(self, result: Result) -> None: ...

    def phase(self, name: str, total: int | None) -> None:
        self.phases.append((name, total))

    def progress(self, campaign: CampaignInfo) -> None:
        if campaign.cases >= self._cases:
            self.stop.set()


async def interrupted_and_resumed(store: Store, *defects: str) -> tuple[Result, Result]:
    watching, recorder = StopAfter(60), Recorder(store, fail_on_broken)
    first = await run_campaign(
        SETTINGS,
        ENTRY,
        [watching, recorder],
        stop=watching.stop,
        start=Start(journal=recorder),
        inner=reference(*defects),
    )
    kept = store.checkpoint("latest")[1]
    settings = Settings.model_validate(kept.origin.settings)
    again = Recorder(store, fail_on_broken)
    second = await run_campaign(
        settings, ENTRY, [again], start=Start((), again, kept), inner=reference(*defects)
    )
    return first, second


@pytest.mark.parametrize("defects", [(), (DEFECT,)])
async def test_an_interrupted_campaign_comes_to_what_it_would_have_come_to(
    store: Store, defects: tuple[str, ...]
) -> None:
    first, second = await interrupted_and_resumed(store, *defects)
    whole = await run_campaign(SETTINGS, ENTRY, inner=reference(*defects))
    assert first.campaign.ended_by == "interrupt"
    assert 60 <= first.campaign.cases < SETTINGS.max_cases  # type: ignore[operator]
    assert (second.campaign.id, second.campaign.ended_by) == (first.campaign.id, "cases")
    assert second.campaign.cases == whole.campaign.cases
    assert [(v.requirement, v.outcome, v.judged) for v in second.verdicts] == [
        (v.requirement, v.outcome, v.judged) for v in whole.verdicts
    ]
    assert {f.id for f in second.findings} == {f.id for f in whole.findings}
    assert bool(second.findings) is bool(defects)
    assert store.result("latest").verdicts == second.verdicts
    assert store.campaigns() == [second.campaign]


async def test_one_that_has_ended_is_not_gone_on_with(
    store: Store,
) -> None:
    await interrupted_and_resumed(store)
    with pytest.raises(UsageError, match="has come to its end: there is nothing to resume"):
        store.checkpoint("latest")


async def test_one_whose_cases_are_others_by_now_is_not_gone_on_with(store: Store) -> None:
    watching, recorder = StopAfter(0), Recorder(store, fail_on_broken)
    await run_campaign(
        SETTINGS,
        ENTRY,
        [watching, recorder],
        stop=watching.stop,
        start=Start(journal=recorder),
        inner=reference(),
    )
    kept = store.checkpoint("latest")[1]
    other = replace(ENTRY, moves=ENTRY.moves[1:])
    with pytest.raises(UsageError, match="cannot go on, since its cases are others by now"):
        await run_campaign(SETTINGS, other, start=Start(kept=kept), inner=reference())


SECRET = "hunter2-s3cr3t"  # noqa: S105 - what must not be found


async def test_no_secret_is_kept_of_the_settings(store: Store) -> None:
    recorder = Recorder(store, fail_on_broken)
    settings = Settings(
        target="http://embedded", username="bob", password=SecretStr(SECRET), max_cases=1, time=None
    )
    watching = StopAfter(0)
    await run_campaign(
        settings,
        ENTRY,
        [recorder, watching],
        stop=watching.stop,
        start=Start(journal=recorder),
        inner=reference(),
    )
    folder = Path(store.where).parent
    assert all(SECRET.encode() not in file.read_bytes() for file in folder.iterdir())


async def test_what_is_known_to_fail_comes_first() -> None:
    watching = StopAfter(10_000)
    settings = SETTINGS.model_copy(update={"max_cases": 1})
    result = await run_campaign(
        settings, ENTRY, [watching], start=Start((ACROSS,)), inner=reference(DEFECT)
    )
    assert watching.phases[0] == ("known", 1)
    assert result.campaign.cases == 1
    assert [finding.requirement for finding in result.findings] == ["OCI-CHK-07"]


async def test_what_was_found_on_a_target_is_known_there_and_nowhere_else(store: Store) -> None:
    recorder = Recorder(store, fail_on_broken)
    result = await run_campaign(SETTINGS, ENTRY, [recorder], inner=reference(DEFECT))
    assert store.known_cases("http://embedded", "oci") == tuple(
        finding.case for finding in sorted(result.findings, key=lambda found: -found.mutators)
    )
    assert store.known_cases("http://embedded", "ori") == ()
    assert store.known_cases("http://elsewhere", "oci") == ()


async def test_a_read_only_campaign_does_not_begin_with_what_writes() -> None:
    watching = StopAfter(10_000)
    settings = SETTINGS.model_copy(update={"max_cases": 20, "read_only": True})
    await run_campaign(settings, ENTRY, [watching], start=Start((ACROSS,)), inner=reference())
    assert watching.phases[0][0] == "sweep"


async def test_a_case_is_replayed_and_judged() -> None:
    told = await replay(SETTINGS, ENTRY, ACROSS, inner=reference(DEFECT))
    assert [violation.requirement for violation in told.violations] == ["OCI-CHK-07"]
    assert "OCI-CHK-07" in told.judged
    assert told.exchanges
    assert not (await replay(SETTINGS, ENTRY, ACROSS, inner=reference())).violations
