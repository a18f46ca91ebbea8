"""What somebody else asks for: whoever shows no credentials, and the second identity.

The first identity makes what is to be kept from them, in the first repository of the space. The
second identity has a repository of its own. Where nothing is kept from anybody nothing is sent.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import Any

from regshape.formats.digest import compute
from regshape.model import Call, Exchange, Identity, Play, Request, Step
from regshape.protocols.judging import refused
from regshape.protocols.oci import calls
from regshape.protocols.oci.facts import Aim, StrangerFacts
from regshape.protocols.oci.operations.deletes import Kind, delete_request
from regshape.protocols.oci.operations.needs import (
    ACCEPTED,
    CREATED,
    compact,
    index_document,
    learn_manifest,
    need_blob,
    need_tagged,
    need_upload,
)
from regshape.protocols.oci.operations.reading import back, read_blob, read_manifest
from regshape.protocols.oci.state import Manifest, Repository, State, Upload

READS: Mapping[Identity, str] = {"anonymous": "guarded-reads", "other": "private-reads"}
WRITES: Mapping[Identity, str] = {"anonymous": "guarded-writes", "other": "private-writes"}
DELETES: Mapping[str, Kind] = {
    "delete-tag": "tag",
    "delete-manifest": "manifest",
    "delete-blob": "blob",
}
LISTS = frozenset({"tags", "referrers", "catalog"})
Wanted = Generator[Call, Exchange, Request | None]


def read_as(state: State, step: Step) -> Play:
    """GET (or HEAD) as somebody who may not read the repository, or from a repository of theirs."""
    who: Identity = step.arguments.get("who", "other")
    what: str = step.arguments.get("what", "manifest")
    if not state.space.can(READS[who]):
        return
    repo = state.repos[0]
    request = yield from _wanted(state, repo, what)
    if request is None:
        return
    if step.arguments.get("head"):
        request = replace(request, method="HEAD")
    if step.arguments.get("at") == "own":
        request = _at(state.foreign, request)
    call = _call("read-as", request, repo, who, "list" if what in LISTS else "content")
    yield _scoped(state, call, repo, step)


def _wanted(state: State, repo: Repository, what: str) -> Wanted:
    """Return the GET of something that is there, made first."""
    parts = {"name": repo.name}
    if what == "blob":
        blob = yield from need_blob(state, repo)
        return None if blob is None else _get(calls.BLOB, {**parts, "reference": blob.digest})
    if what == "referrers":
        return (yield from _referrers(state, repo))
    reference = yield from need_tagged(state, repo, by_tag=what != "digest")
    if reference is None:
        return None
    if what in {"tags", "catalog"}:
        return _get(calls.TAGS if what == "tags" else calls.CATALOG, parts)
    return _get(calls.MANIFEST, {**parts, "reference": reference})


def _get(route: str, parts: Mapping[str, str]) -> Request:
    accept = (("Accept", calls.ACCEPT),) if route == calls.MANIFEST else ()
    return Request("GET", route, {} if route == calls.CATALOG else parts, (), accept)


def _referrers(state: State, repo: Repository) -> Wanted:
    """Push a referrer of what need not be there, and return the GET of its list."""
    digest = state.fresh_digest()
    subject = {"mediaType": calls.INDEX, "digest": digest, "size": 64}
    document = index_document(state, subject=subject, artifactType=calls.CONFIG)
    content = compact(document)
    request = manifest_request(repo.name, compute(content), content)
    exchange = yield calls.call("probe", request, _facts(repo, "main", "list"), role="setup")
    if exchange.status != CREATED:
        return None
    learn_manifest(
        state,
        repo,
        Manifest(
            compute(content),
            content,
            calls.INDEX,
            digest,
            calls.CONFIG,
            document["annotations"],
            subject_processed=exchange.header("oci-subject") == digest,
        ),
        (),
    )
    return _get(calls.REFERRERS, {"name": repo.name, "reference": digest})


def write_as(state: State, step: Step) -> Play:
    """Change, as somebody who may not, what the first identity has made; it must stay."""
    who: Identity = step.arguments.get("who", "other")
    what: str = step.arguments.get("what", "manifest")
    if not state.space.can(WRITES[who]):
        return
    repo = state.repos[0]
    request = yield from _change(state, repo, what)
    if request is None:
        return
    call = _scoped(state, _call("write-as", request, repo, who, "write"), repo, step)
    exchange = yield call
    yield from _see_kept(state, repo, call, exchange)


def exceed_scope(state: State, step: Step) -> Play:
    """Use a token for what it was not asked for: another repository, or more than pull."""
    what: str = step.arguments.get("what", "manifest")
    if not state.space.can("scoped-tokens"):
        return
    repo = state.repos[0]
    reading = step.arguments.get("scope") == "elsewhere"
    request = yield from (_wanted if reading else _change)(state, repo, what)
    if request is None:
        return
    scope = f"repository:{state.absent.name if reading else repo.name}:{calls.PULL}"
    call = replace(_call("exceed-scope", request, repo, "main", "token"), scope=scope)
    exchange = yield call
    if not reading:
        yield from _see_kept(state, repo, call, exchange)


def _change(state: State, repo: Repository, what: str) -> Wanted:
    """Return the request of a change; a tag, manifest or blob to change is made first."""
    content = compact(index_document(state))
    if what == "new-tag":
        return manifest_request(repo.name, "strange", content)
    if what == "new-manifest":
        return manifest_request(repo.name, compute(content), content)
    if what == "new-blob":
        return blob_request(repo.name, state.fresh(40))
    if what == "manifest":
        tag = yield from need_tagged(state, repo)
        return None if tag is None else manifest_request(repo.name, tag, content)
    return (yield from _deletion(state, repo, DELETES[what]))


def _deletion(state: State, repo: Repository, kind: Kind) -> Wanted:
    if kind == "blob":
        blob = yield from need_blob(state, repo)
        return None if blob is None else delete_request(repo.name, kind, blob.digest)
    reference = yield from need_tagged(state, repo, by_tag=kind == "tag")
    return None if reference is None else delete_request(repo.name, kind, reference)


def manifest_request(name: str, reference: str, content: bytes) -> Request:
    """Return the PUT of an index."""
    parts = {"name": name, "reference": reference}
    return Request("PUT", calls.MANIFEST, parts, (), (("Content-Type", calls.INDEX),), content)


def blob_request(name: str, content: bytes) -> Request:
    """Return the POST of a whole blob."""
    query = (("digest", compute(content)),)
    headers = (("Content-Type", calls.OCTETS),)
    return Request("POST", calls.UPLOADS, {"name": name}, query, headers, content)


def _see_kept(state: State, repo: Repository, call: Call, exchange: Exchange) -> Play:
    """Read back what must have stayed as it was; what was changed is not predicted any more."""
    reference = call.request.parts.get("reference", "")
    if not refused(exchange):
        _note_made(state, repo, call, exchange)
        repo.distrust()
    elif reference in repo.blobs:
        yield from read_blob(state, repo, reference, back(call))
    elif reference in repo.tags or reference in repo.manifests:
        yield from read_manifest(state, repo, reference, back(call))


def _note_made(state: State, repo: Repository, call: Call, exchange: Exchange) -> None:
    reference = call.request.parts.get("reference")
    location = state.resolve(exchange.header("location"))
    if call.request.method == "POST" and exchange.status == ACCEPTED and location is not None:
        state.strays.append(location)
    elif call.request.method == "POST":
        repo.made[compute(call.request.body)] = "blob"
    elif call.request.method == "PUT" and reference is not None:
        repo.made[compute(call.request.body)] = "manifest"
        if ":" not in reference:
            repo.made[reference] = "tag"


def session_as(state: State, step: Step) -> Play:
    """Use the first identity's upload session as somebody else, at its URL or under another."""
    who: Identity = step.arguments.get("who", "other")
    how: str = step.arguments.get("how", "chunk")
    needs = READS if how == "status" else WRITES
    if not state.space.can(needs[who]):
        return
    repo = state.repos[0]
    upload = yield from need_upload(state, repo)
    if upload is None:
        return
    request = _session_request(state, upload, how)
    if step.arguments.get("at") == "own":
        if "name" not in request.parts:
            return
        request = _at(state.foreign, request)
    aim: Aim = "content" if how == "status" else "write"
    call = _scoped(state, _call("session-as", request, repo, who, aim), repo, step)
    exchange = yield call
    if not refused(exchange):
        upload.state = "unknown"
        repo.distrust()
        _note_finished(state, repo, call, exchange)


