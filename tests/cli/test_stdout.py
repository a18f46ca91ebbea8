"""A reader of stdout that has enough, and a stdout that takes no more."""

from __future__ import annotations

import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.oci.conftest import done, serving

COMMAND = shlex.join([sys.executable, "-m", "regshape"])
SIZE = 3_000_000  # more than any pipe holds


def piped(line: str) -> tuple[str, str]:
    """Return the exit status of a line's command, and its stderr."""
    script = f"({COMMAND} {line.replace(' | ', '; echo $? >&3) | ')}"
    script = script if " | " in line else f"{COMMAND} {line}; echo $? >&3"
    ran = subprocess.run(  # noqa: S603 - this program
        ["bash", "-c", f"{{ {script}; }} 3>&1 >/dev/null"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return ran.stdout.strip(), ran.stderr


@pytest.mark.parametrize("line", ["requirements | head -1", "requirements --json | head -1"])
def test_a_reader_that_has_enough_is_no_error(line: str) -> None:
    assert piped(line) == ("0", "")


@pytest.mark.parametrize("line", ["requirements > /dev/full", "requirements --json > /dev/full"])
def test_a_stdout_that_is_full_is_status_9_and_one_line(line: str) -> None:
    assert piped(line) == ("9", "error: stdout: cannot be written: No space left on device\n")


def test_a_blob_that_nobody_reads_to_its_end_is_no_error_but_a_full_disk_is(
    tmp_path: Path,
) -> None:
    with serving() as address:
        (tmp_path / "layer").write_bytes(bytes(SIZE))
        digest = done("blob", "upload", "-r", address, "a", str(tmp_path / "layer")).stdout.strip()
        get = f"blob get -r {address} a {digest}"
        assert piped(f"{get} | head -c 10") == ("0", "")
        full = "stdout: cannot be written: No space left on device"
        assert piped(f"{get} > /dev/full") == ("9", f"error: {full}\n")
