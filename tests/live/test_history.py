"""Two campaigns on a registry that nobody here wrote: what differs, what a baseline lets pass."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.live.conftest import campaign_on, regshape
from tests.live.debian import Running

pytestmark = [pytest.mark.live, pytest.mark.slow]

# Races come and go: a second campaign may see one that the first did not.
BOUND = ("--max-cases", "1200", "--time", "60s", "--skip", "OCI-RACE-*")


def test_the_second_of_two_campaigns_has_nothing_new_and_a_baseline_lets_it_pass(
    registry: Running, tmp_path: Path
) -> None:
    path = tmp_path / "known.json"
    first = campaign_on(registry.url, tmp_path, *BOUND)
    assert first.document["findings"]
    path.write_text(regshape("verdicts", "export", folder=tmp_path).out)
    second = campaign_on(registry.url, tmp_path, *BOUND, "--baseline", "known.json")
    found = regshape("verdicts", "diff", "latest~1", "latest", "--json", folder=tmp_path).json()
    assert (found["new"], found["fixed"], found["missing"]) == ([], [], []), found
    assert second.ran.status == 0, second.document["baseline"]
    assert second.document["baseline"]["fixed"] == []
    assert second.document["campaign"]["implementation"] == "registry/2.0"
    baseline = json.loads(path.read_text())
    must = {row["requirement"] for row in second.document["verdicts"] if row["outcome"] == "fail"}
    place = next(n for n, row in enumerate(baseline["entries"]) if row["requirement"] in must)
    del baseline["entries"][place]
    path.write_text(json.dumps(baseline))
    assert campaign_on(registry.url, tmp_path, *BOUND, "--baseline", "known.json").ran.status == 1
