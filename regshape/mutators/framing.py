"""Breaks the framing: how the peer can tell where the request ends (RFC 9112 section 6)."""

from __future__ import annotations

from dataclasses import replace

from regshape.model import Ending, Mutator, Request
from regshape.mutators.action import Action, Actions, size_of, text_of
from regshape.mutators.body import octets
from regshape.mutators.headers import fill, with_value, without
from regshape.mutators.path import PATH_ACTIONS

_LENGTH = "Content-Length"
_CODING = "Transfer-Encoding"
_LAST_CHUNK = b"0\r\n\r\n"
_SETTINGS = bytes(3) + b"\x04" + bytes(5)
"""An empty SETTINGS frame (RFC 9113 section 6.5)."""
_CLIENT_HELLO = (bytes((22, 3, 1, 0, 45, 1, 0, 0, 41, 3, 3)) + bytes(38)).decode("latin-1")
"""A record with a ClientHello that offers nothing."""
_MISSING = 8
"""How many bytes of a body are declared where there is none to cut short."""


def chunked(body: bytes, size: int) -> bytes:
    """Return a body in valid chunked coding, without the last chunk."""
    step = max(size, 1)
    parts = (body[at : at + step] for at in range(0, len(body), step))
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)


def _framed(request: Request, payload: bytes, coding: str = "chunked") -> Request:
    headers = with_value(without(request.headers, _LENGTH), _CODING, coding)
    return replace(request, headers=headers, frame=replace(request.frame, payload=payload))


def _ending(request: Request, ending: Ending) -> Request:
    return replace(request, frame=replace(request.frame, ending=ending))


def _body(request: Request) -> bytes:
    payload = request.frame.payload
    return request.body if payload is None else payload


def declare(request: Request, mutator: Mutator) -> Request:
    """Return the request with the value as its Content-Length.

    If that promises more than there is, the sending side is closed: a peer that waits for the rest
    is to say so at once.
    """
    text = text_of(mutator)
    broken = replace(request, headers=with_value(request.headers, _LENGTH, text))
    return _ending(broken, "fin") if size_of(mutator, 0) > len(_body(request)) else broken


def undeclare(request: Request, mutator: Mutator) -> Request:
    """Return the request without Content-Length."""
    return replace(request, headers=without(request.headers, _LENGTH))


def declare_twice(request: Request, mutator: Mutator) -> Request:
    """Return the request with two Content-Lengths, the true one and the value (or one more)."""
    length = len(_body(request))
    headers = with_value(request.headers, _LENGTH, str(length))
    other = text_of(mutator, str(length + 1))
    return replace(request, headers=(*headers, (_LENGTH, other)))


def chunk(request: Request, mutator: Mutator) -> Request:
    """Return the request in valid chunked coding, in chunks of the value's size or in one."""
    size = size_of(mutator, len(request.body))
    return _framed(request, chunked(request.body, size) + _LAST_CHUNK)


def chunk_size(request: Request, mutator: Mutator) -> Request:
    """Return the request with the value (or `xyz`) as the size of its only chunk.

    Then the sending side is closed, so that a peer does not wait for what the size promises.
    """
    size = octets(text_of(mutator, "xyz"))
    payload = size + b"\r\n" + request.body + b"\r\n" + _LAST_CHUNK
    return _ending(_framed(request, payload), "fin")


def unterminated(request: Request, mutator: Mutator) -> Request:
    """Return the request in chunked coding that ends without the last chunk."""
    return _ending(_framed(request, chunked(request.body, len(request.body))), "fin")


def both(request: Request, mutator: Mutator) -> Request:
    """Return the request in chunked coding, with a Content-Length (the value, or the body's)."""
    broken = chunk(request, replace(mutator, value=None))
    length = text_of(mutator, str(len(request.body)))
    return replace(broken, headers=(*broken.headers, (_LENGTH, length)))


def obfuscate(request: Request, mutator: Mutator) -> Request:
    """Return the request in chunked coding that the value (or `xchunked`) announces."""
    payload = chunked(request.body, len(request.body)) + _LAST_CHUNK
    return _framed(request, payload, text_of(mutator, "xchunked"))


