"""Uploads that one request makes or opens: open, single POST, mount (end-4, end-11)."""

from __future__ import annotations

from dataclasses import replace

from regshape.formats.digest import compute, is_valid
from regshape.model import Call, Exchange, Expectation, Play, Request, Step
from regshape.mutators.apply import apply
from regshape.protocols.judging import refused, succeeded
from regshape.protocols.oci import calls
from regshape.protocols.oci.facts import UploadFacts
from regshape.protocols.oci.operations.needs import (
    ACCEPTED,
    CREATED,
    learn_blob,
    learn_session,
    need_blob,
)
from regshape.protocols.oci.operations.reading import back, read_blob
from regshape.protocols.oci.state import Repository, State


def open_upload(state: State, step: Step) -> Play:
    """POST blobs/uploads/, with a digest-algorithm hint if asked (end-4a, end-4c)."""
    repo = state.repo(step.arguments)
    algorithm = step.arguments.get("algorithm")
    facts = UploadFacts(
        "end-4c" if algorithm else "end-4a",
        repo.name,
        repo.exists,
        style="open",
        algorithm=algorithm,
        seen_sessions=frozenset(state.sessions),
    )
    query = (("digest-algorithm", algorithm),) if algorithm else ()
    request = Request("POST", calls.UPLOADS, {"name": repo.name}, query)
    call = calls.call("open-upload", request, facts, step.mutators)
    exchange = yield call
    _learn_opened(state, repo, call, exchange)


def _learn_opened(state: State, repo: Repository, call: Call, exchange: Exchange) -> None:
    """Keep a session that was opened as meant; one opened elsewhere is only cancelled later."""
    if exchange.status != ACCEPTED:
        return
    elsewhere = any(item.target in {"name", "route", "method"} for item in call.mutators)
    if succeeded(call, exchange) and not elsewhere:
        learn_session(state, repo, exchange)
        return
    location = state.resolve(exchange.header("location"))
    if location is not None:
        state.strays.append(location)


def post_blob(state: State, step: Step) -> Play:
    """POST the whole blob with its digest (end-4b): a new one, or one that was deleted."""
    repo = state.repo(step.arguments)
    algorithm = step.arguments.get("algorithm", "sha256")
    content = state.fresh(step.arguments.get("size", 40))
    if step.arguments.get("want") == "deleted":
        content = _deleted_content(repo, algorithm) or content
    digest = compute(content, algorithm)
    facts = UploadFacts(
        "end-4b",
        repo.name,
        repo.exists,
        style="single",
        size=len(content),
        digest=digest,
        digest_given="right",
        algorithm=algorithm,
        seen_sessions=frozenset(state.sessions),
    )
    request = Request(
        "POST",
        calls.UPLOADS,
        {"name": repo.name},
        (("digest", digest),),
        (("Content-Type", calls.OCTETS),),
        content,
    )
    call = calls.call("post-blob", request, facts, step.mutators)
    exchange = yield call
    if exchange.status == CREATED and succeeded(call, exchange):
        learn_blob(state, repo, digest, content)
        yield from follow(state, repo, digest, call, exchange)
    elif exchange.status == ACCEPTED:
        _learn_opened(state, repo, call, exchange)
        if succeeded(call, exchange):
            yield from read_blob(state, repo, digest, back(call))
    else:
        yield from after_broken(state, repo, call, exchange)


def _deleted_content(repo: Repository, algorithm: str) -> bytes | None:
    """Return the content of the blob that was deleted last by a digest of that algorithm.

    By another one it may be there still: a registry may know a content by several.
    """
    gone = reversed(repo.gone_blobs.items())
    return next((content for digest, content in gone if digest.startswith(f"{algorithm}:")), None)


def follow(state: State, repo: Repository, digest: str, call: Call, exchange: Exchange) -> Play:
    """Read a blob back where the answer said that it is, unless that is on another host."""
    target = state.resolve(exchange.header("location"))
    if target is not None:
        yield from read_blob(state, repo, digest, back(call, target))


def after_broken(state: State, repo: Repository, call: Call, exchange: Exchange) -> Play:
    """After a write that must have failed: nothing may stand under the digest that it named."""
    unsure = call.expect is Expectation.REJECT and not calls.created(exchange)
    if unsure or refused(exchange) or is_cut_short(call):
        claimed = dict(apply(call.mutators, call.request).query).get("digest") or ""
        if is_valid(claimed) and repo.knows(claimed, repo.blobs) is not None:
            yield from read_blob(state, repo, claimed, back(call))
    if not refused(exchange) and not calls.redirected(exchange):
        _lose_track(repo, call)


def _lose_track(repo: Repository, call: Call) -> None:
    """Note what the push may have left behind, to remove it; whether it is there stays open."""
    for key, value in apply(call.mutators, call.request).query:
        if key in {"digest", "mount"} and value is not None and is_valid(value):
            repo.made[value] = "blob"
    repo.distrust()


def is_cut_short(call: Call) -> bool:
    """Return whether less was sent than is declared, so that the request is no whole one."""
    framing = [item.action for item in call.mutators if item.target == "frame"]
    return framing in (["truncate"], ["idle"]) and bool(call.request.body)


def mount_blob(state: State, step: Step) -> Play:
    """POST with mount and from (end-11)."""
    repo = state.repo(step.arguments)
    origin = state.other(repo)
    source = step.arguments.get("from", "other")
    known: bool | None = False
    digest = state.fresh_digest()
    if source in {"other", "none"} and step.arguments.get("want", "present") == "present":
        blob = yield from need_blob(state, origin, step.arguments.get("which", 0))
        if blob is None:
            return
        digest, known = blob.digest, origin.knows(blob.digest, origin.blobs)
    names = {"other": origin.name, "absent": state.absent.name, "garbage": "!!"}
    query: list[tuple[str, str | None]] = [("mount", digest)]
    if source != "none":
        query.append(("from", names[source]))
    facts = UploadFacts(
        "end-11",
        repo.name,
        repo.exists,
        style="mount",
        digest=digest,
        mount_known=known if source in {"other", "none"} else False,
        mount_from=source != "none",
        seen_sessions=frozenset(state.sessions),
    )
    request = Request("POST", calls.UPLOADS, {"name": repo.name}, tuple(query))
    call = calls.call("mount-blob", request, facts, step.mutators)
    call = replace(call, scope=f"{call.scope} repository:{origin.name}:pull")
    exchange = yield call
    blob = origin.blobs.get(digest)
    if exchange.status == CREATED and blob is not None and succeeded(call, exchange):
        learn_blob(state, repo, digest, blob.content)
        yield from follow(state, repo, digest, call, exchange)
    elif exchange.status == ACCEPTED:
        _learn_opened(state, repo, call, exchange)
    elif not refused(exchange):
        _lose_track(repo, call)
