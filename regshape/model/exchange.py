"""Requests, the ways of breaking them, and the answers that came.

Text that stands for bytes on the wire (targets, header names and values) is `str` in which each
character is one byte (latin-1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal, TypeAlias

Headers: TypeAlias = tuple[tuple[str, str], ...]
Ending: TypeAlias = Literal["keep", "fin", "rst", "slow", "idle", "leave"]


class Expectation(StrEnum):
    """What a conforming peer must do with a request that a mutator broke."""

    REJECT = "reject"
    TOLERATE = "tolerate"
    UNSPECIFIED = "unspecified"


@dataclass(frozen=True, slots=True)
class Frame:
    """How a request is laid on the wire where that differs from plain HTTP/1.1.

    `payload` replaces the body's bytes as they are (chunk coding included, if any); `ending` is
    how it ends: `keep` waits for the answer, `fin` half-closes first, `rst` resets, `slow` sends
    the last bytes one by one, `idle` says nothing for a while and half-closes then, `leave` resets
    once the head of the answer is there.
    """

    version: str = "HTTP/1.1"
    payload: bytes | None = None
    ending: Ending = "keep"


PLAIN = Frame()


@dataclass(frozen=True, slots=True)
class Request:
    """A request before it leaves: a route with named parts, so that mutators can aim at them.

    `route` holds `{name}` fields that `parts` fills; `query` holds pairs already escaped as they go
    on the wire, a value of None standing for a key without `=`.
    """

    method: str
    route: str
    parts: Mapping[str, str] = field(default_factory=dict)
    query: tuple[tuple[str, str | None], ...] = ()
    headers: Headers = ()
    body: bytes = b""
    frame: Frame = PLAIN

    def target(self) -> str:
        """Return the request target as it goes on the request line."""
        path = self.route
        for name, value in self.parts.items():
            path = path.replace("{" + name + "}", value)
        if not self.query:
            return path
        pairs = (key if value is None else f"{key}={value}" for key, value in self.query)
        return f"{path}?{'&'.join(pairs)}"

    def with_header(self, name: str, value: str) -> Request:
        """Return the request with every header of that name replaced by one."""
        kept = tuple(pair for pair in self.headers if pair[0].lower() != name.lower())
        return replace(self, headers=(*kept, (name, value)))


@dataclass(frozen=True, slots=True)
class Mutator:
    """One way of breaking a request, as data.

    `target` and `action` choose the code in `regshape.mutators`; `key` says which header, query
    parameter or path part; `value` is what the action needs. `expect` is the oracle.
    """

    name: str
    target: str
    action: str
    key: str | None = None
    value: str | int | None = None
    expect: Expectation = Expectation.UNSPECIFIED


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an exchange has no whole answer.

    `kind` is one of `connect`, `tls`, `timeout`, `reset`, `closed` (no answer at all), `stale`
    (none on a connection that was used before), `cut-off` (an answer that ends early),
    `malformed`, `too-large`, `auth`; `detail` is one sentence.
    """

    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request as it left, with the answer as it came, or the failure.

    Answer header names are lower case. With a failure, status, headers and bytes are those that did
    arrive. `seconds` runs from the first byte out to the last byte in. The lengths are set where a
    body was cut for keeping, and say how long it was. `version` and `ending` are those of the
    request's `Frame`; what its payload was is the body.
    """

    method: str
    target: str
    headers: Headers = ()
    body: bytes = b""
    status: int | None = None
    reason: str = ""
    answer_headers: Headers = ()
    answer: bytes = b""
    failure: Failure | None = None
    seconds: float = 0.0
    body_length: int | None = None
    answer_length: int | None = None
    version: str = PLAIN.version
    ending: Ending = PLAIN.ending

    def header(self, name: str) -> str | None:
        """Return the first answer header of that (lower-case) name, or None."""
        for key, value in self.answer_headers:
            if key == name:
                return value
        return None

    def header_values(self, name: str) -> list[str]:
        """Return the values of every answer header of that (lower-case) name."""
        return [value for key, value in self.answer_headers if key == name]
