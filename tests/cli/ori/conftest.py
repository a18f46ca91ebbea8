"""Projects to pack, and the commands of `regshape ori` in this process."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from regshape.cli.main import app

MANIFEST = """# kept
[project]
name = "{name}"
version = "{version}"
description = "A package"

[scripts]
build = "make"

[dependencies]
{dependencies}
"""


@pytest.fixture(autouse=True)
def _nobodys_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the developer's registries and tokens out, and files in a folder of the test's."""
    for name in list(os.environ):
        if name.startswith(("ORI_", "XDG_")) or name == "CI":
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)


def project(
    folder: Path, name: str = "@acme/json", version: str = "1.0.0", dependencies: str = ""
) -> Path:
    """Write a project into a folder."""
    (folder / "src").mkdir(parents=True, exist_ok=True)
    text = MANIFEST.format(name=name, version=version, dependencies=dependencies)
    (folder / "oripk.toml").write_text(text)
    (folder / "src" / "lib.ori").write_text(f"version {version}\n")
    return folder


def call(*words: object, columns: int = 80) -> Result:
    """Run a command of `regshape ori`."""
    environment = {"COLUMNS": str(columns), "TERM": "dumb"}
    return CliRunner().invoke(app, ["ori", *map(str, words)], env=environment)


def done(*words: object) -> Result:
    """Run a command that must succeed."""
    ran = call(*words)
    assert ran.exit_code == 0, ran.output
    return ran
