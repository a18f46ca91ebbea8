"""Names and references, pulling manifests and blobs, HEAD (oci.md 1.1, 1.2)."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from regshape.formats.digest import ALGORITHMS, is_grammatical, is_valid
from regshape.model import Call, Exchange, Expectation, Fault, Requirement
from regshape.protocols.judging import (
    after,
    answered,
    judged,
    media_type,
    must_be,
    must_refuse,
    needs_header,
    only_breaks,
    rejecting,
    server_failed,
)
from regshape.protocols.oci.facts import ManifestFacts, PullFacts, UploadFacts
from regshape.protocols.oci.requirements.table import MAY, MUST, SHOULD, row

GET_MANIFEST, HEAD_MANIFEST = ("get-manifest",), ("head-manifest",)
GET_BLOB, HEAD_BLOB = ("get-blob",), ("head-blob",)
GETS, HEADS = GET_MANIFEST + GET_BLOB, HEAD_MANIFEST + HEAD_BLOB
OK, ACCEPTED, PARTIAL, NOT_FOUND, UNSATISFIABLE = 200, 202, 206, 404, 416
REJECTING_NAMES = frozenset({400, 404})
PUSHING = frozenset(
    {"push-manifest", "post-blob", "finish-upload", "mount-blob", "delete-tag", "delete-manifest"}
) | {"delete-blob"}


def name_grammar(call: Call, exchange: Exchange) -> Fault | bool:
    """An illegal name is refused; a legal one, however odd, is not called invalid."""
    names = [mutator for mutator in call.mutators if mutator.target == "name"]
    if not names or not answered(exchange) or len(names) != len(call.mutators):
        return False
    what = f"{call.operation} with the name {exchange.target.split('?')[0]!r}"
    if call.expect is Expectation.REJECT:
        return must_refuse(exchange, what)
    if call.expect is Expectation.TOLERATE and call.operation == "open-upload":
        facts: UploadFacts = call.facts
        if facts.algorithm is not None or exchange.status in {NOT_FOUND, 405}:
            return False
        return must_be(exchange, what, ACCEPTED)
    return False


def long_names(call: Call, exchange: Exchange) -> Fault | bool:
    """A long name is accepted or refused, but does not make the server fail."""
    if not only_breaks(call, "name"):
        return False
    if not any(mutator.name.startswith("name-long") for mutator in call.mutators):
        return False
    if isinstance(call.facts, ManifestFacts) and call.facts.missing_parts:
        return False  # the server may have failed at what is missing
    if not answered(exchange) or exchange.status is None:
        return False
    if exchange.status < 500:  # noqa: PLR2004 - the class of server errors
        return True
    return Fault(f"status {exchange.status}", f"a long name was answered with {exchange.status}")


def reference_grammar(call: Call, exchange: Exchange) -> Fault | bool:
    """What is neither digest nor tag is refused."""
    if not answered(exchange) or not rejecting(call, "reference"):
        return False
    if any(mutator.name.startswith("tag-") for mutator in call.mutators):
        return False
    what = f"{call.operation} of {exchange.target.rpartition('/')[2]!r}"
    return must_refuse(exchange, what)


def tag_grammar(call: Call, exchange: Exchange) -> Fault | bool:
    """A tag outside the grammar is refused; T and t are two tags."""
    if call.operation == "get-manifest":
        facts: PullFacts = call.facts
        if not judged(call, exchange) or not facts.case_twin or facts.known is not False:
            return False
        return must_be(exchange, f"a GET of {facts.reference!r}, never pushed,", NOT_FOUND)
    if not answered(exchange) or not rejecting(call, "reference"):
        return False
    if not all(mutator.name.startswith("tag-") for mutator in call.mutators):
        return False
    return must_refuse(exchange, f"a push to {exchange.target.rpartition('/')[2]!r}")


def _pulls(call: Call, exchange: Exchange, *, known: bool) -> PullFacts | None:
    """Return the facts if the exchange is a plain read of what is there (or is not)."""
    facts: PullFacts = call.facts
    if not judged(call, exchange) or facts.known is not known or facts.range_kind:
        return None
    if _negotiates(call) if known else _asked_otherwise(call):
        return None
    return facts


def _reads_own_push(call: Call, facts: PullFacts) -> bool:
    """Return whether the read follows a push to where its answer pointed: that push is judged."""
    return facts.by == "location" and after(call) in PUSHING


def existing_manifest(call: Call, exchange: Exchange) -> Fault | bool:
    """GET of a manifest that is there: 200 and its bytes."""
    facts = _pulls(call, exchange, known=True)
    if facts is None or _reads_own_push(call, facts) or after(call).startswith("delete-"):
        return False
    return _whole(exchange, facts)


def existing_blob(call: Call, exchange: Exchange) -> Fault | bool:
    """GET of a blob that is there: 200 and its bytes."""
    facts = _pulls(call, exchange, known=True)
    if facts is None or _reads_own_push(call, facts) or after(call).startswith("delete-"):
        return False
    return _whole(exchange, facts)


def _whole(exchange: Exchange, facts: PullFacts) -> Fault | bool:
    status = must_be(exchange, f"a GET of the {facts.kind} {facts.reference}", OK)
    if status is not True or facts.content is None:
        return status
    if exchange.answer == facts.content:
        return True
    what = f"{len(exchange.answer)} bytes came, not the {len(facts.content)} that were pushed"
    return Fault("other content", f"GET of the {facts.kind} {facts.reference}: {what}")


def digest_present(call: Call, exchange: Exchange) -> Fault | bool:
    """A 200 names the digest."""
    if not judged(call, exchange) or exchange.status != OK:
        return False
    found = needs_header(exchange, "Docker-Content-Digest", f"the answer to {call.operation}")
    return found if isinstance(found, bool) else replace(found, wide=True)


def digest_matches(call: Call, exchange: Exchange) -> Fault | bool:
    """The digest that a 200 names is that of the body that came, whatever was asked."""
    value = exchange.header("docker-content-digest")
    if not answered(exchange) or exchange.status != OK or value is None:
        return False
    if exchange.method != "GET":
        return False
    algorithm, _, encoded = value.partition(":")
    if not is_valid(value):
        if is_grammatical(value) and algorithm not in ALGORITHMS:
            return False
        return Fault("no digest", f"Docker-Content-Digest is {value!r}, no digest")
    if hashlib.new(algorithm, exchange.answer).hexdigest() == encoded:
        return True
    return Fault("other digest", f"Docker-Content-Digest is {value}, the body has another")


def type_kept(call: Call, exchange: Exchange) -> Fault | bool:
    """A manifest comes with the Content-Type that it was pushed with."""
    facts = _pulls(call, exchange, known=True)
    if facts is None or facts.media_type is None or exchange.status != OK:
        return False
    found = media_type(exchange)
    if found == facts.media_type.lower():
        return True
    return Fault("other Content-Type", f"pushed as {facts.media_type}, answered as {found!r}")


def type_bare(call: Call, exchange: Exchange) -> Fault | bool:
    """A manifest's Content-Type has no parameters."""
    if not judged(call, exchange) or exchange.status != OK:
        return False
    value = exchange.header("content-type") or ""
    if ";" not in value:
        return True
    return Fault("parameters", f"Content-Type is {value!r}", wide=True)


