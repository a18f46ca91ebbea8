"""Semantic versions: strict reading, and their order (Semantic Versioning 2.0.0, 2, 9, 10, 11)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import total_ordering

_NUMBER = r"(?:0|[1-9][0-9]*)"
_LABEL = rf"(?:{_NUMBER}|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)"
GRAMMAR = re.compile(
    rf"({_NUMBER})\.({_NUMBER})\.({_NUMBER})"
    rf"(?:-({_LABEL}(?:\.{_LABEL})*))?(?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?"
)
MOST_CHARACTERS = 256
"""Length up to which a text is looked at; the document leaves a limit to the reader (FAQ)."""


@total_ordering
@dataclass(frozen=True, slots=True)
class Version:
    """A version. The build has no part in the order, nor in what is equal (section 10)."""

    major: int
    minor: int
    patch: int
    pre: tuple[str, ...] = ()
    build: str = ""

    def __str__(self) -> str:
        pre = f"-{'.'.join(self.pre)}" if self.pre else ""
        build = f"+{self.build}" if self.build else ""
        return f"{self.major}.{self.minor}.{self.patch}{pre}{build}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and self._key() == other._key()

    def __lt__(self, other: Version) -> bool:
        return self._key() < other._key()

    def __hash__(self) -> int:
        return hash(self._key())

    def _key(self) -> tuple[int, int, int, bool, tuple[tuple[bool, int, str], ...]]:
        labels = tuple(_rank(label) for label in self.pre)
        return self.major, self.minor, self.patch, not self.pre, labels


def _rank(label: str) -> tuple[bool, int, str]:
    """Return what orders a label: numbers by value and before all others (section 11)."""
    return (False, int(label), "") if label.isdecimal() else (True, 0, label)


def parse(text: str) -> Version:
    """Return the version that a text is.

    Raises:
        ValueError: it is none.
    """
    found = GRAMMAR.fullmatch(text) if len(text) <= MOST_CHARACTERS else None
    if found is None:
        raise ValueError(f"{text[:60]!r} is no version: write MAJOR.MINOR.PATCH")
    pre = tuple(found[4].split(".")) if found[4] else ()
    return Version(int(found[1]), int(found[2]), int(found[3]), pre, found[5] or "")
