"""The model of one space of an OCI registry: what the target acknowledged, and nothing else.

It is changed only by what an answer said. Where an answer left the truth open (a 5xx, a cut
connection, a broken request that was accepted) the model forgets rather than guesses.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from string import ascii_letters
from typing import Any, Literal, TypeVar

from regshape.formats.digest import compute
from regshape.model import Space
from regshape.protocols.http import resolve

SessionState = Literal["open", "closed", "unknown"]
OWN = 16
"""Bytes that no two spaces have in common."""
T = TypeVar("T")
LANE_STRIDE = 11


@dataclass(slots=True)
class Blob:
    """A blob that the target acknowledged. `read_at` is the write count when last read back."""

    digest: str
    content: bytes
    read_at: int = -1


@dataclass(slots=True)
class Manifest:
    """A manifest that the target acknowledged, with the headers of its last GET."""

    digest: str
    content: bytes
    media_type: str
    subject: str | None = None
    artifact_type: str | None = None
    annotations: Mapping[str, Any] = field(default_factory=dict)
    parts: tuple[str, ...] = ()
    subject_processed: bool = False
    read_at: int = -1


@dataclass(slots=True)
class Upload:
    """An upload session: every location it had, and the bytes that were acknowledged."""

    repo: Repository
    locations: list[str]
    content: bytearray = field(default_factory=bytearray)
    state: SessionState = "open"
    chunk_minimum: int = 0

    def copy(self, repo: Repository) -> Upload:
        """Return a copy for a copy of its repository."""
        return replace(
            self, repo=repo, locations=list(self.locations), content=bytearray(self.content)
        )


@dataclass(slots=True)
class Repository:
    """One repository. `forgotten` holds the references of which the truth is open."""

    name: str
    exists: bool | None = False
    blobs: dict[str, Blob] = field(default_factory=dict)
    manifests: dict[str, Manifest] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    tags_read_at: dict[str, int] = field(default_factory=dict)
    forgotten: set[str] = field(default_factory=set)
    unsure: bool = False
    made: dict[str, Literal["blob", "manifest", "tag"]] = field(default_factory=dict)
    deleted: dict[str, str] = field(default_factory=dict)
    gone_blobs: dict[str, bytes] = field(default_factory=dict)
    """The contents of blobs that were deleted, by digest."""
    gone_referrers: dict[str, str] = field(default_factory=dict)
    """The subjects of referrers that were deleted, by digest."""

    def knows(self, reference: str, among: Mapping[str, Any]) -> bool | None:
        """Return whether the reference is there, or None where that is open."""
        if self.unsure or reference in self.forgotten:
            return None
        return reference in among

    def forget(self, reference: str) -> None:
        """Stop predicting anything of a blob digest, manifest digest or tag."""
        self.forgotten.add(reference)
        self.blobs.pop(reference, None)
        self.manifests.pop(reference, None)
        self.tags.pop(reference, None)

    def distrust(self) -> None:
        """Stop predicting anything of the whole repository."""
        self.unsure = True
        self.exists = None

    def copy(self) -> Repository:
        """Return a copy that nothing done to this one changes."""
        return replace(
            self,
            blobs={digest: replace(blob) for digest, blob in self.blobs.items()},
            manifests={digest: replace(item) for digest, item in self.manifests.items()},
            tags=dict(self.tags),
            tags_read_at=dict(self.tags_read_at),
            forgotten=set(self.forgotten),
            made=dict(self.made),
            deleted=dict(self.deleted),
            gone_blobs=dict(self.gone_blobs),
            gone_referrers=dict(self.gone_referrers),
        )


class State:
    """Everything known of one space."""

    def __init__(self, space: Space) -> None:
        self.space = space
        name = f"{space.prefix}/{space.salt}"
        # Salts are hexadecimal numbers: no suffix of theirs may make one the name of another.
        self.repos = (Repository(name), Repository(f"{name}-b"))
        self.absent = Repository(f"{name}-none")
        self.foreign = Repository(f"{space.other_prefix or f'{space.prefix}-other'}/{space.salt}")
        """Where the second identity may push."""
        self.uploads: list[Upload] = []
        self.sessions: set[str] = set()
        self.strays: list[str] = []
        self.foreign_strays: list[str] = []
        self.subjects_answered: set[str] = set()
        self.writes = 0
        self.serial = 0
        self.lane = 0
        """Which of several parallel lists this plays, from 1; 0 for none, and for what they share.
        """

    def copy(self) -> State:
        """Return a copy that nothing done to this one changes; `copy.deepcopy` takes ten times."""
        other = copy(self)
        copies = {id(r): r.copy() for r in (*self.repos, self.absent, self.foreign)}
        other.repos = (copies[id(self.repos[0])], copies[id(self.repos[1])])
        other.absent, other.foreign = copies[id(self.absent)], copies[id(self.foreign)]
        other.uploads = [upload.copy(copies[id(upload.repo)]) for upload in self.uploads]
        other.sessions = set(self.sessions)
        other.strays = list(self.strays)
        other.foreign_strays = list(self.foreign_strays)
        other.subjects_answered = set(self.subjects_answered)
        return other

    def repo(self, arguments: Mapping[str, Any]) -> Repository:
        """Return the repository that a step's arguments name (0, 1, or `absent`)."""
        chosen = arguments.get("repo", 0)
        return self.absent if chosen == "absent" else self.repos[chosen]

    def other(self, repo: Repository) -> Repository:
        """Return the second repository of the space."""
        return self.repos[1] if repo is self.repos[0] else self.repos[0]

    def fresh(self, size: int) -> bytes:
        """Return content of that many bytes that no other space and no earlier call has.

        Its first byte is not that of the calls before, so that even one byte tells them apart.
        Where repositories share their blobs it is never so short that other spaces have it too.
        """
        if not self.space.can("isolated-blobs"):
            size = max(size, OWN)
        mark = self.mark()
        first = ascii_letters[(self.serial + LANE_STRIDE * self.lane) % len(ascii_letters)]
        seed = hashlib.sha256(f"{self.space.salt}/{mark}".encode()).hexdigest()
        unit = f"{first}{seed[1:]}".encode()
        return (unit * (size // len(unit) + 1))[:size]

    def mark(self) -> str:
        """Return a text that no earlier call and no parallel list has."""
        self.serial += 1
        return f"{self.lane}-{self.serial}" if self.lane else str(self.serial)

    def fresh_digest(self, algorithm: str = "sha256") -> str:
        """Return a digest that nothing has."""
        return compute(self.fresh(64), algorithm)

    def resolve(self, location: str | None, target: str = "/v2/") -> str | None:
        """Return the request target that a Location or Link stands for, or None if it leads away.

        It may be absolute, or relative to the target of the request (distribution-spec, "Pushing a
        blob monolithically"; RFC 9110, section 10.2.2).
        """
        return resolve(self.space.origin, location, target)


def recent(items: Mapping[str, T], which: int) -> T | None:
    """Return the most recent item (which = 0), the one before (1) ..., or None if there is none."""
    if not items:
        return None
    values = list(items.values())
    return values[-1 - which % len(values)]
