"""Requests and answers of the Ori registry, as values between the wire and the handlers."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import anyio
from starlette.types import Receive

from regshape.protocols.ori.reference.records import Quota, Token
from regshape.protocols.serving import DisconnectedError, Headers, TooLargeError, field_of

DRAINED_BYTES = 64 * 1024 * 1024
DRAINED_SECONDS = 10.0


class Body:
    """The body of a request, which is read piece by piece, and once."""

    def __init__(self, receive: Receive, headers: Headers) -> None:
        self._receive = receive
        self._done = not any(key in (b"content-length", b"transfer-encoding") for key, _ in headers)

    async def pieces(self, limit: int) -> AsyncIterator[bytes]:
        """Yield the body as it arrives.

        Raises:
            TooLargeError: it passes the limit, in bytes.
            DisconnectedError: the client went away first.
        """
        size = 0
        while not self._done:
            message = await self._receive()
            if message["type"] != "http.request":
                raise DisconnectedError
            self._done = not message.get("more_body", False)
            piece = message.get("body", b"")
            size += len(piece)
            if size > limit:
                raise TooLargeError
            if piece:
                yield piece

    async def read(self, limit: int) -> bytes:
        """Return the whole body; raises what `pieces` raises."""
        return b"".join([piece async for piece in self.pieces(limit)])

    async def drain(self) -> None:
        """Pass over what is left, so that who still sends gets to see the answer.

        A connection that is closed with bytes unread is reset (RFC 9112, 9.6). What goes on for
        too long is left to that.
        """
        with anyio.move_on_after(DRAINED_SECONDS):
            try:
                async for _ in self.pieces(DRAINED_BYTES):
                    pass
            except (TooLargeError, DisconnectedError):
                return


@dataclass(frozen=True, slots=True)
class Asked:
    """One request. Header names are lower case; `path` is as it came, `words` are decoded.

    `route` is the name of the route that the path leads to, empty where there is none. `token` is
    what the caller showed, if it is good; `refused` says that something was shown that is not.
    """

    method: str
    path: str
    route: str
    words: Mapping[str, str]
    query: tuple[tuple[str, str], ...]
    headers: Headers
    body: Body
    token: Token | None
    refused: bool
    quota: Quota

    def header(self, name: bytes) -> str | None:
        """Return the value of a header, several joined as RFC 9110 (5.3) says, or None."""
        return field_of(self.headers, name)

    def parameters(self, name: str) -> list[str]:
        """Return every value of a query parameter."""
        return [value for key, value in self.query if key == name]

    @property
    def package(self) -> str:
        """The full name of the package that the path names."""
        return f"@{self.words['scope']}/{self.words['name']}"
