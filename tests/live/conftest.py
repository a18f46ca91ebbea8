"""A registry that nobody here wrote, and campaigns on it with the command as it is installed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.live.debian import MISSING, Running, docker_registry, installed

COMMAND = (sys.executable, "-m", "regshape")
COMMAND_SECONDS = 180
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("OCI_", "REGSHAPE_")) and name != "CI"
}


@dataclass(frozen=True)
class Ran:
    """A command that has ended."""

    status: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Campaign:
    """A campaign that has ended, and the folder with its verdict store."""

    ran: Ran
    folder: Path
    document: Mapping[str, Any]

    def outcomes(self) -> dict[str, str]:
        return {row["requirement"]: row["outcome"] for row in self.document["verdicts"]}

    def findings_of(self, requirement: str) -> list[Any]:
        return [row for row in self.document["findings"] if row["requirement"] == requirement]


def regshape(*words: str, folder: Path) -> Ran:
    """Run a command to its end in a folder."""
    done = subprocess.run(  # noqa: S603 - this program
        [*COMMAND, *words],
        cwd=folder,
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=COMMAND_SECONDS,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def campaign_on(url: str, folder: Path, *words: str) -> Campaign:
    ran = regshape("fuzz", url, "--json", "--seed", "7", *words, folder=folder)
    assert ran.out, ran.err
    return Campaign(ran, folder, ran.json())


def need_docker_registry() -> None:
    if installed() is not None:
        return
    if os.environ.get("CI"):
        pytest.fail(MISSING)
    pytest.skip(MISSING)


@pytest.fixture
def registry() -> Iterator[Running]:
    """A registry of this test's own, that it may kill."""
    need_docker_registry()
    with docker_registry() as running:
        yield running


@pytest.fixture(scope="session")
def shared_registry() -> Iterator[Running]:
    need_docker_registry()
    with docker_registry() as running:
        yield running


@pytest.fixture(scope="session")
def swept(shared_registry: Running, tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    """A campaign of the sweep alone, with its report for people beside the store."""
    report = ("--report", "html=report.html")
    return campaign_on(
        shared_registry.url, tmp_path_factory.mktemp("swept"), "--time", "0s", *report
    )


@pytest.fixture(scope="session")
def searched(shared_registry: Running, tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    """A campaign of the sweep and ten seconds of search."""
    return campaign_on(shared_registry.url, tmp_path_factory.mktemp("searched"), "--time", "10s")
