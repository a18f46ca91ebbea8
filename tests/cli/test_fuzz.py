from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import Result as Ran

from regshape import __version__
from regshape.engine.start import Start
from regshape.errors import StoreError, TargetError
from regshape.model import Outcome
from regshape.report.choose import FORMATS

if TYPE_CHECKING:
    from tests.cli.conftest import FakeRunner

Cli = Callable[..., Ran]
TARGET = "http://127.0.0.1:1"


def test_every_option_becomes_a_setting(runner: FakeRunner, cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    (tmp_path / "cases").mkdir()
    words = (
        f"fuzz {TARGET}/ -P oci --time 10m --max-cases 5 --max-requests 6 --seed 7 -c 3 "
        "--workers 2 --rate 9.5 --only OCI-* --skip OCI-REF-01 --mutator bad-range "
        "--repo-prefix a/b -u bob --password-stdin --insecure --ca-file ca.pem --read-only "
        "--spec dev --corpus cases --store s.sqlite --fail-on never"
    )
    ran = cli(*words.split(), stdin="hunter2\n")
    assert ran.exit_code == 0, ran.output
    (settings,) = runner.asked
    assert settings.model_dump(exclude_defaults=True, exclude={"password"}) == {
        "target": TARGET,
        "spec": "dev",
        "time": 600.0,
        "max_cases": 5,
        "max_requests": 6,
        "seed": 7,
        "concurrency": 3,
        "workers": 2,
        "rate": 9.5,
        "only": ("OCI-*",),
        "skip": ("OCI-REF-01",),
        "mutators": ("bad-range",),
        "repo_prefix": "a/b",
        "username": "bob",
        "insecure": True,
        "ca_file": Path("ca.pem"),
        "read_only": True,
        "corpus": Path("cases"),
        "fail_on": "never",
    }
    assert settings.password is not None
    assert settings.password.get_secret_value() == "hunter2"
    assert "hunter2" not in ran.output
    assert (tmp_path / "s.sqlite").exists()


def test_a_seed_is_drawn_and_printed(runner: FakeRunner, cli: Cli) -> None:
    ran = cli("fuzz", TARGET)
    again = cli("fuzz", TARGET)
    first, second = (settings.seed for settings in runner.asked)
    assert first != second
    assert ran.stdout.startswith(f"fuzzing {TARGET} (oci, --seed {first})\n")
    assert f"--seed {second}" in again.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("localhost:5000", "TARGET 'localhost:5000' is no URL: write http://HOST:PORT"),
        ("http://h:x", "TARGET 'http://h:x' is no URL: Port could not be cast"),
        ("http://[", "TARGET 'http://[' is no URL"),
        ("ftp://127.0.0.1", "is no URL: write http://HOST:PORT or https://HOST"),
        (f"{TARGET}?a=1", "must have no query"),
        (f"{TARGET} --time 5x", "--time: '5x' is no duration: write 45s, 10m or 2h"),
        (f"{TARGET} -P oic", "no protocol 'oic': there is oci"),
        (f"{TARGET} --ca-file none.pem", "--ca-file none.pem: there is no such file"),
        (f"{TARGET} --corpus none", "--corpus none: there is no such folder"),
        (f"{TARGET} --rate 0", "--rate must be greater than 0"),
        (f"{TARGET} --repo-prefix A!", "--repo-prefix must match pattern"),
        (f"{TARGET} --mutator bad-rang", "there is no mutator 'bad-rang'; did you mean bad-range?"),
        (f"{TARGET} --mutator zzz", "there is no mutator 'zzz'; there are: bad-range, drop-digest"),
        (f"{TARGET} --only OCI-CHK-3", "no requirement 'OCI-CHK-3'; did you mean OCI-CHK-03"),
        (f"{TARGET} --skip X-*", "no requirement 'X-*'; there are: OCI-CHK-03, OCI-REF-01"),
        (f"{TARGET} --spec 9", "there is no spec version '9'; there are: 1.1, dev"),
        (f"{TARGET} --defect accepts-any-range", "--defect is for the embedded registry: leave"),
        ("--defect accepts-any", "no defect of oci 'accepts-any'; did you mean accepts-any-range?"),
        (f"{TARGET} --report pdf=x", "--report 'pdf' is no format: there is json, junit,"),
        (f"{TARGET} --report json=.", "--report json=. cannot be written: Is a directory"),
        (f"{TARGET} --store nosuch://x", "needs a database driver"),
        (f"{TARGET} --username bob", "there is no password for bob: set REGSHAPE_PASSWORD"),
        (f"{TARGET} --other-username eve", "there is no password for eve: set REGSHAPE_OTHER"),
        (f"{TARGET} --password-stdin", "--password-stdin needs --username"),
        ("https://registry.example.org", "registry.example.org is not this machine"),
        ("http://127.example.org", "127.example.org is not this machine"),
        ("http://0.0.0.0:5000", "0.0.0.0 is not this machine"),
    ],
)
def test_what_makes_no_sense_is_said_in_one_sentence_before_anything_starts(
    runner: FakeRunner, cli: Cli, words: str, sentence: str
) -> None:
    ran = cli("fuzz", *words.split())
    assert ran.exit_code == 2
    assert sentence in ran.stderr
    assert ran.stderr.startswith("error: ")
    assert ran.stderr.count("\n") == 1
    assert ran.stdout == ""
    assert runner.asked == []


