"""Upload sessions: chunk, finish, status, cancel (end-5, end-6, end-13, end-14)."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Literal

from regshape.formats.digest import compute
from regshape.model import Call, Exchange, Play, Request, Role, Step
from regshape.protocols.judging import refused, succeeded
from regshape.protocols.oci import calls
from regshape.protocols.oci.facts import Order, UploadFacts
from regshape.protocols.oci.operations.needs import (
    ACCEPTED,
    CREATED,
    learn_blob,
    need_upload,
    put_blob,
)
from regshape.protocols.oci.operations.uploads import after_broken, follow
from regshape.protocols.oci.state import Repository, State, Upload

FIRST_CHUNK = 24
LARGEST_CHUNK = 16 * 1024 * 1024
"""Bytes that are sent at most to make up the smallest chunk that a registry takes."""
NO_CONTENT = 204


def _the_upload(
    state: State, step: Step, repo: Repository
) -> Generator[Call, Exchange, Upload | None]:
    """Return the session that a step works on: an open one, or one closed in the way asked for."""
    ended = step.arguments.get("ended")
    upload = yield from need_upload(state, repo, step.arguments.get("which", 0))
    if upload is None or ended is None:
        return upload
    if ended == "cancel":
        yield from _cancel(state, upload, role="setup")
    else:
        yield from put_blob(state, upload, bytes(upload.content) + state.fresh(8))
    return upload if upload.state == "closed" else None


def send_chunk(state: State, step: Step) -> Play:
    """PATCH a chunk: the next one, one that skips, repeats or overlaps, or one without a range."""
    repo = state.repo(step.arguments)
    upload = yield from _the_upload(state, step, repo)
    if upload is None:
        return
    order: Order = step.arguments.get("order", "next")
    size = max(step.arguments.get("size", FIRST_CHUNK), upload.chunk_minimum)
    needed = step.arguments.get("chunks") or order in {"repeat", "overlap"}
    if needed and not upload.content and upload.state == "open":
        yield from _patch(state, upload, max(FIRST_CHUNK, size), "next", role="setup")
        if not upload.content:
            return
    yield from _patch(state, upload, size, order, step)


def _patch(
    state: State,
    upload: Upload,
    size: int,
    order: Order,
    step: Step | None = None,
    role: Role = "step",
) -> Play:
    if size > LARGEST_CHUNK:
        return
    repo, offset = upload.repo, len(upload.content)
    chunk = state.fresh(size) if size else b""
    size = len(chunk)
    location, old = _location(upload, step)
    facts = _session_facts(upload, "chunk", size=size, order=order, old=old)
    request = calls.session_request(
        "PATCH", location, repo.name, content_range=content_range(order, offset, size), body=chunk
    )
    request, facts = _under_other_name(state, step, upload, request, facts)
    call = calls.call("send-chunk", request, facts, step.mutators if step is not None else (), role)
    exchange = yield call
    _lose_foreign(state, upload, call, exchange)
    if exchange.status == ACCEPTED and succeeded(call, exchange) and facts.session == "open":
        if order in {"next", "unranged"}:
            upload.content += chunk
            state.writes += 1
            _move(state, upload, exchange)
        else:
            upload.state = "unknown"
    elif facts.session == "open":
        yield from _after_refused_chunk(state, upload, call, exchange)


def _under_other_name(
    state: State, step: Step | None, upload: Upload, request: Request, facts: UploadFacts
) -> tuple[Request, UploadFacts]:
    """Aim a request at the session under the name of another repository, if the step says so."""
    if step is None or not step.arguments.get("foreign") or "name" not in request.parts:
        return request, facts
    parts = {**request.parts, "name": state.other(upload.repo).name}
    return replace(request, parts=parts), replace(facts, session="foreign")


def _lose_foreign(state: State, upload: Upload, call: Call, exchange: Exchange) -> None:
    """Note what may have come of a request under another name: one refused may end the session."""
    facts: UploadFacts = call.facts
    if facts.session != "foreign":
        return
    upload.state = "unknown"
    if facts.digest is not None and not refused(exchange):
        for repo in state.repos:
            repo.made[facts.digest] = "blob"
            repo.distrust()


def content_range(order: Order, offset: int, size: int) -> str | None:
    """Return the Content-Range of a chunk, inclusive on both ends; an empty chunk can have none."""
    if order == "unranged" or size == 0:
        return None
    start = {"next": offset, "ahead": offset + 7, "repeat": 0, "overlap": max(0, offset - 5)}[order]
    return f"{start}-{start + size - 1}"


def _session_facts(
    upload: Upload,
    style: Literal["chunk", "finish", "status", "cancel"],
    *,
    size: int = 0,
    order: Order = "unranged",
    old: bool = False,
    digest: str | None = None,
) -> UploadFacts:
    endpoint = {"chunk": "end-5", "finish": "end-6", "status": "end-13", "cancel": "end-14"}
    return UploadFacts(
        endpoint[style],
        upload.repo.name,
        upload.repo.exists,
        session=upload.state,
        offset=len(upload.content),
        size=size,
        order=order,
        digest=digest,
        digest_given="right" if digest else "none",
        style=style,
        chunked=bool(upload.content),
        old_location=old,
    )


def _location(upload: Upload, step: Step | None) -> tuple[str, bool]:
    """Return where a step finds its session, and whether later locations were given since."""
    if step is not None and step.arguments.get("location") == "oldest":
        return upload.locations[0], len(upload.locations) > 1 or bool(upload.content)
    return upload.locations[-1], False


def _move(state: State, upload: Upload, exchange: Exchange) -> None:
    location = state.resolve(exchange.header("location"))
    if location is not None and location != upload.locations[-1]:
        upload.locations.append(location)
        state.sessions.add(location)


def _after_refused_chunk(state: State, upload: Upload, call: Call, exchange: Exchange) -> Play:
    """After a chunk that was refused the session must stand where it stood."""
    cut_short = any(item.target == "frame" for item in call.mutators)
    if calls.redirected(exchange):
        return
    if not refused(exchange) or cut_short:
        upload.state = "unknown"
        return
    yield from _status(state, upload, role="readback", cause=call, refused_with=exchange.status)


def finish_upload(state: State, step: Step) -> Play:
    """PUT with the digest, with or without a last chunk (end-6)."""
    repo = state.repo(step.arguments)
    upload = yield from _the_upload(state, step, repo)
    if upload is None:
        return
    chunks = step.arguments.get("chunks", 0)
    while upload.state == "open" and len(upload.content) < chunks * FIRST_CHUNK:
        before = len(upload.content)
        size = max(FIRST_CHUNK, upload.chunk_minimum)
        yield from _patch(state, upload, size, "next", role="setup")
        if len(upload.content) == before:
            return
    order: Order = step.arguments.get("order", "unranged")
    if order in {"repeat", "overlap"} and not upload.content:
        order = "next"
    size = step.arguments.get("size", 0 if upload.content else 40)
    last = b"" if upload.content and not size else state.fresh(size)
    size = len(last)
    content = bytes(upload.content) + last
    digest = compute(content, step.arguments.get("algorithm", "sha256"))
    location, old = _location(upload, step)
    facts = _session_facts(upload, "finish", size=size, order=order, digest=digest, old=old)
    request = calls.session_request(
        "PUT",
        location,
        repo.name,
        digest=digest,
        content_range=content_range(order, len(upload.content), size),
        body=last,
    )
    request, facts = _under_other_name(state, step, upload, request, facts)
    call = calls.call("finish-upload", request, facts, step.mutators)
    exchange = yield call
    yield from _after_finish(state, upload, content, call, exchange)


def _after_finish(
    state: State, upload: Upload, content: bytes, call: Call, exchange: Exchange
) -> Play:
    facts: UploadFacts = call.facts
    _lose_foreign(state, upload, call, exchange)
    repo, digest = upload.repo, facts.digest or ""
    in_order = facts.order in {"next", "unranged"} and facts.session == "open"
    if exchange.status == CREATED and succeeded(call, exchange) and in_order:
        upload.state = "closed"
        learn_blob(state, repo, digest, content)
        yield from follow(state, repo, digest, call, exchange)
        return
    if facts.session != "open":
        return
    if refused(exchange) and call.expect is None and not in_order:
        yield from _status(state, upload, role="readback", cause=call, refused_with=exchange.status)
        return
    upload.state = "unknown"
    yield from after_broken(state, repo, call, exchange)


def upload_status(state: State, step: Step) -> Play:
    """GET the location of a session (end-13)."""
    repo = state.repo(step.arguments)
    upload = yield from _the_upload(state, step, repo)
    if upload is None:
        return
    if step.arguments.get("chunks") and upload.state == "open" and not upload.content:
        size = max(FIRST_CHUNK, upload.chunk_minimum)
        yield from _patch(state, upload, size, "next", role="setup")
    yield from _status(state, upload, step)


def _status(
    state: State,
    upload: Upload,
    step: Step | None = None,
    role: Role = "step",
    cause: Call | None = None,
    refused_with: int | None = None,
) -> Play:
    if cause is not None and not state.space.can("upload-status"):
        return  # what it answers says nothing of the cause
    location, old = _location(upload, step)
    facts = _session_facts(upload, "status", old=old)
    facts = replace(facts, refused_with=refused_with)
    request = calls.session_request("GET", location, upload.repo.name)
    request, facts = _under_other_name(state, step, upload, request, facts)
    mutators = step.mutators if step is not None else ()
    call = calls.call("upload-status", request, facts, mutators, role, cause)
    exchange = yield call
    _lose_foreign(state, upload, call, exchange)
    if facts.session != "open" or call.mutators:
        return
    if exchange.status == NO_CONTENT:
        _move(state, upload, exchange)
    else:
        upload.state = "unknown"


def cancel_upload(state: State, step: Step) -> Play:
    """DELETE the location of a session (end-14), then see that it is gone."""
    repo = state.repo(step.arguments)
    upload = yield from _the_upload(state, step, repo)
    if upload is None:
        return
    call = yield from _cancel(state, upload, step=step)
    facts: UploadFacts = call.facts
    if upload.state == "closed" and facts.session == "open":
        yield from _status(state, upload, role="readback", cause=call)


def _cancel(
    state: State, upload: Upload, role: Role = "step", step: Step | None = None
) -> Generator[Call, Exchange, Call]:
    facts = _session_facts(upload, "cancel")
    request = calls.session_request("DELETE", upload.locations[-1], upload.repo.name)
    request, facts = _under_other_name(state, step, upload, request, facts)
    mutators = step.mutators if step is not None else ()
    call = calls.call("cancel-upload", request, facts, mutators, role)
    exchange = yield call
    _lose_foreign(state, upload, call, exchange)
    if facts.session == "open":
        done = exchange.status == NO_CONTENT and succeeded(call, exchange)
        kept = refused(exchange)
        upload.state = "closed" if done else upload.state if kept else "unknown"
    return call
