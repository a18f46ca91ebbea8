"""The Ori reference registry is accused of nothing, whoever asks and whatever its limits."""

from __future__ import annotations

import httpx
import pytest
from pydantic import SecretStr

from regshape.catalog import ReferenceSettings, find
from regshape.engine.runner import replay, run_campaign
from regshape.model import Case, Outcome, Result, Step
from regshape.protocols.ori.requirements import PUBLIC
from regshape.settings import Settings
from tests.quality.hunt import embedded

ENTRY = find("ori")
SETTINGS = Settings.model_validate(
    {"target": "http://embedded", "protocol": "ori", "tokens": ENTRY.tokens}
)


async def _campaign(odd: str | None, seed: int, max_requests: int) -> Result:
    inner = httpx.ASGITransport(
        ENTRY.reference(ReferenceSettings(odd=odd)), raise_app_exceptions=False
    )
    settings = Settings.model_validate(
        {
            "target": "http://embedded",
            "protocol": "ori",
            "time": None,
            "max_requests": max_requests,
            "seed": seed,
            "tokens": ENTRY.tokens,
        }
    )
    return await run_campaign(settings, ENTRY, inner=inner)


@pytest.mark.parametrize("name", ["longest", "digits"])
async def test_two_publishes_under_one_name_at_an_edge_are_two_versions(name: str) -> None:
    case = Case("ori", (Step("publish", {"name": name}), Step("publish", {"name": name})))
    result = await replay(SETTINGS, ENTRY, case, inner=embedded(ENTRY))
    published = [turn.status for turn in result.exchanges if turn.method == "POST"]
    assert (published, result.violations) == ([201, 201], ())


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
async def test_a_campaign_without_a_fault_finds_none(seed: int) -> None:
    result = await _campaign(None, seed, 6000)
    assert [finding.summary for finding in result.findings] == []
    judged = {verdict.requirement: verdict for verdict in result.verdicts}
    assert judged["ORI-54"].outcome is Outcome.PASS
    assert judged["ORI-67"].judged > 0


TOKENLESS = "no token: there is no token: set REGSHAPE_TOKEN"


@pytest.mark.parametrize("given", [(), ("reader",)], ids=["nobody", "reader"])
@pytest.mark.parametrize("seed", [1, 2])
async def test_who_has_no_token_accuses_nobody_and_is_told_what_was_skipped(
    given: tuple[str, ...], seed: int
) -> None:
    changes = {
        "time": None,
        "max_cases": 400,
        "seed": seed,
        "tokens": {name: SecretStr(ENTRY.tokens[name]) for name in given},
    }
    result = await run_campaign(SETTINGS.model_copy(update=changes), ENTRY, inner=embedded(ENTRY))
    assert [finding.summary for finding in result.findings] == []
    verdicts = {verdict.requirement: verdict for verdict in result.verdicts}
    for id_ in ("ORI-01", "ORI-11", "ORI-24", "ORI-31", "ORI-44", "ORI-57", "ORI-67", "ORI-69"):
        assert (verdicts[id_].outcome, verdicts[id_].reason) == (Outcome.SKIP, TOKENLESS)
    for id_ in ("ORI-02", "ORI-13", "ORI-28", "ORI-30", "ORI-41", "ORI-45", "ORI-66"):
        assert (verdicts[id_].outcome, verdicts[id_].reason) == (Outcome.PASS, None), id_
    outcome = Outcome.PASS if given else Outcome.SKIP
    assert verdicts["ORI-34"].outcome is outcome


class Watched(httpx.AsyncBaseTransport):
    """Notes the methods of what it passes on."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.inner = inner
        self.methods: set[str] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.methods.add(request.method)
        return await self.inner.handle_async_request(request)


async def test_a_read_only_campaign_publishes_nothing() -> None:
    inner = Watched(embedded(ENTRY))
    changes = {"read_only": True, "time": None, "max_cases": 200}
    result = await run_campaign(SETTINGS.model_copy(update=changes), ENTRY, inner=inner)
    assert result.findings == ()
    assert "GET" in inner.methods
    assert inner.methods <= {"GET", "HEAD", "OPTIONS"}
    verdicts = {verdict.requirement: verdict for verdict in result.verdicts}
    assert verdicts["ORI-05"].reason == "no token: the campaign is read-only"


@pytest.mark.parametrize("given", [(), ("main", "other")], ids=["nobody", "all"])
async def test_steps_that_need_a_token_are_not_sent_without_it(given: tuple[str, ...]) -> None:
    steps = (
        Step("publish"), Step("yank", {"package": "absent"}), Step("deprecate"), Step("transfer"),
        Step("get-archive"), Step("try-as", {"who": "anonymous", "what": "yank"}),
        Step("burst", {"who": "main"}),
    )  # fmt: skip
    tokens = {name: SecretStr(ENTRY.tokens[name]) for name in given}
    settings = SETTINGS.model_copy(update={"tokens": tokens})
    result = await replay(settings, ENTRY, Case("ori", steps), inner=embedded(ENTRY))
    assert bool(result.exchanges) is bool(given)
    assert result.violations == ()


@pytest.mark.parametrize(
    ("defect", "requirement"),
    [
        ("anonymous-publish", "ORI-13"),
        ("basic-challenge", "ORI-13"),
        ("unknown-listed", "ORI-02"),
        ("one-too-many", "ORI-45"),
    ],
)
async def test_who_has_no_token_still_finds_what_nobody_needs_one_for(
    defect: str, requirement: str
) -> None:
    settings = SETTINGS.model_copy(update={"tokens": {}, "time": None, "max_cases": 250})
    result = await run_campaign(settings, ENTRY, inner=embedded(ENTRY, defect))
    assert {finding.requirement for finding in result.findings} == {requirement}


def test_what_is_public_is_in_the_table() -> None:
    assert {item.id for item in ENTRY.protocol.requirements} > PUBLIC
