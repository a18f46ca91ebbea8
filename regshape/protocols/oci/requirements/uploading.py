"""Pushing blobs: sessions, single POST, chunks, cancel, mount (oci.md 1.3)."""

from __future__ import annotations

import re

from regshape.model import Call, Exchange, Fault, Requirement
from regshape.protocols.http import breaks
from regshape.protocols.oci.facts import PullFacts, UploadFacts
from regshape.protocols.oci.requirements.rows import (
    MAY,
    MUST,
    SHOULD,
    after,
    answered,
    as_meant,
    false_content,
    judged,
    must_be,
    must_refuse,
    needs_header,
    rejecting,
    row,
)

OK, CREATED, ACCEPTED, NO_CONTENT = 200, 201, 202, 204
BAD_REQUEST, NOT_FOUND, UNSATISFIABLE = 400, 404, 416
RANGE = re.compile(r"0-([0-9]+)")
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


def minimum_chunk(call: Call, exchange: Exchange) -> Fault | bool:
    """OCI-Chunk-Min-Length, if sent, is a number of bytes."""
    value = exchange.header("oci-chunk-min-length")
    if not judged(call, exchange) or value is None:
        return False
    if value.isascii() and value.isdigit():
        return True
    return Fault("no number", f"OCI-Chunk-Min-Length is {value!r}")


def algorithm_hint(call: Call, exchange: Exchange) -> Fault | bool:
    """A digest-algorithm that is known opens a session; one that is not may be refused."""
    facts: UploadFacts = call.facts
    if not judged(call, exchange) or facts.algorithm is None:
        return False
    what = f"a POST with digest-algorithm={facts.algorithm}"
    if facts.algorithm in {"sha256", "sha512"}:
        return must_be(exchange, what, ACCEPTED, CREATED)
    if exchange.status in {ACCEPTED, CREATED}:
        return True
    return must_refuse(exchange, what)


def finishes(call: Call, exchange: Exchange) -> Fault | bool:
    """PUT of the whole blob to the location of a POST: 201 and Location."""
    facts: UploadFacts = call.facts
    if not _finishing(call, exchange) or facts.chunked or facts.order == "ahead":
        return False
    return _created(exchange, "a PUT that pushes the blob")


def _finishing(call: Call, exchange: Exchange) -> bool:
    facts: UploadFacts = call.facts
    usable = facts.digest is not None and facts.digest.startswith("sha256:")
    return judged(call, exchange) and facts.session == "open" and usable and not facts.old_location


def _created(exchange: Exchange, what: str) -> Fault | bool:
    status = must_be(exchange, what, CREATED)
    return needs_header(exchange, "Location", "a 201") if status is True else status


def single_post(call: Call, exchange: Exchange) -> Fault | bool:
    """POST with digest and content: 201, or 202 where the registry has no such push."""
    facts: UploadFacts = call.facts
    if not judged(call, exchange) or facts.algorithm != "sha256":
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


def _pullable_after(
    call: Call, exchange: Exchange, operation: str, *, chunked: bool | None = None
) -> Fault | bool:
    if after(call) != operation or call.cause is None:
        return False
    cause: UploadFacts = call.cause.facts
    if chunked is not None and cause.chunked is not chunked:
        return False
    return pullable(call, exchange)


def finished_and_pullable(call: Call, exchange: Exchange) -> Fault | bool:
    """POST then PUT: created, and then pullable from its Location."""
    if call.operation == "get-blob":
        return _pullable_after(call, exchange, "finish-upload", chunked=False)
    return finishes(call, exchange)


def posted_and_pullable(call: Call, exchange: Exchange) -> Fault | bool:
    """Single POST: created with a Location, and then pullable from it."""
    if call.operation == "get-blob":
        return _pullable_after(call, exchange, "post-blob")
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
    if call.operation == "push-manifest" and breaks(call, "query"):
        return False
    if any(mutator.action == "remove" for mutator in call.mutators):
        return False  # no digest was given at all: OCI-CHK-11
    if isinstance(call.facts, UploadFacts) and not _usable(call.facts):
        return False
    if exchange.status in {OK, CREATED, ACCEPTED}:
        return False  # to accept it violates a MUST: OCI-UPL-08, OCI-CHK-11 or OCI-MAN-06
    return must_be(exchange, f"{call.operation} with an invalid digest", BAD_REQUEST)


def _usable(facts: UploadFacts) -> bool:
    """Return whether nothing but the digest is wrong."""
    return facts.session in {"open", "none"} and facts.order in {"next", "unranged"}


def digest_required(call: Call, exchange: Exchange) -> Fault | bool:
    """A closing PUT without a digest is refused."""
    if not answered(exchange) or not rejecting(call, "query"):
        return False
    if not any(mutator.key == "digest" for mutator in call.mutators):
        return False
    return must_refuse(exchange, "a closing PUT without a usable digest")


