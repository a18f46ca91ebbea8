"""The wire: requests written byte for byte as they are, answers judged strictly by h11.

What is sent is never checked, completed or put right. What comes back must be HTTP/1.1. A
connection is used again only if both the request and the answer left it in a known state.
"""

from __future__ import annotations

import ssl
import time

import anyio
import h11
import httpx
from anyio.streams.tls import TLSStream

from regshape.transport.connection import Connection, Origin
from regshape.transport.failures import FOREIGN_ERRORS, StaleError, untrusted
from regshape.transport.head import outgoing
from regshape.transport.link import Address, Link, connect, resolve
from regshape.transport.reply import Answer, Limits

HEAD_LIMIT = 64 * 1024
"""Longest head of an answer, in bytes."""
IDLE_LIMIT = 128
"""Most idle connections per origin."""
_DEFAULT_PORTS = {"http": 80, "https": 443}
_NO_LIMITS: Limits = {}


class WireTransport(httpx.AsyncBaseTransport):
    """An httpx transport that sends exactly the bytes it is given.

    The request line's target is `extensions["target"]` (bytes) or the URL's; headers go out as they
    stand, in order; `extensions["frame"]` (a `regshape.model.Frame`) may replace version, payload
    and ending. Raises httpx errors; see `regshape.transport.failures`.

    Args:
        tls: how peers are trusted; None stands for the authorities of the system.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._idle: dict[Origin, list[Connection]] = {}
        self._addresses: dict[Origin, list[Address]] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and return its answer, the body unread where it has not all come."""
        url = request.url
        origin = (url.scheme, url.host, url.port or _DEFAULT_PORTS.get(url.scheme, 0))
        message = await outgoing(request)
        limits: Limits = request.extensions.get("timeout") or _NO_LIMITS
        while True:
            idle = None if request.extensions.get("fresh") else self._take_idle(origin)
            connection = idle or await self._open(origin, limits)
            answer = Answer(connection, message, self._give_back, limits)
            try:
                return await answer.begin(request.extensions)
            except (httpx.ReadError, httpx.RemoteProtocolError) as error:
                if answer.may_retry:
                    continue
                if answer.may_be_stale:
                    raise StaleError(f"on a connection that was used before: {error}") from error
                raise

    def _take_idle(self, origin: Origin) -> Connection | None:
        idle = self._idle.get(origin)
        while idle:
            connection = idle.pop()
            if connection.is_reusable():
                connection.reused = True
                return connection
            connection.link.close()
        return None

    def _give_back(self, connection: Connection) -> None:
        idle = self._idle.setdefault(connection.origin, [])
        if len(idle) >= IDLE_LIMIT:
            connection.link.close()
            return
        connection.idle_since = time.monotonic()
        idle.append(connection)

    async def _open(self, origin: Origin, limits: Limits) -> Connection:
        scheme, host, port = origin
        if scheme not in _DEFAULT_PORTS:
            raise httpx.UnsupportedProtocol(f"no such scheme: {scheme}")
        try:
            with anyio.fail_after(limits.get("connect")):
                return await self._connected(origin)
        except TimeoutError as error:
            raise httpx.ConnectTimeout(f"{host}:{port} does not accept connections") from error
        except ssl.SSLError as error:
            raise untrusted(error) from error
        except FOREIGN_ERRORS as error:
            raise httpx.ConnectError(f"cannot connect to {host}:{port}: {error}") from error

    async def _connected(self, origin: Origin) -> Connection:
        scheme, host, port = origin
        addresses = self._addresses.get(origin)
        if addresses is None:
            addresses = self._addresses[origin] = list(await resolve(host, port))
        link = await connect(addresses)
        stream: Link | TLSStream = link
        if scheme == "https":
            stream = await self._encrypted(link, host)
        judge = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_LIMIT)
        return Connection(origin, link, stream, judge)

    async def _encrypted(self, link: Link, host: str) -> TLSStream:
        if self._tls is None:
            # Made when needed, for it takes long: it reads every authority of the system.
            self._tls = ssl.create_default_context()
        link.encrypted = True
        try:
            return await TLSStream.wrap(
                link, hostname=host, ssl_context=self._tls, standard_compatible=False
            )
        except BaseException:
            link.close()
            raise

    async def aclose(self) -> None:
        """Close every idle connection."""
        for idle in self._idle.values():
            while idle:
                idle.pop().link.close()
