"""Where the bytes go that a command was asked for: a file, whole or not at all, or stdout."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from regshape.errors import FileError, UsageError
from regshape.formats.landing import Write, landing

STDOUT = Path("-")


@asynccontextmanager
async def saved(path: Path | None) -> AsyncIterator[Write]:
    """Give what writes to a file, which has its name once the block has ended well, or to stdout.

    Raises:
        FileError: it cannot be written.
    """
    if path is not None and path != STDOUT:
        async with landing(path) as write:
            yield write
        return

    async def to_stdout(piece: bytes) -> None:
        sys.stdout.buffer.write(piece)

    try:
        yield to_stdout
        sys.stdout.buffer.flush()
    except OSError as error:
        raise FileError(f"stdout: cannot be written: {error.strerror}") from error


def checked_output(path: Path | None, *, as_json: bool) -> None:
    """Check that what goes to stdout does not meet something else there.

    Raises:
        UsageError: it would meet the JSON document, or a terminal.
    """
    if path is not None and path != STDOUT:
        return
    if as_json:
        raise UsageError("--json has stdout for itself: add --output FILE")
    if path is None and sys.stdout.isatty():
        raise UsageError("stdout is a terminal: add --output FILE, or --output - if you mean it")
