from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import Result as Ran

from regshape.model import Outcome

if TYPE_CHECKING:
    from tests.cli.conftest import FakeRunner

Cli = Callable[..., Ran]
TARGET = "http://127.0.0.1:1"


@pytest.fixture
def two(runner: FakeRunner, cli: Cli) -> None:
    """A campaign that fails, and one after it that passes, on another target."""
    cli("fuzz", TARGET)
    runner.outcome = Outcome.PASS
    cli("fuzz", "http://127.0.0.1:2")


@pytest.mark.usefixtures("two")
def test_what_was_fixed_is_shown_and_the_other_way_round_it_is_new(cli: Cli) -> None:
    ran = cli("verdicts", "diff", "latest~1", "latest")
    assert ran.exit_code == 0, ran.output
    assert "fixed: 5f0c1a2b OCI-CHK-03 '3-' was accepted" in ran.stdout
    assert "new: 5f0c1a2b" in cli("verdicts", "diff", "latest", TARGET).stdout
    assert "no difference" in cli("verdicts", "diff", "latest", "latest").stdout
    data = json.loads(cli("verdicts", "diff", TARGET, "latest", "--json").stdout)
    assert [row["id"] for row in data["fixed"]] == ["5f0c1a2b3c4d"]
    assert (data["new"], data["flaky"], data["changed"]) == ([], [], [])


@pytest.mark.usefixtures("two")
def test_targets_stand_side_by_side(cli: Cli) -> None:
    ran = cli("verdicts", "matrix", columns=60)
    assert "  1  http://127.0.0.1:1" in ran.stdout
    assert ran.stdout.rstrip().endswith("OCI-CHK-03      F   .")
    assert max(map(len, ran.stdout.splitlines())) <= 60
    data = json.loads(cli("verdicts", "matrix", "--json").stdout)
    assert data["requirements"] == [{"requirement": "OCI-CHK-03", "outcomes": ["fail", "pass"]}]
    assert [row["target"] for row in data["campaigns"]] == [TARGET, "http://127.0.0.1:2"]


@pytest.mark.usefixtures("two")
def test_a_campaign_is_exported_in_each_format(cli: Cli, tmp_path: Path) -> None:
    baseline = cli("verdicts", "export", TARGET)
    (tmp_path / "b.json").write_text(baseline.stdout)
    assert json.loads(baseline.stdout)["entries"][0]["finding"] == "5f0c1a2b3c4d"
    assert cli("fuzz", TARGET, "--baseline", "b.json").exit_code == 0
    document = cli("verdicts", "export", TARGET + "~1", "--format", "json").stdout
    assert document == cli("verdicts", "show", TARGET + "~1", "--json").stdout
    rows = list(csv.DictReader(io.StringIO(cli("verdicts", "export", "--format", "csv").stdout)))
    assert rows[0]["requirement"] == "OCI-CHK-03"


@pytest.mark.usefixtures("two")
def test_a_finding_is_shown_with_the_campaigns_that_made_it(runner: FakeRunner, cli: Cli) -> None:
    runner.outcome = Outcome.FAIL
    cli("fuzz", TARGET)
    ran = cli("verdicts", "show", "5f0c")
    assert [line.split()[2] for line in ran.stdout.splitlines() if line.startswith("found by")] == [
        "c0ffee00",
        "c0ffee",
    ]


@pytest.mark.usefixtures("two")
@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("diff zzz latest", "begins with 'zzz'; it has c0ffee0, c0ffee"),
        ("diff latest~9 latest", "'latest~9' goes back too far"),
        ("matrix -P ori", "has no campaigns of ori yet"),
        ("export --store none.sqlite", "there is no verdict store at none.sqlite"),
    ],
)
def test_what_is_not_there_is_said(cli: Cli, words: str, sentence: str) -> None:
    ran = cli("verdicts", *words.split())
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert sentence in ran.stderr


@pytest.mark.parametrize("word", ["diff", "matrix", "export"])
def test_every_help_shows_an_example(cli: Cli, word: str) -> None:
    assert f"Example: regshape verdicts {word}" in cli("verdicts", word, "--help").stdout
