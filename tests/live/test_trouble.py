"""What may go wrong in mid-campaign: killed, interrupted, late, or left by the registry."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from regshape.catalog import find
from regshape.engine.runner import run_campaign
from regshape.model import CampaignInfo, Finding, Result, Verdict
from regshape.settings import Settings
from tests.live.conftest import COMMAND, ENVIRONMENT, regshape
from tests.live.debian import Running

pytestmark = pytest.mark.live

PATIENCE = 60.0
"""Seconds that a loaded machine is given for what takes one or two."""
GRACE = 2.0
"""Seconds by which a campaign may overrun its time, at most."""


@contextmanager
def fuzzing(url: str, folder: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    command = [*COMMAND, "fuzz", url, "--json", "--seed", "7", "--time", "60s", *words]
    with subprocess.Popen(  # noqa: S603 - this program
        command,
        cwd=folder,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def stored(folder: Path, query: str) -> list[Any]:
    path = folder / ".regshape" / "verdicts.sqlite"
    if not path.exists():
        return []
    with closing(sqlite3.connect(path, timeout=10)) as store:
        try:
            return store.execute(query).fetchall()
        except sqlite3.OperationalError:  # not there yet
            return []


def findings(folder: Path) -> set[str]:
    return {row[0] for row in stored(folder, "SELECT id FROM findings")}


def wait_until(reached: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE
    while not reached():
        assert time.monotonic() < until, "the campaign did not come so far"
        time.sleep(0.02)


def test_a_killed_campaign_has_lost_no_finding_that_it_reported(
    registry: Running, tmp_path: Path
) -> None:
    with fuzzing(registry.url, tmp_path) as process:
        wait_until(lambda: len(findings(tmp_path)) >= 3)
        reported = findings(tmp_path)
        process.kill()
        process.communicate()
    assert findings(tmp_path) >= reported
    shown = regshape("verdicts", "show", "--json", folder=tmp_path).json()
    assert shown["campaign"]["ended_by"] == "running"
    assert {row["id"] for row in shown["findings"]} >= reported
    faulty = {row["requirement"] for row in shown["findings"]}
    known = {row["requirement"] for row in shown["verdicts"] if row["outcome"] in {"fail", "warn"}}
    assert faulty >= known
    again = regshape("replay", min(reported), folder=tmp_path)
    assert again.status == 1, again.err


def test_ctrl_c_ends_it_with_130_and_a_result_that_is_recorded(
    registry: Running, tmp_path: Path
) -> None:
    with fuzzing(registry.url, tmp_path) as process:
        wait_until(lambda: findings(tmp_path))
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        out, err = process.communicate(timeout=PATIENCE)
        assert time.monotonic() - began < 10
    assert process.returncode == 130, err
    document = json.loads(out)
    assert document["campaign"]["ended_by"] == "interrupt"
    assert document["findings"]
    assert regshape("verdicts", "show", "--json", folder=tmp_path).json() == document


def test_a_registry_that_dies_ends_it_with_3_and_what_was_learnt(
    registry: Running, tmp_path: Path
) -> None:
    with fuzzing(registry.url, tmp_path) as process:
        wait_until(lambda: findings(tmp_path))
        reported = findings(tmp_path)
        registry.process.kill()
        out, err = process.communicate(timeout=PATIENCE)
    assert process.returncode == 3, err
    document = json.loads(out)
    assert document["campaign"]["ended_by"] == "target-lost"
    assert {row["id"] for row in document["findings"]} >= reported
    assert regshape("verdicts", "show", "--json", folder=tmp_path).json() == document


def test_the_loss_of_the_registry_is_not_blamed_on_it(registry: Running, tmp_path: Path) -> None:
    with fuzzing(registry.url, tmp_path) as process:
        wait_until(lambda: findings(tmp_path))
        registry.process.kill()
        out, _ = process.communicate(timeout=PATIENCE)
    said = [row["summary"] for row in json.loads(out)["findings"]]
    assert not [text for text in said if "ECONNREFUSED" in text], said


@dataclass
class Clock:
    """Notes when the search began and when all was over."""

    phases: dict[str, float] = field(default_factory=dict)

    def started(self, campaign: CampaignInfo) -> None: ...
    def progress(self, campaign: CampaignInfo) -> None: ...
    def verdict(self, verdict: Verdict) -> None: ...
    def finding(self, finding: Finding) -> None: ...
    def finished(self, result: Result) -> None:
        self.phases["end"] = time.monotonic()

    def phase(self, name: str, total: int | None) -> None:
        self.phases[name] = time.monotonic()


@pytest.mark.slow
async def test_the_time_given_is_kept(registry: Running) -> None:
    clock = Clock()
    settings = Settings(target=registry.url, time=5, seed=7)
    result = await run_campaign(settings, find("oci"), [clock])
    assert result.campaign.ended_by == "time"
    assert 5 <= clock.phases["end"] - clock.phases["search"] < 5 + GRACE


@pytest.mark.slow
def test_the_first_verdict_is_known_within_a_second(registry: Running, tmp_path: Path) -> None:
    def campaign_began() -> list[Any]:
        return stored(tmp_path, "SELECT id FROM campaigns")

    with fuzzing(registry.url, tmp_path):
        wait_until(campaign_began)
        began = time.monotonic()
        wait_until(lambda: stored(tmp_path, "SELECT requirement FROM verdicts"))
        assert time.monotonic() - began < 1