def missing_content(call: Call, exchange: Exchange) -> Fault | bool:
    """GET of what is not in the repository: 404."""
    facts = _pulls(call, exchange, known=False)
    if facts is None or facts.repo_known is not True or after(call) in PUSHING:
        return False
    if facts.case_twin or facts.freshly_deleted:
        return False
    return must_be(exchange, f"a GET of a {facts.kind} that is not there", NOT_FOUND)


def missing_head(call: Call, exchange: Exchange) -> Fault | bool:
    """HEAD of what is not in the repository: 404."""
    facts = _pulls(call, exchange, known=False)
    if facts is None or facts.freshly_deleted or facts.case_twin:
        return False
    return must_be(exchange, f"a HEAD of a {facts.kind} that is not there", NOT_FOUND)


def missing_repository(call: Call, exchange: Exchange) -> Fault | bool:
    """A pull from a repository that does not exist: 404."""
    facts = _pulls(call, exchange, known=False)
    if facts is None or facts.repo_known is not False or after(call):
        return False
    return must_be(exchange, "a pull from a repository that does not exist", NOT_FOUND)


def _negotiates(call: Call) -> bool:
    return any((mutator.key or "").lower() == "accept" for mutator in call.mutators)


def negotiation(call: Call, exchange: Exchange) -> Fault | bool:
    """No Accept, or one that allows everything, is answered with the manifest."""
    facts: PullFacts = call.facts
    if not _negotiates(call) or not judged(call, exchange) or not facts.known:
        return False
    return must_be(exchange, f"a {exchange.method} whose Accept allows every type", OK)


