"""Deleting tags, manifests and blobs (oci.md 1.6)."""

from __future__ import annotations

from regshape.model import Call, Exchange, Fault, Requirement
from regshape.protocols.http import next_link
from regshape.protocols.judging import after, answered, json_of, judged, must_be
from regshape.protocols.oci.facts import DeleteFacts, ListFacts, PullFacts
from regshape.protocols.oci.requirements.table import MUST, row

OK, ACCEPTED, NOT_FOUND = 200, 202, 404
DISABLED = (400, 405)
READS = ("get-manifest", "head-manifest")


def _deletes(call: Call, exchange: Exchange, kind: str, *, known: bool) -> DeleteFacts | None:
    facts: DeleteFacts = call.facts
    if not judged(call, exchange) or facts.kind != kind or facts.known is not known:
        return None
    return facts


def _accepted(call: Call, exchange: Exchange, kind: str) -> Fault | bool:
    facts = _deletes(call, exchange, kind, known=True)
    if facts is None:
        return False
    statuses = (ACCEPTED,) if facts.enabled else (ACCEPTED, *DISABLED)
    return must_be(exchange, f"a DELETE of a {kind}", *statuses)


def tag_deleted(call: Call, exchange: Exchange) -> Fault | bool:
    """DELETE of a tag: 202, or 400 or 405 where it is disabled."""
    return _accepted(call, exchange, "tag")


def manifest_deleted(call: Call, exchange: Exchange) -> Fault | bool:
    """DELETE of a manifest: 202, or 400 or 405 where it is disabled."""
    return _accepted(call, exchange, "manifest")


def blob_deleted(call: Call, exchange: Exchange) -> Fault | bool:
    """DELETE of a blob: 202 where it is enabled."""
    facts: DeleteFacts = call.facts
    return _accepted(call, exchange, "blob") if facts.enabled else False


def blob_delete_disabled(call: Call, exchange: Exchange) -> Fault | bool:
    """DELETE of a blob where that is disabled: 400 or 405."""
    facts: DeleteFacts = call.facts
    return False if facts.enabled else _accepted(call, exchange, "blob")


def _gone_after(call: Call, exchange: Exchange, operation: str) -> Fault | bool:
    facts: PullFacts = call.facts
    if after(call) != operation or facts.known is not False or not answered(exchange):
        return False
    return must_be(exchange, f"a GET of {facts.reference} after {operation}", NOT_FOUND)


def tag_gone(call: Call, exchange: Exchange) -> Fault | bool:
    """A tag that was deleted is answered with 404, and no longer listed."""
    if call.operation == "list-tags":
        return _still_listed(call, exchange)
    facts: PullFacts = call.facts
    if not after(call) and facts.freshly_deleted == "tag":
        return _still_gone(call, exchange)
    return _gone_after(call, exchange, "delete-tag")


def _still_listed(call: Call, exchange: Exchange) -> Fault | bool:
    facts: ListFacts = call.facts
    if after(call) != "delete-tag" or call.cause is None or facts.expected is None:
        return False
    tag = call.cause.facts.reference
    if tag not in (_listed(exchange) or ()):
        return True
    return Fault("still listed", f"the tag {tag} was deleted, and is still listed")


def _listed(exchange: Exchange) -> list[str] | None:
    document = json_of(exchange) if exchange.status == OK else None
    tags = document.get("tags") if isinstance(document, dict) else None
    return [str(tag) for tag in tags] if isinstance(tags, list) else None


def manifest_gone(call: Call, exchange: Exchange) -> Fault | bool:
    """A manifest that was deleted, and each tag of it, is answered with 404."""
    facts: PullFacts = call.facts
    if not after(call) and facts.freshly_deleted == "manifest":
        return _still_gone(call, exchange)
    return _gone_after(call, exchange, "delete-manifest")


def blob_gone(call: Call, exchange: Exchange) -> Fault | bool:
    """A blob that was deleted is answered with 404."""
    facts: PullFacts = call.facts
    if not after(call) and facts.freshly_deleted == "blob":
        return _still_gone(call, exchange)
    return _gone_after(call, exchange, "delete-blob")


def _still_gone(call: Call, exchange: Exchange) -> Fault | bool:
    facts: PullFacts = call.facts
    if facts.known is not False or not judged(call, exchange):
        return False
    return must_be(exchange, f"a read of {facts.reference}, deleted before,", NOT_FOUND)


