"""What the Ori registry holds, and the options that it is made with. Times are epoch seconds."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from regshape.protocols.ori.models import Advisory, TokenScope, log_record

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Grant:
    """Who a token is for, and what it is good for; without an expiry it is good for ever."""

    user: str
    scopes: frozenset[TokenScope]
    expires: float | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A token as it is kept: its text is nowhere, `hashed` is enough to know it again.

    A token has 256 random bits, so a plain hash of it cannot be searched.
    """

    id: str
    hashed: str
    grant: Grant
    created: float


@dataclass(frozen=True, slots=True)
class Quota:
    """What a caller may still ask in this window, which ends at `reset`; `used` counts this."""

    limit: int
    used: int
    reset: float

    @property
    def exceeded(self) -> bool:
        """Whether this request is one too many."""
        return self.used > self.limit


@dataclass(frozen=True, slots=True)
class Offer:
    """A package that is offered to somebody, until the offer ends."""

    to: str
    expires: float


@dataclass(frozen=True, slots=True)
class Holding:
    """A package and who owns it."""

    package: str
    owner: str
    offer: Offer | None = None

    @property
    def scope(self) -> str:
        """The scope that the package is in, without `@`."""
        return self.package.removeprefix("@").partition("/")[0]


@dataclass(frozen=True, slots=True)
class Release:
    """A version of a package. `about` is what its manifest says, for the metadata."""

    package: str
    version: str
    checksum: str
    size: int
    published: float
    log_index: int
    about: Mapping[str, Any]
    yanked: bool = False
    deprecated: str | None = None

    def record(self) -> bytes:
        """Return the leaf of the log that stands for it."""
        return log_record(self.package, self.version, self.checksum)


@dataclass(slots=True)
class Shelf:
    """All that a registry has acknowledged: owners of scopes, packages, and their versions."""

    scopes: dict[str, str] = field(default_factory=dict)
    packages: dict[str, Holding] = field(default_factory=dict)
    releases: dict[str, dict[str, Release]] = field(default_factory=dict)

    def add(self, release: Release) -> None:
        """Take a version of a package that is there."""
        self.releases.setdefault(release.package, {})[release.version] = release

    def hold(self, holding: Holding) -> None:
        """Take a package, or who owns it now; its scope is claimed by whoever comes first."""
        self.packages[holding.package] = holding
        self.scopes.setdefault(holding.scope, holding.owner)


@dataclass(frozen=True, slots=True)
class ReferenceOptions:
    """How a registry is set up; every setting gives a conforming one. Times are in seconds.

    `origin` names the log and `seed` is its private key, made where there is none. `tokens` are
    grants by the texts of tokens that are good from the start. Limits are requests in a `window`.
    """

    origin: str = "ori.localhost"
    seed: bytes | None = None
    auth: Literal["open", "required"] = "open"
    tokens: Mapping[str, Grant] = field(default_factory=dict)
    advisories: Collection[Advisory] = ()
    authenticated_limit: int = 1000
    anonymous_limit: int = 100
    window: float = 60.0
    transfer_lifetime: float = 72 * HOUR
    page_limit: int = 1000
    clock: Callable[[], float] = time.time


def hash_token(text: str) -> str:
    """Return what is kept of a token's text."""
    return hashlib.sha256(text.encode()).hexdigest()


def new_token(grant: Grant, now: float) -> tuple[str, Token]:
    """Return the text of a new token, which is shown once, and what is kept of it."""
    text = f"ori_{secrets.token_urlsafe(32)}"
    return text, kept_token(text, grant, now)


def kept_token(text: str, grant: Grant, now: float) -> Token:
    """Return what is kept of a token."""
    hashed = hash_token(text)
    return Token(hashed[:12], hashed, grant, now)
