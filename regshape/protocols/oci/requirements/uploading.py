"""Pushing blobs: sessions, single POST, chunks, cancel, mount (oci.md 1.3)."""

from __future__ import annotations

from regshape.model import Call, Exchange, Fault, Requirement
from regshape.protocols.http import breaks
from regshape.protocols.judging import (
    after,
    answered,
    judged,
    must_be,
    must_refuse,
    needs_header,
    rejecting,
    server_failed,
)
from regshape.protocols.oci.facts import PullFacts, UploadFacts
from regshape.protocols.oci.requirements.table import MAY, MUST, SHOULD, false_content, row

OK, CREATED, ACCEPTED, NO_CONTENT = 200, 201, 202, 204
BAD_REQUEST, NOT_FOUND, UNSATISFIABLE = 400, 404, 416
FINISH, CHUNK, STATUS = ("finish-upload",), ("send-chunk",), ("upload-status",)
MOUNT, OPEN, SINGLE = ("mount-blob",), ("open-upload",), ("post-blob",)


def opens(call: Call, exchange: Exchange) -> Fault | bool:
    """POST opens a session: 202 and Location."""
    facts: UploadFacts = call.facts
    if not judged(call, exchange) or facts.algorithm is not None:
        return False
    status = must_be(exchange, "a POST that opens an upload", ACCEPTED)
    return needs_header(exchange, "Location", "a 202") if status is True else status


def new_session(call: Call, exchange: Exchange) -> Fault | bool:
    """Each POST has a session of its own."""
    facts: UploadFacts = call.facts
    location = exchange.header("location")
    if not judged(call, exchange) or exchange.status != ACCEPTED or not location:
        return False
    if any(location.endswith(seen) for seen in facts.seen_sessions):
        return Fault("session twice", f"two POSTs were given the same location {location}")
    return True


def finishes(call: Call, exchange: Exchange) -> Fault | bool:
    """PUT of the whole blob to the location of a POST: 201 and Location."""
    facts: UploadFacts = call.facts
    if not finishing(call, exchange) or facts.chunked or facts.order == "ahead":
        return False
    return _created(exchange, "a PUT that pushes the blob")


def finishing(call: Call, exchange: Exchange) -> bool:
    """Return whether the exchange is a PUT that could close an open session."""
    facts: UploadFacts = call.facts
    usable = facts.digest is not None and facts.digest.startswith("sha256:")
    return judged(call, exchange) and facts.session == "open" and usable and not facts.old_location


def _created(exchange: Exchange, what: str) -> Fault | bool:
    status = must_be(exchange, what, CREATED)
    return needs_header(exchange, "Location", "a 201") if status is True else status


def single_post(call: Call, exchange: Exchange) -> Fault | bool:
    """POST with digest and content: 201, or 202 where the registry has no such push."""
    facts: UploadFacts = call.facts
    if not judged(call, exchange) or facts.algorithm != "sha256" or server_failed(exchange):
        return False
    return must_be(exchange, "a POST with the whole blob", CREATED, ACCEPTED)


def single_post_location(call: Call, exchange: Exchange) -> Fault | bool:
    """The 201 to a single POST has the Location of the blob."""
    if not judged(call, exchange) or exchange.status != CREATED:
        return False
    return needs_header(exchange, "Location", "a 201")


def pullable(call: Call, exchange: Exchange) -> Fault | bool:
    """The location that a push was answered with is that of the blob."""
    facts: PullFacts = call.facts
    if facts.by != "location" or not facts.known or not judged(call, exchange):
        return False
    what = f"a GET of the Location that {after(call)} was answered with"
    status = must_be(exchange, what, OK)
    if status is not True or exchange.answer == facts.content:
        return status
    return Fault("other content", f"{what} does not give the bytes that were pushed")


