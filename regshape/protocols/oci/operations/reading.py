"""Reading a blob or manifest, as a step or to see what a call did, and taking note of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from regshape.model import Call, Exchange, Headers, Mutator, Play, Request, Role
from regshape.protocols.oci import calls
from regshape.protocols.oci.facts import PullFacts
from regshape.protocols.oci.state import Blob, Manifest, Repository, State

RangeKind = Literal["", "slice", "unsatisfiable", "ignored", "any"]
NO_RANGE: tuple[RangeKind, None] = ("", None)
OK = 200


@dataclass(frozen=True, slots=True)
class Reading:
    """How something is read; `target` is where an answer's Location said that it is.

    `exact` asks for a manifest's own type and no other (RFC 9110, section 12.5.1).
    """

    mutators: tuple[Mutator, ...] = ()
    head: bool = False
    exact: bool = False
    headers: Headers = ()
    role: Role = "step"
    cause: Call | None = None
    target: str | None = None

    def request(self, route: str, name: str, reference: str, headers: Headers) -> Request:
        """Return the GET or HEAD."""
        method = "HEAD" if self.head else "GET"
        if self.target is None:
            return Request(method, route, {"name": name, "reference": reference}, (), headers)
        return Request(method, self.target.replace("{", "%7B"), {}, (), headers)


def back(cause: Call, target: str | None = None) -> Reading:
    """Return how the effect of a call is read back."""
    return Reading(role="readback", cause=cause, target=target)


def read_blob(state: State, repo: Repository, reference: str, how: Reading) -> Play:
    """Read a blob and take note."""
    blob = repo.blobs.get(reference)
    asked = next((value for name, value in how.headers if name == "Range"), None)
    kind, span = read_range(asked, len(blob.content)) if blob and asked else NO_RANGE
    facts = PullFacts(
        "end-2",
        repo.name,
        repo.exists,
        kind="blob",
        by="location" if how.target else "digest",
        reference=reference,
        known=repo.knows(reference, repo.blobs),
        content=blob.content if blob else None,
        range=span,
        range_kind="ignored" if how.head and asked else kind,
        freshly_deleted=repo.deleted.get(reference, ""),
    )
    request = how.request(calls.BLOB, repo.name, reference, how.headers)
    operation = "head-blob" if how.head else "get-blob"
    call = _patient(calls.call(operation, request, facts, how.mutators, how.role, how.cause))
    exchange = yield call
    _note(state, repo, blob, call, exchange)


def read_range(asked: str, size: int) -> tuple[RangeKind, tuple[int, int] | None]:
    """Return what RFC 9110 §14 makes of a Range header for a representation of that size."""
    unit, _, text = asked.partition("=")
    first, dash, last = text.partition("-")
    if unit != "bytes" or not dash or not (first + last).isdigit():
        return ("ignored" if unit != "bytes" else "any"), None
    if not first:
        return _suffix(int(last), size)
    if last and int(last) < int(first):
        return "any", None
    if int(first) >= size:
        return "unsatisfiable", None
    return "slice", (int(first), min(int(last), size - 1) if last else size - 1)


def _suffix(length: int, size: int) -> tuple[RangeKind, tuple[int, int] | None]:
    if length == 0:
        return "unsatisfiable", None
    if size == 0:
        return "any", None  # it can be satisfied, but no Content-Range could say so
    return "slice", (max(0, size - length), size - 1)


def read_manifest(state: State, repo: Repository, reference: str, how: Reading) -> Play:
    """Read a manifest by tag or digest and take note."""
    by_tag = ":" not in reference
    known = repo.knows(reference, repo.tags if by_tag else repo.manifests)
    digest = repo.tags.get(reference) if by_tag else reference
    manifest = repo.manifests.get(digest) if digest else None
    if known and manifest is None:
        known = None
    facts = PullFacts(
        "end-3",
        repo.name,
        repo.exists,
        kind="manifest",
        by="location" if how.target else ("tag" if by_tag else "digest"),
        reference=reference,
        known=known,
        content=manifest.content if manifest else None,
        media_type=manifest.media_type if manifest else None,
        case_twin=by_tag and not known and reference.swapcase() in repo.tags,
        freshly_deleted=repo.deleted.get(reference, ""),
    )
    exact = manifest.media_type if how.exact and manifest else None
    accept = (("Accept", exact or calls.ACCEPT),)
    request = how.request(calls.MANIFEST, repo.name, reference, accept)
    operation = "head-manifest" if how.head else "get-manifest"
    call = _patient(calls.call(operation, request, facts, how.mutators, how.role, how.cause))
    exchange = yield call
    _note(state, repo, manifest, call, exchange)


def _patient(call: Call) -> Call:
    """Let what was deleted be found for a moment more: its DELETE was only accepted."""
    facts: PullFacts = call.facts
    gone = facts.freshly_deleted and facts.known is False
    return replace(call, early=_found) if gone else call


def _found(exchange: Exchange) -> bool:
    return exchange.status == OK


def _note(
    state: State, repo: Repository, item: Blob | Manifest | None, call: Call, exchange: Exchange
) -> None:
    """Remember that an item was read as it should be, or stop predicting it."""
    facts: PullFacts = call.facts
    reference = facts.reference
    if call.mutators or facts.known is None or facts.range_kind:
        return
    right = exchange.failure is None and (exchange.status == OK) == facts.known
    if not right:
        repo.forget(reference)
    elif item is not None:
        repo.tags_read_at[reference] = state.writes
        item.read_at = state.writes
