"""Reading: ping, blobs and manifests by GET and HEAD (end-1, end-2, end-3)."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, Literal

from regshape.model import Call, Exchange, Headers, Play, Request, Role, Step
from regshape.protocols.oci import calls
from regshape.protocols.oci.facts import Facts, PullFacts
from regshape.protocols.oci.operations.needs import need_blob, need_manifest, need_tagged
from regshape.protocols.oci.state import Blob, Manifest, Repository, State

RangeKind = Literal["", "slice", "unsatisfiable", "ignored", "any"]
NO_RANGE: tuple[RangeKind, None] = ("", None)
OK = 200


def ping(state: State, step: Step) -> Play:
    """GET /v2/ (end-1)."""
    yield calls.call("ping", ping_request(), Facts("end-1"), step.mutators)


def ping_request() -> Request:
    """Return GET /v2/."""
    return Request("GET", calls.PING)


def get_blob(state: State, step: Step) -> Play:
    """GET or HEAD a blob: one that is there, was deleted, is elsewhere, or never was."""
    repo = state.repo(step.arguments)
    reference = yield from _blob_reference(state, step, repo)
    if reference is None:
        return
    headers: Headers = ()
    blob = repo.blobs.get(reference)
    asked = step.arguments.get("range")
    if asked is not None:
        size = len(blob.content) if blob is not None else 0
        headers = (("Range", asked.format(size=size, last=size - 1)),)
    yield from read_blob(state, repo, reference, step=step, headers=headers)


def _blob_reference(
    state: State, step: Step, repo: Repository
) -> Generator[Call, Exchange, str | None]:
    want, which = step.arguments.get("want", "present"), step.arguments.get("which", 0)
    if want == "deleted":
        return _deleted(repo, "blob", which) or state.fresh_digest()
    if want == "missing" or repo is state.absent:
        return state.fresh_digest(step.arguments.get("algorithm", "sha256"))
    holder = state.other(repo) if want == "elsewhere" else repo
    blob = yield from need_blob(state, holder, which, step.arguments.get("size", 40))
    return blob.digest if blob is not None else None


def _deleted(repo: Repository, kind: Literal["blob", "digest", "tag"], which: int) -> str | None:
    """Return what was deleted last, or before, of blobs, of manifests or of their tags."""

    def fits(reference: str, deleted_as: str) -> bool:
        if kind == "tag" or deleted_as == "tag":
            return kind == "tag" and ":" not in reference
        return ":" in reference and (deleted_as == "blob") == (kind == "blob")

    gone = [reference for reference, how in repo.deleted.items() if fits(reference, how)]
    return gone[-1 - which % len(gone)] if gone else None


def read_blob(
    state: State,
    repo: Repository,
    reference: str,
    *,
    step: Step | None = None,
    head: bool = False,
    role: Role = "step",
    cause: Call | None = None,
    target: str | None = None,
    headers: tuple[tuple[str, str], ...] = (),
) -> Play:
    """Read a blob and take note; `target` reads it where a Location said that it is."""
    head = head or (step is not None and step.operation == "head-blob")
    blob = repo.blobs.get(reference)
    known = repo.knows(reference, repo.blobs)
    asked = headers[0][1] if headers and headers[0][0] == "Range" else None
    kind, span = read_range(asked, len(blob.content)) if blob and asked else NO_RANGE
    facts = PullFacts(
        "end-2",
        repo.name,
        repo.exists,
        kind="blob",
        by="location" if target else "digest",
        reference=reference,
        known=known,
        content=blob.content if blob else None,
        range=span,
        range_kind="ignored" if head and asked else kind,
        freshly_deleted=repo.deleted.get(reference, ""),
    )
    method = "HEAD" if head else "GET"
    operation = "head-blob" if head else "get-blob"
    request = _read_request(method, calls.BLOB, repo.name, reference, target, headers)
    mutators = step.mutators if step is not None else ()
    call = calls.call(operation, request, facts, mutators, role, cause)
    exchange = yield call
    _note(state, repo, reference, blob, call, exchange)


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


def get_manifest(state: State, step: Step) -> Play:
    """GET or HEAD a manifest by tag or digest: one that is there, was deleted, or never was."""
    repo = state.repo(step.arguments)
    reference = yield from _manifest_reference(state, step, repo)
    if reference is not None:
        yield from read_manifest(state, repo, reference, step=step)


def _manifest_reference(
    state: State, step: Step, repo: Repository
) -> Generator[Call, Exchange, str | None]:
    arguments = step.arguments
    by_tag = arguments.get("by", "tag") == "tag"
    want, which = arguments.get("want", "present"), arguments.get("which", 0)
    if want == "missing" or repo is state.absent:
        return _unknown(state, arguments, by_tag=by_tag)
    if want == "deleted":
        gone = _deleted(repo, "tag" if by_tag else "digest", which)
        return gone or _unknown(state, arguments, by_tag=by_tag)
    if want == "blob":
        blob = yield from need_blob(state, repo, which)
        return blob.digest if blob is not None else None
    found = yield from need_tagged(state, repo, which, by_tag=by_tag)
    return found.swapcase() if found and by_tag and arguments.get("twin") else found


def _unknown(state: State, arguments: Mapping[str, Any], *, by_tag: bool) -> str:
    return "never" if by_tag else state.fresh_digest(arguments.get("algorithm", "sha256"))


def read_manifest(
    state: State,
    repo: Repository,
    reference: str,
    *,
    step: Step | None = None,
    head: bool = False,
    role: Role = "step",
    cause: Call | None = None,
    target: str | None = None,
) -> Play:
    """Read a manifest by tag or digest and take note."""
    head = head or (step is not None and step.operation == "head-manifest")
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
        by="location" if target else ("tag" if by_tag else "digest"),
        reference=reference,
        known=known,
        content=manifest.content if manifest else None,
        media_type=manifest.media_type if manifest else None,
        case_twin=by_tag and not known and reference.swapcase() in repo.tags,
        freshly_deleted=repo.deleted.get(reference, ""),
    )
    accept = (("Accept", calls.ACCEPT),)
    method = "HEAD" if head else "GET"
    operation = "head-manifest" if head else "get-manifest"
    request = _read_request(method, calls.MANIFEST, repo.name, reference, target, accept)
    mutators = step.mutators if step is not None else ()
    call = calls.call(operation, request, facts, mutators, role, cause)
    exchange = yield call
    _note(state, repo, reference, manifest, call, exchange)


def _read_request(
    method: str,
    route: str,
    name: str,
    reference: str,
    target: str | None,
    headers: tuple[tuple[str, str], ...],
) -> Request:
    if target is None:
        return Request(method, route, {"name": name, "reference": reference}, (), headers)
    return Request(method, target.replace("{", "%7B"), {}, (), headers)


def _note(
    state: State,
    repo: Repository,
    reference: str,
    item: Blob | Manifest | None,
    call: Call,
    exchange: Exchange,
) -> None:
    """Remember that an item was read as it should be, or stop predicting it."""
    facts: Any = call.facts
    if call.mutators or facts.known is None or facts.range_kind:
        return
    right = exchange.failure is None and (exchange.status == OK) == facts.known
    if not right:
        repo.forget(reference)
    elif item is not None:
        repo.tags_read_at[reference] = state.writes
        item.read_at = state.writes