def cut(request: Request, mutator: Mutator) -> Request:
    """Return the request with a body shorter than declared: as long as the value, or half.

    Then the connection is half-closed, or reset if the key is `rst`.
    """
    body = _body(request)
    declared = str(len(body) or _MISSING)
    kept = min(size_of(mutator, len(body) // 2), max(len(body) - 1, 0))
    headers = request.headers
    if not any(name.lower() == "transfer-encoding" for name, _ in headers):
        headers = with_value(headers, _LENGTH, declared)
    frame = replace(request.frame, payload=body[:kept])
    ending: Ending = "rst" if mutator.key == "rst" else "fin"
    return _ending(replace(request, headers=headers, frame=frame), ending)


def pad(request: Request, mutator: Mutator) -> Request:
    """Return the request with the value (text, or so many zero bytes) behind its end."""
    value = mutator.value
    surplus = bytes(max(value, 0)) if isinstance(value, int) else octets(text_of(mutator))
    return replace(request, frame=replace(request.frame, payload=_body(request) + surplus))


def trail(request: Request, mutator: Mutator) -> Request:
    """Return the request in chunked coding with the value (or a header) as its trailer section."""
    trailer = octets(text_of(mutator, "X-RegShape-Trailer: 1\r\n"))
    coded = chunked(request.body, len(request.body))
    return _framed(request, coded + b"0\r\n" + trailer + b"\r\n")


def extend(request: Request, mutator: Mutator) -> Request:
    """Return the request in chunked coding, each chunk with the value (or `;x=y`) as extension."""
    extension = octets(text_of(mutator, ";x=y"))
    size, body = b"%x" % len(request.body), request.body
    first = size + extension + b"\r\n" + body + b"\r\n" if body else b""
    return _framed(request, first + b"0" + extension + b"\r\n\r\n")


def content(request: Request, mutator: Mutator) -> Request:
    """Return the request with the value as its body, truly declared, where it has none."""
    if request.body:
        return request
    payload = octets(text_of(mutator, "regshape"))
    headers = with_value(request.headers, _LENGTH, str(len(payload)))
    return replace(request, headers=headers, frame=replace(request.frame, payload=payload))


def crawl(request: Request, mutator: Mutator) -> Request:
    """Return the request with its last bytes sent one by one."""
    return _ending(request, "slow")


def stall(request: Request, mutator: Mutator) -> Request:
    """Return the request with nothing behind its head, though a body is declared, for a while."""
    return _ending(cut(request, replace(mutator, value=0)), "idle")


def leave(request: Request, mutator: Mutator) -> Request:
    """Return the request of one who does not wait for more than the head of the answer."""
    return _ending(request, "leave")


def preface(request: Request, mutator: Mutator) -> Request:
    """Return the connection preface of HTTP/2 in place of the request (RFC 9113 section 3.4)."""
    frame = replace(request.frame, version="HTTP/2.0", payload=b"SM\r\n\r\n" + _SETTINGS)
    return replace(request, method="PRI", route="*", query=(), headers=(), body=b"", frame=frame)


def hello(request: Request, mutator: Mutator) -> Request:
    """Return the request behind the first bytes of TLS (RFC 8446 section 4.1.2)."""
    return _ending(replace(request, method=_CLIENT_HELLO + request.method), "fin")


def swell(request: Request, mutator: Mutator) -> Request:
    """Return the request with the header of the key, or its path, as long as the value says."""
    if mutator.key is not None:
        return fill(request, mutator)
    return PATH_ACTIONS["fill"].run(request, mutator)


def version(request: Request, mutator: Mutator) -> Request:
    """Return the request with the value as its protocol version."""
    return replace(request, frame=replace(request.frame, version=text_of(mutator)))


ACTIONS: Actions = {
    "replace": Action(declare, value=True),
    "remove": Action(undeclare),
    "duplicate": Action(declare_twice),
    "truncate": Action(cut),
    "append": Action(pad, value=True),
    "chunked": Action(chunk),
    "corrupt": Action(chunk_size),
    "unterminated": Action(unterminated),
    "both": Action(both),
    "obfuscate": Action(obfuscate),
    "version": Action(version, value=True),
    "trailer": Action(trail),
    "extension": Action(extend),
    "content": Action(content),
    "slow": Action(crawl),
    "idle": Action(stall),
    "leave": Action(leave),
    "preface": Action(preface),
    "hello": Action(hello),
    "fill": Action(swell, value=True),
}
