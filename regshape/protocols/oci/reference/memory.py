"""What the reference registry holds, and the options that it is made with.

Content that is deleted is gone: nothing here keeps a history, so a registry whose clients clean up
after themselves stays as small as it began.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Rights: TypeAlias = Mapping[str, Mapping[str, Collection[str]]]
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ReferenceOptions:
    """What a reference registry supports. Sizes are bytes, lifetimes seconds.

    Every setting gives a conforming registry; the optional features can be switched off one by one.
    `max_tags` counts the `tag` parameters of one push; past `max_sessions` uploads under way, those
    that were used least recently are given up.
    """

    auth: Literal["none", "basic", "bearer"] = "none"
    users: Mapping[str, str] = field(default_factory=dict)
    rights: Rights = field(default_factory=dict)
    delete: bool = True
    referrers: bool = True
    mount: bool = True
    single_post: bool = True
    max_manifest: int = 4 * MEBIBYTE
    max_blob: int = 64 * MEBIBYTE
    max_tags: int = 50
    page_limit: int | None = None
    chunk_min_length: int | None = None
    session_lifetime: float = 3600.0
    max_sessions: int = 10_000
    token_lifetime: int = 300


@dataclass(frozen=True, slots=True)
class StoredManifest:
    """A manifest as it was pushed, with what a listing of referrers tells of it."""

    digest: str
    content: bytes
    media_type: str
    subject: str | None = None
    artifact_type: str | None = None
    annotations: Mapping[str, str] | None = None


@dataclass(slots=True)
class Session:
    """An upload that is under way; `touched` is the monotonic time of its last request."""

    id: str
    repository: str
    touched: float
    algorithm: str | None = None
    chunks: list[bytes] = field(default_factory=list)
    size: int = 0

    def append(self, chunk: bytes) -> None:
        """Take a chunk at the end."""
        if chunk:
            self.chunks.append(chunk)
            self.size += len(chunk)

    def content(self) -> bytes:
        """Return all that was uploaded so far."""
        return b"".join(self.chunks)


@dataclass(slots=True)
class Repository:
    """The content of one repository: bytes by digest, and digests by tag."""

    name: str
    blobs: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, StoredManifest] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)

    def is_empty(self) -> bool:
        """Return whether nothing is left in it."""
        return not (self.blobs or self.manifests or self.tags)


@dataclass(slots=True)
class Store:
    """All that a registry holds. Sessions stand in the order in which they were last touched."""

    repositories: dict[str, Repository] = field(default_factory=dict)
    sessions: dict[str, Session] = field(default_factory=dict)