def ranges(call: Call, exchange: Exchange) -> Fault | bool:
    """Range is answered as RFC 9110 §14 says, or not at all."""
    facts: PullFacts = call.facts
    if not judged(call, exchange) or not facts.known or not facts.range_kind:
        return False
    if facts.content is None or exchange.method == "HEAD" or _asked_otherwise(call):
        return False
    if exchange.status == PARTIAL:
        return _partial(exchange, facts, facts.content)
    if exchange.status == UNSATISFIABLE:
        return _unsatisfiable(exchange, facts, facts.content)
    return _unranged(exchange, facts, facts.content)


def _asked_otherwise(call: Call) -> bool:
    """Return whether a mutator changed the range that the facts speak of."""
    return any((mutator.key or "").lower() in {"range", "if-range"} for mutator in call.mutators)


def _unranged(exchange: Exchange, facts: PullFacts, content: bytes) -> Fault | bool:
    if server_failed(exchange):
        return False
    if facts.range_kind == "any" and must_refuse(exchange, "") is True:
        return True  # an invalid range may be rejected (RFC 9110, section 14.2)
    status = must_be(exchange, "a GET with Range", OK)
    if status is not True or exchange.answer == content:
        return status
    return Fault("other content", "the 200 to a GET with Range is not the whole blob")


def _partial(exchange: Exchange, facts: PullFacts, content: bytes) -> Fault | bool:
    if facts.range_kind == "any":
        return True
    if facts.range_kind != "slice" or facts.range is None:
        return Fault("status 206", "a range that cannot be satisfied was answered with 206")
    first, last = facts.range
    wanted = f"bytes {first}-{last}/"
    found = exchange.header("content-range") or ""
    if not found.startswith(wanted):
        return Fault("Content-Range", f"Content-Range is {found!r}, not {wanted}...")
    if exchange.answer != content[first : last + 1]:
        return Fault("other slice", f"the 206 does not hold the bytes {first} to {last}")
    return True


def _unsatisfiable(exchange: Exchange, facts: PullFacts, content: bytes) -> Fault | bool:
    if facts.range_kind == "slice":
        return Fault("status 416", f"bytes {facts.range} of {len(content)} were refused with 416")
    found = exchange.header("content-range")
    if found is not None and found != f"bytes */{len(content)}":
        return Fault("Content-Range of a 416", f"Content-Range is {found!r}")
    return True


def existing_head(call: Call, exchange: Exchange) -> Fault | bool:
    """HEAD of what is there: 200."""
    facts = _pulls(call, exchange, known=True)
    if facts is None:
        return False
    return must_be(exchange, f"a HEAD of the {facts.kind} {facts.reference}", OK)


def head_length(call: Call, exchange: Exchange) -> Fault | bool:
    """HEAD of what is there names its size."""
    facts = _pulls(call, exchange, known=True)
    if facts is None or exchange.status != OK or facts.content is None:
        return False
    found = exchange.header("content-length")
    if found == str(len(facts.content)):
        return True
    aspect = "no Content-Length" if found is None else "other Content-Length"
    return Fault(aspect, f"Content-Length is {found}, the content has {len(facts.content)} bytes")


def head_digest(call: Call, exchange: Exchange) -> Fault | bool:
    """HEAD of what is there names the digest of its content."""
    facts = _pulls(call, exchange, known=True)
    if facts is None or exchange.status != OK:
        return False
    value = exchange.header("docker-content-digest")
    if value is None:
        summary = f"the answer to {call.operation} names no digest"
        return Fault("no Docker-Content-Digest", summary, wide=True)
    algorithm, _, encoded = value.partition(":")
    if facts.content is None or algorithm not in {"sha256", "sha512"}:
        return False
    if hashlib.new(algorithm, facts.content).hexdigest() == encoded:
        return True
    return Fault("other digest", f"Docker-Content-Digest is {value}, the content has another")


def head_like_get(call: Call, exchange: Exchange) -> Fault | bool:
    """HEAD answers with the type that GET has, and never with 206 or a body."""
    facts: PullFacts = call.facts
    if not judged(call, exchange) or not facts.known or _negotiates(call):
        return False
    if exchange.status == PARTIAL:
        return Fault("status 206", "a HEAD was answered with 206: Range is for GET only")
    if exchange.status != OK or facts.media_type is None:
        return exchange.status == OK
    found = media_type(exchange)
    if found == facts.media_type.lower():
        return True
    return Fault("other Content-Type", f"GET has {facts.media_type}, HEAD has {found!r}")


