"""Projects of registry authors, as small as they can be."""

from __future__ import annotations

import pytest

INI = """
[pytest]
asyncio_default_fixture_loop_scope = function
filterwarnings = error
"""
CONFTEST = """
import pytest
from regshape.catalog import ReferenceSettings, find

@pytest.fixture(scope="session")
def regshape_target():
    return find("oci").reference(ReferenceSettings(defects={defects!r}))
"""
SWEEP = ("--regshape-time", "0", "--regshape-seed", "7")
CHUNKS = "chunk-order-ignored"
"""A defect that violates one MUST, OCI-CHK-07."""
MOUNTS = "failed-mount-refused"
"""A defect that violates one SHOULD, OCI-MNT-03."""


def project(pytester: pytest.Pytester, *defects: str, ini: str = "", **files: str) -> None:
    """Write a project that starts a registry with these defects."""
    pytester.makeini(INI + ini)
    pytester.makeconftest(CONFTEST.format(defects=defects))
    if files:
        pytester.makepyfile(**files)


def outcomes(ran: pytest.RunResult) -> dict[str, int]:
    """Return the counts of the last line, warnings of pytest's own included."""
    return ran.parseoutcomes()
