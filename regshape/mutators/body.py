"""Breaks the body, and makes Content-Length true again: the framing is `frame`'s to break."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

from regshape.model import Mutator, Request
from regshape.mutators.action import Action, Actions, Run, size_of, text_of
from regshape.mutators.headers import values, with_value

Change: TypeAlias = Callable[[bytes, Mutator], bytes]
Json: TypeAlias = Any

_LENGTH = "Content-Length"


def with_body(request: Request, body: bytes) -> Request:
    """Return the request with another body, and the Content-Length that this needs."""
    headers = request.headers
    chunked = values(request, "Transfer-Encoding")
    if values(request, _LENGTH) or (body and not chunked):
        headers = with_value(headers, _LENGTH, str(len(body)))
    return replace(request, headers=headers, body=body)


def octets(text: str) -> bytes:
    """Return the bytes that a text stands for: one a character, or UTF-8 if that cannot be."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def replaced(body: bytes, mutator: Mutator) -> bytes:
    """Return the value: a text, or that many zero bytes."""
    if isinstance(mutator.value, int):
        return bytes(max(mutator.value, 0))
    return octets(text_of(mutator))


def appended(body: bytes, mutator: Mutator) -> bytes:
    """Return the body with the value behind it: a text, or that many zero bytes."""
    return body + replaced(body, mutator)


def truncated(body: bytes, mutator: Mutator) -> bytes:
    """Return as many first bytes as the value says, or else half of them."""
    return body[: size_of(mutator, len(body) // 2)]


def corrupted(body: bytes, mutator: Mutator) -> bytes:
    """Return the body with the lowest bit of one byte flipped, at the value or in the middle."""
    if not body:
        return b"\0"
    at = size_of(mutator, len(body) // 2) % len(body)
    return body[:at] + bytes((body[at] ^ 1,)) + body[at + 1 :]


def removed(body: bytes, mutator: Mutator) -> bytes:
    """Return nothing."""
    return b""


def duplicated(body: bytes, mutator: Mutator) -> bytes:
    """Return the body twice."""
    return body + body


def swapped(body: bytes, mutator: Mutator) -> bytes:
    """Return the body with its halves exchanged."""
    middle = len(body) // 2
    return body[middle:] + body[:middle]


def json_set(body: bytes, mutator: Mutator) -> bytes:
    """Return the JSON body with the value at the place that the key, a JSON pointer, names.

    A text value is JSON (`"2"` with its quotes is a string); a text that is no JSON is a string.
    """
    return _json_changed(body, mutator.key or "", _parsed(mutator.value), _put)


def json_remove(body: bytes, mutator: Mutator) -> bytes:
    """Return the JSON body without what the key, a JSON pointer (RFC 6901), names."""
    return _json_changed(body, mutator.key or "", None, _take)


def _parsed(value: str | int | None) -> Json:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _json_changed(
    body: bytes, pointer: str, value: Json, change: Callable[[Json, str, Json], None]
) -> bytes:
    try:
        document = {"": json.loads(body)}
        *way, last = [""] + [_unescaped(token) for token in pointer.split("/")[1:]]
        place: Json = document
        for token in way:
            place = place[_index(place, token)]
        change(place, last, value)
        compact = json.dumps(document.get(""), separators=(",", ":"), ensure_ascii=False)
        return compact.encode("utf-8", "surrogatepass") if document else b""
    except (ValueError, LookupError, TypeError, RecursionError):
        return body


def _unescaped(token: str) -> str:
    return token.replace("~1", "/").replace("~0", "~")


def _index(place: Json, token: str) -> Json:
    return int(token) if isinstance(place, list) else token


def _put(place: Json, token: str, value: Json) -> None:
    if isinstance(place, list) and token == "-":  # noqa: S105 - a JSON pointer's, no secret
        place.append(value)
    else:
        place[_index(place, token)] = value


def _take(place: Json, token: str, value: Json) -> None:
    del place[_index(place, token)]


def _run(change: Change) -> Run:
    def run(request: Request, mutator: Mutator) -> Request:
        return with_body(request, change(request.body, mutator))

    return run


ACTIONS: Actions = {
    "replace": Action(_run(replaced), value=True),
    "append": Action(_run(appended), value=True),
    "truncate": Action(_run(truncated)),
    "corrupt": Action(_run(corrupted)),
    "remove": Action(_run(removed)),
    "skip": Action(_run(removed)),
    "duplicate": Action(_run(duplicated)),
    "swap": Action(_run(swapped)),
    "json-set": Action(_run(json_set), key=True),
    "json-remove": Action(_run(json_remove), key=True),
}
