"""Reads WWW-Authenticate (RFC 9110 section 11.6.1)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"  # noqa: S105 - grammar, no secret
_SEPARATORS = re.compile(r"[\s,]*")
_PARAMETER = re.compile(
    rf'({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_TOKEN}(?:[/:]\S*?)?)(?=[\s,]|$))'
)
_SCHEME = re.compile(rf"({_TOKEN})(?=[\s,]|$)[ \t]*")
_TOKEN68 = re.compile(r"([0-9A-Za-z._~+/-]+=*)(?=\s*(?:,|$))")
_ESCAPE = re.compile(r"\\(.)")
_REST = re.compile(r"[^,]*")


_LONGEST = 8192
"""What of a line is read, in characters."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """One challenge: the scheme in lower case, and its parameters or its token68."""

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    token68: str | None = None


def parse_challenges(values: Iterable[str]) -> tuple[Challenge, ...]:
    """Return the challenges in the values of all WWW-Authenticate lines, in order.

    What is no challenge is passed over up to the next comma.
    """
    return tuple(challenge for value in values for challenge in _parse(value[:_LONGEST]))


def _parse(value: str) -> list[Challenge]:
    found: list[Challenge] = []
    parameters: dict[str, str] = {}
    at = _skip(_SEPARATORS, value, 0)
    while at < len(value):
        if found and (match := _PARAMETER.match(value, at)):
            parameters.setdefault(match[1].lower(), _unquoted(match))
            at = match.end()
        elif match := _SCHEME.match(value, at):
            parameters = {}
            token68 = _TOKEN68.match(value, match.end())
            found.append(Challenge(match[1].lower(), parameters, token68 and token68[1]))
            at = token68.end() if token68 else match.end()
        else:
            at = _skip(_REST, value, at + 1)
        at = _skip(_SEPARATORS, value, at)
    return found


def _skip(pattern: re.Pattern[str], value: str, at: int) -> int:
    match = pattern.match(value, at)
    return match.end() if match else at


def _unquoted(match: re.Match[str]) -> str:
    quoted: str | None = match[2]
    return _ESCAPE.sub(r"\1", quoted) if quoted is not None else match[3]
