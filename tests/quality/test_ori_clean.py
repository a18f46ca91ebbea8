"""The Ori reference registry is accused of nothing, whatever the limits that it is set up with."""

from __future__ import annotations

import httpx
import pytest

from regshape.catalog import ReferenceSettings, find
from regshape.engine.runner import replay, run_campaign
from regshape.model import Case, Outcome, Result, Step
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
