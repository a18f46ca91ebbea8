"""Reference registries as processes of their own, and the client's commands in this one."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from regshape.cli.main import app

LISTENING = "listening on "


@contextmanager
def serving(*words: str) -> Iterator[str]:
    """Run `regshape serve`, and yield `HOST:PORT`."""
    command = [sys.executable, "-m", "regshape", "serve", "--port", "0", "--stop-with-stdin"]
    with subprocess.Popen(  # noqa: S603 - this program
        [*command, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith(LISTENING)
        yield line.removeprefix(f"{LISTENING}http://").strip()
        process.stdin.close()


@pytest.fixture(autouse=True)
def _nobodys_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the developer's credentials and settings out, and files in a folder of the test's."""
    for name in ("REGSHAPE_USERNAME", "REGSHAPE_PASSWORD", "REGSHAPE_REGISTRY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("REGISTRY_AUTH_FILE", "OCI_USERNAME", "OCI_PASSWORD", "CI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="session")
def registry() -> Iterator[str]:
    """A reference registry that all tests of a worker share: each takes a repository of its own."""
    with serving() as address:
        yield address


@pytest.fixture
def repo(request: pytest.FixtureRequest) -> str:
    """A repository that no other test uses."""
    return "t" + hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]


def call(*words: str, stdin: bytes | None = None, columns: int = 80) -> Result:
    """Run a command of the client."""
    environment = {"COLUMNS": str(columns), "TERM": "dumb"}
    return CliRunner().invoke(app, list(words), input=stdin, env=environment)


def done(*words: str, stdin: bytes | None = None) -> Result:
    """Run a command that must succeed."""
    ran = call(*words, stdin=stdin)
    assert ran.exit_code == 0, ran.output
    return ran


def document(*words: str, stdin: bytes | None = None) -> Any:
    """Run a command with `--json`, and return the only document on its stdout."""
    return json.loads(done(*words, "--json", stdin=stdin).stdout)


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


CONFIG = b"{}"
LAYER = b"layer" * 1000


def manifest_of(*layers: bytes, **more: object) -> bytes:
    """Return an image manifest of the layers."""

    def described(content: bytes, kind: str) -> dict[str, object]:
        media_type = f"application/vnd.oci.image.{kind}"
        return {"mediaType": media_type, "digest": digest_of(content), "size": len(content)}

    return json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": described(CONFIG, "config.v1+json"),
            "layers": [described(layer, "layer.v1.tar") for layer in layers],
            **more,
        }
    ).encode()


def pushed(registry: str, repo: str, *tags: str, **more: object) -> str:
    """Put an image of one layer into a repository by commands, and return its digest."""
    for content in (CONFIG, LAYER):
        done("blob", "upload", "-r", registry, repo, "-", stdin=content)
    content = manifest_of(LAYER, **more)
    for tag in tags or ("v1",):
        done("manifest", "put", f"{registry}/{repo}:{tag}", stdin=content)
    return digest_of(content)
