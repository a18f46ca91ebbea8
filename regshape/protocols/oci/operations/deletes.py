"""Deleting tags, manifests and blobs (end-9, end-10), and what must be gone and stay after it."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, Literal

from regshape.model import Call, Exchange, Expectation, Play, Request, Step
from regshape.protocols.judging import refused, succeeded
from regshape.protocols.oci import calls
from regshape.protocols.oci.facts import DeleteFacts, ListFacts
from regshape.protocols.oci.operations.lists import tags_call
from regshape.protocols.oci.operations.needs import need_blob, need_manifest, need_tags, put_index
from regshape.protocols.oci.operations.reading import back, read_blob, read_manifest
from regshape.protocols.oci.state import Blob, Manifest, Repository, State, recent

Kind = Literal["tag", "manifest", "blob"]
Need = Callable[[State, Repository, int], Generator[Call, Exchange, Blob | Manifest | None]]
"""Returns what a repository has, which is pushed if there is none."""
ACCEPTED = 202
MOST_TAGS_READ = 3


def delete_tag(state: State, step: Step) -> Play:
    """DELETE a manifest by tag; a sibling tag of the same manifest must stay."""
    repo = state.repo(step.arguments)
    tag = "never"
    if step.arguments.get("want", "present") == "present" and repo is not state.absent:
        yield from need_tags(state, repo, 1)
        if step.arguments.get("sibling"):
            manifest = recent(repo.manifests, 0)
            if manifest is not None:
                yield from put_index(state, repo, "sibling", manifest)
        names = [name for name in repo.tags if name != "sibling"]
        if not names:
            return
        tag = names[-1 - step.arguments.get("which", 0) % len(names)]
    digest = repo.tags.get(tag)
    exchange, call = yield from _delete(state, repo, "tag", tag, step)
    if _done(call, exchange) and digest is not None:
        state.writes += 1
        repo.tags.pop(tag, None)
        repo.deleted[tag] = "tag"
        yield from read_manifest(state, repo, tag, back(call))
        yield from read_manifest(state, repo, digest, back(call))
        yield from _list_after(repo, call)


def _list_after(repo: Repository, cause: Call) -> Play:
    if repo.unsure or repo.forgotten or not repo.tags:
        return
    facts = ListFacts("end-8a", repo.name, repo.exists, expected=tuple(sorted(repo.tags)))
    request = Request("GET", calls.TAGS, {"name": repo.name})
    yield tags_call(repo, request, facts, (), cause)


def delete_manifest(state: State, step: Step) -> Play:
    """DELETE a manifest by digest; every tag that names it goes with it."""
    repo = state.repo(step.arguments)
    digest = yield from _digest_of(state, repo, step, need_manifest)
    if digest is None:
        return
    exchange, call = yield from _delete(state, repo, "manifest", digest, step)
    if not _done(call, exchange) or digest not in repo.manifests:
        return
    state.writes += 1
    gone = repo.manifests.pop(digest)
    tags = [tag for tag, target in repo.tags.items() if target == digest]
    for tag in tags:
        repo.tags.pop(tag)
        repo.deleted[tag] = "manifest"
    repo.deleted[digest] = "manifest"
    if gone.subject:
        repo.gone_referrers[digest] = gone.subject
    yield from read_manifest(state, repo, digest, back(call))
    yield from _read_tags(state, repo, tags, call)


def _read_tags(state: State, repo: Repository, tags: Sequence[str], cause: Call) -> Play:
    """Read some of the tags that went with their manifest; all may be wrong if one is."""
    for tag in tags[:MOST_TAGS_READ]:
        yield from read_manifest(state, repo, tag, back(cause))
    if not repo.forgotten.isdisjoint(tags):
        for tag in tags[MOST_TAGS_READ:]:
            repo.forget(tag)


def delete_blob(state: State, step: Step) -> Play:
    """DELETE a blob; the same blob in another repository must stay."""
    repo = state.repo(step.arguments)
    digest = yield from _digest_of(state, repo, step, need_blob)
    if digest is None:
        return
    exchange, call = yield from _delete(state, repo, "blob", digest, step)
    if not _done(call, exchange) or digest not in repo.blobs:
        return
    state.writes += 1
    repo.gone_blobs[digest] = repo.blobs.pop(digest).content
    repo.deleted[digest] = "blob"
    yield from read_blob(state, repo, digest, back(call))
    other = state.other(repo)
    if digest in other.blobs:
        yield from read_blob(state, other, digest, back(call))


def _digest_of(
    state: State, repo: Repository, step: Step, need: Need
) -> Generator[Call, Exchange, str | None]:
    """Return the digest of what is there, or of what is not; none if it cannot be brought there."""
    nothing = state.fresh_digest()
    if step.arguments.get("want", "present") != "present" or repo is state.absent:
        return nothing
    found = yield from need(state, repo, step.arguments.get("which", 0))
    return None if found is None else found.digest


def _delete(
    state: State, repo: Repository, kind: Kind, reference: str, step: Step
) -> Generator[Call, Exchange, tuple[Exchange, Call]]:
    among: Mapping[Kind, Mapping[str, Any]] = {
        "tag": repo.tags,
        "manifest": repo.manifests,
        "blob": repo.blobs,
    }
    # A registry may refuse to delete what a manifest refers to, as zot does.
    manifests = repo.manifests.values()
    in_use = any(reference in (*manifest.parts, manifest.subject) for manifest in manifests)
    facts = DeleteFacts(
        "end-10" if kind == "blob" else "end-9",
        repo.name,
        repo.exists,
        kind=kind,
        reference=reference,
        known=None if in_use else repo.knows(reference, among[kind]),
        enabled=state.space.can(f"delete-{kind}"),
    )
    request = delete_request(repo.name, kind, reference)
    call = calls.call(f"delete-{kind}", request, facts, step.mutators)
    exchange = yield call
    if call.expect not in {None, Expectation.TOLERATE} and not refused(exchange):
        repo.distrust()
    elif reference in among[kind] and not refused(exchange) and exchange.status != ACCEPTED:
        repo.forget(reference)
        repo.distrust()
    return exchange, call


def delete_request(name: str, kind: Kind, reference: str) -> Request:
    """Return the DELETE of a tag, manifest or blob."""
    route = calls.BLOB if kind == "blob" else calls.MANIFEST
    return Request("DELETE", route, {"name": name, "reference": reference})


def _done(call: Call, exchange: Exchange) -> bool:
    return exchange.status == ACCEPTED and succeeded(call, exchange)
