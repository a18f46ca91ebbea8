"""The model of one space of an Ori registry: what the target acknowledged, and nothing else.

It is changed only by what an answer said. Where an answer left the truth open the model forgets
rather than guesses.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from regshape.formats import semver
from regshape.model import Identity, Space
from regshape.protocols.ori.facts import Held, Rate
from regshape.protocols.ori.timeline import OWN_TIME, Timeline

NUMBERS = ("1.0.0", "1.10.0", "1.9.0", "2.0.0-alpha", "2.0.0-alpha.10", "2.0.0-alpha.9", "2.0.0")
"""Versions in the order in which they are published: no order of text is their own."""
RESERVED = ("test", "std-x")
"""Names that no one may claim, of each kind one."""
OWN_TOKEN = "token"  # noqa: S105 - the name of a capability
"""The capability of a caller who has a token for the first identity, `main`."""
NAME_LIMIT = 64
"""Characters that a full name may have."""


@dataclass(slots=True)
class Package:
    """One package. `forgotten` holds the versions of which the truth is open."""

    scope: str
    name: str
    owner: Identity | None = None
    versions: dict[str, Held] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    tried: set[str] = field(default_factory=set)
    """Versions that were sent, whatever became of them: none of them is a fresh one."""
    unsure: bool = False
    pending: Identity | None = None
    offered: int | None = 0
    """How far ahead the clock was when the pending transfer was started; None where it was started
    again since, and may have been prolonged."""
    transferred: bool = False

    @property
    def full(self) -> str:
        """The name as the manifest has it."""
        return f"@{self.scope}/{self.name}"

    @property
    def exists(self) -> bool | None:
        """Whether something was published in it."""
        return None if self.unsure else bool(self.versions) or (None if self.forgotten else False)

    @property
    def parts(self) -> dict[str, str]:
        """The parts of its routes, escaped."""
        return {"scope": quote(self.scope, safe=""), "name": quote(self.name, safe="")}

    def knows(self, version: str) -> bool | None:
        """Return whether the version is there, or None where that is open."""
        if self.unsure or version in self.forgotten:
            return None
        return version in self.versions

    def forget(self, version: str) -> None:
        """Stop predicting anything of a version."""
        self.forgotten.add(version)
        self.versions.pop(version, None)

    def listed(self) -> tuple[str, ...] | None:
        """Return all versions, newest first, or None where that is open."""
        if self.unsure or self.forgotten:
            return None
        return tuple(sorted(self.versions, key=semver.parse, reverse=True))

    def recent(self, which: int = 0) -> str | None:
        """Return the version published last, or the one before it, ..."""
        numbers = list(self.versions)
        return numbers[-1 - which % len(numbers)] if numbers else None


class State:
    """Everything known of one space."""

    def __init__(self, space: Space) -> None:
        self.space = space
        scope, salt = _word(space.prefix), space.salt
        other = _word(space.other_prefix or f"{space.prefix}-other")
        self.packages = (Package(scope, f"p-{salt}"), Package(scope, f"p-{salt}-b"))
        self.absent = Package(scope, f"p-{salt}-none")
        self.foreign = Package(other, f"p-{salt}")
        """What the second identity publishes."""
        self.named: dict[str, Package] = {}
        """What was published under a name at an edge of the grammar, by that name."""
        self.other_user = space.other_user
        self.ledger: dict[tuple[str, str], str] = {}
        """The SHA-256 of everything that was ever downloaded, by package and version."""
        self.etags: dict[tuple[str, str], str] = {}
        self.rates: dict[Identity, Rate] = {}
        self.checkpoint: tuple[int, bytes] | None = None
        found = space.capabilities.get(OWN_TIME)
        self.own_time = found is not None and found.present
        """Whether the target gives the space a clock and rate windows of its own."""
        self.ahead = 0
        """Seconds that the clock of the space is ahead of everybody's."""
        self.serial = 0
        self.lane = 0
        """Which of several parallel lists this plays, from 1; 0 for none, and what they share."""

    @property
    def has_token(self) -> bool:
        """Whether the first identity has a token to show."""
        return "main" in self.space.identities

    @property
    def may_publish(self) -> bool:
        """Whether anything of ours may be brought there: there is a token, and it may be used."""
        return self.has_token and not self.space.read_only

    def package(self, arguments: Mapping[str, Any]) -> Package:
        """Return the package that a step's arguments name (0, 1, or `absent`)."""
        chosen = arguments.get("package", 0)
        return self.absent if chosen == "absent" else self.packages[chosen]

    def name(self, scope: str, name: str) -> Package:
        """Return the package of a name that the model did not choose itself."""
        return self.named.setdefault(name, Package(scope, name))

    def fresh_version(self, package: Package) -> str:
        """Return a version that was not published yet, in this space or in an earlier one."""
        numbers = [*NUMBERS, *(f"3.{minor}.0" for minor in range(100))]
        if self.lane:
            numbers = [f"{10 + self.lane}.{minor}.0" for minor in range(100)]
        if package.name in RESERVED:  # the one name without a salt: its versions have one
            mark = int(self.mark()[:12], 16)
            numbers = [f"0.{mark}.0"]
        number = next(text for text in numbers if text not in package.tried)
        package.tried.add(number)
        return number

    def timeline(self) -> Timeline:
        """Return the time that the space is in."""
        return Timeline(self.space.salt, self.ahead)

    def mark(self) -> str:
        """Return a text that no earlier call, no parallel list and no other space has."""
        self.serial += 1
        text = f"{self.space.salt}/{self.lane}/{self.serial}"
        return hashlib.sha256(text.encode()).hexdigest()


def _word(prefix: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in prefix)
