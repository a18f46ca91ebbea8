"""Reading: ping, blobs and manifests by GET and HEAD (end-1, end-2, end-3)."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any, Literal

from regshape.model import Call, Exchange, Headers, Play, Request, Step
from regshape.protocols.oci import calls
from regshape.protocols.oci.facts import Facts
from regshape.protocols.oci.operations.needs import need_blob, need_tagged
from regshape.protocols.oci.operations.reading import Reading, read_blob, read_manifest
from regshape.protocols.oci.state import Repository, State


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
    how = Reading(step.mutators, head=step.operation == "head-blob", headers=headers)
    yield from read_blob(state, repo, reference, how)


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


def get_manifest(state: State, step: Step) -> Play:
    """GET or HEAD a manifest by tag or digest: one that is there, was deleted, or never was."""
    repo = state.repo(step.arguments)
    reference = yield from _manifest_reference(state, step, repo)
    if reference is not None:
        how = Reading(step.mutators, head=step.operation == "head-manifest")
        yield from read_manifest(state, repo, reference, how)


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
