"""What the reference registries share: from ASGI to a handler and back, and faults planted in them.

A path is handed on as it came: Starlette decodes it before a registry can tell which of its slashes
were escaped (RFC 3986, 2.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Receive, Scope, Send

from regshape.errors import UsageError
from regshape.model import Defect

T = TypeVar("T")
Headers = tuple[tuple[bytes, bytes], ...]
"""Header fields as ASGI has them, names in lower case."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer. The body of an answer to HEAD is taken off last, where it is finished."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class RefusedError(Exception):
    """Raised inside a handler when a request is refused; the answer says why."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.status)
        self.answer = answer


class DisconnectedError(Exception):
    """Raised when a client goes away before its request is whole."""


class TooLargeError(Exception):
    """Raised when a body passes its limit; the rest of it has not been read."""


class Served(Protocol):
    """A registry that answers requests as ASGI has them."""

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""


class _Everything(BaseRoute):
    """The one route: the registry reads the raw path itself."""

    def __init__(self, registry: Served) -> None:
        self.registry = registry

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match every HTTP request."""
        return (Match.FULL if scope["type"] == "http" else Match.NONE), {}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request to the registry."""
        await self.registry.serve(scope, receive, send)


def application(registry: Served) -> ASGIApp:
    """Return a registry as an ASGI application."""
    return Starlette(routes=[_Everything(registry)])


def raw_path(scope: Scope) -> bytes:
    """Return the path as it came, without query, and without the origin of an absolute form."""
    raw = scope.get("raw_path")
    path = quote(scope["path"]).encode() if raw is None else bytes(raw).partition(b"?")[0]
    for scheme in (b"http://", b"https://"):
        if path[: len(scheme)].lower() == scheme:
            return b"/" + path[len(scheme) :].partition(b"/")[2]
    return path


def field_of(headers: Headers, name: bytes) -> str | None:
    """Return the value of a header, several joined as RFC 9110 (5.3) says, or None."""
    values = [value.strip(b" \t") for key, value in headers if key == name]
    return b", ".join(values).decode("latin-1") if values else None


async def send_answer(send: Send, answer: Answer) -> None:
    """Send an answer as it stands: nothing is added and nothing repaired."""
    pairs = answer.headers.items()
    headers = [(key.lower().encode(), value.encode("latin-1")) for key, value in pairs]
    await send({"type": "http.response.start", "status": int(answer.status), "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


def composed(
    names: Iterable[str], defects: Mapping[str, Defect], ordinary: type[T], listing: str
) -> type[T]:
    """Return a registry's class with the named faults in front of it; `listing` lists them.

    Raises:
        UsageError: there is no defect of that name.
    """
    mistakes: list[type[Any]] = []
    for name in names:
        if name not in defects:
            raise UsageError(f"no defect {name!r}: `{listing}` lists them")
        mistakes.append(defects[name].mistake)
    return type("Planted", (*mistakes, ordinary), {}) if mistakes else ordinary
