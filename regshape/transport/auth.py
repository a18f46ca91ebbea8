"""Credentials for one origin."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field

import httpx


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user's name and password."""

    username: str
    password: str = field(repr=False)

    def basic(self) -> str:
        """Return the value of an Authorization header (RFC 7617)."""
        pair = f"{self.username}:{self.password}".encode()
        return f"Basic {b64encode(pair).decode('ascii')}"


class AuthTransport(httpx.AsyncBaseTransport):
    """Adds the credentials to each request for their origin."""

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        credentials: Credentials,
        url: str,
        *,
        fetch: httpx.AsyncBaseTransport,
        retry: bool = False,
    ) -> None:
        self._inner = inner
        self._value = credentials.basic()
        self._fetch = fetch
        self._retry = retry
        base = httpx.URL(url)
        self._origin = (base.scheme, base.host, base.port)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request with credentials."""
        url = request.url
        ours = (url.scheme, url.host, url.port) == self._origin
        if ours and "Authorization" not in request.headers:
            request.headers["Authorization"] = self._value
            request.extensions["secret"] = True
        return await self._inner.handle_async_request(request)