PULL_SECTION, BLOB_SECTION = "Pulling manifests", "Pulling blobs"
HEAD_SECTION = "Checking if content exists in the registry"
NAMED = (
    "open-upload", "post-blob", "push-manifest", "get-manifest", "get-blob", "list-tags"
)  # fmt: skip
REFERRING = (
    "get-manifest", "head-manifest", "push-manifest", "delete-tag", "delete-manifest"
)  # fmt: skip

PULLING: tuple[Requirement, ...] = (
    row("OCI-NAME-01", MUST, PULL_SECTION,
        "A repository name matches the grammar of <name>; nothing else is one.",
        name_grammar, NAMED),
    row("OCI-NAME-02", MAY, PULL_SECTION,
        "A name that no client could use for its length may be refused, with a 4xx.",
        long_names, NAMED),
    row("OCI-REF-01", MUST, PULL_SECTION,
        "A manifest is referred to by a digest or a tag, and by nothing else.",
        reference_grammar, REFERRING),
    row("OCI-TAG-01", MUST, PULL_SECTION,
        "A tag has at most 128 characters and matches its grammar; case tells tags apart.",
        tag_grammar, ("push-manifest", "get-manifest")),
    row("OCI-PULL-01", MUST, PULL_SECTION,
        "GET of an existing manifest is answered with 200 and the manifest.",
        existing_manifest, GET_MANIFEST),
    row("OCI-PULL-02", MUST, PULL_SECTION,
        "A manifest comes with its digest in Docker-Content-Digest.",
        digest_present, GET_MANIFEST, was=SHOULD),
    row("OCI-PULL-03", MUST, PULL_SECTION,
        "Docker-Content-Digest, if present, is the digest of the manifest in the body.",
        digest_matches, GET_MANIFEST),
    row("OCI-PULL-04", SHOULD, PULL_SECTION,
        "A manifest comes with the Content-Type that it was pushed with.",
        type_kept, GET_MANIFEST),
    row("OCI-PULL-05", SHOULD, PULL_SECTION,
        "A manifest's Content-Type has no parameters.",
        type_bare, GET_MANIFEST),
    row("OCI-PULL-06", MUST, PULL_SECTION,
        "GET of a manifest that is not in the repository is answered with 404.",
        missing_content, GET_MANIFEST),
    row("OCI-PULL-07", MUST, "Pushing Manifests",
        "A pull from a repository that does not exist is answered with 404.",
        missing_repository, GETS),
    row("OCI-NEG-01", SHOULD, "API",
        "A GET without Accept, or with one that allows all, gets the manifest (RFC 9110 §12.5.1).",
        negotiation, GET_MANIFEST + HEAD_MANIFEST),
    row("OCI-BLOB-01", MUST, BLOB_SECTION,
        "GET of an existing blob is answered with 200 and the blob.",
        existing_blob, GET_BLOB),
    row("OCI-BLOB-02", MUST, BLOB_SECTION,
        "A blob comes with its digest in Docker-Content-Digest.",
        digest_present, GET_BLOB, was=SHOULD),
    row("OCI-BLOB-03", MUST, BLOB_SECTION,
        "Docker-Content-Digest, if present, is the digest of the blob in the body.",
        digest_matches, GET_BLOB),
    row("OCI-BLOB-04", MUST, BLOB_SECTION,
        "GET of a blob that is not in the repository is answered with 404.",
        missing_content, GET_BLOB),
    row("OCI-BLOB-05", SHOULD, BLOB_SECTION,
        "Range on a blob is answered in accordance with RFC 9110 §14.",
        ranges, GET_BLOB),
    row("OCI-HEAD-01", MUST, HEAD_SECTION,
        "HEAD of an existing blob or manifest is answered with 200.",
        existing_head, HEADS),
    row("OCI-HEAD-02", MUST, HEAD_SECTION,
        "HEAD of an existing blob or manifest names its digest in Docker-Content-Digest.",
        head_digest, HEADS, was=SHOULD),
    row("OCI-HEAD-03", MUST, HEAD_SECTION,
        "HEAD of an existing blob or manifest names its size in Content-Length.",
        head_length, HEADS, was=SHOULD),
    row("OCI-HEAD-04", MUST, HEAD_SECTION,
        "HEAD of a blob or manifest that is not there is answered with 404.",
        missing_head, HEADS),
    row("OCI-HEAD-05", SHOULD, "API",
        "HEAD is answered as GET would be, without the body (RFC 9110 §9.3.2).",
        head_like_get, HEADS),
)  # fmt: skip
