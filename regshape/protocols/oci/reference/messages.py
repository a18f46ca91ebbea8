"""Requests and answers of the reference registry, as values between the wire and the registry."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import unquote

from starlette.types import Receive

from regshape.protocols.serving import DisconnectedError, Headers, TooLargeError, field_of


@dataclass(frozen=True, slots=True)
class Incoming:
    """One request: its route, the name and the reference in its path, its query, its body.

    `path` is the path as it came, escapes and all. `reference` is the last part of the path where
    the route has one: a tag, a digest, a session's id. Header names are lower case.
    """

    method: str
    route: str
    name: str
    reference: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Headers
    scheme: str = "http"
    body: bytes = b""

    def header(self, name: bytes) -> str | None:
        """Return the value of a header, several joined as RFC 9110 (5.3) says, or None."""
        return field_of(self.headers, name)

    def parameter(self, name: str) -> str | None:
        """Return the first value of a query parameter, or None."""
        for key, value in self.query:
            if key == name:
                return value
        return None

    def parameters(self, name: str) -> list[str]:
        """Return every value of a query parameter."""
        return [value for key, value in self.query if key == name]


def parse_query(raw: bytes) -> tuple[tuple[str, str], ...]:
    """Return the pairs of a query string, decoded once.

    `+` stands for itself (RFC 3986): media types hold it and nothing here holds a space. What
    cannot be decoded stays as it is or becomes U+FFFD, which no grammar of this protocol admits.
    """
    if not raw:
        return ()
    pairs = (pair.partition("=") for pair in raw.decode("latin-1").split("&") if pair)
    return tuple((_decode(key), _decode(value)) for key, _, value in pairs)


def _decode(text: str) -> str:
    if "%" in text or not text.isascii():
        return unquote(text.encode("latin-1"), errors="replace")
    return text


async def read_body(receive: Receive, limit: int) -> bytes:
    """Return the whole body of a request.

    Raises:
        TooLargeError: it passes the limit.
        DisconnectedError: the client went away first.
    """
    pieces: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise DisconnectedError
        piece = message.get("body", b"")
        size += len(piece)
        if size > limit:
            raise TooLargeError
        pieces.append(piece)
        if not message.get("more_body", False):
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def has_no_length(status: int) -> bool:
    """Return whether an answer of that status carries no `Content-Length` (RFC 9110, 8.6)."""
    return status in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
