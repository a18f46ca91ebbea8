"""Pushing manifests, with and without subject (oci.md 1.3, 1.4)."""

from __future__ import annotations

from regshape.formats.media_type import bare_type
from regshape.model import Call, Exchange, Fault, Requirement
from regshape.protocols.http import breaks
from regshape.protocols.judging import (
    after,
    answered,
    json_of,
    judged,
    must_be,
    must_refuse,
    needs_header,
    only_breaks,
)
from regshape.protocols.oci.facts import ManifestFacts, PullFacts
from regshape.protocols.oci.requirements.table import (
    MAY,
    MUST,
    SHOULD,
    error_codes,
    false_content,
    row,
)

OK, CREATED, NOT_FOUND, TOO_LARGE, URI_TOO_LONG = 200, 201, 404, 413, 414
PUSH, READ = ("push-manifest",), ("get-manifest",)
EMPTY_SHAPES = frozenset({"index", "odd", "typeless", "image"})
PLAIN_SHAPES = EMPTY_SHAPES | {"image-layer", "image-data", "index-child", "again"}


def created(call: Call, exchange: Exchange) -> Fault | bool:
    """PUT of a manifest: 201 and a Location from which it can be pulled."""
    if call.operation == "get-manifest":
        return _pullable(call, exchange)
    facts: ManifestFacts = call.facts
    if not judged(call, exchange) or facts.shape not in PLAIN_SHAPES or call.mutators:
        return False
    if _may_be_refused(facts, exchange):
        return False
    status = must_be(exchange, f"a push of a manifest ({facts.shape})", CREATED)
    return needs_header(exchange, "Location", "a 201") if status is True else status


def _may_be_refused(facts: ManifestFacts, exchange: Exchange) -> bool:
    """Return whether the algorithm, what is not there any more, or too many tags are a reason."""
    other_algorithm = facts.by == "digest" and not facts.digest.startswith("sha256:")
    too_many_tags = bool(facts.tags) and exchange.status == URI_TOO_LONG
    return other_algorithm or facts.missing_parts or too_many_tags


def _pullable(call: Call, exchange: Exchange) -> Fault | bool:
    facts: PullFacts = call.facts
    if after(call) != "push-manifest" or facts.by != "location" or not facts.known:
        return False
    if not answered(exchange):
        return False
    return must_be(exchange, "a GET of the Location that a push was answered with", OK)


def byte_exact(call: Call, exchange: Exchange) -> Fault | bool:
    """A manifest is stored in its exact bytes."""
    facts: PullFacts = call.facts
    if after(call) != "push-manifest" or facts.by != "location" or not facts.known:
        return False
    if not answered(exchange) or exchange.status != OK or facts.content is None:
        return False
    if exchange.answer == facts.content:
        return True
    return Fault("other bytes", "the manifest came back in other bytes than it was pushed in")


def digest_returned(call: Call, exchange: Exchange) -> Fault | bool:
    """Docker-Content-Digest of a push, if sent, is the digest of what was pushed."""
    facts: ManifestFacts = call.facts
    value = exchange.header("docker-content-digest")
    if not judged(call, exchange) or exchange.status != CREATED or value is None:
        return False
    if breaks(call, "body"):
        return False
    same_algorithm = value.partition(":")[0] == facts.digest.partition(":")[0]
    if value == facts.digest or (facts.by == "tag" and not same_algorithm):
        return True
    return Fault("other digest", f"Docker-Content-Digest is {value}, pushed was {facts.digest}")


def parameters_ignored(call: Call, exchange: Exchange) -> Fault | bool:
    """Parameters of the Content-Type of a push are ignored."""
    facts: ManifestFacts = call.facts
    if not breaks(call, "content_type") or not judged(call, exchange):
        return False
    if facts.shape not in PLAIN_SHAPES or _may_be_refused(facts, exchange):
        return False
    return must_be(exchange, "a push whose Content-Type has parameters", CREATED)


def empty_lists(call: Call, exchange: Exchange) -> Fault | bool:
    """A manifest without blobs is not refused; what else is wrong is said by OCI-MAN-04."""
    facts: ManifestFacts = call.facts
    if not judged(call, exchange) or call.mutators or facts.shape not in EMPTY_SHAPES:
        return False
    if _may_be_refused(facts, exchange) or exchange.status is None:
        return False
    if not 400 <= exchange.status < 500:  # noqa: PLR2004 - the class of client errors
        return exchange.status == CREATED
    return must_be(exchange, "a push of a manifest whose list is empty", CREATED)