def pullable_after(
    call: Call, exchange: Exchange, operation: str, *, chunked: bool | None = None
) -> Fault | bool:
    """Judge a read of where the answer to that operation pointed."""
    if after(call) != operation or call.cause is None:
        return False
    cause: UploadFacts = call.cause.facts
    if chunked is not None and cause.chunked is not chunked:
        return False
    return pullable(call, exchange)


def finished_and_pullable(call: Call, exchange: Exchange) -> Fault | bool:
    """POST then PUT: created, and then pullable from its Location."""
    if call.operation == "get-blob":
        return pullable_after(call, exchange, "finish-upload", chunked=False)
    return finishes(call, exchange)


def posted_and_pullable(call: Call, exchange: Exchange) -> Fault | bool:
    """Single POST: created with a Location, and then pullable from it."""
    if call.operation == "get-blob":
        return pullable_after(call, exchange, "post-blob")
    return single_post_location(call, exchange)


def true_length(call: Call, exchange: Exchange) -> Fault | bool:
    """A body shorter or longer than its Content-Length stores nothing under the digest."""
    if call.operation != "get-blob":
        return False
    if call.cause is None or not breaks(call.cause, "frame") or not answered(exchange):
        return False
    facts: PullFacts = call.facts
    if facts.known is not False or after(call) not in {"post-blob", "finish-upload"}:
        return False
    return must_be(exchange, "a GET of a blob whose push was cut off", NOT_FOUND)


def true_digest(call: Call, exchange: Exchange) -> Fault | bool:
    """Content that has another digest is refused, and not stored under the one it claimed."""
    if call.operation == "get-blob":
        return _not_stored(call, exchange)
    if not answered(exchange) or not false_content(call):
        return False
    if call.operation == "post-blob" and exchange.status == ACCEPTED:
        return True  # a session was opened instead, and nothing was stored yet
    return must_refuse(exchange, f"{call.operation} with content that has another digest")


def _not_stored(call: Call, exchange: Exchange) -> Fault | bool:
    cause = call.cause
    if cause is None or cause.operation not in {"post-blob", "finish-upload"}:
        return False
    facts: PullFacts = call.facts
    if not false_content(cause) or facts.known is not False:
        return False
    if not answered(exchange):
        return False
    return must_be(exchange, "a GET of a digest whose push was refused", NOT_FOUND)


def invalid_digest(call: Call, exchange: Exchange) -> Fault | bool:
    """A push with a digest that is none, or of an unknown algorithm: 400."""
    if not answered(exchange) or not rejecting(call, "digest", "query"):
        return False
    if any(mutator.action == "remove" for mutator in call.mutators):
        return False  # no digest was given at all: OCI-CHK-11
    if isinstance(call.facts, UploadFacts) and not _usable(call.facts):
        return False
    if exchange.status in {OK, CREATED, ACCEPTED} or server_failed(exchange):
        return False  # to accept it violates a MUST: OCI-UPL-08, OCI-CHK-11 or OCI-MAN-06
    return must_be(exchange, f"{call.operation} with an invalid digest", BAD_REQUEST)


def _usable(facts: UploadFacts) -> bool:
    """Return whether nothing but the digest is wrong."""
    in_turn = facts.order in {"next", "unranged"} and not facts.old_location
    return facts.session in {"open", "none"} and in_turn


def digest_required(call: Call, exchange: Exchange) -> Fault | bool:
    """A closing PUT without a digest is refused."""
    if not answered(exchange) or not rejecting(call, "query"):
        return False
    if not any(mutator.key == "digest" for mutator in call.mutators):
        return False
    return must_refuse(exchange, "a closing PUT without a usable digest")


def mounts(call: Call, exchange: Exchange) -> Fault | bool:
    """A mount that was done has a Location, and the blob is pullable from it."""
    if call.operation == "get-blob":
        return pullable_after(call, exchange, "mount-blob")
    facts: UploadFacts = call.facts
    if not judged(call, exchange) or exchange.status != CREATED or not facts.mount_known:
        return False
    return needs_header(exchange, "Location", "a 201 to a mount")


