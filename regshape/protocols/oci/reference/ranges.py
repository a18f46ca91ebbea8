"""The `Range` request header (RFC 9110, section 14): which bytes of a content are asked for."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_SINGLE = re.compile(r"[ \t]*([0-9]*)-([0-9]*)[ \t]*")
_MOST_DIGITS: Final = 18


class Slice(NamedTuple):
    """The bytes from `first` to `last`, both inclusive."""

    first: int
    last: int


def parse_range(header: str) -> tuple[int | None, int | None] | None:
    """Return the two positions of a header that asks for one range of bytes.

    `(3, None)` is all from byte 3 on, `(None, 3)` the last three. None stands for what a server
    ignores: another unit, several ranges, a malformed one.
    """
    unit, _, ranges = header.partition("=")
    found = _SINGLE.fullmatch(ranges)
    if unit.strip().lower() != "bytes" or found is None:
        return None
    first, last = (_number(text) for text in found.groups())
    if first is None and last is None:
        return None
    if first is not None and last is not None and last < first:
        return None
    return first, last


def _number(text: str) -> int | None:
    digits = text.lstrip("0") or text[:1]
    if len(digits) > _MOST_DIGITS:
        return int("9" * _MOST_DIGITS)
    return int(digits) if digits else None


def clamp(first: int | None, last: int | None, size: int) -> Slice | None:
    """Return the part of a content of that size which a range covers, or None if there is none."""
    if first is None:
        return Slice(max(size - (last or 0), 0), size - 1) if last and size else None
    if first >= size:
        return None
    return Slice(first, size - 1 if last is None else min(last, size - 1))
