"""The random search in worker processes."""

from __future__ import annotations

import pytest

from regshape.catalog import find
from regshape.engine.runner import run_campaign
from regshape.model import Result
from regshape.protocols.oci.reference import Reference
from regshape.settings import Settings
from tests.conftest import Serve

ENTRY = find("oci")


async def searched(serve: Serve, *, time: float | None, workers: int, **more: int) -> Result:
    async with serve(Reference().app) as url:
        settings = Settings(
            target=url,
            time=time,
            workers=workers,
            use_corpus=False,
            mutators=("accept-all",),
            seed=5,
            **more,
        )
        return await run_campaign(settings, ENTRY, [])


@pytest.mark.slow
async def test_what_workers_saw_until_the_time_was_over_is_counted(serve: Serve) -> None:
    swept = await searched(serve, time=0, workers=2)
    result = await searched(serve, time=12, workers=2)
    assert result.campaign.ended_by == "time"
    assert result.campaign.cases > swept.campaign.cases
    assert result.campaign.seconds < swept.campaign.seconds * 3 + 12 + 2


@pytest.mark.slow
async def test_workers_judge_what_one_process_judges(serve: Serve) -> None:
    alone = await searched(serve, time=None, workers=1, max_cases=1000)
    shared = await searched(serve, time=None, workers=2, max_cases=1000)
    assert shared.campaign.cases >= alone.campaign.cases
    outcomes = [{v.requirement: v.outcome for v in found.verdicts} for found in (alone, shared)]
    assert outcomes[0] == outcomes[1]
    assert (alone.findings, shared.findings) == ((), ())
