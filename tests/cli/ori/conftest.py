"""Projects to pack, and the commands of `regshape ori` in this process."""

from __future__ import annotations

import json
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from typer.testing import CliRunner, Result

from regshape.cli.main import app
from regshape.protocols.ori.models import Advisory
from regshape.protocols.ori.reference import Reference, ReferenceOptions
from tests.protocols.ori.registries import GRANTS

ADVISORIES = [
    Advisory.model_validate(
        {
            "id": f"ORI-2026-{number}",
            "modified": "2026-01-01T00:00:00Z",
            "summary": "Reads too much",
            "affected": [
                {
                    "package": {"ecosystem": "Ori", "name": name},
                    "ranges": [
                        {"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.1.0"}]}
                    ],
                }
            ],
        }
    )
    for number, name in enumerate(("@acme/json", "@acme/other"))
]

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


class _Quiet(uvicorn.Server):
    """Announces to who started it that it listens."""

    def __init__(self, config: uvicorn.Config, listening: threading.Event) -> None:
        super().__init__(config)
        self._listening = listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listening.set()


@contextmanager
def serving(reference: Reference) -> Iterator[str]:
    """Serve a registry from a thread, for the commands have this one, and yield its URL."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    with listener:
        listener.bind(("127.0.0.1", 0))
        listening = threading.Event()
        config = uvicorn.Config(reference.app, log_level="critical", lifespan="off")
        server = _Quiet(config, listening)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            assert listening.wait(10)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture
def reference() -> Reference:
    """A registry for one test."""
    return Reference(
        ReferenceOptions(
            tokens=GRANTS,
            advisories=ADVISORIES,
            authenticated_limit=10**6,
            anonymous_limit=10**6,
            page_limit=3,
        )
    )


@pytest.fixture
def registry(reference: Reference, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The default registry of the commands, which alice asks."""
    with serving(reference) as url:
        monkeypatch.setenv("ORI_REGISTRY_URL", url)
        monkeypatch.setenv("ORI_REGISTRY_TOKEN", "alice")
        yield url


def document(*words: object) -> Any:
    """Run a command with `--json`, and return the only document on its stdout."""
    return json.loads(done(*words, "--json").stdout)


def published(folder: Path, *versions: str, name: str = "@acme/json") -> None:
    """Publish some versions of a project by commands."""
    for version in versions:
        done("publish", project(folder / version / name.replace("/", "_"), name, version))
