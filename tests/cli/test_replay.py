from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from typer.testing import Result as Ran

from regshape.model import Case, Step, Violation
from regshape.report.codec import case_to_json

if TYPE_CHECKING:
    from tests.cli.conftest import FakeRunner

Cli = Callable[..., Ran]
TARGET = "http://127.0.0.1:1"
CASE = Case("oci", (Step("patch-upload", {"size": 3}),))


def test_a_case_file_is_run_against_the_target(
    runner: FakeRunner, cli: Cli, tmp_path: Path
) -> None:
    (tmp_path / "case.json").write_text(json.dumps(case_to_json(CASE)))
    ran = cli("replay", "case.json", TARGET)
    assert ran.exit_code == 0, ran.output
    assert runner.replayed == [CASE]
    assert runner.asked[0].target == TARGET
    assert "   1 PATCH /v2/a/blobs/uploads/1 -> 202\n" in ran.stdout
    assert "pass OCI-CHK-03" in ran.stdout


def test_a_recorded_finding_is_run_against_its_own_target_and_fails_again(
    runner: FakeRunner, cli: Cli
) -> None:
    cli("fuzz", TARGET)
    runner.violations = (Violation("OCI-CHK-03", "status 202", "'3-' was accepted"),)
    ran = cli("replay", "5f0c")
    assert ran.exit_code == 1
    assert runner.asked[-1].target == TARGET
    assert "fail OCI-CHK-03: '3-' was accepted" in ran.stdout
    assert "pass" not in ran.stdout
    elsewhere = cli("replay", "5f0c", "http://127.0.0.1:2")
    assert runner.asked[-1].target == "http://127.0.0.1:2"
    assert elsewhere.exit_code == 1


def test_json_is_one_document(runner: FakeRunner, cli: Cli) -> None:
    cli("fuzz", TARGET)
    document = json.loads(cli("replay", "5f0c", "--json").stdout)
    assert list(document) == ["target", "case", "exchanges", "violations", "judged", "reproduced"]


def test_what_is_neither_a_file_nor_a_finding_is_said(
    runner: FakeRunner, cli: Cli, tmp_path: Path
) -> None:
    missing = cli("replay", "none.json", TARGET)
    assert (missing.exit_code, missing.stderr) == (
        2,
        "error: none.json: cannot be read: No such file or directory\n",
    )
    no_store = cli("replay", "5f0c", TARGET)
    assert no_store.exit_code == 2
    assert "there is no verdict store at .regshape/verdicts.sqlite yet" in no_store.stderr
    cli("fuzz", TARGET)
    unknown = cli("replay", "ffff", TARGET)
    assert unknown.exit_code == 2
    assert "it has 5f0c1a2b3c4d" in unknown.stderr


def test_a_case_with_an_unknown_operation_is_refused(
    runner: FakeRunner, cli: Cli, tmp_path: Path
) -> None:
    case = Case("oci", (Step("patch-uploads"),))
    (tmp_path / "case.json").write_text(json.dumps(case_to_json(case)))
    ran = cli("replay", "case.json", TARGET)
    assert ran.exit_code == 2
    assert "there is no operation 'patch-uploads'; did you mean patch-upload?" in ran.stderr


def test_a_finding_of_another_machine_needs_consent_again(runner: FakeRunner, cli: Cli) -> None:
    cli("fuzz", "http://registry.example.org", "--authorized")
    ran = cli("replay", "5f0c")
    assert ran.exit_code == 2
    assert "--authorized" in ran.stderr