def siblings_stay(call: Call, exchange: Exchange) -> Fault | bool:
    """After a tag was deleted its manifest and the other tags are there."""
    if after(call) != "delete-tag" or not answered(exchange):
        return False
    if call.operation == "list-tags":
        return _listed_rest(call, exchange)
    facts: PullFacts = call.facts
    if not facts.known:
        return False
    return must_be(exchange, f"a GET of {facts.reference} after another tag was deleted", OK)


def _listed_rest(call: Call, exchange: Exchange) -> Fault | bool:
    facts: ListFacts = call.facts
    tags = _listed(exchange)
    if tags is None or facts.expected is None:
        return must_be(exchange, "a list of the tags after one was deleted", OK)
    lost = sorted(set(facts.expected) - set(tags))
    if not lost or next_link(exchange) is not None:
        return True
    return Fault("other tags", f"after a tag was deleted {lost[:6]} are not listed any more")


def missing_repository(call: Call, exchange: Exchange) -> Fault | bool:
    """DELETE of a manifest in a repository that does not exist: 404."""
    facts: DeleteFacts = call.facts
    if not judged(call, exchange) or facts.repo_known is not False or facts.kind == "blob":
        return False
    statuses = (NOT_FOUND,) if facts.enabled else (NOT_FOUND, *DISABLED)
    return must_be(exchange, "a DELETE in a repository that does not exist", *statuses)


def missing_blob(call: Call, exchange: Exchange) -> Fault | bool:
    """DELETE of a blob that is not there: 404."""
    facts = _deletes(call, exchange, "blob", known=False)
    if facts is None:
        return False
    statuses = (NOT_FOUND,) if facts.enabled else (NOT_FOUND, *DISABLED)
    return must_be(exchange, "a DELETE of a blob that is not there", *statuses)


def other_repository_kept(call: Call, exchange: Exchange) -> Fault | bool:
    """A delete in one repository leaves the blob of another."""
    facts: PullFacts = call.facts
    if after(call) != "delete-blob" or call.cause is None or not answered(exchange):
        return False
    if facts.repo == call.cause.facts.repo or not facts.known:
        return False
    return must_be(exchange, "a GET of the blob in another repository", OK)


TAGS, MANIFESTS, BLOBS = "Deleting tags", "Deleting Manifests", "Deleting Blobs"

DELETING: tuple[Requirement, ...] = (
    row("OCI-DEL-05", MUST, MANIFESTS,
        "DELETE in a repository that does not exist is answered with 404.",
        missing_repository, ("delete-manifest",)),
    row("OCI-DEL-01", MUST, TAGS,
        "DELETE of a tag is answered with 202, or 400 or 405 where it is disabled.",
        tag_deleted, ("delete-tag",)),
    row("OCI-DEL-02", MUST, TAGS,
        "A tag that was deleted is answered with 404, and no longer listed.",
        tag_gone, (*READS, "list-tags"), needs="delete-tag"),
    row("OCI-DEL-03", MUST, TAGS,
        "After a tag was deleted its manifest and the other tags are there.",
        siblings_stay, (*READS, "list-tags"), needs="delete-tag"),
    row("OCI-DEL-04", MUST, MANIFESTS,
        "DELETE of a manifest is answered with 202, or 400 or 405 where it is disabled.",
        manifest_deleted, ("delete-manifest",)),
    row("OCI-DEL-06", MUST, MANIFESTS,
        "A manifest that was deleted, and every tag of it, is answered with 404.",
        manifest_gone, READS, needs="delete-manifest"),
    row("OCI-DEL-07", MUST, BLOBS,
        "DELETE of a blob is answered with 202.",
        blob_deleted, ("delete-blob",), needs="delete-blob"),
    row("OCI-DEL-12", MUST, BLOBS,
        "A blob that was deleted is no longer found: GET is answered with 404.",
        blob_gone, ("get-blob", "head-blob"), needs="delete-blob"),
    row("OCI-DEL-08", MUST, BLOBS,
        "DELETE of a blob that is not there is answered with 404.",
        missing_blob, ("delete-blob",)),
    row("OCI-DEL-09", MUST, BLOBS,
        "DELETE of a blob where that is disabled is answered with 400 or 405.",
        blob_delete_disabled, ("delete-blob",)),
    row("OCI-DEL-10", MUST, BLOBS,
        "A delete in one repository does not touch another.",
        other_repository_kept, ("get-blob", "head-blob"), needs="delete-blob"),
    row("OCI-DEL-11", MUST, "Content Management",
        "Where deletes are disabled that goes for tags too.",
        waiver="a registry may allow one and not the other: only its operator knows what is meant"),
)  # fmt: skip
