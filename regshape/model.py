"""The values that flow through the engine, from a case to a verdict.

Everything here is frozen, holds no I/O and knows no protocol. Text that stands for bytes on the
wire (targets, header names and values) is `str` in which each character is one byte (latin-1).
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any, Literal, NamedTuple, Protocol, TypeAlias

Headers: TypeAlias = tuple[tuple[str, str], ...]
Role: TypeAlias = Literal["probe", "setup", "step", "readback", "cleanup"]


class Level(StrEnum):
    """How binding a requirement is, in the words of BCP 14."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


class Outcome(StrEnum):
    """What is known of one requirement on one target."""

    PASS = "pass"  # noqa: S105 - an outcome, no secret
    FAIL = "fail"
    WARN = "warn"
    SKIP = "skip"
    INCONCLUSIVE = "inconclusive"


class Expectation(StrEnum):
    """What a conforming peer must do with a request that a mutator broke."""

    REJECT = "reject"
    TOLERATE = "tolerate"
    UNSPECIFIED = "unspecified"


# --- requests and answers --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Frame:
    """How a request is laid on the wire where that differs from plain HTTP/1.1.

    `payload` replaces the body's bytes as they are (chunk coding included, if any); `ending` is
    what follows the last byte: `keep` waits for the answer, `fin` half-closes first, `rst` resets.
    """

    version: str = "HTTP/1.1"
    payload: bytes | None = None
    ending: Literal["keep", "fin", "rst"] = "keep"


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

    `kind` is one of `connect`, `tls`, `timeout`, `reset`, `closed` (no answer at all), `stale` (none
    on a connection that was used before), `cut-off` (an answer that ends early), `malformed`,
    `too-large`, `auth`; `detail` is one sentence.
    """

    kind: str
    detail: str


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request as it left, with the answer as it came, or the failure.

    Answer header names are lower case. With a failure, status, headers and bytes are those that did
    arrive. `seconds` runs from the first byte out to the last byte in. The lengths are set where a
    body was cut for keeping, and say how long it was.
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

    def header(self, name: str) -> str | None:
        """Return the first answer header of that (lower-case) name, or None."""
        for key, value in self.answer_headers:
            if key == name:
                return value
        return None

    def header_values(self, name: str) -> list[str]:
        """Return the values of every answer header of that (lower-case) name."""
        return [value for key, value in self.answer_headers if key == name]


# --- cases ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """An operation of the protocol, its arguments (JSON), and the mutators that break it."""

    operation: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    mutators: tuple[Mutator, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One generated program: steps that run in order in a space of their own."""

    protocol: str
    steps: tuple[Step, ...]
    comment: str = ""


# --- judging ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Call:
    """One request with what is known of it: the role it plays, and the protocol's own facts.

    `facts` is what the model predicts, a value that only the protocol's checks read; `cause` is the
    call whose effect this one reads back; `scope` is what a bearer token must cover.
    """

    operation: str
    request: Request
    facts: Any
    role: Role = "step"
    mutators: tuple[Mutator, ...] = ()
    cause: Call | None = None
    scope: str | None = None

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
    all operations, such as an error code that is in no table.
    """

    aspect: str
    summary: str
    wide: bool = False


Check: TypeAlias = Callable[[Call, Exchange], "Fault | bool"]
"""Returns False where the exchange says nothing of the requirement, True where it is met."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """One normative sentence of a protocol's document.

    `since` is the first version of the document that has it; `was` the level that it had in the
    oldest version, where that differs. `check` runs on exchanges of `operations`; `needs` names the capability
    without which it is skipped; `waiver` says why there is no check.
    """

    id: str
    level: Level
    section: str
    text: str
    source: str
    operations: frozenset[str] = frozenset()
    check: Check | None = None
    since: str = "1.1"
    was: Level | None = None
    needs: str | None = None
    waiver: str | None = None

    def level_in(self, version: str, versions: Sequence[str]) -> Level | None:
        """Return the level in a version of the document, None where it is not in it."""
        if versions.index(version) < versions.index(self.since):
            return None
        return self.was if self.was is not None and version == versions[0] else self.level


class Violation(NamedTuple):
    """A requirement that an exchange violated; (requirement, signature) is its identity.

    `cause` is the operation and what was wrong; `broken` names, in order, what mutators had broken.
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


@dataclass(frozen=True, slots=True)
class Turn:
    """A call and its exchange."""

    call: Call
    exchange: Exchange


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of one requirement on one target."""

    requirement: str
    level: Level
    outcome: Outcome
    judged: int
    reason: str | None = None
    findings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """One distinct failure with its minimal case, confirmed by re-execution.

    `requests` and `mutators` count those of the minimal case; requests that only read back the
    state are left out. `reproduced` is (times seen, times tried).
    """

    id: str
    requirement: str
    signature: str
    summary: str
    case: Case
    exchanges: tuple[Exchange, ...]
    reproduced: tuple[int, int]
    requests: int
    mutators: int
    replay: tuple[str, ...]
    index: int | None = None
    executions: int = 0
    seen_after: int = 0
    """Requests that the campaign had sent when it first saw the violation."""


# --- what a protocol provides -----------------------------------------------------------------

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

    `salt` has lower-case letters and digits, different for each execution, so that content addresses
    differ. `origin` is the target's URL without a trailing slash: answers that lead elsewhere are
    not followed.
    """

    prefix: str
    salt: str
    origin: str = ""
    capabilities: Mapping[str, Capability] = field(default_factory=dict)
    read_only: bool = False

    def can(self, name: str) -> bool:
        """Return whether the capability is present, or not known to be absent."""
        found = self.capabilities.get(name)
        return found is None or found.present


class World(Protocol):
    """The model of one space: what the target acknowledged, and the calls of the steps."""

    def play(self, step: Step) -> Play:
        """Run one step: what it needs first, the step itself, then what reads back its effect."""
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


# --- a campaign -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CampaignInfo:
    """What identifies a campaign and how far it came. Times are UTC ISO 8601 and seconds."""

    id: str
    protocol: str
    spec: str
    target: str
    implementation: str | None
    seed: int
    started: str
    seconds: float = 0.0
    cases: int = 0
    requests: int = 0
    ended_by: str = "running"


@dataclass(frozen=True, slots=True)
class Result:
    """A campaign with its verdicts (in the order of the requirements) and its findings."""

    campaign: CampaignInfo
    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...]


class Observer(Protocol):
    """Who wants to know while a campaign runs: a display, a store, a stream of events."""

    def started(self, campaign: CampaignInfo) -> None:
        """A campaign begins."""
        ...

    def phase(self, name: str, total: int | None) -> None:
        """A phase (`probe`, `corpus`, `sweep`, `search`, `shrink`) begins; total cases if known."""
        ...

    def progress(self, campaign: CampaignInfo) -> None:
        """Some time has passed; called a few times a second with the counts so far."""
        ...

    def verdict(self, verdict: Verdict) -> None:
        """A requirement's outcome is known for the first time, or has changed."""
        ...

    def finding(self, finding: Finding) -> None:
        """A finding is confirmed."""
        ...

    def finished(self, result: Result) -> None:
        """The campaign has ended, in whatever way."""
        ...


@dataclass(frozen=True, slots=True)
class Defect:
    """A named fault that can be planted in a reference registry.

    `mistake` is the class that is composed in front of the reference; `requirements` are those that
    it violates, the one that tells of it first; `source` is the bug of a real registry that it is
    modelled on, or nothing.
    """

    name: str
    about: str
    requirements: tuple[str, ...]
    mistake: type[Any]
    source: str = ""