def false_digest(call: Call, exchange: Exchange) -> Fault | bool:
    """A push under the digest of other content is refused, and nothing stands under either."""
    if call.operation == "get-manifest":
        return _nothing_stored(call, exchange)
    facts: ManifestFacts = call.facts
    if facts.by != "digest" or not false_content(call):
        return False
    if not answered(exchange):
        return False
    return must_refuse(exchange, "a push of a manifest under a digest that is not its own")


def _nothing_stored(call: Call, exchange: Exchange) -> Fault | bool:
    cause = call.cause
    if cause is None or cause.operation != "push-manifest" or not answered(exchange):
        return False
    facts: PullFacts = call.facts
    if facts.known is not False or not false_content(cause):
        return False
    return must_be(exchange, "a GET of a manifest whose push was refused", NOT_FOUND)


def refused_push_changes_nothing(call: Call, exchange: Exchange) -> Fault | bool:
    """A push that was refused or cut off leaves the tag as it was."""
    facts: PullFacts = call.facts
    if after(call) != "push-manifest" or call.cause is None or not answered(exchange):
        return False
    if false_content(call.cause) or facts.by != "tag" or facts.known is None:
        return False
    what = "a GET of a tag whose push was refused or cut off"
    status = must_be(exchange, what, OK if facts.known else NOT_FOUND)
    if status is not True or not facts.known or exchange.answer == facts.content:
        return status
    return Fault("other content", f"{what} does not give what the tag named before")


def tag_parameters(call: Call, exchange: Exchange) -> Fault | bool:
    """A push by digest with tag parameters names each accepted tag, and no other, in OCI-Tag."""
    facts: ManifestFacts = call.facts
    if not judged(call, exchange) or not facts.tags or exchange.status != CREATED:
        return False
    named = {tag.strip() for value in exchange.header_values("oci-tag") for tag in value.split(",")}
    few = len(set(facts.tags)) <= 10  # noqa: PLR2004 - ten tags should be supported
    wrong = named - set(facts.tags)
    lost = set(facts.tags) - named if few else set()
    if not wrong and not lost:
        return True
    return Fault("other tags", f"asked for {sorted(facts.tags)}, OCI-Tag names {sorted(named)}")


def size_limit(call: Call, exchange: Exchange) -> Fault | bool:
    """A manifest over the limit: 413."""
    facts: ManifestFacts = call.facts
    if not judged(call, exchange) or facts.shape != "huge":
        return False
    return must_be(exchange, f"a manifest of {facts.size} bytes", CREATED, TOO_LARGE)


def four_megabytes(call: Call, exchange: Exchange) -> Fault | bool:
    """A manifest of four megabytes is accepted."""
    facts: ManifestFacts = call.facts
    if not judged(call, exchange) or facts.shape != "big":
        return False
    return must_be(exchange, f"a manifest of {facts.size} bytes", CREATED)


def type_disagrees(call: Call, exchange: Exchange) -> Fault | bool:
    """A Content-Type that disagrees with mediaType is refused, or stored; it breaks nothing.

    Where parts are missing the server may have failed at those.
    """
    facts: ManifestFacts = call.facts
    if not only_breaks(call, "content_type") or facts.missing_parts or not _disagrees(exchange):
        return False
    if not answered(exchange) or exchange.status is None:
        return False
    if exchange.status < 500:  # noqa: PLR2004 - the class of server errors
        return True
    what = "a push whose Content-Type is not that of its body"
    return Fault(f"status {exchange.status}", f"{what} was answered with {exchange.status}")


def _disagrees(exchange: Exchange) -> bool:
    told = next((value for name, value in exchange.headers if name.lower() == "content-type"), "")
    sent = bare_type(told)
    return bool(sent) and b'"%s"' % sent.encode() not in exchange.body.lower()


def subject_may_be_missing(call: Call, exchange: Exchange) -> Fault | bool:
    """A manifest whose subject does not exist is accepted."""
    facts: ManifestFacts = call.facts
    if not judged(call, exchange) or facts.subject is None or call.mutators:
        return False
    if _may_be_refused(facts, exchange):
        return False
    return must_be(exchange, "a push of a manifest with a subject", CREATED)


