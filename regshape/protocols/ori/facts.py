"""What the model predicts of one answer: the values that the checks compare it with.

Where a field is None an earlier answer left the truth open, and nothing is judged on it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from regshape.model import Identity


@dataclass(frozen=True, slots=True)
class Rate:
    """What the headers of an answer said of the rate: numbers as they came."""

    limit: int
    remaining: int
    reset: int


@dataclass(frozen=True, slots=True)
class Facts:
    """What every call knows: the package, whether it is there, and the rate it had before.

    `ahead` is how many seconds the time of the case is ahead of everybody's.
    """

    package: str = ""
    package_known: bool | None = None
    rate: Rate | None = None
    ahead: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """A version that the target acknowledged, as it must be told of."""

    sha256: str
    content: bytes
    dependencies: Mapping[str, Any]
    features: Mapping[str, Any]
    yanked: bool | None = False
    deprecated: str | None = None
    deprecation_known: bool = True


@dataclass(frozen=True, slots=True)
class ReadFacts(Facts):
    """A GET of versions, metadata or an archive.

    `expected` are all versions of a list; `unwanted` is one that a refused publish named, for the
    reason `flaw`; `ledger` is the SHA-256 of the bytes that this URL was once answered with.
    """

    version: str = ""
    known: bool | None = None
    held: Held | None = None
    expected: tuple[str, ...] | None = None
    unwanted: str = ""
    flaw: str = ""
    ledger: str = ""
    etag: str | None = None
    limit: int | None = None
    walked: tuple[str, ...] | None = None
    walk_ends: bool = True


@dataclass(frozen=True, slots=True)
class PublishFacts(Facts):
    """A publish. `wanted` is what has to become of it, `why` the flaw, form, name or identity."""

    version: str = ""
    wanted: Literal["accept", "refuse", "open"] = "open"
    why: str = ""
    statuses: tuple[int, ...] = ()
    transferred: bool = False


@dataclass(frozen=True, slots=True)
class MarkFacts(Facts):
    """A yank, unyank or deprecation; `again` where the version is so already."""

    version: str = ""
    mark: str = ""
    known: bool | None = None
    again: bool = False
    message: str = ""


@dataclass(frozen=True, slots=True)
class TransferFacts(Facts):
    """A call of a transfer: whether it must succeed, with which status, or be refused."""

    action: Literal["start", "accept", "cancel"] = "start"
    wanted: Literal["accept", "refuse", "open"] = "open"
    why: str = ""


@dataclass(frozen=True, slots=True)
class StrangerFacts(Facts):
    """A request of somebody, `who`, that must be refused with one of these statuses."""

    who: Identity = ""
    what: str = ""
    statuses: tuple[int, ...] = ()
    version: str = ""


@dataclass(frozen=True, slots=True)
class SearchFacts(Facts):
    """A search. `present` must be found, `absent` must not; `kind` says what the text is."""

    kind: Literal["name", "none", "missing", "odd", "advisories", "owners"] = "name"
    present: str = ""
    absent: str = ""
    owner: str | None = None


@dataclass(frozen=True, slots=True)
class LogFacts(Facts):
    """A read of the log. `record` is the leaf that a lookup must show.

    `proved` is what became of a proof: nothing where none was tried, `right`, or what was wrong.
    """

    version: str = ""
    record: str = ""
    inclusion: str = ""
    consistency: str = ""


@dataclass(frozen=True, slots=True)
class BurstFacts(Facts):
    """A request of a burst. `alone` says that nobody else asks in the case's windows.

    `by` is `asker`, or `bystander` for who asks before and after and has to be spared; or `later`
    for the first who asks once the window is over.
    """

    by: Literal["asker", "bystander", "later"] = "asker"
    alone: bool = False
