"""What a step needs and does not find: made first, so that a case of one step means something.

Each function takes what is there or makes it with the fewest requests that every registry accepts:
a blob by POST and PUT, a manifest as an index without children.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from dataclasses import replace
from typing import Any

from regshape.formats.digest import compute
from regshape.model import Call, Exchange, Play, Request
from regshape.protocols.oci import calls
from regshape.protocols.oci.facts import ManifestFacts, UploadFacts
from regshape.protocols.oci.state import (
    Blob,
    Manifest,
    Repository,
    State,
    Upload,
    recent,
)

CREATED, ACCEPTED = 201, 202
MOST_DIGITS = 12
"""Of a number that a registry sends: what is longer is as good as infinite."""


def need_upload(
    state: State, repo: Repository, which: int = 0
) -> Generator[Call, Exchange, Upload | None]:
    """Return an open session of the repository, opening one if there is none."""
    found = [item for item in state.uploads if item.repo is repo and item.state == "open"]
    if found:
        return found[-1 - which % len(found)]
    facts = UploadFacts(
        "end-4a", repo.name, repo.exists, seen_sessions=frozenset(state.sessions), style="open"
    )
    request = Request("POST", calls.UPLOADS, {"name": repo.name})
    exchange = yield calls.call("open-upload", request, facts, role="setup")
    return learn_session(state, repo, exchange) if exchange.status == ACCEPTED else None


def learn_session(state: State, repo: Repository, exchange: Exchange) -> Upload | None:
    """Take note of a session that a 202 opened; None where its location cannot be followed."""
    location = state.resolve(exchange.header("location"))
    if location is None:
        return None
    upload = Upload(repo, [location], chunk_minimum=_chunk_minimum(exchange))
    state.uploads.append(upload)
    state.sessions.add(location)
    open_question(repo)
    return upload


def _chunk_minimum(exchange: Exchange) -> int:
    """Return OCI-Chunk-Min-Length, or 0 where it is absent or no number."""
    text = exchange.header("oci-chunk-min-length") or ""
    return int(text[:MOST_DIGITS]) if text.isascii() and text.isdigit() else 0


def open_question(repo: Repository) -> None:
    """Leave open whether a repository exists of which an upload is all that there is."""
    if repo.exists is False:
        repo.exists = None


def need_blob(
    state: State, repo: Repository, which: int = 0, size: int = 40, algorithm: str = "sha256"
) -> Generator[Call, Exchange, Blob | None]:
    """Return a blob of the repository, pushing one by POST and PUT if there is none."""
    found = recent(repo.blobs, which)
    if found is not None:
        return found
    upload = yield from need_upload(state, repo)
    if upload is None:
        return None
    content = bytes(upload.content) + state.fresh(size)
    return (yield from put_blob(state, upload, content, algorithm))


def put_blob(
    state: State, upload: Upload, content: bytes, algorithm: str = "sha256"
) -> Generator[Call, Exchange, Blob | None]:
    """Close a session with the rest of the content in the PUT."""
    repo, digest = upload.repo, compute(content, algorithm)
    body = content[len(upload.content) :]
    facts = UploadFacts(
        "end-6",
        repo.name,
        repo.exists,
        session=upload.state if upload.state != "closed" else "closed",
        offset=len(upload.content),
        size=len(body),
        digest=digest,
        digest_given="right",
        style="finish",
        chunked=bool(upload.content),
    )
    request = calls.session_request(
        "PUT", upload.locations[-1], repo.name, digest=digest, body=body
    )
    exchange = yield calls.call("finish-upload", request, facts, role="setup")
    if exchange.status != CREATED:
        upload.state = "unknown"
        return None
    upload.state = "closed"
    return learn_blob(state, repo, digest, content)


def learn_blob(state: State, repo: Repository, digest: str, content: bytes) -> Blob:
    """Take note of a blob that was acknowledged."""
    state.writes += 1
    repo.exists = None if repo.unsure else True
    repo.made[digest] = "blob"
    repo.forgotten.discard(digest)
    repo.deleted.pop(digest, None)
    repo.blobs.pop(digest, None)
    repo.blobs[digest] = Blob(digest, content)
    return repo.blobs[digest]


def index_document(state: State, **fields: Any) -> dict[str, Any]:
    """Return an index without children, different for each call."""
    return {
        "schemaVersion": 2,
        "mediaType": calls.INDEX,
        "manifests": [],
        "annotations": {"regshape": f"{state.space.salt}.{state.mark()}"},
        **fields,
    }


def compact(document: Any) -> bytes:
    """Return the document as compact JSON bytes."""
    return json.dumps(document, separators=(",", ":")).encode()


def need_manifest(
    state: State, repo: Repository, which: int = 0
) -> Generator[Call, Exchange, Manifest | None]:
    """Return a manifest of the repository, pushing an index by tag if there is none."""
    found = recent(repo.manifests, which)
    if found is None:
        yield from put_index(state, repo, "v1")
        found = recent(repo.manifests, which)
    return found


def need_tagged(
    state: State, repo: Repository, which: int = 0, *, by_tag: bool = True
) -> Generator[Call, Exchange, str | None]:
    """Return a tag (or the digest of a manifest) that is there."""
    if not by_tag:
        manifest = yield from need_manifest(state, repo, which)
        return manifest.digest if manifest is not None else None
    if not repo.tags:
        yield from put_index(state, repo, "v1")
    if not repo.tags:
        return None
    names = list(repo.tags)
    return names[-1 - which % len(names)]


def need_tags(state: State, repo: Repository, count: int) -> Play:
    """Push tags until the repository has that many, out of order on purpose.

    `v2` before `v10` is the order of pushing and of length, but no order of text.
    """
    for name in ("v2", "v10", "v1", "V1"):
        if len(repo.tags) >= count:
            return
        if name not in repo.tags:
            yield from put_index(state, repo, name, recent(repo.manifests, 0))


def put_index(state: State, repo: Repository, tag: str, manifest: Manifest | None = None) -> Play:
    """Push a manifest by tag as set-up: the one given, or a new index."""
    if manifest is None:
        content = compact(index_document(state))
        manifest = Manifest(compute(content), content, calls.INDEX)
    elif not manifest.digest.startswith("sha256:"):
        # A push by tag says nothing of the algorithm: registries take the one they know best.
        manifest = replace(manifest, digest=compute(manifest.content))
    facts = ManifestFacts(
        "end-7a",
        repo.name,
        repo.exists,
        by="tag",
        reference=tag,
        digest=manifest.digest,
        size=len(manifest.content),
        missing_parts=lacks_parts(repo, manifest.content),
        subject=manifest.subject,
    )
    request = Request(
        "PUT",
        calls.MANIFEST,
        {"name": repo.name, "reference": tag},
        (),
        (("Content-Type", manifest.media_type),),
        manifest.content,
    )
    exchange = yield calls.call("push-manifest", request, facts, role="setup")
    if exchange.status == CREATED:
        learn_manifest(state, repo, manifest, (tag,))


def lacks_parts(repo: Repository, content: bytes) -> bool:
    """Return whether something that a manifest refers to is not known to be there (any more)."""
    document = json.loads(content)
    parts = [*document.get("layers", ()), *document.get("manifests", ())]
    parts += [document["config"]] if "config" in document else []
    return not all(
        part["digest"] in repo.blobs or part["digest"] in repo.manifests for part in parts
    )


def learn_manifest(
    state: State, repo: Repository, manifest: Manifest, tags: tuple[str, ...]
) -> Manifest:
    """Take note of a manifest that was acknowledged, and of the tags that now name it."""
    state.writes += 1
    repo.exists = None if repo.unsure else True
    for tag in tags:
        repo.made[tag] = "tag"
        repo.forgotten.discard(tag)
        repo.deleted.pop(tag, None)
        repo.tags.pop(tag, None)
        repo.tags_read_at.pop(tag, None)
        repo.tags[tag] = manifest.digest
    repo.made[manifest.digest] = "manifest"
    repo.forgotten.discard(manifest.digest)
    repo.deleted.pop(manifest.digest, None)
    repo.gone_referrers.pop(manifest.digest, None)
    repo.manifests.pop(manifest.digest, None)
    repo.manifests[manifest.digest] = manifest
    return manifest
