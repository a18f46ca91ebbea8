from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import Result as Ran

if TYPE_CHECKING:
    from tests.cli.conftest import FakeRunner

Cli = Callable[..., Ran]
TARGET = "http://127.0.0.1:1"
NAME = "oci-chk-03-5f0c1a2b.json"


@pytest.fixture
def added(runner: FakeRunner, cli: Cli) -> Ran:
    cli("fuzz", TARGET, "--report", "json=r.json")
    return cli("corpus", "add", "5f0", "--comment", "issue 12")


def test_a_finding_becomes_a_regression_case_by_one_command(
    added: Ran, cli: Cli, tmp_path: Path
) -> None:
    assert (added.exit_code, added.stdout) == (0, f"corpus/{NAME} is written\n")
    data = json.loads((tmp_path / "corpus" / NAME).read_text())
    assert (data["comment"], data["steps"][0]["operation"]) == ("issue 12", "patch-upload")
    assert cli("corpus", "add", "5f0").stdout == "corpus has such a case already\n"
    listed = cli("corpus", "list", "corpus", columns=60)
    assert "1 step: issue 12" in " ".join(listed.stdout.split())
    (row,) = json.loads(cli("corpus", "list", "corpus", "--json").stdout)
    assert (row["name"], row["case"]) == (NAME, data)


@pytest.mark.usefixtures("added")
def test_cases_are_taken_from_a_report(cli: Cli, tmp_path: Path) -> None:
    ran = cli("corpus", "import", "r.json", "--to", "other")
    assert ran.stdout == f"other/{NAME} is written\n1 cases taken, 0 there already\n"
    assert (tmp_path / "other" / NAME).exists()
    assert "0 cases taken, 1 there already" in cli("corpus", "import", "other").stdout


@pytest.mark.usefixtures("added")
def test_a_run_of_the_corpus_runs_nothing_else(runner: FakeRunner, cli: Cli) -> None:
    ran = cli("corpus", "run", TARGET, "--from", "corpus")
    assert ran.exit_code == 1, ran.output
    settings = runner.asked[-1]
    assert (settings.corpus, settings.use_corpus, settings.sweep) == (Path("corpus"), False, False)
    cli("corpus", "run", TARGET)
    assert (runner.asked[-1].corpus, runner.asked[-1].use_corpus) == (None, True)


@pytest.mark.usefixtures("added")
def test_a_corpus_is_run_with_all_credentials_that_there_are(
    runner: FakeRunner, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("USERNAME", "PASSWORD", "OTHER_USERNAME", "OTHER_PASSWORD", "TOKEN"):
        monkeypatch.setenv(f"REGSHAPE_{name}", name.lower())
    cli("corpus", "run", TARGET)
    asked = runner.asked[-1]
    assert (asked.username, asked.other_username) == ("username", "other_username")
    secrets = (asked.password, asked.other_password, asked.tokens["main"])
    assert [secret.get_secret_value() for secret in secrets if secret] == [
        *("password", "other_password", "token")
    ]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("add zzz", "there is no verdict store"),
        ("list none", "none: there is no such folder of cases"),
        ("import none.json", "none.json: cannot be read: No such file"),
        (f"run {TARGET} --from none", "none: there is no such folder of cases"),
        ("minimize none", "none: there is no such folder of cases"),
        ("run https://registry.example.org", "registry.example.org is not this machine"),
    ],
)
def test_what_cannot_serve_is_said(runner: FakeRunner, cli: Cli, words: str, sentence: str) -> None:
    ran = cli("corpus", *words.split())
    assert (ran.exit_code, ran.stdout, runner.asked) == (2, "", [])
    assert sentence in ran.stderr


@pytest.mark.parametrize("word", ["add", "list", "minimize", "run", "import"])
def test_every_help_shows_an_example(cli: Cli, word: str) -> None:
    assert f"Example: regshape corpus {word}" in cli("corpus", word, "--help").stdout
