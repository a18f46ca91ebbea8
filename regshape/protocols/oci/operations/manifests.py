"""Pushing manifests: by tag and by digest, of many shapes (end-7a, end-7b)."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from regshape.formats.digest import compute, is_valid
from regshape.model import Call, Exchange, Expectation, Play, Request, Step
from regshape.mutators.apply import apply
from regshape.protocols.judging import refused, succeeded
from regshape.protocols.oci import calls
from regshape.protocols.oci.facts import ManifestFacts
from regshape.protocols.oci.operations.needs import (
    CREATED,
    compact,
    index_document,
    lacks_parts,
    learn_manifest,
    need_blob,
    need_manifest,
)
from regshape.protocols.oci.operations.reading import back, read_manifest
from regshape.protocols.oci.operations.uploads import is_cut_short
from regshape.protocols.oci.state import Manifest, Repository, State

FOUR_MEGABYTES = 4_000_000
HUGE = 12 * 1024 * 1024
ARTIFACT = "application/vnd.example.sbom.v1"
FOREIGN = "application/vnd.oci.image.layer.nondistributable.v1.tar"
"""The type of layers that are fetched from their `urls` (image-spec, layer.md)."""


@dataclass(frozen=True, slots=True)
class Document:
    """A manifest ready to be pushed."""

    content: bytes
    media_type: str = calls.INDEX
    missing_parts: bool = False
    subject: str | None = None
    artifact_type: str | None = None
    annotations: Mapping[str, Any] | None = None
    parts: tuple[str, ...] = ()
    """The digests of the blobs and manifests that it needs."""


Plain: TypeAlias = Callable[[State, Step], Document]
Shape: TypeAlias = Callable[[State, Repository, Step], Generator[Call, Exchange, Document | None]]


def descriptor(digest: str, size: int, media_type: str = calls.LAYER) -> dict[str, Any]:
    """Return an OCI content descriptor."""
    return {"mediaType": media_type, "digest": digest, "size": size}


def _index(state: State, _step: Step) -> Document:
    document = index_document(state)
    return Document(compact(document), annotations=document["annotations"])


def _odd(state: State, _step: Step) -> Document:
    """White space, order of keys, escapes and unknown fields that only a byte-exact store keeps."""
    document = index_document(state)
    annotations = json.dumps(document["annotations"])
    text = (
        f'\n{{ "annotations":{annotations} ,\t"org.example.unknown": [1.0, 1e2, "\\u00e9\\/"],\n'
        f'  "manifests" : [ ],\r\n "mediaType":"{calls.INDEX}", "schemaVersion":2}} \n\n'
    )
    return Document(text.encode(), annotations=document["annotations"])


def _big(state: State, step: Step) -> Document:
    """Four million bytes, the least that registries should accept, or more than most allow."""
    document = index_document(state)
    document["annotations"]["padding"] = ""
    size = FOUR_MEGABYTES if step.arguments["shape"] == "big" else HUGE
    document["annotations"]["padding"] = "x" * (size - len(compact(document)))
    return Document(compact(document), annotations=document["annotations"])


def _typeless(state: State, _step: Step) -> Document:
    """An index without mediaType: the field is only a SHOULD."""
    document = index_document(state)
    del document["mediaType"]
    return Document(compact(document), annotations=document["annotations"])


def _image(
    state: State, repo: Repository, step: Step
) -> Generator[Call, Exchange, Document | None]:
    """An image with config and, if asked, one layer, which may be one that is kept elsewhere.

    The config may be embedded, too (image-spec, descriptor.md, `data`).
    """
    config = yield from need_blob(state, repo, 0)
    if config is None:
        return None
    shape, layers = step.arguments.get("shape"), []
    if shape == "image-layer":
        layers = [descriptor(config.digest, len(config.content))]
    elif shape == "image-foreign":
        layers = [descriptor(state.fresh_digest(), 64, FOREIGN) | {"urls": ["https://l.example/1"]}]
    embedded = {"data": b64encode(config.content).decode()} if shape == "image-data" else {}
    document = {
        "schemaVersion": 2,
        "mediaType": calls.IMAGE,
        "config": descriptor(config.digest, len(config.content), calls.CONFIG) | embedded,
        "layers": layers,
        "annotations": index_document(state)["annotations"],
    }
    return Document(
        compact(document),
        calls.IMAGE,
        missing_parts=shape == "image-foreign",
        artifact_type=calls.CONFIG,
        annotations=document["annotations"],
        parts=(config.digest,),
    )


def _image_missing(state: State, _step: Step) -> Document:
    """An image whose config was never pushed: the registry may refuse it."""
    document = {
        "schemaVersion": 2,
        "mediaType": calls.IMAGE,
        "config": descriptor(state.fresh_digest(), 64, calls.CONFIG),
        "layers": [],
    }
    return Document(compact(document), calls.IMAGE, missing_parts=True)


def _index_child(
    state: State, repo: Repository, step: Step
) -> Generator[Call, Exchange, Document | None]:
    """An index of a manifest that is there."""
    child = yield from need_manifest(state, repo, step.arguments.get("which", 0))
    if child is None:
        return None
    document = index_document(
        state, manifests=[descriptor(child.digest, len(child.content), child.media_type)]
    )
    return Document(compact(document), annotations=document["annotations"], parts=(child.digest,))


def _index_missing(state: State, _step: Step) -> Document:
    """An index of a manifest that was never pushed: the registry may refuse it."""
    child = descriptor(state.fresh_digest(), 64, calls.INDEX)
    return Document(compact(index_document(state, manifests=[child])), missing_parts=True)


def _referrer(
    state: State, repo: Repository, step: Step
) -> Generator[Call, Exchange, Document | None]:
    """An index (or image) with a subject, here, elsewhere or nowhere, with or without its type."""
    arguments = step.arguments
    if arguments.get("subject", "missing") in {"present", "elsewhere"}:
        holder = state.other(repo) if arguments["subject"] == "elsewhere" else repo
        target = yield from need_manifest(state, holder, arguments.get("which", 0))
        if target is None:
            return None
        subject = descriptor(target.digest, len(target.content), target.media_type)
    else:
        subject = descriptor(state.fresh_digest(), 64, calls.INDEX)
    document = index_document(state, subject=subject)
    media_type, artifact_type = calls.INDEX, arguments.get("artifact", ARTIFACT)
    parts: tuple[str, ...] = ()
    if artifact_type:
        document["artifactType"] = artifact_type
    if arguments["shape"] == "referrer-image":
        config = yield from need_blob(state, repo, 0)
        if config is None:
            return None
        media_type = document["mediaType"] = calls.IMAGE
        document["config"] = descriptor(config.digest, len(config.content), calls.CONFIG)
        document["layers"] = []
        parts = (config.digest,)
        del document["manifests"]
        artifact_type = artifact_type or calls.CONFIG
    return Document(
        compact(document),
        media_type,
        subject=subject["digest"],
        artifact_type=artifact_type or None,
        annotations=document["annotations"],
        parts=parts,
    )


def _again(
    state: State, repo: Repository, step: Step
) -> Generator[Call, Exchange, Document | None]:
    """A manifest that is there already, byte for byte."""
    found = yield from need_manifest(state, repo, step.arguments.get("which", 0))
    if found is None:
        return None
    return Document(
        found.content,
        found.media_type,
        lacks_parts(repo, found.content),
        subject=found.subject,
        artifact_type=found.artifact_type,
        annotations=found.annotations,
        parts=found.parts,
    )


PLAIN: Mapping[str, Plain] = {
    "index": _index,
    "odd": _odd,
    "big": _big,
    "huge": _big,
    "typeless": _typeless,
    "image-missing": _image_missing,
    "index-missing": _index_missing,
}
"""Shapes that need nothing to be there."""

SHAPES: Mapping[str, Shape] = {
    "image": _image,
    "image-layer": _image,
    "image-data": _image,
    "image-foreign": _image,
    "index-child": _index_child,
    "referrer": _referrer,
    "referrer-image": _referrer,
    "again": _again,
}
"""Shapes that refer to what is there, or make it."""


def push_manifest(state: State, step: Step) -> Play:
    """PUT a manifest by tag or by digest, with `tag` parameters if asked."""
    arguments = step.arguments
    repo = state.repo(arguments)
    shape = arguments.get("shape", "index")
    if shape in PLAIN:
        document: Document | None = PLAIN[shape](state, step)
    else:
        document = yield from SHAPES[shape](state, repo, step)
    if document is None:
        return
    digest = compute(document.content, arguments.get("algorithm", "sha256"))
    by_tag = arguments.get("by", "tag") == "tag"
    reference = arguments.get("tag", "v1") if by_tag else digest
    tags = tuple(arguments.get("tags", ()))
    facts = ManifestFacts(
        "end-7b" if tags else "end-7a",
        repo.name,
        repo.exists,
        by="tag" if by_tag else "digest",
        reference=reference,
        digest=digest,
        size=len(document.content),
        shape=shape,
        missing_parts=document.missing_parts,
        subject=document.subject,
        tags=tags,
    )
    request = Request(
        "PUT",
        calls.MANIFEST,
        {"name": repo.name, "reference": reference},
        tuple(("tag", tag) for tag in tags),
        (("Content-Type", document.media_type),),
        document.content,
    )
    call = calls.call("push-manifest", request, facts, step.mutators)
    exchange = yield call
    yield from _after_push(state, repo, document, call, exchange)


def _after_push(
    state: State, repo: Repository, document: Document, call: Call, exchange: Exchange
) -> Play:
    facts: ManifestFacts = call.facts
    elsewhere = any(item.target in {"name", "reference", "route"} for item in call.mutators)
    if exchange.status == CREATED and succeeded(call, exchange) and not elsewhere:
        tags = (facts.reference,) if facts.by == "tag" else accepted_tags(exchange, facts.tags)
        manifest = Manifest(
            facts.digest,
            document.content,
            document.media_type,
            document.subject,
            document.artifact_type,
            document.annotations or {},
            document.parts,
            exchange.header("oci-subject") is not None,
        )
        learn_manifest(state, repo, manifest, tags)
        if document.subject and exchange.header("oci-subject") is not None:
            state.subjects_answered.add(document.subject)
        yield from _read_back(state, repo, facts.digest, call, exchange)
    elif calls.redirected(exchange):
        return
    elif refused(exchange):
        yield from _see_unchanged(state, repo, call, refused=True)
    else:
        rejected = call.expect is Expectation.REJECT and not calls.created(exchange)
        if rejected or is_cut_short(call):
            yield from _see_unchanged(state, repo, call, refused=not rejected)
        _lose_track(repo, call)


def accepted_tags(exchange: Exchange, asked: tuple[str, ...]) -> tuple[str, ...]:
    """Return the tags that OCI-Tag names (distribution-spec, "Pushing Manifests")."""
    named = {tag.strip() for value in exchange.header_values("oci-tag") for tag in value.split(",")}
    return tuple(tag for tag in dict.fromkeys(asked) if tag in named)


def _read_back(state: State, repo: Repository, digest: str, call: Call, exchange: Exchange) -> Play:
    """Read the manifest where the answer said that it is, unless that is on another host."""
    target = state.resolve(exchange.header("location"))
    if target is not None:
        yield from read_manifest(state, repo, digest, back(call, target))


def _see_unchanged(state: State, repo: Repository, call: Call, *, refused: bool) -> Play:
    """After a refused push the tag is what it was, and nothing stands under either digest."""
    facts: ManifestFacts = call.facts
    sent = apply(call.mutators, call.request)
    references = [facts.reference] if facts.by == "tag" and refused else []
    if facts.by == "digest":
        claimed = sent.parts.get("reference", "")
        true = compute(sent.body)
        references = [ref for ref in dict.fromkeys((claimed, true)) if is_valid(ref)]
    for reference in references:
        yield from read_manifest(state, repo, reference, back(call))


def _lose_track(repo: Repository, call: Call) -> None:
    """A broken push was accepted, or nothing whole came back: what stands there is open."""
    facts: ManifestFacts = call.facts
    sent = apply(call.mutators, call.request)
    claimed, true = sent.parts.get("reference", ""), compute(sent.body)
    for reference in (facts.reference, facts.digest, *facts.tags, claimed, true):
        repo.forget(reference)
        repo.made[reference] = "manifest" if ":" in reference else "tag"
    repo.distrust()
