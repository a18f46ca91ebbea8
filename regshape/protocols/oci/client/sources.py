"""What is uploaded: bytes, a file, or whatever gives bytes piece by piece."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterable, AsyncIterator
from pathlib import Path
from typing import Protocol, TypeAlias

import anyio

from regshape.errors import UsageError
from regshape.formats.digest import ALGORITHMS

Content: TypeAlias = bytes | Path | AsyncIterable[bytes]
"""What can be uploaded."""
PIECE = 1024 * 1024
"""Bytes that are read and sent at once."""


class Source(Protocol):
    """Content to be read in order; `can_rewind` says whether also from any offset, again."""

    size: int | None
    """How many bytes there are, if that is known."""
    can_rewind: bool

    async def fill(self, start: int, count: int) -> int:
        """Return how many bytes there are from an offset, up to `count`, and keep them ready."""

    def pieces(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """Give the bytes from one offset up to another, or up to the end."""


class BytesSource:
    """Bytes that are there."""

    can_rewind = True

    def __init__(self, content: bytes) -> None:
        self._content = memoryview(content)
        self.size: int | None = len(content)

    async def fill(self, start: int, count: int) -> int:
        """Return how many bytes there are."""
        return max(0, min(count, len(self._content) - start))

    async def pieces(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """Give the bytes from one offset up to another."""
        stop = min(stop, len(self._content))
        for at in range(start, stop, PIECE):
            yield bytes(self._content[at : min(at + PIECE, stop)])


class FileSource:
    """A file, of the size that it had to begin with; raises `UsageError` if it cannot be read."""

    can_rewind = True

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._length = path.stat().st_size
        except OSError as error:
            raise self._unreadable(error) from error
        self.size: int | None = self._length

    async def fill(self, start: int, count: int) -> int:
        """Return how many bytes there are."""
        return max(0, min(count, self._length - start))

    async def pieces(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """Give the bytes from one offset up to another, or up to the end."""
        try:
            async with await anyio.open_file(self._path, "rb", buffering=0) as file:
                await file.seek(start)
                while start < stop and (piece := await file.read(min(PIECE, stop - start))):
                    start += len(piece)
                    yield piece
        except OSError as error:
            raise self._unreadable(error) from error

    def _unreadable(self, error: OSError) -> UsageError:
        return UsageError(f"{self._path}: cannot be read: {error.strerror}")


class StreamSource:
    """What comes once; `fill` keeps some of it, so that a chunk can be sent again."""

    can_rewind = False

    def __init__(self, content: AsyncIterable[bytes], size: int | None) -> None:
        self._coming = aiter(content)
        self._held = b""
        self._start = 0
        self.size = size

    async def fill(self, start: int, count: int) -> int:
        """Return how many bytes there are from an offset, and forget those before."""
        parts = [self._held[start - self._start :]]
        length = len(parts[0])
        while length < count and (piece := await anext(self._coming, None)) is not None:
            parts.append(piece)
            length += len(piece)
        self._held, self._start = b"".join(parts), start
        return min(count, length)

    async def pieces(self, start: int, stop: int) -> AsyncIterator[bytes]:
        """Give what is held from an offset, and then what comes, up to another."""
        at = start
        kept = memoryview(self._held)[start - self._start : stop - self._start]
        for begin in range(0, len(kept), PIECE):
            yield bytes(kept[begin : begin + PIECE])
        at += len(kept)
        while at < stop and (piece := await anext(self._coming, None)) is not None:
            given = piece[: stop - at]
            at += len(given)
            self._held, self._start = piece[len(given) :], at
            yield given


def source_of(content: Content, size: int | None = None) -> Source:
    """Return content as a source; `size` is that of a stream, if it is known."""
    if isinstance(content, bytes):
        return BytesSource(content)
    return FileSource(content) if isinstance(content, Path) else StreamSource(content, size)


class RunningDigest:
    """The digest of content of which some parts may be sent more than once."""

    def __init__(self, algorithm: str) -> None:
        if algorithm not in ALGORITHMS:
            raise UsageError(f"no algorithm {algorithm!r}: there are {', '.join(ALGORITHMS)}")
        self._algorithm = algorithm
        self._hash = hashlib.new(algorithm)
        self.count = 0

    def update(self, start: int, piece: bytes) -> None:
        """Take the bytes that stand at an offset; those that were taken before are passed over."""
        fresh = piece[self.count - start :] if start < self.count else piece
        self._hash.update(fresh)
        self.count += len(fresh)

    def digest(self) -> str:
        """Return the digest of all that came so far."""
        return f"{self._algorithm}:{self._hash.hexdigest()}"


async def digest_of(source: Source, algorithm: str) -> str:
    """Return the digest of a source, read once."""
    running = RunningDigest(algorithm)
    async for piece in source.pieces(0, source.size or 0):
        running.update(running.count, piece)
    return running.digest()
