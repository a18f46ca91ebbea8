"""A reference registry of our own in a process of its own, for as long as a command needs it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import regshape
from regshape.errors import TargetError

LISTENING = "listening on "
STOP_SECONDS = 5.0


@contextmanager
def embedded_registry(protocol: str, defects: Sequence[str] = ()) -> Iterator[str]:
    """Yield the URL of a running reference registry, which ends with the block.

    Raises:
        TargetError: it does not start; why is on stderr.
    """
    with subprocess.Popen(  # noqa: S603 - this very program
        _command(protocol, defects),
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


def _command(protocol: str, defects: Sequence[str]) -> list[str]:
    planted = [word for name in defects for word in ("--defect", name)]
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
