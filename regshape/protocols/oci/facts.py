"""What the model predicts of one answer: the values that the checks compare it with.

`known` is True where the target acknowledged the thing asked for, False where it cannot be there,
and None where an earlier answer left it open; nothing is judged on None.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias

from regshape.model import Identity

Order = Literal["next", "ahead", "repeat", "overlap", "unranged"]
Aim: TypeAlias = Literal["content", "list", "write", "mount", "token"]
"""What somebody is after who may not have it."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What every call knows: the endpoint of the specification and the repository."""

    endpoint: str
    repo: str = ""
    repo_known: bool | None = None


@dataclass(frozen=True, slots=True)
class PullFacts(Facts):
    """A GET or HEAD of a blob or manifest. `twin` is the GET answer that a HEAD must resemble."""

    kind: Literal["blob", "manifest"] = "blob"
    by: Literal["tag", "digest", "location"] = "digest"
    reference: str = ""
    known: bool | None = None
    content: bytes | None = None
    media_type: str | None = None
    range: tuple[int, int] | None = None
    range_kind: Literal["", "slice", "unsatisfiable", "ignored", "any"] = ""
    twin: Mapping[str, str | None] | None = None
    case_twin: bool = False
    freshly_deleted: str = ""


@dataclass(frozen=True, slots=True)
class UploadFacts(Facts):
    """A request of an upload session, or one that opens it."""

    session: Literal["none", "open", "closed", "foreign", "unknown"] = "none"
    offset: int = 0
    size: int = 0
    order: Order = "unranged"
    digest: str | None = None
    digest_given: Literal["right", "wrong", "none"] = "none"
    algorithm: str | None = None
    style: Literal["open", "single", "mount", "chunk", "finish", "status", "cancel"] = "open"
    chunked: bool = False
    mount_known: bool | None = None
    mount_from: bool = True
    seen_sessions: frozenset[str] = frozenset()
    old_location: bool = False
    refused_with: int | None = None
    """The status that refused the request whose effect this one reads back."""


@dataclass(frozen=True, slots=True)
class ManifestFacts(Facts):
    """A PUT of a manifest."""

    by: Literal["tag", "digest"] = "tag"
    reference: str = ""
    digest: str = ""
    size: int = 0
    shape: str = "index"
    missing_parts: bool = False
    subject: str | None = None
    tags: tuple[str, ...] = ()
    digest_right: bool = True


@dataclass(frozen=True, slots=True)
class ListFacts(Facts):
    """A GET of a list. `expected` is None where the model does not know it."""

    kind: Literal["tags", "catalog", "extensions"] = "tags"
    expected: tuple[str, ...] | None = None
    n: int | None = None
    last: str | None = None
    walked: tuple[str, ...] | None = None
    walk_ends: bool = False
    orders: frozenset[str] = frozenset({"ascii", "folded"})
    gone: frozenset[str] = frozenset()
    """What was deleted, and not pushed again."""


class Referrer(NamedTuple):
    """What the descriptor of a manifest with a subject says of it, its digest aside."""

    artifact_type: str | None
    annotations: Mapping[str, Any]
    media_type: str
    size: int


@dataclass(frozen=True, slots=True)
class ReferrersFacts(Facts):
    """A GET of referrers. `expected` maps digests to what their descriptors say."""

    subject: str = ""
    valid: bool = True
    expected: Mapping[str, Referrer] | None = None
    filter: str | None = None
    gone: frozenset[str] = frozenset()
    subject_answered: bool = False
    optional: frozenset[str] = frozenset()
    """Indexes whose subject the registry did not say that it processed: only images must be."""


@dataclass(frozen=True, slots=True)
class DeleteFacts(Facts):
    """A DELETE of a tag, manifest or blob."""

    kind: Literal["tag", "manifest", "blob"] = "tag"
    reference: str = ""
    known: bool | None = None
    enabled: bool | None = None
    tags: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class StrangerFacts(Facts):
    """A request of somebody, `who`, that has to be refused; `repo` is what is kept from them."""

    who: Identity = "other"
    aim: Aim = "content"
