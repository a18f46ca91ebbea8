"""What a person sees on a real terminal of some width, and what pipes, JSON and CI never get."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from tests.cli.oci.conftest import done, pushed

COMMAND = [sys.executable, "-m", "regshape"]
BAR = "━"


def on_terminal(*words: str, columns: int, **more: str) -> str:
    """Return what a command writes to a terminal, on which both its stdout and stderr are."""
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    with subprocess.Popen(  # noqa: S603 - this program
        [*COMMAND, *words],
        stdin=its,
        stdout=its,
        stderr=its,
        env={**environment, "TERM": "xterm", **more},
    ) as process:
        os.close(its)
        said = _until_closed(ours)
    assert process.returncode == 0, said
    return said


def _until_closed(terminal: int) -> str:
    pieces = []
    with os.fdopen(terminal, "rb", buffering=0) as file:
        try:
            while piece := file.read(65536):
                pieces.append(piece)
        except OSError:  # EIO: nobody has the other end any more
            pass
    return b"".join(pieces).decode()


@pytest.mark.parametrize("columns", [40, 80])
def test_a_table_fits_the_terminal_and_is_whole_in_a_pipe(
    registry: str, repo: str, columns: int
) -> None:
    pushed(registry, repo)
    image = f"{registry}/{repo}:v1"
    table = on_terminal("manifest", "get", image, columns=columns).split("\r\n\r\n")[1]
    rows = table.splitlines()
    assert max(map(len, rows)) <= columns
    assert "…" in rows[1]
    whole = done("manifest", "get", image).stdout.split("\n\n")[1].splitlines()
    assert "…" not in "".join(whole)
    assert whole[1].split()[1].startswith(rows[1].split()[1].split("…")[0])


def test_a_wide_terminal_is_shown_all(registry: str, repo: str) -> None:
    pushed(registry, repo)
    image = f"{registry}/{repo}:v1"
    assert "…" not in on_terminal("manifest", "get", image, columns=200)


@pytest.mark.parametrize("columns", [40, 80])
def test_a_transfer_has_a_bar_of_one_line(
    registry: str, repo: str, tmp_path: Path, columns: int
) -> None:
    (tmp_path / "layer").write_bytes(bytes(3_000_000))
    said = on_terminal("blob", "upload", "-r", registry, repo, "layer", columns=columns)
    assert BAR in said
    assert "3.0/3.0 MB" in said
    assert "\x1b[1A" not in said  # nothing goes up a line: the bar never had two


@pytest.mark.parametrize(
    ("option", "environment"), [("--json", {}), ("--insecure", {"CI": "true"})]
)
def test_there_is_no_bar_beside_json_or_in_ci(
    registry: str, repo: str, tmp_path: Path, option: str, environment: dict[str, str]
) -> None:
    (tmp_path / "layer").write_bytes(bytes(3_000_000))
    words = ("blob", "upload", "-r", registry, repo, "layer", option)
    assert BAR not in on_terminal(*words, columns=80, **environment)


def test_there_is_no_bar_in_a_pipe(registry: str, repo: str, tmp_path: Path) -> None:
    (tmp_path / "layer").write_bytes(bytes(3_000_000))
    assert done("blob", "upload", "-r", registry, repo, "layer").stderr == ""
