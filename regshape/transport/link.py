"""A TCP connection on a bare non-blocking socket, as an anyio byte stream.

anyio's own `SocketStream` reads ahead into a queue that cannot be looked into; here what the peer
has sent stays in the socket until it is wanted, so that an idle connection can be asked whether
anything came (`is_quiet`), half-closed and reset.
"""

from __future__ import annotations

import errno
import select
import socket
import ssl
import struct
from collections.abc import Sequence
from typing import TypeAlias

import anyio
from anyio.abc import ByteStream

Address: TypeAlias = tuple[int, tuple[str | int, ...]]
"""A socket family and an address of it."""

_RECEIVE_SIZE = 65536
_RESET = struct.pack("ii", 1, 0)
_INTERIM = b"HTTP/1.1 1"


class Link(ByteStream):
    """One TCP connection; `close` needs no await, so that it cannot be cancelled.

    `is_cut` tells that a send was given up, since the peer had answered before it read everything.
    With `encrypted` set that is not looked for: what can be read may be TLS' own.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self.encrypted = False
        self.is_cut = False

    async def receive(self, max_bytes: int = _RECEIVE_SIZE) -> bytes:
        """Return the next bytes; raises `anyio.EndOfStream` at the end, `OSError` on failure."""
        # Waiting first, even where bytes are there, lets deadlines and other tasks have their turn.
        await anyio.wait_readable(self._socket)
        try:
            data = self._socket.recv(max_bytes)
        except BlockingIOError:
            return await self.receive(max_bytes)
        if not data:
            raise anyio.EndOfStream
        return data

    async def send(self, item: bytes) -> None:
        """Send all bytes, or until the peer has begun a final answer."""
        try:
            sent = self._socket.send(item)
        except BlockingIOError:
            sent = 0
        if sent < len(item):
            await self._send_rest(memoryview(item)[sent:])

    async def _send_rest(self, rest: memoryview) -> None:
        while rest:
            if self._is_answered():
                self.is_cut = True
                return
            await self._wait_either()
            try:
                rest = rest[self._socket.send(rest) :]
            except BlockingIOError:
                continue

    def _is_answered(self) -> bool:
        # A peer that has answered may never read the rest: it is not waited for.
        if self.encrypted:
            return False
        try:
            begun = self._socket.recv(len(_INTERIM), socket.MSG_PEEK)
        except BlockingIOError:
            return False
        return begun != _INTERIM[: len(begun)]

    async def _wait_either(self) -> None:
        async with anyio.create_task_group() as group:

            async def answered() -> None:
                await anyio.wait_readable(self._socket)
                if self._is_answered():
                    group.cancel_scope.cancel()

            group.start_soon(answered)
            await anyio.wait_writable(self._socket)
            group.cancel_scope.cancel()

    async def send_eof(self) -> None:
        """Half-close: nothing more will be sent."""
        self._socket.shutdown(socket.SHUT_WR)

    def is_quiet(self) -> bool:
        """Return whether the peer neither sent anything unread nor closed the connection."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return not poll.poll(0)

    def close(self) -> None:
        """Close the connection at once."""
        self._socket.close()

    def reset(self) -> None:
        """Close the connection with a RST."""
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._socket.close()

    async def aclose(self) -> None:
        """Close the connection at once."""
        self.close()


async def resolve(host: str, port: int) -> Sequence[Address]:
    """Return the addresses of a host, in the order in which to try them; raises `OSError`."""
    found = await anyio.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, address) for family, _, _, _, address in found]


async def connect(addresses: Sequence[Address]) -> Link:
    """Return a connection to the first address that accepts one; raises `OSError`."""
    failure: OSError | None = None
    for family, address in addresses:
        try:
            return await _connect_one(family, address)
        except OSError as error:
            failure = error
    raise failure or OSError("the host has no address")


async def _connect_one(family: int, address: tuple[str | int, ...]) -> Link:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(0)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = sock.connect_ex(address)
        if code == errno.EINPROGRESS:
            await anyio.wait_writable(sock)
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, errno.errorcode.get(code, "connection failed"))
    except BaseException:
        sock.close()
        raise
    return Link(sock)


def has_leftovers(session: ssl.SSLObject) -> bool:
    """Return whether a TLS session holds decrypted or undecrypted bytes that nobody read."""
    try:
        session.read(1)
    except ssl.SSLWantReadError:
        return False
    except ssl.SSLError:
        return True
    return True
