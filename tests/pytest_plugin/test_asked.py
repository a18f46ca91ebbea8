"""Options, their twins in the ini file, and what is said of those that make no sense."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from regshape.pytest_plugin.asked import OPTIONS
from tests.pytest_plugin.projects import CONFTEST, INI, SWEEP, project

pytest_plugins = ("pytester",)

HERE = "http://127.0.0.1:1"


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OCI_ROOT_URL", "OCI_NAMESPACE", "OCI_USERNAME", "OCI_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("REGSHAPE_USERNAME", raising=False)


def test_every_option_has_a_twin_in_the_ini_file(pytester: pytest.Pytester) -> None:
    pytester.makeini(INI)
    shown = pytester.runpytest_inprocess("--help").stdout.str()
    for option in OPTIONS:
        assert f"--regshape-{option.name}" in shown
        assert re.search(rf"^  {option.key} \(", shown, re.MULTILINE), option.key
    assert "regshape_target (string)" in shown
    assert "pytest --regshape http://127.0.0.1:5000" in " ".join(shown.split())


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (f"--regshape {HERE}", "cannot connect to 127.0.0.1:1: * is the registry running there?"),
        ("--regshape", "which registry? Write --regshape URL, or *"),
        ("--regshape localhost:5000", "TARGET 'localhost:5000' is no URL: *"),
        ("--regshape tests", "tests is no URL: write --regshape=fixture before what to test"),
        ("--regshape http://example.org", "example.org is not this machine, * --regshape-author*"),
        ("--regshape http://bob@127.0.0.1:1", "there is no password for bob: set REGSHAPE_PASSW*"),
        (f"--regshape {HERE} --regshape-time soon", "--regshape-time: 'soon' is no duration: *"),
        (f"--regshape {HERE} --regshape-seed x", "--regshape-seed must be a valid integer*"),
        (f"--regshape {HERE} --regshape-max-requests 0", "--regshape-max-requests must be *"),
        (f"--regshape {HERE} --regshape-only OCI-CHK-99", "there is no requirement 'OCI-CHK-99'*"),
        (f"--regshape {HERE} --regshape-skip NO-*", "there is no requirement 'NO-[*]'; *"),
        (f"--regshape {HERE} --regshape-protocol ocl", "no protocol 'ocl': there is oci"),
        (f"--regshape {HERE} --regshape-spec 9", "there is no spec version '9'; there are: *"),
        (f"--regshape {HERE} --regshape-fail-on may", "--regshape-fail-on must be 'must', *"),
        (f"--regshape {HERE} --regshape-baseline no.json", "the baseline *no.json cannot be read*"),
        (
            f"--regshape {HERE} --regshape-ca-file no.pem",
            "--regshape-ca-file *no.pem: there *",
        ),
    ],
)
def test_what_cannot_be_is_said_in_one_line_with_status_4(
    pytester: pytest.Pytester, words: str, sentence: str
) -> None:
    pytester.makeini(INI)
    pytester.mkdir("tests")
    ran = pytester.runpytest_inprocess(*words.split())
    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    said = [line for line in ran.errlines if line]
    ran.stderr.fnmatch_lines([f"ERROR: regshape: {sentence}"])
    assert len(said) == 1
    for output in (ran.stdout, ran.stderr):
        output.no_fnmatch_line("*Traceback*")
        output.no_fnmatch_line("*INTERNALERROR*")


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("17", "regshape_target gave a int, not a URL or an ASGI application"),
        ("'http://127.0.0.1:1'", "cannot connect to 127.0.0.1:1: *"),
        ("'http://192.0.2.7:5000'", "192.0.2.7 is not this machine, *"),
    ],
)
def test_a_fixture_that_gives_no_registry_is_told_in_one_line(
    pytester: pytest.Pytester, value: str, said: str
) -> None:
    pytester.makeini(INI)
    pytester.makeconftest(
        f"import pytest\n@pytest.fixture(scope='session')\ndef regshape_target(): return {value}"
    )
    ran = pytester.runpytest_inprocess("--regshape", "--regshape-time", "0")
    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    ran.stderr.fnmatch_lines([f"ERROR: regshape: {said}"])
    ran.stdout.no_fnmatch_line("*Traceback*")


def test_a_url_that_is_typed_counts_more_than_the_fixture(pytester: pytest.Pytester) -> None:
    project(pytester)
    ran = pytester.runpytest_inprocess("--regshape", HERE)
    ran.stderr.fnmatch_lines(["ERROR: regshape: cannot connect to 127.0.0.1:1: *"])


def test_the_fixture_counts_more_than_a_url_of_the_ini_file(pytester: pytest.Pytester) -> None:
    project(pytester, ini=f"regshape_target = {HERE}\n")
    ran = pytester.runpytest_inprocess(*SWEEP, "--regshape-max-requests", "200")
    assert ran.ret == pytest.ExitCode.OK


def test_options_of_the_ini_file_are_read(pytester: pytest.Pytester) -> None:
    ini = (
        "regshape_target = fixture\nregshape_only =\n  OCI-API-*\n  OCI-CHK-07\n"
        "regshape_skip = OCI-API-03\nregshape_time = 0\nregshape_seed = 9\nregshape_fail_on = never"
    )
    project(pytester, "chunk-order-ignored", ini=ini)
    ran = pytester.runpytest_inprocess("-rs")
    assert ran.ret == pytest.ExitCode.OK
    ran.stdout.fnmatch_lines(
        ["*, seed 9: *", "warn OCI-CHK-07: *", "*1] regshape: left out by --skip"]
    )


def test_a_path_of_the_ini_file_is_taken_from_where_that_stands(pytester: pytest.Pytester) -> None:
    pytester.makeini(INI + "regshape_baseline = known.json")
    pytester.makeconftest(CONFTEST.format(defects=()))
    folder = pytester.mkdir("inside")
    pytester.chdir()
    ran = pytester.runpytest_inprocess("--regshape", str(folder))
    wanted = Path(pytester.path) / "known.json"
    ran.stderr.fnmatch_lines([f"ERROR: regshape: the baseline {wanted} cannot be read: *"])
