"""Debian's docker-registry as a process of ours, on a free port, with storage of its own."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme

PROGRAM = "docker-registry"
MISSING = "docker-registry is missing: install the Debian package docker-registry"
CONFIG = Path(__file__).with_name("docker-registry.yml")
START_SECONDS = 10.0
ATTEMPTS = 3


@dataclass(frozen=True)
class Running:
    """A registry that runs: its URL, and its process for whoever wants it to die."""

    url: str
    process: subprocess.Popen[bytes]


def installed() -> str | None:
    """Return the program's path, or None where the package is not installed."""
    return shutil.which(PROGRAM)


@dataclass(frozen=True)
class Secured:
    """TLS by a certificate of `authority`, and the one user who may come in."""

    authority: Path
    certificate: Path
    username: str = "me"
    password: str = "secret"  # noqa: S105 - a test's

    def environment(self) -> dict[str, str]:
        folder = self.certificate.parent
        (folder / "htpasswd").write_text(f"{self.username}:{HASHED}\n")
        return {
            "REGISTRY_HTTP_TLS_CERTIFICATE": str(self.certificate),
            "REGISTRY_HTTP_TLS_KEY": str(self.certificate),
            "REGISTRY_AUTH": "htpasswd",
            "REGISTRY_AUTH_HTPASSWD_REALM": "live",
            "REGISTRY_AUTH_HTPASSWD_PATH": str(folder / "htpasswd"),
        }


HASHED = "$2b$04$CEYT9lRzTpHacp6uhKVnI.xgdQAJ0BMevO.LyNCV8SKyh8LVRXJs6"
"""`secret`, in bcrypt: the registry takes nothing else."""


def secured(folder: Path) -> Secured:
    """Make an authority of our own, and a certificate of it for this machine."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "authority.pem"))
    issued = authority.issue_cert("localhost", "127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(str(folder / "server.pem"))
    return Secured(folder / "authority.pem", folder / "server.pem")


@contextmanager
def docker_registry(security: Secured | None = None) -> Iterator[Running]:
    """Run a registry for as long as the block lasts; raises `RuntimeError` if it does not start."""
    with tempfile.TemporaryDirectory(prefix="regshape-live-") as folder:
        running = _started(Path(folder), security)
        try:
            yield running
        finally:
            running.process.kill()
            running.process.wait()


def _started(folder: Path, security: Secured | None) -> Running:
    log = folder / "log"
    for _ in range(ATTEMPTS):  # somebody else may take the port between our look and its bind
        running = _spawned(folder, log, security)
        if _answers(running):
            return running
        running.process.kill()
        running.process.wait()
    raise RuntimeError(f"{PROGRAM} does not start: {log.read_text(errors='replace')[-500:]}")


def _spawned(folder: Path, log: Path, security: Secured | None) -> Running:
    program = installed()
    if program is None:
        raise RuntimeError(MISSING)
    port = _free_port()
    environment = {
        **os.environ,
        "REGISTRY_HTTP_ADDR": f"127.0.0.1:{port}",
        "REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY": str(folder / "storage"),
        **(security.environment() if security else {}),
    }
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - the program that the package installs
            [program, "serve", str(CONFIG)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            start_new_session=True,  # Ctrl-C is for whoever runs the tests
        )
    scheme = "https" if security else "http"
    return Running(f"{scheme}://127.0.0.1:{port}", process)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _answers(running: Running) -> bool:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and running.process.poll() is None:
        try:
            if running.url.startswith("https:"):
                return _listens(running)
            with urllib.request.urlopen(f"{running.url}/v2/", timeout=1) as answer:  # noqa: S310
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            time.sleep(0.02)
    return False


def _listens(running: Running) -> bool:
    host, _, port = running.url.rpartition("/")[2].partition(":")
    with socket.create_connection((host, int(port)), timeout=1):
        return True
