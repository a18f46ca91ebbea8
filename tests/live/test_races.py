"""Races of CNCF distribution 2.8.2: what overlaps there is lost, torn or answered with 500."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.live.conftest import campaign_on
from tests.live.debian import Running

pytestmark = [pytest.mark.live, pytest.mark.slow]

WANTED = 2
TRUE_RACES = {
    # two chunks for one offset, or two without a range: both acknowledged, one is there
    *("send-chunk both taken", "acknowledged bytes lost"),
    # one upload closed twice or while a chunk comes: an empty blob under the digest, or 500
    *("blob torn", "finish-upload | status 500", "finish-upload and send-chunk both taken"),
    "finish-upload both taken",
    # a manifest deleted while it is pushed again: a tag that leads nowhere, or 500
    *("tag listed, not found | delete-manifest + push-manifest", "delete-manifest | status 500"),
    *("push-manifest | status 500", "get-manifest | status 500", "head-manifest | status 500"),
}


def test_a_minute_confirms_at_least_two_races(registry: Running, tmp_path: Path) -> None:
    campaign = campaign_on(registry.url, tmp_path, "--time", "60s")
    races = [row for row in campaign.document["findings"] if "RACE" in row["requirement"]]
    assert len({row["signature"] for row in races} & TRUE_RACES) >= WANTED
    counts = [tuple(map(int, row["reproduced"].split("/"))) for row in races]
    assert all(2 <= seen <= tried for seen, tried in counts)
    lists = [row["case"]["parallel"] for row in races]
    assert all(len(parallel) >= WANTED for parallel in lists)
