from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING

from typer.testing import Result as Ran

if TYPE_CHECKING:
    from tests.cli.conftest import FakeRunner

Cli = Callable[..., Ran]


def test_every_requirement_is_a_row_with_what_shows_it(runner: FakeRunner, cli: Cli) -> None:
    first, second = json.loads(cli("requirements", "--json").stdout)
    assert first == {
        "id": "OCI-CHK-03",
        "level": "MUST",
        "section": "Push",
        "text": "A chunk has a range",
        "source": "spec.md:364",
        "check": None,
        "defects": ["accepts-any-range"],
        "waiver": None,
    }
    assert second["waiver"] == "too slow"


def test_people_read_them_as_text(runner: FakeRunner, cli: Cli) -> None:
    ran = cli("requirements", "-P", "oci")
    assert "OCI-CHK-03  MUST  Push\n" in ran.stdout
    assert "shown by: --defect accepts-any-range" in ran.stdout
    assert "not checked: too slow" in ran.stdout
    assert ran.stdout.rstrip().endswith("2 requirements, 0 with a check")


def test_an_unknown_protocol_is_said(runner: FakeRunner, cli: Cli) -> None:
    ran = cli("requirements", "-P", "docker")
    assert (ran.exit_code, ran.stderr) == (2, "error: no protocol 'docker': there is oci\n")
