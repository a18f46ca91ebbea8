"""A reference registry of our own in a process of its own, for as long as a command needs it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

import regshape
from regshape.errors import TargetError
from regshape.settings import Settings

if TYPE_CHECKING:
    from regshape.catalog import Entry

USERS = ("--user", "main:main", "--user", "other:other", "--grant", "other:*-other/*:pull,push")
LOGINS = {
    "username": "main",
    "password": SecretStr("main"),
    "other_username": "other",
    "other_password": SecretStr("other"),
}
"""No secrets: of a registry on loopback, for as long as one campaign."""
LISTENING = "listening on "
STOP_SECONDS = 5.0


@contextmanager
def embedded_target(settings: Settings, entry: Entry, defects: Sequence[str]) -> Iterator[Settings]:
    """Yield the settings with a running reference registry as their target.

    Where a defect shows only behind credentials there are two users, of whom the second may do
    nothing with what the first one pushes. Where a protocol has tokens they are those of its entry.

    Raises:
        TargetError: it does not start; why is on stderr.
    """
    schemes = (entry.defects[name].auth for name in defects)
    auth = next((scheme for scheme in schemes if scheme != "none"), "none")
    with embedded_registry(settings.protocol, defects, auth) as url:
        users = {} if auth == "none" else LOGINS
        tokens = {name: SecretStr(token) for name, token in entry.tokens.items()}
        yield settings.model_copy(update={"target": url, "tokens": tokens, **users})


@contextmanager
def embedded_registry(
    protocol: str, defects: Sequence[str] = (), auth: str = "none"
) -> Iterator[str]:
    """Yield the URL of a running reference registry, which ends with the block.

    Raises:
        TargetError: it does not start; why is on stderr.
    """
    with subprocess.Popen(  # noqa: S603 - this very program
        _command(protocol, defects, auth),
        stdin=subprocess.PIPE,  # its end, however it comes, ends the registry
        stdout=subprocess.PIPE,
        text=True,
        env=_environment(),
        start_new_session=True,  # Ctrl-C is for us
    ) as process:
        try:
            yield _url(process)
        finally:
            _stop(process)


def _command(protocol: str, defects: Sequence[str], auth: str) -> list[str]:
    planted = [word for name in defects for word in ("--defect", name)]
    if auth != "none":
        planted += ["--auth", auth, *USERS]
    serve = ["serve", "--protocol", protocol, "--port", "0", "--stop-with-stdin"]
    return [sys.executable, "-P", "-m", "regshape", *serve, *planted]


def _environment() -> dict[str, str]:
    # The same code as here, wherever it was imported from.
    root = str(Path(regshape.__file__).resolve().parents[1])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def _url(process: subprocess.Popen[str]) -> str:
    line = process.stdout.readline() if process.stdout else ""
    if not line.startswith(LISTENING):
        raise TargetError("the embedded registry did not start")
    return line.removeprefix(LISTENING).strip()


def _stop(process: subprocess.Popen[str]) -> None:
    if process.stdin:
        process.stdin.close()
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
