"""A request as the bytes that leave, and what they mean for the connection."""

from __future__ import annotations

from collections.abc import AsyncIterable
from typing import NamedTuple

import h11
import httpx

from regshape.model import PLAIN, Frame
from regshape.transport.streaming import Outflow

_ONE_SEND = 64 * 1024


class Outgoing(NamedTuple):
    """The bytes of a request.

    `rest` is the body where it is too long to be joined to the head. `equivalent` is a clean
    request that has the same meaning for the framing of the answer. `sound` says whether a peer
    must see exactly one request in these bytes, and keeps the connection open. `pieces` is the body
    where it goes out as it comes, as long as Content-Length says.
    """

    data: bytes
    rest: bytes
    method: bytes
    ending: str
    equivalent: h11.Request
    sound: bool
    pieces: AsyncIterable[bytes] | None = None


def _plain(method: bytes) -> h11.Request:
    return h11.Request(method=method, target=b"/", headers=[(b"Host", b"h")])


_EQUIVALENTS = {method: _plain(method) for method in (b"GET", b"HEAD", b"CONNECT")}
_UPGRADE = h11.Request(method=b"GET", target=b"/", headers=[(b"Host", b"h"), (b"Upgrade", b"x")])


async def outgoing(request: httpx.Request) -> Outgoing:
    """Return the bytes of a request."""
    stream = request.stream
    extensions = request.extensions
    if "flow" in extensions and isinstance(stream, Outflow):
        return _flowing(request, stream)
    body = b"".join(stream) if isinstance(stream, httpx.ByteStream) else await request.aread()
    frame: Frame = extensions.get("frame", PLAIN)
    method = request.method.encode("latin-1", "replace")
    target: bytes = extensions.get("target") or request.url.raw_path
    head = [b"%s %s %s\r\n" % (method, target, frame.version.encode("latin-1", "replace"))]
    sound = _write_headers(head, request.headers.raw, body if frame.payload is None else None)
    if frame.payload is not None:
        body = frame.payload
    data = b"".join(head)
    sound = sound and data.count(b"\n") == len(head)
    if frame is not PLAIN or method not in _METHODS or "mutators" in extensions:
        sound = sound and _is_strict(request, method, target, frame)
    rest = b""
    if len(body) > _ONE_SEND:
        rest = body
    elif body:
        data += body
    equivalent = _EQUIVALENTS.get(method) or _EQUIVALENTS[b"GET"]
    if not sound and any(name.lower() == b"upgrade" for name, _ in request.headers.raw):
        equivalent = _UPGRADE
    return Outgoing(data, rest, method, frame.ending, equivalent, sound)


def _flowing(request: httpx.Request, stream: Outflow) -> Outgoing:
    method = request.method.encode("latin-1", "replace")
    target: bytes = request.extensions.get("target") or request.url.raw_path
    head = [b"%s %s HTTP/1.1\r\n" % (method, target)]
    _write_headers(head, request.headers.raw, None)
    plain = _EQUIVALENTS[b"GET"]
    return Outgoing(b"".join(head), b"", method, "keep", plain, sound=True, pieces=stream)


_METHODS = frozenset({b"GET", b"HEAD", b"PUT", b"POST", b"PATCH", b"DELETE", b"OPTIONS"})


def _write_headers(
    head: list[bytes], headers: list[tuple[bytes, bytes]], body: bytes | None
) -> bool:
    """Append the lines of the headers; returns whether they frame the body truly."""
    declared = b"0"
    lengths = 0
    sound = body is not None
    for name, value in headers:
        head.append(b"%s: %s\r\n" % (name, value))
        key = name.lower()
        if key == b"content-length":
            declared = value
            lengths += 1
        elif key in _HOP_BY_HOP:
            sound = False
    head.append(b"\r\n")
    return sound and lengths <= 1 and body is not None and declared == b"%d" % len(body)


_HOP_BY_HOP = frozenset({b"transfer-encoding", b"connection", b"upgrade"})


def _is_strict(request: httpx.Request, method: bytes, target: bytes, frame: Frame) -> bool:
    if frame.version != "HTTP/1.1" or frame.ending != "keep":
        return False
    try:
        h11.Request(method=method, target=target, headers=request.headers.raw)
    except h11.LocalProtocolError:
        return False
    return method != b"CONNECT"
