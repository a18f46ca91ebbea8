"""What a protocol provides to the engine."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias

from regshape.model.exchange import Exchange
from regshape.model.judgement import Call, Identity, Requirement, Turn
from regshape.model.program import Step

Play: TypeAlias = Generator[Call, Exchange, None]
"""Yields calls, receives their exchanges: a protocol's logic without I/O."""


@dataclass(frozen=True, slots=True)
class Capability:
    """An optional feature of a target: whether it is there, and why that is believed."""

    name: str
    present: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Space:
    """The part of the target that one case works in.

    `salt` has lower-case letters and digits, different for each execution, so that content
    addresses differ. `origin` is the target's URL without a trailing slash: answers that lead
    elsewhere are not followed. `other_prefix` is where a second identity
    works, `other_user` the name that the target knows it by; `identities` are those with
    credentials to show.
    """

    prefix: str
    salt: str
    origin: str = ""
    capabilities: Mapping[str, Capability] = field(default_factory=dict)
    read_only: bool = False
    other_prefix: str = ""
    other_user: str = "other"
    identities: frozenset[Identity] = frozenset({"main", "other"})

    def can(self, name: str) -> bool:
        """Return whether the capability is present, or not known to be absent."""
        found = self.capabilities.get(name)
        return found is None or found.present


class World(Protocol):
    """The model of one space: what the target acknowledged, and the calls of the steps."""

    def play(self, step: Step) -> Play:
        """Run one step: what it needs first, the step itself, then what reads back its effect."""
        ...

    def fork(self, lane: int) -> World:
        """Return a copy that plays one of several parallel lists, as if it were alone."""
        ...

    def join(self, forks: Sequence[World]) -> None:
        """Take note of what the copies may have made; what is there now is open."""
        ...

    def ready(self) -> Call:
        """Return a call that does nothing but open a connection."""
        ...

    def rest(self, lanes: Sequence[Sequence[Turn]]) -> Play:
        """Read, once all is quiet, everything that parallel lists may have changed."""
        ...

    def settle(self) -> Play:
        """Re-read, once all is quiet, what the target acknowledged."""
        ...

    def clean(self) -> Play:
        """Remove what was created, where the target allows it."""
        ...


class RegistryProtocol(Protocol):
    """One registry protocol, as the engine sees it."""

    @property
    def name(self) -> str:
        """The name in the catalogue."""
        ...

    @property
    def versions(self) -> Sequence[str]:
        """The versions of the document, oldest first; the first is the default."""
        ...

    @property
    def requirements(self) -> Sequence[Requirement]:
        """Every requirement; where several are violated in one aspect, the first is reported."""
        ...

    @property
    def operations(self) -> Iterable[str]:
        """The operations that a step can name."""
        ...

    def world(self, space: Space) -> World:
        """Return the empty model of a space."""
        ...

    def probe(self, space: Space) -> Generator[Call, Exchange, Sequence[Capability]]:
        """Find out what the target can do; raises `TargetError` if it is no such registry."""
        ...


DefectKind: TypeAlias = Literal["S", "Q", "C", "W", "A", "D", ""]
"""What it takes to see a defect: **S** one request, **Q** a sequence of requests, **C** requests at
the same time, **W** the bytes on the wire, **A** two identities or repositories that must be kept
apart, **D** two answers that are compared."""


@dataclass(frozen=True, slots=True)
class Defect:
    """A named fault that can be planted in a reference registry.

    `mistake` is the class that is composed in front of the reference; `requirements` are those that
    it violates, the one that tells of it first; `source` is the bug of a real registry that it is
    modelled on, or nothing; `kind` is what it takes to see it, and every defect has one;
    `auth` is how a registry asks for credentials where the fault shows.
    """

    name: str
    about: str
    requirements: tuple[str, ...]
    mistake: type[Any]
    source: str = ""
    kind: DefectKind = ""
    auth: str = "none"
