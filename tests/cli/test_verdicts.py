from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from typer.testing import Result as Ran

if TYPE_CHECKING:
    from tests.cli.conftest import FakeRunner

Cli = Callable[..., Ran]
TARGET = "http://127.0.0.1:1"


def test_campaigns_are_listed(runner: FakeRunner, cli: Cli) -> None:
    cli("fuzz", TARGET, "--seed", "7")
    ran = cli("verdicts", "list", columns=60)
    assert ran.exit_code == 0
    assert "c0ffee  2026-11-21T10:00:00Z  oci" in ran.stdout
    assert "1 fail in 1.5 s, 3 cases, 9 requests (6/s)" in ran.stdout
    assert max(len(line) for line in ran.stdout.splitlines()) <= 60
    (row,) = json.loads(cli("verdicts", "list", "--json").stdout)
    assert (row["id"], row["seed"], row["outcomes"]) == ("c0ffee", 7, {"fail": 1})


@pytest.mark.parametrize("words", [(), ("c0f",)])
def test_a_campaign_is_shown_as_it_was_reported(
    runner: FakeRunner, cli: Cli, words: tuple[str, ...]
) -> None:
    reported = json.loads(cli("fuzz", TARGET, "--json").stdout)
    assert json.loads(cli("verdicts", "show", *words, "--json").stdout) == reported
    assert "1 requirement: 1 fail" in cli("verdicts", "show", *words).stdout


def test_a_finding_is_shown(runner: FakeRunner, cli: Cli) -> None:
    reported = json.loads(cli("fuzz", TARGET, "--json").stdout)
    (finding,) = reported["findings"]
    assert json.loads(cli("verdicts", "show", "5f0", "--json").stdout) == finding
    assert "MUST: A chunk has a range" in cli("verdicts", "show", "5f0").stdout


def test_a_store_that_is_not_there_and_an_unknown_id_are_said(runner: FakeRunner, cli: Cli) -> None:
    nowhere = cli("verdicts", "show")
    assert nowhere.exit_code == 2
    assert "there is no verdict store at" in nowhere.stderr
    cli("fuzz", TARGET)
    ran = cli("verdicts", "show", "zzz")
    assert ran.exit_code == 2
    assert "begins with 'zzz'; it has c0ffee" in ran.stderr