def _session_request(state: State, upload: Upload, how: str) -> Request:
    location, name = upload.locations[-1], upload.repo.name
    body = b"" if how in {"status", "cancel"} else state.fresh(20)
    method = {"status": "GET", "chunk": "PATCH", "finish": "PUT", "cancel": "DELETE"}[how]
    digest = compute(bytes(upload.content) + body) if how == "finish" else None
    return calls.session_request(method, location, name, digest=digest, body=body)


def _note_finished(state: State, repo: Repository, call: Call, exchange: Exchange) -> None:
    digest = dict(call.request.query).get("digest")
    if digest is not None and exchange.status == CREATED:
        owner = state.foreign if call.request.parts.get("name") == state.foreign.name else repo
        owner.made[digest] = "blob"


def mount_as(state: State, step: Step) -> Play:
    """Mount, as the second identity, a blob that it may not read into a repository of its own."""
    repo, own = state.repos[0], state.foreign
    if not state.space.can("foreign-mounts"):
        return
    blob = yield from need_blob(state, repo)
    if blob is None:
        return
    query: list[tuple[str, str | None]] = [("mount", blob.digest)]
    if step.arguments.get("from", "named") == "named":
        query.append(("from", repo.name))
    request = Request("POST", calls.UPLOADS, {"name": own.name}, tuple(query))
    call = _call("mount-as", request, repo, "other", "mount")
    call = replace(call, scope=f"{_own_scope(state)} repository:{repo.name}:{calls.PULL}")
    exchange = yield call
    location = state.resolve(exchange.header("location"))
    if exchange.status == CREATED:
        own.made[blob.digest] = "blob"
    elif exchange.status == ACCEPTED and location is not None:
        state.foreign_strays.append(location)


def _call(operation: str, request: Request, repo: Repository, who: Identity, aim: Aim) -> Call:
    call = calls.call(operation, request, _facts(repo, who, aim))
    name = request.parts.get("name", repo.name)
    if request.route == calls.CATALOG:
        return replace(call, identity=who, scope="registry:catalog:*")
    return replace(call, identity=who, scope=(call.scope or "").replace(repo.name, name, 1))


def _facts(repo: Repository, who: Identity, aim: Aim) -> StrangerFacts:
    return StrangerFacts("", repo.name, repo.exists, who=who, aim=aim)


def _scoped(state: State, call: Call, repo: Repository, step: Step) -> Call:
    """Return the call with the token that the step names: for its own repository, or for both."""
    asked: Any = step.arguments.get("scope")
    if asked == "own":
        return replace(call, scope=_own_scope(state))
    if asked == "both":
        return replace(call, scope=f"{_own_scope(state)} repository:{repo.name}:{calls.DELETE}")
    return call


def _own_scope(state: State) -> str:
    return f"repository:{state.foreign.name}:{calls.DELETE}"


def _at(repo: Repository, request: Request) -> Request:
    return replace(request, parts={**request.parts, "name": repo.name})
