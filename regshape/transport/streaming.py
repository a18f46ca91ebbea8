"""Bodies that flow: sent and received piece by piece, never held whole."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import NoReturn

import httpx

from regshape.errors import UsageError
from regshape.model import Exchange, Failure
from regshape.transport.failures import failure_of

KEPT = 4096
"""Bytes of an answer's body that its record keeps."""


class FlowError(Exception):
    """Raised when an exchange whose bodies flow ends before its time; says how it failed."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.detail)
        self.failure = failure


def broken(error: httpx.HTTPError) -> NoReturn:
    """Raise the `FlowError` for what a transport raised."""
    raise FlowError(failure_of(error)) from error


class Outflow(httpx.AsyncByteStream):
    """A request's body: what `pieces` gives anew each time, as many bytes as `size`.

    Raises `UsageError` where the source has more or fewer.
    """

    def __init__(self, pieces: Callable[[], AsyncIterator[bytes]], size: int) -> None:
        self._pieces = pieces
        self.size = size

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = self.size
        async for piece in self._pieces():
            if len(piece) > left:
                raise UsageError(f"the source has more than {self.size} bytes")
            left -= len(piece)
            yield piece
        if left:
            raise UsageError(f"the source ends {left} bytes before its {self.size}")


class Inflow(httpx.AsyncByteStream):
    """An answer's body on its way to who reads it, noting what came.

    `note` is called once, with the first bytes, the count of all, and the error if one ended it.
    """

    def __init__(
        self,
        inner: httpx.AsyncByteStream,
        note: Callable[[bytes, int, httpx.HTTPError | None], None],
    ) -> None:
        self._inner = inner
        self._note = note
        self._first = b""
        self._count = 0
        self._is_noted = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for piece in self._inner:
                if len(self._first) < KEPT:
                    self._first += piece[: KEPT - len(self._first)]
                self._count += len(piece)
                yield piece
        except httpx.HTTPError as error:
            self._end(error)
            raise
        self._end(None)

    def _end(self, error: httpx.HTTPError | None) -> None:
        if not self._is_noted:
            self._is_noted = True
            self._note(self._first, self._count, error)

    async def aclose(self) -> None:
        """Close the connection, unless the whole answer has been read."""
        self._end(None)
        await self._inner.aclose()


class Flow:
    """An answer whose body has not been read; `exchange` has its head."""

    def __init__(self, exchange: Exchange, response: httpx.Response) -> None:
        self.exchange = exchange
        self._response = response

    async def pieces(self) -> AsyncIterator[bytes]:
        """Give the body as it comes, content codings left alone; raises `FlowError`."""
        stream = self._response.stream
        if not isinstance(stream, httpx.AsyncByteStream):
            raise httpx.StreamError("the inner transport must be asynchronous")
        try:
            async for piece in stream:
                yield piece
        except httpx.HTTPError as error:
            broken(error)

    async def read(self, limit: int) -> bytes:
        """Return the body, or the first bytes of it up to the limit; raises `FlowError`."""
        parts: list[bytes] = []
        left = limit
        async for piece in self.pieces():
            parts.append(piece[:left])
            left -= len(piece)
            if left <= 0:
                break
        return b"".join(parts)
