"""One test for each requirement: how they are collected, and what each of them says."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from regshape.catalog import find
from tests.pytest_plugin.projects import CHUNKS, CONFTEST, INI, MOUNTS, SWEEP, outcomes, project

pytest_plugins = ("pytester",)

IDS = [requirement.id for requirement in find("oci").protocol.requirements]


def test_each_requirement_is_collected_under_the_protocols_name(pytester: pytest.Pytester) -> None:
    project(pytester)
    ran = pytester.runpytest_inprocess("--regshape", "--collect-only", "-q")
    listed = [line for line in ran.outlines if line.startswith("regshape::")]
    assert listed == [f"regshape::oci::{id_}" for id_ in IDS]


def test_nothing_is_collected_unasked(pytester: pytest.Pytester) -> None:
    project(pytester, test_own="def test_own(): pass")
    assert outcomes(pytester.runpytest_inprocess()) == {"passed": 1}


def test_the_ini_file_asks_as_well_as_the_command_line(pytester: pytest.Pytester) -> None:
    ini = "regshape_target = fixture\nregshape_seed = 5\nregshape_time = 1s\n"
    project(pytester, ini=ini)
    ran = pytester.runpytest_inprocess("--collect-only", "-q")
    ran.stdout.fnmatch_lines(["regshape::oci::OCI-CHK-07"])
    headed = pytester.runpytest_inprocess("--collect-only", "-k", "OCI-CHK-07")
    headed.stdout.fnmatch_lines(["regshape: the fixture regshape_target, seed 5"])


def test_a_planted_defect_fails_its_requirement_and_no_other(pytester: pytest.Pytester) -> None:
    project(pytester, CHUNKS)
    ran = pytester.runpytest_inprocess("--regshape", *SWEEP, "-v", "--junitxml", "junit.xml")
    assert ran.ret == pytest.ExitCode.TESTS_FAILED
    counts = outcomes(ran)
    assert counts["failed"] == 1
    assert counts["passed"] + counts["skipped"] == len(IDS) - 1
    assert counts["passed"] > 90
    ran.stdout.fnmatch_lines(
        [
            "regshape::oci::OCI-CHK-03 PASSED*",
            "regshape::oci::OCI-CHK-07 FAILED*",
            "a chunk out of order (ahead) was answered with 202, not 416",
            "  OCI-CHK-07, MUST: A chunk out of order is answered with 416.",
            "  from distribution-spec, Pushing a blob in chunks,",
            "  https://github.com/opencontainers/distribution-spec/blob/*",
            "   1 POST /v2/*/blobs/uploads/ -> 202",
            "   2 PATCH /v2/* -> 202",
            "pytest --regshape --regshape-seed 7 -k OCI-CHK-07",
            "oci 1.1 on an ASGI application, seed 7: * requirements: *",
            "fail OCI-CHK-07: a chunk out of order*",
            "FAILED regshape::oci::OCI-CHK-07 - *a chunk out of order*",
        ]
    )
    ran.stdout.no_fnmatch_line("*Traceback*")
    ran.stdout.no_fnmatch_line("*.py:*")
    _check_junit(pytester)


def _check_junit(pytester: pytest.Pytester) -> None:
    suite = ET.parse(pytester.path / "junit.xml")  # noqa: S314 - pytest's own
    cases = {case.get("name"): case for case in suite.iter("testcase")}
    assert list(cases) == IDS
    failed = cases["OCI-CHK-07"]
    assert failed.get("classname") == "regshape.oci"
    (failure,) = failed.findall("failure")
    assert "A chunk out of order is answered with 416." in (failure.text or "")
    properties = {p.get("name"): p.get("value") for p in failed.iter("property")}
    assert properties["regshape_requirement"] == "OCI-CHK-07"
    assert properties["regshape_level"] == "MUST"
    assert properties["regshape_outcome"] == "fail"
    assert properties["regshape_findings"] == "1"
    assert int(properties["regshape_judged"] or 0) > 0
    (skipped,) = cases["OCI-CHK-01"].findall("skipped")
    assert skipped.get("message") == "not in version 1.1: --spec dev judges it"


def test_the_reference_itself_passes(pytester: pytest.Pytester) -> None:
    project(pytester)
    ran = pytester.runpytest_inprocess("--regshape", *SWEEP)
    assert ran.ret == pytest.ExitCode.OK
    assert set(outcomes(ran)) == {"passed", "skipped"}


@pytest.mark.parametrize(
    ("defect", "requirement", "fail_on", "status", "word"),
    [
        (MOUNTS, "OCI-MNT-03", "must", 0, "warned"),
        (MOUNTS, "OCI-MNT-03", "should", 1, "failed"),
        (CHUNKS, "OCI-CHK-07", "never", 0, "warned"),
    ],
)
def test_what_fails_a_test_is_a_choice(
    pytester: pytest.Pytester, defect: str, requirement: str, fail_on: str, status: int, word: str
) -> None:
    project(pytester, defect)
    words = ("--regshape-fail-on", fail_on, "--regshape-only", requirement)
    ran = pytester.runpytest_inprocess("--regshape", *SWEEP, *words)
    assert ran.ret == status
    assert re.search(rf"\b1 {word}\b", ran.outlines[-1])
    ran.stdout.fnmatch_lines([f"{'warn' if word == 'warned' else 'fail'} {requirement}: *"])


def test_what_is_skipped_says_why_and_names_no_source_file(pytester: pytest.Pytester) -> None:
    project(pytester)
    ran = pytester.runpytest_inprocess("--regshape", *SWEEP, "-rs", "--regshape-only", "OCI-CHK-*")
    ran.stdout.fnmatch_lines(["SKIPPED [[]*[]] regshape: left out by --only"])


def test_tests_of_requirements_are_chosen_by_marker_and_by_name(pytester: pytest.Pytester) -> None:
    project(pytester, test_own="def test_own(): pass")
    without = pytester.runpytest_inprocess("--regshape", "-m", "not regshape")
    assert outcomes(without) == {"passed": 1, "deselected": len(IDS)}
    ran = pytester.runpytest_inprocess("--regshape", "--collect-only", "-q", "-k", "OCI-CHK-07")
    assert [line for line in ran.outlines if "::" in line] == ["regshape::oci::OCI-CHK-07"]


def test_a_registry_is_found_in_the_conftest_of_a_folder(pytester: pytest.Pytester) -> None:
    pytester.makeini(INI)
    tests = pytester.mkdir("tests")
    (tests / "conftest.py").write_text(CONFTEST.format(defects=(CHUNKS,)))
    ran = pytester.runpytest_inprocess("--regshape", *SWEEP, "--regshape-only", "OCI-CHK-07")
    assert outcomes(ran)["failed"] == 1


def test_two_folders_that_each_start_a_registry_are_refused(pytester: pytest.Pytester) -> None:
    pytester.makeini(INI)
    for name in ("one", "two"):
        folder = pytester.mkdir(name)
        (folder / "conftest.py").write_text(CONFTEST.format(defects=()))
        (folder / f"test_{name}.py").write_text("def test(): pass")
    ran = pytester.runpytest_inprocess("--regshape")
    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    ran.stderr.fnmatch_lines(["ERROR: regshape: the conftests of one and two both override *"])
    assert pytester.runpytest_inprocess("one", "--regshape", "--collect-only").ret == 0
