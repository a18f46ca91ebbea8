"""A registry between the client and an honest one, which changes what it is told to change."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import httpx

from regshape.protocols.ori.reference import Reference

Lie = Callable[[bytes], bytes]


class _Body(httpx.AsyncByteStream):
    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._content


@dataclass
class Liar(httpx.AsyncBaseTransport):
    """Passes requests on, and changes the answers to those whose path has a text in it."""

    honest: Reference
    lies: dict[str, Lie] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    seen: list[httpx.Request] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        path = request.url.path
        for text, location in self.moved.items():
            if text in path and request.url.host == "registry":
                return httpx.Response(302, headers={"Location": location}, stream=_Body(b""))
        if any(text in path for text in self.gone):
            return httpx.Response(404, stream=_Body(b""))
        inner = httpx.ASGITransport(self.honest.app)
        response = await inner.handle_async_request(request)
        content = await response.aread()
        for text, lie in self.lies.items():
            if text in path:
                content = lie(content)
        headers = [pair for pair in response.headers.items() if pair[0] != "content-length"]
        return httpx.Response(response.status_code, headers=headers, stream=_Body(content))

    async def aclose(self) -> None:
        """Stay open: another client may come."""
