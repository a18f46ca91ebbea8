"""Requirements, the calls that they are judged on, and what violates them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal, NamedTuple, TypeAlias

from regshape.model.exchange import Exchange, Expectation, Mutator, Request

Identity: TypeAlias = str
"""As whom a request is sent: `main` with the first credentials, `other` with the second ones,
`anonymous` with none; a protocol whose tokens have rights of their own names further ones."""
Role: TypeAlias = Literal["probe", "setup", "step", "readback", "cleanup"]


class Level(StrEnum):
    """How binding a requirement is, in the words of BCP 14."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


@dataclass(frozen=True, slots=True)
class Call:
    """One request with what is known of it: the role it plays, and the protocol's own facts.

    `facts` is what the model predicts, a value that only the protocol's checks read; `cause` is the
    call whose effect this one reads back; `scope` is what a bearer token must cover, `identity` as
    whom it is sent. `early` tells whether an answer may come from before a change that was only
    accepted: it is then asked for again a moment later, before it is judged. One that is not
    `patient` takes a 429 for its answer.
    """

    operation: str
    request: Request
    facts: Any
    role: Role = "step"
    mutators: tuple[Mutator, ...] = ()
    cause: Call | None = None
    scope: str | None = None
    identity: Identity = "main"
    early: Callable[[Exchange], bool] | None = None
    patient: bool = True

    @property
    def expect(self) -> Expectation | None:
        """The strictest expectation of the mutators, or None for an unbroken request."""
        if not self.mutators:
            return None
        kinds = {mutator.expect for mutator in self.mutators}
        if Expectation.UNSPECIFIED in kinds:
            return Expectation.UNSPECIFIED
        return Expectation.REJECT if Expectation.REJECT in kinds else Expectation.TOLERATE


@dataclass(frozen=True, slots=True)
class Fault:
    """One violation seen by a check.

    `aspect` is short and stable, part of the finding's signature (`status 500`, `no Range`);
    `summary` is one sentence with the values of this exchange. `wide` marks what has one cause for
    all operations, such as an error code that is in no table; `among` names the operations that a
    race was between.
    """

    aspect: str
    summary: str
    wide: bool = False
    among: tuple[str, ...] = ()


Check: TypeAlias = Callable[[Call, Exchange], "Fault | bool"]
"""Returns False where the exchange says nothing of the requirement, True where it is met."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A call and its exchange; `lane` says in which of several parallel lists it was."""

    call: Call
    exchange: Exchange
    lane: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Race:
    """What happened in a race: the turns of each list, in their order, and those once all is quiet.

    `before` is the protocol's model as it was when the lists were released. Each race is equal to
    itself only, so that what several checks ask of it can be remembered.
    """

    before: Any
    lanes: tuple[tuple[Turn, ...], ...]
    after: tuple[Turn, ...] = ()


RaceCheck: TypeAlias = Callable[[Race], "Sequence[Fault] | None"]
"""Returns None where a race says nothing of the requirement, else what was wrong, if anything."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One normative sentence of a protocol's document.

    `since` is the first version of the document that has it, if not all have it; `was` the level
    that it had in the oldest version, where that differs. `check` runs on exchanges of
    `operations`; `needs` names the capabilities without which it is skipped; `waiver` says why
    there is no check. `race` is the check of what only requests in parallel can violate.
    """

    id: str
    level: Level
    section: str
    text: str
    source: str
    operations: frozenset[str] = frozenset()
    check: Check | None = None
    since: str = ""
    was: Level | None = None
    needs: tuple[str, ...] = ()
    waiver: str | None = None
    race: RaceCheck | None = None
    follows: tuple[str, ...] = ()
    """The requirements of which a violation brings one of this with it."""

    @property
    def checked(self) -> bool:
        """Whether something judges it."""
        return self.check is not None or self.race is not None

    def level_in(self, version: str, versions: Sequence[str]) -> Level | None:
        """Return the level in a version of the document, None where it is not in it."""
        if self.since and versions.index(version) < versions.index(self.since):
            return None
        return self.was if self.was is not None and version == versions[0] else self.level


class Violation(NamedTuple):
    """A requirement that an exchange violated; (requirement, signature) is its identity.

    `cause` is the operation and what was wrong; `broken` names, in order, what mutators had broken,
    or the operations that a race was between.
    """

    requirement: str
    cause: str
    summary: str
    broken: tuple[str, ...] = ()

    @property
    def signature(self) -> str:
        """What tells this cause from others of the same requirement."""
        return f"{self.cause} | {' + '.join(self.broken)}" if self.broken else self.cause

    @property
    def identity(self) -> tuple[str, str]:
        """What makes two violations the same finding."""
        return (self.requirement, self.signature)

    def explains(self, other: Violation) -> bool:
        """Return whether the other has the same cause, seen with as much broken or more."""
        same = self.requirement == other.requirement and self.cause == other.cause
        return same and set(self.broken) <= set(other.broken)

    def comes_with(self, other: Violation) -> bool:
        """Return whether the other has the same cause, seen with the same broken, or with more.

        What was seen with nothing broken says nothing of what comes of breaking something.
        """
        same = self.cause == other.cause and bool(self.broken) == bool(other.broken)
        return same and set(self.broken) <= set(other.broken)


class SignatureParts(NamedTuple):
    """What a signature is made of: operation (`>` what read back its effect), aspect, breaks."""

    operation: str
    aspect: str
    broken: frozenset[str]

    @property
    def judged(self) -> str:
        """The operation whose answer was wrong."""
        return self.operation.rpartition(">")[2]


def parts_of(signature: str) -> SignatureParts:
    """Return the parts of a signature; the operation is empty where the fault is of all."""
    first, bar, rest = signature.partition(" | ")
    if not bar:
        return SignatureParts("", first, frozenset())
    aspect, _, broken = rest.partition(" | ")
    return SignatureParts(first, aspect, frozenset(broken.split(" + ")) - {""})