@pytest.mark.parametrize(
    "words", ["--seed -1", "--seed x", "--max-cases 0", "-c 0", "--fail-on may", "--nosuch"]
)
def test_values_that_no_option_takes_end_with_status_2(
    runner: FakeRunner, cli: Cli, words: str
) -> None:
    ran = cli("fuzz", TARGET, *words.split())
    assert ran.exit_code == 2
    assert words.split(maxsplit=1)[0] in ran.stderr
    assert runner.asked == []


def test_another_machine_is_fuzzed_once_its_owner_agrees(runner: FakeRunner, cli: Cli) -> None:
    cli("fuzz", "https://registry.example.org", "--authorized")
    assert runner.asked[0].target == "https://registry.example.org"


def test_a_second_identity_comes_from_the_option_or_the_environment(
    runner: FakeRunner, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGSHAPE_OTHER_PASSWORD", "word")
    cli("fuzz", TARGET, "--other-username", "eve", "--repo-prefix", "a")
    monkeypatch.setenv("REGSHAPE_OTHER_USERNAME", "mallory")
    cli("fuzz", TARGET, "--other-repo-prefix", "b/c")
    first, second = runner.asked
    assert (first.other_username, first.other_prefix) == ("eve", "a-other")
    assert (second.other_username, second.other_prefix) == ("mallory", "b/c")
    assert first.other_password is not None
    assert first.other_password.get_secret_value() == "word"


def test_the_environment_of_the_official_suite_is_understood(
    runner: FakeRunner, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        ("OCI_ROOT_URL", TARGET),
        ("OCI_NAMESPACE", "my/repo"),
        ("OCI_USERNAME", "bob"),
        ("OCI_PASSWORD", "hunter2"),
    ):
        monkeypatch.setenv(name, value)
    cli("fuzz")
    (settings,) = runner.asked
    assert (settings.target, settings.repo_prefix, settings.username) == (TARGET, "my/repo", "bob")
    assert settings.password is not None
    monkeypatch.setenv("REGSHAPE_USERNAME", "alice")
    monkeypatch.setenv("REGSHAPE_PASSWORD", "other")
    cli("fuzz", "http://127.0.0.1:2")
    assert (runner.asked[1].target, runner.asked[1].username) == ("http://127.0.0.1:2", "alice")


def test_credentials_in_the_address_are_taken_out_of_it(runner: FakeRunner, cli: Cli) -> None:
    ran = cli("fuzz", "http://bob:p%40ss@127.0.0.1:1")
    (settings,) = runner.asked
    assert (settings.target, settings.username) == (TARGET, "bob")
    assert settings.password is not None
    assert settings.password.get_secret_value() == "p@ss"
    assert "p@ss" not in ran.output
    assert "p%40ss" not in ran.output


@pytest.mark.parametrize(
    ("outcome", "fail_on", "ended_by", "status"),
    [
        (Outcome.PASS, "must", "time", 0),
        (Outcome.FAIL, "must", "time", 1),
        (Outcome.WARN, "must", "time", 0),
        (Outcome.WARN, "should", "time", 1),
        (Outcome.FAIL, "never", "time", 0),
        (Outcome.FAIL, "must", "target-lost", 3),
        (Outcome.PASS, "must", "interrupt", 130),
    ],
)
def test_the_exit_status_says_how_it_went(
    runner: FakeRunner, cli: Cli, outcome: Outcome, fail_on: str, ended_by: str, status: int
) -> None:
    runner.outcome, runner.ended_by = outcome, ended_by
    ran = cli("fuzz", TARGET, "--fail-on", fail_on)
    assert ran.exit_code == status
    assert ran.stdout.rstrip().endswith(f"exit status {status}")


def test_a_target_that_cannot_be_reached_ends_with_status_3(runner: FakeRunner, cli: Cli) -> None:
    runner.error = TargetError("nothing answers at http://127.0.0.1:1")
    ran = cli("fuzz", TARGET, "--json")
    assert (ran.exit_code, ran.stdout) == (3, "")
    assert ran.stderr == "error: nothing answers at http://127.0.0.1:1\n"


def test_json_is_one_document_and_reports_are_the_same(
    runner: FakeRunner, cli: Cli, tmp_path: Path
) -> None:
    ran = cli("fuzz", TARGET, "--json", "--report", "json=out/r.json")
    document: dict[str, Any] = json.loads(ran.stdout)
    assert document["findings"][0]["id"] == "5f0c1a2b3c4d"
    assert json.loads((tmp_path / "out" / "r.json").read_text()) == document
    assert ran.stderr == ""


def test_a_store_that_breaks_on_the_way_is_said_and_the_result_is_shown(
    runner: FakeRunner, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise StoreError("the verdict store cannot be written: disk full")

    monkeypatch.setattr("regshape.engine.record.store.Store.write", full)
    runner.outcome = Outcome.PASS
    ran = cli("fuzz", TARGET)
    assert ran.stderr.count("cannot be written: disk full; what follows is not recorded") == 1
    assert "1 requirement: 1 pass" in ran.stdout
    assert ran.exit_code == 2


@pytest.mark.parametrize("columns", [60, 80])
def test_what_it_prints_fits(runner: FakeRunner, cli: Cli, columns: int) -> None:
    ran = cli("fuzz", TARGET, columns=columns)
    assert "regshape replay 5f0c1a2b" in ran.stdout
    assert max(len(line) for line in ran.stdout.splitlines()) <= columns


@pytest.mark.parametrize(
    "words", [(), ("fuzz",), ("replay",), ("serve",), ("requirements",), ("verdicts", "list")]
)
def test_every_help_shows_an_example(cli: Cli, words: tuple[str, ...]) -> None:
    ran = cli(*words, "--help")
    assert ran.exit_code == 0
    assert f"Example: regshape {' '.join(words)}".strip() in ran.stdout


def test_the_version_is_said(cli: Cli) -> None:
    assert cli("--version").stdout == f"regshape {__version__}\n"


def test_every_report_is_written_and_the_ci_summary_without_being_asked(
    runner: FakeRunner, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    orders = [f"--report={name}=out/report.{name}" for name in FORMATS]
    assert cli("fuzz", *orders).exit_code == 1
    assert {path.name for path in Path("out").iterdir()} == {f"report.{name}" for name in FORMATS}
    events = [json.loads(line) for line in Path("out/report.ndjson").read_text().splitlines()]
    kinds = [event["event"] for event in events]
    assert kinds == ["started", "phase", "progress", "finding", "verdict", "finished"]
    assert events[0]["campaign"]["target"] == "embedded"
    assert "OCI-CHK-03" in Path("summary.md").read_text()


@pytest.mark.parametrize("name", FORMATS)
def test_a_report_that_cannot_be_written_is_said_before_the_campaign(
    runner: FakeRunner, cli: Cli, name: str
) -> None:
    Path("taken").mkdir()
    ran = cli("fuzz", "--report", f"{name}=taken")
    assert (ran.exit_code, runner.asked) == (2, [])
    assert f"--report {name}=taken cannot be written: Is a directory" in ran.stderr


def test_a_ci_summary_that_cannot_be_written_is_an_error(
    runner: FakeRunner, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner.outcome = Outcome.PASS
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "no/such/folder.md")
    ran = cli("fuzz")
    assert ran.exit_code == 2
    assert "the CI summary no/such/folder.md cannot be written" in ran.stderr


def test_tokens_come_from_the_environment_by_identity(
    runner: FakeRunner, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGSHAPE_TOKEN", "one")
    monkeypatch.setenv("REGSHAPE_TOKEN_OTHER", "two")
    monkeypatch.setenv("REGSHAPE_TOKEN_NO_SCOPE", "three")
    cli("fuzz", TARGET)
    (asked,) = runner.asked
    assert {name: token.get_secret_value() for name, token in asked.tokens.items()} == {
        "main": "one",
        "other": "two",
        "no-scope": "three",
    }
    assert "tokens" not in Start().checkpoint(asked).origin.settings