def range_grammar(call: Call, exchange: Exchange) -> Fault | bool:
    """A Content-Range outside the grammar, or of another length than the body, is refused."""
    if not answered(exchange) or not rejecting(call, "header"):
        return False
    if not all((mutator.key or "").lower() == "content-range" for mutator in call.mutators):
        return False
    value = call.mutators[0].value
    return must_refuse(exchange, f"a chunk with Content-Range {value!r}")


def any_last_chunk(call: Call, exchange: Exchange) -> Fault | bool:
    """The final chunk may have any length, zero and one byte too."""
    facts: UploadFacts = call.facts
    if not _finishing(call, exchange) or not facts.chunked or facts.size > 1:
        return False
    if facts.order not in {"next", "unranged"}:
        return False
    return must_be(exchange, f"a closing PUT with {facts.size} bytes", CREATED)


def chunk_accepted(call: Call, exchange: Exchange) -> Fault | bool:
    """A chunk in order: 202, Location and Range."""
    facts: UploadFacts = call.facts
    if not judged(call, exchange) or facts.session != "open" or facts.size == 0:
        return False
    if facts.order not in {"next", "unranged"} or facts.old_location:
        return False
    if facts.order == "unranged" and exchange.status != ACCEPTED:
        return False
    status = must_be(exchange, "a chunk in order", ACCEPTED)
    if status is not True:
        return status
    location = needs_header(exchange, "Location", "a 202 to a chunk")
    return needs_header(exchange, "Range", "a 202 to a chunk") if location is True else location


def end_of_range(call: Call, exchange: Exchange) -> Fault | bool:
    """Range ends with the last byte that was received."""
    facts: UploadFacts = call.facts
    if not judged(call, exchange) or exchange.status != ACCEPTED or facts.session != "open":
        return False
    if facts.order not in {"next", "unranged"} or facts.size == 0:
        return False
    return _range_is(exchange, facts.offset + facts.size)


def _range_is(exchange: Exchange, received: int) -> Fault | bool:
    """Compare Range with the bytes received; with none, nothing or `0-0` is accepted (#577)."""
    value = exchange.header("range")
    if received == 0:
        if value in {None, "0-0", "0-"}:
            return True
        return Fault("Range of nothing", f"Range is {value!r} where nothing was received")
    if value is None:
        return False
    if value == f"0-{received - 1}":
        return True
    return Fault("other Range", f"Range is {value!r} after {received} bytes")


def order_kept(call: Call, exchange: Exchange) -> Fault | bool:
    """A chunk out of order: 416."""
    facts: UploadFacts = call.facts
    if not judged(call, exchange) or facts.session != "open" or facts.size == 0:
        return False
    if facts.order in {"next", "unranged"}:
        return False
    return must_be(exchange, f"a chunk out of order ({facts.order})", UNSATISFIABLE)


def status_told(call: Call, exchange: Exchange) -> Fault | bool:
    """GET of an open session: 204, Location and Range."""
    facts: UploadFacts = call.facts
    if not judged(call, exchange) or facts.session != "open":
        return False
    if facts.old_location or after(call):
        return False
    status = must_be(exchange, "a GET of an open session", NO_CONTENT)
    if status is not True:
        return status
    location = needs_header(exchange, "Location", "a 204 to a GET of a session")
    if location is not True:
        return location
    if facts.offset and exchange.header("range") is None:
        return Fault("no Range", f"a 204 after {facts.offset} bytes came without Range")
    return _range_is(exchange, facts.offset)


def old_location_works(call: Call, exchange: Exchange) -> Fault | bool:
    """GET works on the location of any preceding POST or PATCH."""
    facts: UploadFacts = call.facts
    if not judged(call, exchange) or facts.session != "open" or not facts.old_location:
        return False
    return must_be(exchange, "a GET of an older location of an open session", NO_CONTENT)


def closes(call: Call, exchange: Exchange) -> Fault | bool:
    """A chunked upload is closed by a PUT, with the final chunk or after it."""
    facts: UploadFacts = call.facts
    if not _finishing(call, exchange) or not facts.chunked or facts.size == 1:
        return False
    if facts.order not in {"next", "unranged"}:
        return False
    return must_be(exchange, "a PUT that closes a chunked upload", CREATED)


def chunked_and_pullable(call: Call, exchange: Exchange) -> Fault | bool:
    """A chunked upload that was closed has a Location, and is pullable from it."""
    if call.operation == "get-blob":
        return _pullable_after(call, exchange, "finish-upload", chunked=True)
    facts: UploadFacts = call.facts
    if not judged(call, exchange) or not facts.chunked or exchange.status != CREATED:
        return False
    return needs_header(exchange, "Location", "a 201 to a closing PUT")


def last_chunk_in_order(call: Call, exchange: Exchange) -> Fault | bool:
    """A final chunk out of order: 416."""
    facts: UploadFacts = call.facts
    if not judged(call, exchange) or facts.session != "open" or facts.size == 0:
        return False
    if facts.order in {"next", "unranged"}:
        return False
    return must_be(exchange, "a final chunk out of order", UNSATISFIABLE)


