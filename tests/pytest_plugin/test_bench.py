"""Own tests over the strategies, and that what runs the engine leaves its surroundings alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from regshape.catalog import find
from regshape.errors import UsageError
from regshape.pytest_plugin.bench import Wish, shared
from regshape.pytest_plugin.sheet import Sheet, Told
from regshape.settings import Settings
from tests.pytest_plugin.projects import CHUNKS, MOUNTS, SWEEP, outcomes, project

pytest_plugins = ("pytester",)

GIVEN = """
    from hypothesis import HealthCheck, given, settings
    from regshape.strategies import oci

    @settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(oci.cases())
    def test_any_case(run_case, case):
        run_case(case)
"""
ONE = """
    import pytest
    from regshape.model import Case, Step

    AHEAD = Case("oci", (Step("send-chunk", {"order": "ahead"}),))
    MOUNT = Case("oci", (Step("mount-blob", {"want": "missing"}),))

    def test_ahead(run_case):
        run_case(AHEAD)

    @pytest.mark.regshape(skip=["OCI-CHK-*"])
    def test_ahead_without_chunks(run_case):
        assert "OCI-CHK-07" in run_case(AHEAD).judged

    @pytest.mark.regshape(only="OCI-PULL-*")
    def test_ahead_for_pulls_only(run_case):
        run_case(AHEAD)

    @pytest.mark.regshape(fail_on="never")
    def test_ahead_without_consequences(run_case):
        assert [v.requirement for v in run_case(AHEAD).violations] == ["OCI-CHK-07"]
"""


def test_cases_of_a_strategy_pass_on_the_reference(pytester: pytest.Pytester) -> None:
    project(pytester, test_own=GIVEN)
    ran = pytester.runpytest_inprocess()
    assert outcomes(ran) == {"passed": 1}


def test_a_case_fails_its_test_where_the_marker_lets_it(pytester: pytest.Pytester) -> None:
    project(pytester, CHUNKS, test_own=ONE)
    ran = pytester.runpytest_inprocess("-v")
    assert outcomes(ran) == {"passed": 3, "failed": 1}
    ran.stdout.fnmatch_lines(
        [
            "*::test_ahead FAILED*",
            "*NotMetError: a chunk out of order (ahead) was answered with 202, not 416",
            "*OCI-CHK-07, MUST: A chunk out of order is answered with 416.",
            "* 1 POST /v2/*/blobs/uploads/ -> 202",
            "*curl -i --path-as-is *",
        ]
    )


def test_a_marker_that_means_nothing_fails_its_test(pytester: pytest.Pytester) -> None:
    text = ONE.replace('only="OCI-PULL-*"', "onyl=1")
    project(pytester, CHUNKS, test_own=text)
    ran = pytester.runpytest_inprocess("-k", "pulls_only")
    assert outcomes(ran)["failed"] == 1
    ran.stdout.fnmatch_lines(["*the marker regshape takes only, skip and fail_on=*"])


def test_a_case_without_a_registry_ends_the_session_in_one_line(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(ONE)
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function")
    ran = pytester.runpytest_inprocess("-k", "pulls_only")
    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    ran.stderr.fnmatch_lines(["ERROR: regshape: which registry? Write --regshape URL, *"])


def test_an_error_of_regshape_in_a_test_of_ones_own_is_a_failure_like_others(
    pytester: pytest.Pytester,
) -> None:
    text = """
        from regshape.errors import UsageError
        def test_raises(): raise UsageError("mine")
        def test_goes_on(): pass
    """
    project(pytester, test_own=text)
    assert outcomes(pytester.runpytest_inprocess()) == {"failed": 1, "passed": 1}


@pytest.mark.parametrize(
    ("marked", "covered"),
    [({}, True), ({"only": ["OCI-*"]}, True), ({"skip": "OCI-*"}, False), ({"only": ()}, True)],
)
def test_a_wish_covers_what_it_names(marked: dict[str, object], *, covered: bool) -> None:
    chunk = next(r for r in find("oci").protocol.requirements if r.id == "OCI-CHK-07")
    assert Wish.read(Settings(), marked).covers(chunk, chunk.level) is covered


def test_a_wish_for_an_unknown_level_is_refused() -> None:
    with pytest.raises(UsageError, match="fail_on=must, should, never"):
        Wish.read(Settings(), {"fail_on": "may"})


ASYNC = """
    import asyncio
    import pytest

    LOOP = asyncio.new_event_loop()

    def test_the_loop_of_the_tests_is_left_alone(run_case):
        from regshape.model import Case, Step
        asyncio.set_event_loop(LOOP)
        run_case(Case("oci", (Step("ping"),)))
        assert asyncio.get_event_loop() is LOOP
        asyncio.set_event_loop(None)
        LOOP.close()
