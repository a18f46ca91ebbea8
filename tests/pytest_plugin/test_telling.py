"""What pytest's output says at the end: replays, what is known or fixed, a target that is lost."""

from __future__ import annotations

import re
import sys
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest

from regshape.catalog import ReferenceSettings, find
from regshape.cli.embedded import embedded_registry
from regshape.engine.runner import run_campaign
from regshape.model import KnownFailure
from regshape.report.baseline import Baseline, baseline_of, write_baseline
from regshape.settings import Settings
from tests.pytest_plugin.projects import CHUNKS, INI, SWEEP, outcomes, project

pytest_plugins = ("pytester",)

ONLY = ("--regshape-only", "OCI-CHK-*")


@pytest.fixture(scope="session")
def served() -> object:
    with embedded_registry("oci", [CHUNKS]) as url:
        yield url


async def _known(path: Path, *more: KnownFailure, expires: date | None = None) -> None:
    app = find("oci").reference(ReferenceSettings(defects=(CHUNKS,)))
    settings = Settings(time=0, seed=7, only=("OCI-CHK-07",))
    result = await run_campaign(settings, find("oci"), inner=httpx.ASGITransport(app))
    (entry,) = baseline_of(result).entries
    known = KnownFailure(entry.requirement, entry.finding, reason="known as #7", expires=expires)
    write_baseline(path, Baseline("oci", "1.1", (known, *more)))


async def test_what_the_baseline_knows_is_expected_to_fail(pytester: pytest.Pytester) -> None:
    fixed = KnownFailure("OCI-CHK-03", "0123456789ab", summary="it was wrong once")
    await _known(pytester.path / "known.json", fixed)
    project(pytester, CHUNKS)
    ran = pytester.runpytest_inprocess(
        "--regshape", *SWEEP, *ONLY, "--regshape-baseline", "known.json", "-rx"
    )
    assert ran.ret == pytest.ExitCode.OK
    assert outcomes(ran)["xfailed"] == 1
    ran.stdout.fnmatch_lines(
        [
            "fixed OCI-CHK-03: 01234567 it was wrong once: the baseline may forget it",
            "known OCI-CHK-07: a chunk out of order*",
            "XFAIL regshape::oci::OCI-CHK-07 - *known as #7*",
        ]
    )


async def test_what_the_baseline_excused_until_yesterday_fails(pytester: pytest.Pytester) -> None:
    await _known(pytester.path / "known.json", expires=date.today() - timedelta(days=2))  # noqa: DTZ011
    project(pytester, CHUNKS)
    words = ("--regshape", *SWEEP, *ONLY, "--regshape-baseline", "known.json")
    assert outcomes(pytester.runpytest_inprocess(*words))["failed"] == 1


def test_the_replay_of_a_failure_fails_again(pytester: pytest.Pytester, served: str) -> None:
    pytester.makeini(INI)
    ran = pytester.runpytest_inprocess("--regshape", served, *SWEEP, *ONLY)
    assert outcomes(ran)["failed"] == 1
    ran.stdout.fnmatch_lines(["curl -i --path-as-is -X POST *"])
    (line,) = {line.strip() for line in ran.outlines if line.startswith("  regshape replay ")}
    found = re.fullmatch(r"regshape replay (\S+\.json) (\S+)", line)
    assert found is not None
    assert found[2] == served
    again = pytester.run(sys.executable, "-m", "regshape", "replay", *found.groups())
    assert again.ret == 1
    again.stdout.fnmatch_lines(["fail OCI-CHK-07: a chunk out of order*"])


def test_secrets_are_in_no_output(
    pytester: pytest.Pytester, served: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGSHAPE_PASSWORD", "s3same-open")
    pytester.makeini(INI)
    url = served.replace("//", "//bob@")
    ran = pytester.runpytest_inprocess(
        "--regshape", url, *SWEEP, *ONLY, "--junitxml", "junit.xml", "-rA"
    )
    assert outcomes(ran)["failed"] == 1
    assert "s3same-open" not in ran.stdout.str() + ran.stderr.str()
    assert "s3same-open" not in (pytester.path / "junit.xml").read_text()
    kept = [path.read_text() for path in pytester.path.rglob("*.json")]
    assert kept
    assert not [text for text in kept if "s3same-open" in text]


LOST = """
    import pytest
    from regshape.catalog import find
    from regshape.pytest_plugin.sheet import Sheet, Told

    @pytest.fixture(scope="session")
    def regshape_campaign():
        ids = [r.id for r in find("oci").protocol.requirements]
        beside = lambda id_: (("regshape_requirement", id_), ("regshape_campaign", "oci on x"))
        told = {i: Told(i, "skip", "inconclusive: the target was lost", beside(i)) for i in ids}
        return Sheet(told, lost="the target was lost after 40 requests")
"""


def test_a_target_that_is_lost_lets_no_session_pass(pytester: pytest.Pytester) -> None:
    pytester.makeini(INI)
    pytester.makeconftest(LOST)
    ran = pytester.runpytest_inprocess("--regshape", "http://127.0.0.1:1")
    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    ran.stdout.fnmatch_lines(["error: the target was lost after 40 requests"])


COUNTED = """
    import pathlib
    import pytest
    from regshape.catalog import ReferenceSettings, find

    @pytest.fixture(scope="session")
    def regshape_target():
        with pathlib.Path("started").open("a") as file:
            file.write("x")
        return find("oci").reference(ReferenceSettings(defects=("chunk-order-ignored",)))
"""


def _verdicts(ran: pytest.RunResult) -> set[tuple[str, str]]:
    found = re.findall(
        r"(PASSED|FAILED|SKIPPED) +regshape::oci::(\S+)|"
        r"regshape::oci::(\S+) (PASSED|FAILED|SKIPPED)",
        ran.stdout.str(),
    )
    return {(a or d, b or c) for a, b, c, d in found}


@pytest.mark.slow
def test_processes_of_xdist_share_one_campaign_with_the_same_verdicts(
    pytester: pytest.Pytester,
) -> None:
    pytester.makeini(INI)
    pytester.makeconftest(COUNTED)
    alone = pytester.runpytest_subprocess("--regshape", *SWEEP, "-v")
    (pytester.path / "started").unlink()
    spread = pytester.runpytest_subprocess("--regshape", *SWEEP, "-v", "-n", "2")
    assert len(_verdicts(alone)) == len(find("oci").protocol.requirements)
    assert _verdicts(alone) == _verdicts(spread)
    assert (pytester.path / "started").read_text() == "x"
    spread.stdout.fnmatch_lines(["fail OCI-CHK-07: a chunk out of order*"])


@pytest.mark.slow
def test_processes_of_xdist_say_once_that_nothing_answers(pytester: pytest.Pytester) -> None:
    pytester.makeini(INI)
    ran = pytester.runpytest_subprocess("--regshape", "http://127.0.0.1:1", "-n", "2")
    assert ran.ret == pytest.ExitCode.USAGE_ERROR
    said = [line for line in ran.errlines if line]
    assert len(said) == 1
    ran.stderr.fnmatch_lines(["ERROR: regshape: cannot connect to 127.0.0.1:1: *"])
    ran.stdout.no_fnmatch_line("*Traceback*")
