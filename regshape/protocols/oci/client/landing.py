"""A file that is there under its name once it is whole, and not at all before."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from anyio import to_thread

from regshape.errors import UsageError

Write = Callable[[bytes], Awaitable[None]]


@asynccontextmanager
async def landing(path: Path) -> AsyncIterator[Write]:
    """Give what writes to a new file beside the path, which takes its place when the block ends.

    If the block raises, or is cancelled, nothing is left behind.

    Raises:
        UsageError: the file cannot be written; the disk may be full.
    """
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        file = beside.open("xb", buffering=0)
        try:

            async def write(piece: bytes) -> None:
                await to_thread.run_sync(_write_all, file.fileno(), piece)

            yield write
            file.close()
            beside.replace(path)
        finally:
            file.close()
            beside.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from error


def _write_all(descriptor: int, piece: bytes) -> None:
    rest = memoryview(piece)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
