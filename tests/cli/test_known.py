from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import Result as Ran

from regshape.model import Outcome

if TYPE_CHECKING:
    from tests.cli.conftest import FakeRunner

Cli = Callable[..., Ran]
TARGET = "http://127.0.0.1:1"
UPDATE = ("--baseline", "b.json", "--update-baseline")


def read(tmp_path: Path) -> Any:
    return json.loads((tmp_path / "b.json").read_text())


def test_a_run_with_its_own_baseline_has_nothing_new(
    runner: FakeRunner, cli: Cli, tmp_path: Path
) -> None:
    assert cli("fuzz", TARGET).exit_code == 1
    written = cli("fuzz", TARGET, *UPDATE)
    assert written.exit_code == 0, written.output
    assert [entry["finding"] for entry in read(tmp_path)["entries"]] == ["5f0c1a2b3c4d"]
    ran = cli("fuzz", TARGET, "--baseline", "b.json")
    assert ran.exit_code == 0
    assert "nothing failed beyond the baseline" in " ".join(ran.stdout.split())
    document = json.loads(cli("fuzz", TARGET, "--baseline", "b.json", "--json").stdout)
    assert [entry["finding"] for entry in document["baseline"]["known"]] == ["5f0c1a2b3c4d"]
    assert document["verdicts"][0]["outcome"] == "fail"


def test_an_entry_that_is_taken_out_counts_again(
    runner: FakeRunner, cli: Cli, tmp_path: Path
) -> None:
    cli("fuzz", TARGET, *UPDATE)
    (tmp_path / "b.json").write_text(json.dumps({**read(tmp_path), "entries": []}))
    ran = cli("fuzz", TARGET, "--baseline", "b.json")
    assert ran.exit_code == 1
    assert "1 requirement is not met, beyond the baseline" in " ".join(ran.stdout.split())


def test_an_entry_whose_day_is_over_counts_and_an_update_leaves_its_date(
    runner: FakeRunner, cli: Cli, tmp_path: Path
) -> None:
    cli("fuzz", TARGET, *UPDATE)
    data = read(tmp_path)
    data["entries"][0]["expires"] = "2020-01-01"
    (tmp_path / "b.json").write_text(json.dumps(data))
    for words in (UPDATE, UPDATE[:2]):
        ran = cli("fuzz", TARGET, *words)
        assert ran.exit_code == 1
        assert "since 2020-01-01" in " ".join(ran.stdout.split())
    assert read(tmp_path) == data


def test_what_is_fixed_is_said_and_leaves_the_baseline_with_an_update(
    runner: FakeRunner, cli: Cli, tmp_path: Path
) -> None:
    cli("fuzz", TARGET, *UPDATE)
    runner.outcome = Outcome.PASS
    ran = cli("fuzz", TARGET, "--baseline", "b.json")
    assert ran.exit_code == 0
    assert "fixed: 5f0c1a2b OCI-CHK-03" in ran.stdout
    assert read(tmp_path)["entries"]
    assert "fixed: 5f0c1a2b" in cli("fuzz", TARGET, *UPDATE).stdout
    assert read(tmp_path)["entries"] == []


@pytest.mark.parametrize("ended_by", ["interrupt", "target-lost"])
def test_a_campaign_that_was_cut_short_changes_no_baseline(
    runner: FakeRunner, cli: Cli, tmp_path: Path, ended_by: str
) -> None:
    cli("fuzz", TARGET, *UPDATE)
    before = read(tmp_path)
    runner.outcome, runner.ended_by = Outcome.PASS, ended_by
    cli("fuzz", TARGET, *UPDATE)
    assert read(tmp_path) == before


@pytest.mark.parametrize(
    ("text", "words", "sentence"),
    [
        (None, "--baseline b.json", "the baseline b.json cannot be read: No such file"),
        ("{", "--baseline b.json", "b.json: not a baseline, since it is not JSON"),
        (
            '{"format": 1, "protocol": "ori", "spec": "1", "entries": []}',
            "--baseline b.json",
            "b.json is a baseline of ori, and this is about oci",
        ),
        (None, "--update-baseline", "--update-baseline needs --baseline FILE"),
        (None, "--baseline f/b.json --update-baseline", "cannot be written: File exists"),
    ],
)
def test_a_baseline_that_cannot_serve_is_said_before_the_campaign(
    runner: FakeRunner, cli: Cli, tmp_path: Path, text: str | None, words: str, sentence: str
) -> None:
    (tmp_path / "f").touch()
    if text is not None:
        (tmp_path / "b.json").write_text(text)
    ran = cli("fuzz", TARGET, *words.split())
    assert (ran.exit_code, ran.stdout, runner.asked) == (2, "", [])
    assert sentence in ran.stderr
    assert ran.stderr.count("\n") == 1