def anonymous_mount(call: Call, exchange: Exchange) -> Fault | bool:
    """A mount without `from` is done, or opens a session."""
    facts: UploadFacts = call.facts
    if not judged(call, exchange) or facts.mount_from:
        return False
    return must_be(exchange, "a mount without from", CREATED, ACCEPTED)


def mount_falls_back(call: Call, exchange: Exchange) -> Fault | bool:
    """A mount that cannot be done opens a session: 202."""
    facts: UploadFacts = call.facts
    if not judged(call, exchange) or not facts.mount_from:
        return False
    if facts.mount_known is False:
        source = exchange.target.partition("&from=")[2]
        return must_be(exchange, f"a mount from {source!r} that cannot be done", ACCEPTED)
    if facts.mount_known and exchange.status != CREATED:
        return must_be(exchange, "a mount that was not done", ACCEPTED)
    return False


CHUNKED = "Pushing a blob in chunks"
PUT_SECTION, SINGLE_SECTION = "POST then PUT", "Single POST"
MOUNT_SECTION = "Mounting a blob from another repository"
NOTHING_TO_BREAK = "a freedom of the registry: nothing that it answers could break it"

UPLOADING: tuple[Requirement, ...] = (
    row("OCI-UPL-01", MUST, PUT_SECTION,
        "POST to blobs/uploads/ is answered with 202 and a Location.",
        opens, OPEN),
    row("OCI-UPL-02", MUST, PUT_SECTION,
        "The Location holds a session id that is unique.",
        new_session, OPEN),
    row("OCI-UPL-03", MAY, PUT_SECTION,
        "The Location is absolute or relative.", waiver=NOTHING_TO_BREAK),
    row("OCI-UPL-04", MAY, PUT_SECTION,
        "The Location holds critical query parameters.", waiver=NOTHING_TO_BREAK),
    row("OCI-UPL-05", MUST, PUT_SECTION,
        "The closing PUT is answered with 201 and a Location from which the blob can be pulled.",
        finished_and_pullable, (*FINISH, "get-blob")),
    row("OCI-UPL-06", SHOULD, SINGLE_SECTION,
        "A single POST pushes the blob (201), or opens a session (202).",
        single_post, SINGLE),
    row("OCI-UPL-07", MUST, SINGLE_SECTION,
        "Content-Length matches the content: what was cut off is not stored.",
        true_length, ("get-blob",)),
    row("OCI-UPL-08", MUST, SINGLE_SECTION,
        "The digest matches the content: other content is refused, and not stored under it.",
        true_digest, (*SINGLE, *FINISH, "get-blob")),
    row("OCI-UPL-09", MUST, SINGLE_SECTION,
        "A single POST that pushed has 201 and a Location from which the blob can be pulled.",
        posted_and_pullable, (*SINGLE, "get-blob"), needs="single-post"),
    row("OCI-CHK-11", MUST, CHUNKED,
        "The closing PUT carries the digest of the whole blob; without one it is refused.",
        digest_required, FINISH),
    row("OCI-PUSH-04", SHOULD, "Pushing blobs",
        "A push whose digest is invalid or of an unsupported algorithm is answered with 400.",
        invalid_digest, SINGLE + FINISH),
    row("OCI-MNT-01", MUST, MOUNT_SECTION,
        "A mount that was done has 201 and a Location from which the blob can be pulled.",
        mounts, (*MOUNT, "get-blob"), needs="mount"),
    row("OCI-MNT-02", MAY, MOUNT_SECTION,
        "A mount without from is done, or opens a session.",
        anonymous_mount, MOUNT),
    row("OCI-MNT-03", SHOULD, MOUNT_SECTION,
        "A mount that cannot be done is answered with 202 and opens a session.",
        mount_falls_back, MOUNT),
)  # fmt: skip
