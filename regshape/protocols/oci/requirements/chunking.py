"""Chunked uploads: chunks, status, close, cancel (oci.md 1.3)."""

from __future__ import annotations

from dataclasses import replace

from regshape.model import Call, Exchange, Fault, Requirement
from regshape.protocols.judging import (
    after,
    answered,
    as_meant,
    judged,
    must_be,
    must_refuse,
    needs_header,
    rejecting,
    server_failed,
)
from regshape.protocols.oci.facts import UploadFacts
from regshape.protocols.oci.requirements.table import MAY, MUST, SHOULD, row
from regshape.protocols.oci.requirements.uploading import finishing, pullable_after

OK, CREATED, ACCEPTED, NO_CONTENT = 200, 201, 202, 204
UNSATISFIABLE = 416
FINISH, CHUNK, STATUS = ("finish-upload",), ("send-chunk",), ("upload-status",)
OPEN = ("open-upload",)


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
    if not finishing(call, exchange) or not facts.chunked or facts.size > 1:
        return False
    if facts.order not in {"next", "unranged"} or server_failed(exchange):
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
    return _refused_out_of_order(call, exchange, f"a chunk out of order ({call.facts.order})")


def _refused_out_of_order(call: Call, exchange: Exchange, what: str) -> Fault | bool:
    """Judge the answer to bytes that do not begin where the session stands."""
    facts: UploadFacts = call.facts
    if not judged(call, exchange) or facts.session != "open" or facts.size == 0:
        return False
    if facts.order in {"next", "unranged"} or facts.old_location:
        return False
    return must_be(exchange, what, UNSATISFIABLE)


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
    """A chunked upload is closed by a PUT, with the final chunk or after it.

    A final chunk without Content-Range may be refused: the headers of the PUT have one.
    """
    facts: UploadFacts = call.facts
    if not finishing(call, exchange) or not facts.chunked or facts.size == 1:
        return False
    if facts.order != "next" and (facts.size or facts.order != "unranged"):
        return False
    return must_be(exchange, "a PUT that closes a chunked upload", CREATED)


def chunked_and_pullable(call: Call, exchange: Exchange) -> Fault | bool:
    """A chunked upload that was closed has a Location, and is pullable from it."""
    if call.operation == "get-blob":
        return pullable_after(call, exchange, "finish-upload", chunked=True)
    facts: UploadFacts = call.facts
    if not judged(call, exchange) or not facts.chunked or exchange.status != CREATED:
        return False
    return needs_header(exchange, "Location", "a 201 to a closing PUT")


def last_chunk_in_order(call: Call, exchange: Exchange) -> Fault | bool:
    """A final chunk out of order: 416."""
    return _refused_out_of_order(call, exchange, "a final chunk out of order")


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
    if status is not True:
        return status
    stands = _range_is(exchange, facts.offset)
    return replace(stands, aspect="Range moved") if isinstance(stands, Fault) else stands


def cancels(call: Call, exchange: Exchange) -> Fault | bool:
    """DELETE of an open session: 204."""
    facts: UploadFacts = call.facts
    if not judged(call, exchange) or facts.session != "open" or facts.old_location:
        return False
    return must_be(exchange, "a DELETE of an open session", NO_CONTENT)


def gone_when_ended(call: Call, exchange: Exchange) -> Fault | bool:
    """A session that was cancelled or closed is gone for every method."""
    facts: UploadFacts = call.facts
    if not judged(call, exchange) or facts.session != "closed":
        return False
    return must_refuse(exchange, f"{call.operation} on a session that has ended")


def bound_to_its_name(call: Call, exchange: Exchange) -> Fault | bool:
    """A session is not found under the name of another repository."""
    facts: UploadFacts = call.facts
    if not judged(call, exchange) or facts.session != "foreign":
        return False
    return must_refuse(exchange, f"{call.operation} under the name of another repository")


CHUNKED, CANCEL_SECTION = "Pushing a blob in chunks", "Cancel a blob upload"

CHUNKING: tuple[Requirement, ...] = (
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
        old_location_works, STATUS, needs="upload-status"),
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
    row("OCI-ISO-08", SHOULD, "Endpoints",
        "An upload is found under the name of the repository in which it was begun only.",
        bound_to_its_name, STATUS + CHUNK + FINISH + ("cancel-upload",)),
    row("OCI-CAN-03", SHOULD, CANCEL_SECTION,
        "Unfinished uploads expire.", dev=True,
        waiver="expiry takes hours or days: no campaign lasts that long"),
)  # fmt: skip