def refused_chunk_changes_nothing(call: Call, exchange: Exchange) -> Fault | bool:
    """After a chunk that was refused the session stands where it stood."""
    facts: UploadFacts = call.facts
    if after(call) not in {"send-chunk", "finish-upload"} or facts.session != "open":
        return False
    if not answered(exchange) or not as_meant(call):
        return False
    if facts.refused_with != UNSATISFIABLE and exchange.status != NO_CONTENT:
        return False  # only after a 416 is it said that the session goes on
    status = must_be(exchange, "a GET of the session after a refused chunk", NO_CONTENT)
    return _range_is(exchange, facts.offset) if status is True else status


def cancels(call: Call, exchange: Exchange) -> Fault | bool:
    """DELETE of an open session: 204."""
    facts: UploadFacts = call.facts
    if not judged(call, exchange) or facts.session != "open":
        return False
    return must_be(exchange, "a DELETE of an open session", NO_CONTENT)


def gone_when_ended(call: Call, exchange: Exchange) -> Fault | bool:
    """A session that was cancelled or closed is gone for every method."""
    facts: UploadFacts = call.facts
    if not judged(call, exchange) or facts.session != "closed":
        return False
    return must_refuse(exchange, f"{call.operation} on a session that has ended")


def mounts(call: Call, exchange: Exchange) -> Fault | bool:
    """A mount that was done has a Location, and the blob is pullable from it."""
    if call.operation == "get-blob":
        return _pullable_after(call, exchange, "mount-blob")
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
        return must_be(exchange, "a mount of a blob that is not there", ACCEPTED)
    if facts.mount_known and exchange.status != CREATED:
        return must_be(exchange, "a mount that was not done", ACCEPTED)
    return False


MONOLITHIC, CHUNKED = "Pushing a blob monolithically", "Pushing a blob in chunks"
PUT_SECTION, SINGLE_SECTION = "POST then PUT", "Single POST"
CANCEL_SECTION = "Cancel a blob upload"
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
        invalid_digest, SINGLE + FINISH + ("push-manifest",)),
    row("OCI-CHK-01", SHOULD, CHUNKED,
        "The digest-algorithm hint is understood on POST.",
        algorithm_hint, OPEN, dev=True, needs="sha512"),
    row("OCI-CHK-02", SHOULD, CHUNKED,
        "A minimum chunk size is advertised as a number in OCI-Chunk-Min-Length.",
        minimum_chunk, OPEN),
    row("OCI-CHK-03", MUST, CHUNKED,
        "Content-Range matches ^[0-9]+-[0-9]+$, inclusive on both ends.",
        range_grammar, CHUNK + FINISH),
    row("OCI-CHK-05", MUST, CHUNKED,
        "A chunk in order is answered with 202, Location and Range.",
        chunk_accepted, CHUNK),
    row("OCI-CHK-06", MUST, CHUNKED,
        "Range ends with the position of the last byte that was uploaded.",
        end_of_range, CHUNK),
    row("OCI-CHK-07", MUST, CHUNKED,
        "A chunk out of order is answered with 416.",
        order_kept, CHUNK),
    row("OCI-CHK-08", MUST, CHUNKED,
        "GET of an open session is answered with 204, Location and Range.",
        status_told, STATUS),
    row("OCI-CHK-09", MUST, CHUNKED,
        "GET works on the location of any preceding POST or PATCH.",
        old_location_works, STATUS),
    row("OCI-CHK-10", MUST, CHUNKED,
        "A session is closed with PUT, whether the final chunk came by PATCH or comes with it.",
        closes, FINISH),
    row("OCI-CHK-04", MAY, CHUNKED,
        "The final chunk has any length, zero too.",
        any_last_chunk, FINISH),
    row("OCI-CHK-12", MUST, CHUNKED,
        "A session that was closed has a Location from which the whole blob can be pulled.",
        chunked_and_pullable, (*FINISH, "get-blob")),
    row("OCI-CHK-13", MUST, CHUNKED,
        "A final chunk out of order is answered with 416.",
        last_chunk_in_order, FINISH, dev=True),
    row("OCI-CHK-14", MUST, CHUNKED,
        "A chunk that was refused changes nothing of the session.",
        refused_chunk_changes_nothing, STATUS),
    row("OCI-CAN-01", SHOULD, CANCEL_SECTION,
        "DELETE of an open session is answered with 204.",
        cancels, ("cancel-upload",), dev=True, needs="cancel"),
    row("OCI-CAN-02", MUST, "Endpoints",
        "A session that was cancelled or closed is gone.",
        gone_when_ended, STATUS + CHUNK + FINISH + ("cancel-upload",)),
    row("OCI-CAN-03", SHOULD, CANCEL_SECTION,
        "Unfinished uploads expire.", dev=True,
        waiver="expiry takes hours or days: no campaign lasts that long"),
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
