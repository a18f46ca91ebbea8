"""Content digests: their grammar, their registered algorithms, computing and verifying them.

The grammar and the registered algorithms are those of the OCI image specification,
`descriptor.md`, section "Digests"; nothing here knows what a digest is used for.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import NamedTuple

ALGORITHMS: Mapping[str, int] = {"sha256": 64, "sha512": 128}
"""The registered algorithms, each with the number of lower-case hex digits that it encodes to."""

GRAMMAR = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[a-zA-Z0-9=_-]+")
_REGISTERED = re.compile(
    "|".join(f"{name}:[0-9a-f]{{{size}}}" for name, size in ALGORITHMS.items())
)


class Digest(NamedTuple):
    """A digest of a registered algorithm, in its two parts."""

    algorithm: str
    encoded: str

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.encoded}"


def is_grammatical(text: str) -> bool:
    """Return whether the text has the form of a digest, of whatever algorithm."""
    return GRAMMAR.fullmatch(text) is not None


def is_valid(text: str) -> bool:
    """Return whether the text is a digest of a registered algorithm, of the right length."""
    return _REGISTERED.fullmatch(text) is not None


def parse(text: str) -> Digest:
    """Return the two parts of a digest.

    Raises:
        ValueError: no digest, or one of no registered algorithm; the message says which.
    """
    if is_valid(text):
        algorithm, _, encoded = text.partition(":")
        return Digest(algorithm, encoded)
    if not is_grammatical(text):
        raise ValueError(f"{text!r} is no digest: write algorithm:encoded")
    algorithm = text.partition(":")[0]
    if algorithm not in ALGORITHMS:
        raise ValueError(f"{algorithm!r} is no registered algorithm: use {' or '.join(ALGORITHMS)}")
    raise ValueError(f"{text!r} needs {ALGORITHMS[algorithm]} lower-case hex digits")


def compute(content: bytes, algorithm: str = "sha256") -> str:
    """Return the digest of the content.

    Raises:
        ValueError: the algorithm is not registered.
    """
    if algorithm not in ALGORITHMS:
        raise ValueError(f"{algorithm!r} is no registered algorithm: use {' or '.join(ALGORITHMS)}")
    return f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"


def matches(text: str, content: bytes) -> bool:
    """Return whether the text is a valid digest and that of the content."""
    return is_valid(text) and compute(content, text.partition(":")[0]) == text


class Verifier:
    """Verifies content that arrives in pieces against the digest that it should have."""

    def __init__(self, expected: str) -> None:
        """Start on no content; raises `ValueError` if the expected digest is not valid."""
        self.expected = parse(expected)
        self._hash = hashlib.new(self.expected.algorithm)

    def update(self, piece: bytes) -> None:
        """Take the next piece of the content."""
        self._hash.update(piece)

    def digest(self) -> str:
        """Return the digest of all that came so far."""
        return f"{self.expected.algorithm}:{self._hash.hexdigest()}"

    def is_met(self) -> bool:
        """Return whether all that came so far has the expected digest."""
        return self._hash.hexdigest() == self.expected.encoded
