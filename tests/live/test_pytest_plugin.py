"""Requirements as tests, on CNCF distribution 2.8.2."""

from __future__ import annotations

import pytest

from tests.live.debian import Running
from tests.pytest_plugin.projects import INI, SWEEP

pytest_plugins = ("pytester",)

pytestmark = pytest.mark.live

FAILS = ("OCI-CHK-07", "OCI-REF-01", "OCI-TAGS-03", "OCI-TAGS-04", "OCI-TAGS-08", "OCI-PULL-06")
PASSES = ("OCI-API-03", "OCI-PULL-01", "OCI-UPL-01", "OCI-MAN-03", "OCI-TAGS-10", "OCI-ERR-01")
SKIPS = ("OCI-UPL-09", "OCI-RFR-01", "OCI-SUB-01", "OCI-DEL-02")


@pytest.mark.slow
def test_known_faults_fail_their_tests_and_what_is_right_passes(
    shared_registry: Running, pytester: pytest.Pytester
) -> None:
    pytester.makeini(INI)
    ran = pytester.runpytest_subprocess("--regshape", shared_registry.url, *SWEEP, "-v")
    assert ran.ret == pytest.ExitCode.TESTS_FAILED
    said = ran.stdout.str()
    for word, ids in (("FAILED", FAILS), ("PASSED", PASSES), ("SKIPPED", SKIPS)):
        for id_ in ids:
            assert f"regshape::oci::{id_} {word}" in said
    ran.stdout.fnmatch_lines(["fail OCI-CHK-07: *", "  regshape replay *"])
    ran.stdout.fnmatch_lines(["warn OCI-NEG-01: *"])
    ran.stdout.no_fnmatch_line("*Traceback*")