def missing_parts(call: Call, exchange: Exchange) -> Fault | bool:
    """A refusal for what a manifest refers to carries MANIFEST_BLOB_UNKNOWN."""
    facts: ManifestFacts = call.facts
    if not judged(call, exchange) or not facts.missing_parts or exchange.status is None:
        return False
    if not 400 <= exchange.status < 500:  # noqa: PLR2004 - the class of client errors
        return False
    if json_of(exchange) is None:
        return False  # a refusal may have a body of any format
    codes = error_codes(exchange)
    if "MANIFEST_BLOB_UNKNOWN" in codes:
        return True
    return Fault("other code", f"a manifest with missing parts was refused with {codes}")


def subject_answered(call: Call, exchange: Exchange) -> Fault | bool:
    """A push of an image manifest with a subject is answered with OCI-Subject."""
    facts: ManifestFacts = call.facts
    if not judged(call, exchange) or facts.subject is None or exchange.status != CREATED:
        return False
    if breaks(call, "content_type"):
        return False  # a registry only SHOULD see the image behind parameters
    value = exchange.header("oci-subject")
    if value is None:
        if facts.shape != "referrer-image":
            return False
        return Fault("no OCI-Subject", "an image with a subject was pushed without OCI-Subject")
    if value == facts.subject:
        return True
    return Fault("other OCI-Subject", f"OCI-Subject is {value}, the subject is {facts.subject}")


SECTION, SUBJECT_SECTION = "Pushing Manifests", "Pushing Manifests with Subject"

PUSHING: tuple[Requirement, ...] = (
    row("OCI-PUSH-01", MUST, "Push",
        "A manifest whose subject does not exist is accepted.",
        subject_may_be_missing, PUSH),
    row("OCI-PUSH-02", MAY, "Push",
        "A manifest may be refused for other descriptors that do not exist.",
        waiver="a freedom of the registry: OCI-PUSH-03 judges how it is used"),
    row("OCI-PUSH-03", MUST, "Push",
        "A manifest refused for what it refers to is answered with MANIFEST_BLOB_UNKNOWN.",
        missing_parts, PUSH),
    row("OCI-MAN-01", SHOULD, SECTION,
        "Parameters of the Content-Type of a push are ignored.",
        parameters_ignored, PUSH),
    row("OCI-MAN-03", MUST, SECTION,
        "A manifest is stored in the exact bytes that were pushed.",
        byte_exact, READ),
    row("OCI-MAN-02", MAY, SECTION,
        "The list of blobs of a manifest is empty.",
        empty_lists, PUSH),
    row("OCI-MAN-04", MUST, SECTION,
        "A push is answered with 201 and a Location from which the manifest can be pulled.",
        created, PUSH + READ),
    row("OCI-MAN-05", MUST, SECTION,
        "Docker-Content-Digest of a push equals the digest of what was pushed.",
        digest_returned, PUSH),
    row("OCI-MAN-06", MUST, SECTION,
        "A push by digest of content with another digest is refused, and nothing is stored.",
        false_digest, PUSH + READ),
    row("OCI-MAN-12", MUST, SECTION,
        "A push that was refused or cut off leaves the tag as it was.",
        refused_push_changes_nothing, READ),
    row("OCI-MAN-07", MUST, SECTION,
        "With tag parameters OCI-Tag names each accepted tag; at least ten are supported.",
        tag_parameters, PUSH, dev=True, needs="tag-parameters"),
    row("OCI-MAN-08", MAY, SECTION,
        "Too many tag parameters may be answered with 414.", dev=True,
        waiver="a freedom of the registry: nothing that it answers could break it"),
    row("OCI-MAN-09", SHOULD, SECTION,
        "A manifest over the registry's limit is answered with 413.",
        size_limit, PUSH),
    row("OCI-MAN-10", SHOULD, SECTION,
        "A manifest of four megabytes is accepted.",
        four_megabytes, PUSH),
    row("OCI-MAN-11", SHOULD, SECTION,
        "A Content-Type that disagrees with mediaType is refused, or stored as it is.",
        type_disagrees, PUSH),
    row("OCI-SUB-01", MUST, SUBJECT_SECTION,
        "A push of an image with a subject is answered with OCI-Subject, its digest.",
        subject_answered, PUSH, needs="referrers"),
)  # fmt: skip
