"""A file that is there under its name once it is whole, and not at all before."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from io import FileIO
from pathlib import Path

from anyio import to_thread

from regshape.errors import FileError

Write = Callable[[bytes], Awaitable[None]]


@asynccontextmanager
async def landing(path: Path) -> AsyncIterator[Write]:
    """Give what writes to a new file beside the path, which takes its place when the block ends.

    If the block raises, or is cancelled, nothing is left behind. What is no file, such as a device
    or a pipe, is written to as it stands: nothing may take its place.

    Raises:
        FileError: the file cannot be written; the disk may be full.
    """
    try:
        with _opened(path) as file:

            async def write(piece: bytes) -> None:
                await to_thread.run_sync(_write_all, file.fileno(), piece)

            yield write
    except OSError as error:
        raise FileError(f"{path}: cannot be written: {error.strerror}") from error


def _opened(path: Path) -> AbstractContextManager[FileIO]:
    is_file = path.is_file() or not path.exists()
    return _beside(path) if is_file else path.open("wb", buffering=0)


@contextmanager
def _beside(path: Path) -> Iterator[FileIO]:
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with beside.open("xb", buffering=0) as file:
            yield file
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _write_all(descriptor: int, piece: bytes) -> None:
    rest = memoryview(piece)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