"""
COROUTINE = """
    import asyncio

    async def test_a_coroutine():
        await asyncio.sleep(0)
"""


def test_the_event_loop_of_the_tests_is_not_touched(pytester: pytest.Pytester) -> None:
    project(pytester, test_own=ASYNC)
    ran = pytester.runpytest_inprocess("-p", "no:asyncio", "-o", "filterwarnings=default")
    assert outcomes(ran)["passed"] == 1


def test_coroutines_run_beside_a_campaign(pytester: pytest.Pytester) -> None:
    project(pytester, CHUNKS, ini="asyncio_mode = auto\n", test_own=COROUTINE)
    words = ("--regshape", *SWEEP, "--regshape-only", "OCI-CHK-07")
    counts = outcomes(pytester.runpytest_inprocess(*words))
    assert (counts["failed"], counts["passed"]) == (1, 1)


def test_a_campaign_needs_no_plugin_for_coroutines(pytester: pytest.Pytester) -> None:
    project(pytester, MOUNTS)
    words = ("--regshape", *SWEEP, "--regshape-fail-on", "should", "--regshape-only", "OCI-MNT-*")
    pytester.makeini("[pytest]\nfilterwarnings = error")
    ran = pytester.runpytest_inprocess("-p", "no:asyncio", "-p", "no:anyio", *words)
    assert outcomes(ran)["failed"] == 1


HEAVY = (
    *("hypothesis", "httpx", "sqlalchemy", "rich", "pydantic", "anyio"),
    *("regshape.catalog", "regshape.engine", "regshape.model"),
)


def test_importing_the_plugin_imports_nothing_heavy() -> None:
    look = f"import sys, regshape.pytest_plugin; print([n for n in {HEAVY!r} if n in sys.modules])"
    ran = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", look], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "[]\n"


def test_a_session_that_does_not_use_it_imports_nothing_heavy(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    pytester.makepyfile(
        f"import sys\ndef test_light(): assert [n for n in {HEAVY!r} if n in sys.modules] == []"
    )
    ran = pytester.runpytest_subprocess("-p", "regshape.pytest_plugin")
    assert outcomes(ran) == {"passed": 1}


SHEET = Sheet({"A": Told("A", "fail", "why", (("regshape_judged", 3),))}, lost="gone")


def test_only_the_first_process_runs_a_campaign(tmp_path: Path) -> None:
    ran: list[int] = []

    def run() -> Sheet:
        ran.append(1)
        return SHEET

    path = tmp_path / "sheet.json"
    assert shared(path, run) == shared(path, run) == SHEET
    assert ran == [1]


def test_another_process_takes_the_place_of_one_that_died(tmp_path: Path) -> None:
    dies = (
        "import os, pathlib, sys; from regshape.pytest_plugin.bench import shared;"
        "shared(pathlib.Path(sys.argv[1]), lambda: os._exit(9))"
    )
    path = tmp_path / "sheet.json"
    died = subprocess.run([sys.executable, "-c", dies, path], check=False)  # noqa: S603 - our own
    assert died.returncode == 9
    assert shared(path, lambda: SHEET) == SHEET
