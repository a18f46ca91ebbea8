"""The Ori reference registry is accused of nothing, whatever the limits that it is set up with."""

from __future__ import annotations

import httpx
import pytest

from regshape.catalog import ReferenceSettings, find
from regshape.engine.runner import run_campaign
from regshape.model import Outcome, Result
from regshape.settings import Settings

ENTRY = find("ori")


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


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
async def test_a_campaign_without_a_fault_finds_none(seed: int) -> None:
    result = await _campaign(None, seed, 6000)
    assert [finding.summary for finding in result.findings] == []
    judged = {verdict.requirement: verdict for verdict in result.verdicts}
    assert judged["ORI-54"].outcome is Outcome.PASS
    assert judged["ORI-67"].judged > 0
