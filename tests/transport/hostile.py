"""A small scripted server on a real socket: what a hostile or broken peer may do."""

from __future__ import annotations

import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import anyio
from anyio.abc import SocketAttribute, SocketStream

Script = Callable[[SocketStream, bytearray], Awaitable[None]]


@dataclass(slots=True)
class Peer:
    """A running server: where it is, what it was sent on each connection."""

    port: int
    received: list[bytearray] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def everything(self) -> bytes:
        return b"".join(bytes(one) for one in self.received)


async def read_head(stream: SocketStream, seen: bytearray) -> bytes:
    """Read one request's head (and what came with it), noting everything in `seen`."""
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = await stream.receive()
        seen += chunk
        data += chunk
    return data


def reset(stream: SocketStream) -> None:
    """Let the next close be a RST."""
    raw = stream.extra(SocketAttribute.raw_socket)  # noqa: S610 - no Django
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@asynccontextmanager
async def serving(script: Script) -> AsyncIterator[Peer]:
    """Run a script for each connection, until the block ends."""
    listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0)
    peer = Peer(listener.extra(SocketAttribute.local_port))  # noqa: S610 - no Django

    async def handle(stream: SocketStream) -> None:
        seen = bytearray()
        peer.received.append(seen)
        try:
            async with stream:
                await script(stream, seen)
        except (anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            return

    async with listener, anyio.create_task_group() as group:
        group.start_soon(listener.serve, handle)
        yield peer
        group.cancel_scope.cancel()


def answering(*parts: bytes, pause: float = 0.0, close: bool = False) -> Script:
    """Return a script that answers each request with the parts, a pause after each."""

    async def script(stream: SocketStream, seen: bytearray) -> None:
        while True:
            await read_head(stream, seen)
            for part in parts:
                await stream.send(part)
                if pause:
                    await anyio.sleep(pause)
            if close:
                return

    return script


def endless(first: bytes, then: bytes, pause: float = 0.0) -> Script:
    """Return a script that answers with a beginning and then the same bytes for ever."""

    async def script(stream: SocketStream, seen: bytearray) -> None:
        await read_head(stream, seen)
        await stream.send(first)
        while True:
            await stream.send(then)
            await anyio.sleep(pause)

    return script


async def silent(stream: SocketStream, seen: bytearray) -> None:
    """Read for ever and never answer."""
    while True:
        seen += await stream.receive()


async def resetting(stream: SocketStream, seen: bytearray) -> None:
    """Reset the connection instead of an answer."""
    await read_head(stream, seen)
    reset(stream)


async def closing(stream: SocketStream, seen: bytearray) -> None:
    """Close the connection instead of an answer."""
    await read_head(stream, seen)


EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def whole(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    """Return an answer with a true Content-Length."""
    lines = (b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers)
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
