"""Listing referrers, and what OCI-Subject promises (oci.md 1.5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from regshape.formats.media_type import bare_type
from regshape.model import Call, Exchange, Fault, Requirement
from regshape.protocols.http import next_link
from regshape.protocols.judging import (
    answered,
    json_of,
    judged,
    media_type,
    must_be,
    rejecting,
)
from regshape.protocols.oci import calls
from regshape.protocols.oci.facts import Referrer, ReferrersFacts
from regshape.protocols.oci.requirements.listing import next_relation
from regshape.protocols.oci.requirements.table import MUST, SHOULD, row

OK, BAD_REQUEST, NOT_FOUND = 200, 400, 404
REFERRERS = ("list-referrers",)
ORDERS: tuple[Callable[[str], str], ...] = (str, str.lower, str.upper)
"""ASCIIbetical order, and both ways of leaving case out, which differ for `_`."""


def referrers_answer(call: Call, exchange: Exchange) -> Fault | bool:
    """Referrers of a digest: 200, never 404."""
    facts: ReferrersFacts = call.facts
    if not judged(call, exchange) or facts.repo_known is not True:
        return False
    return must_be(exchange, "a list of referrers", OK)


def referrers_syntax(call: Call, exchange: Exchange) -> Fault | bool:
    """Referrers of what is no digest: 400."""
    if not answered(exchange) or not rejecting(call, "reference", "digest"):
        return False
    facts: ReferrersFacts = call.facts
    if exchange.status == NOT_FOUND and facts.repo_known is not True:
        return False  # what is wrong first is not said: the digest, or the repository
    return must_be(exchange, "a list of referrers of what is no digest", BAD_REQUEST)


def _descriptors(call: Call, exchange: Exchange) -> list[Mapping[str, Any]] | None:
    if not judged(call, exchange) or exchange.status != OK:
        return None
    document = json_of(exchange)
    manifests = document.get("manifests") if isinstance(document, dict) else None
    if isinstance(manifests, list) and all(isinstance(item, dict) for item in manifests):
        return manifests
    return None


def referrers_shape(call: Call, exchange: Exchange) -> Fault | bool:
    """The list is an image index, and says so in Content-Type."""
    if not judged(call, exchange) or exchange.status != OK:
        return False
    found = media_type(exchange)
    if found != calls.INDEX:
        return Fault("other Content-Type", f"Content-Type is {found!r}")
    document = json_of(exchange)
    if not isinstance(document, dict) or document.get("schemaVersion") != 2:  # noqa: PLR2004 - of an index
        return Fault("no index", "the list of referrers is no image index")
    own = document.get("mediaType", calls.INDEX)
    return True if own == calls.INDEX else Fault("other mediaType", f"its mediaType is {own!r}")


def referrers_set(call: Call, exchange: Exchange) -> Fault | bool:
    """The list has the manifests of this repository with that subject, and no other."""
    facts: ReferrersFacts = call.facts
    found = _descriptors(call, exchange)
    if found is None or facts.expected is None or next_link(exchange) is not None:
        return False
    listed = {str(item.get("digest")) for item in found} - facts.gone
    wanted = _wanted(facts, exchange)
    if facts.filter is not None and listed == _matching(facts):
        return True
    lost, extra = sorted(wanted - listed - facts.optional), sorted(listed - wanted)
    if lost or extra:
        return Fault("missing" if lost else "extra", f"lost {lost[:2]}, extra {extra[:2]}")
    return _described(call, exchange)


def _described(call: Call, exchange: Exchange) -> Fault | bool:
    """A descriptor has the mediaType and the size of its manifest (image-spec, descriptor.md)."""
    for item, referrer in _known_descriptors(call, exchange):
        if item.get("size") != referrer.size:
            return Fault("other size", f"size is {item.get('size')!r}, not {referrer.size}")
        found = bare_type(str(item.get("mediaType")))
        if found != referrer.media_type.lower():
            return Fault("other mediaType", f"mediaType is {found!r}, not {referrer.media_type}")
    return True


def _wanted(facts: ReferrersFacts, exchange: Exchange) -> set[str]:
    expected = facts.expected or {}
    if facts.filter is None or exchange.header("oci-filters-applied") is None:
        return set(expected)
    return _matching(facts)


def _matching(facts: ReferrersFacts) -> set[str]:
    expected = facts.expected or {}
    return {digest for digest, item in expected.items() if item.artifact_type == facts.filter}


def referrers_type(call: Call, exchange: Exchange) -> Fault | bool:
    """artifactType: the manifest's, else the config's mediaType, else none."""
    pairs = _known_descriptors(call, exchange)
    if not pairs:
        return False
    for item, referrer in pairs:
        found, wanted = item.get("artifactType"), referrer.artifact_type
        if (found or None) != wanted:
            return Fault("other artifactType", f"artifactType is {found!r}, not {wanted!r}")
    return True


def referrers_annotations(call: Call, exchange: Exchange) -> Fault | bool:
    """A descriptor has the annotations of its manifest."""
    pairs = _known_descriptors(call, exchange)
    if not pairs:
        return False
    for item, referrer in pairs:
        found, wanted = item.get("annotations") or {}, referrer.annotations
        if any(found.get(key) != value for key, value in wanted.items()):
            return Fault("other annotations", f"annotations are {found}, not {dict(wanted)}")
    return True


def _known_descriptors(call: Call, exchange: Exchange) -> list[tuple[Mapping[str, Any], Referrer]]:
    facts: ReferrersFacts = call.facts
    found = _descriptors(call, exchange)
    if found is None or not facts.expected:
        return []
    return [
        (item, facts.expected[str(item.get("digest"))])
        for item in found
        if str(item.get("digest")) in facts.expected
    ]


def no_referrers(call: Call, exchange: Exchange) -> Fault | bool:
    """No referrers: a list that is empty, not null."""
    facts: ReferrersFacts = call.facts
    if not judged(call, exchange) or exchange.status != OK or facts.expected != {}:
        return False
    document = json_of(exchange)
    if isinstance(document, dict) and isinstance(document.get("manifests"), list):
        return True
    return Fault("no list", "a list of no referrers has no manifests array")


def referrers_filter(call: Call, exchange: Exchange) -> Fault | bool:
    """A filter on artifactType is applied."""
    facts: ReferrersFacts = call.facts
    found = _descriptors(call, exchange)
    if facts.filter is None or not found or not facts.expected:
        return False
    others = [item for item in found if item.get("artifactType") != facts.filter]
    if not others:
        return True
    return Fault("not filtered", f"asked for {facts.filter}, {len(others)} others are listed")


def filter_named(call: Call, exchange: Exchange) -> Fault | bool:
    """A filter that was applied is named in OCI-Filters-Applied, and only then."""
    facts: ReferrersFacts = call.facts
    found = _descriptors(call, exchange)
    value = exchange.header("oci-filters-applied")
    if found is None:
        return False
    if facts.filter is None or next_link(exchange) is not None:
        return False
    required = (facts.expected or {}).items()
    kinds = {item.artifact_type for digest, item in required if digest not in facts.optional}
    shown = {item.get("artifactType") for item in found}
    applied = bool(kinds - {facts.filter}) and shown <= {facts.filter}
    if applied and facts.expected is not None and value is None:
        return Fault("not named", "a filter was applied without OCI-Filters-Applied")
    if value is None:
        return False
    return True if "artifactType" in value else Fault("other name", f"it names {value!r}")


def deleted_referrer(call: Call, exchange: Exchange) -> Fault | bool:
    """A referrer that was deleted is no longer listed."""
    facts: ReferrersFacts = call.facts
    found = _descriptors(call, exchange)
    if found is None or not facts.gone:
        return False
    still = [item for item in found if item.get("digest") in facts.gone]
    return True if not still else Fault("still listed", "a deleted referrer is still listed")


def referrers_link(call: Call, exchange: Exchange) -> Fault | bool:
    """The Link of a page of referrers that others follow has rel="next" (RFC 5988)."""
    facts: ReferrersFacts = call.facts
    found = _descriptors(call, exchange)
    known = found is not None and facts.expected is not None
    goes_on = known and len(found or ()) < len(_wanted(facts, exchange))
    return next_relation(call, exchange, goes_on=goes_on)


def subject_header_kept(call: Call, exchange: Exchange) -> Fault | bool:
    """Where OCI-Subject was answered the referrers API works."""
    facts: ReferrersFacts = call.facts
    if not judged(call, exchange) or not facts.subject_answered:
        return False
    return must_be(exchange, "a list of referrers whose push had OCI-Subject", OK)


REFERRERS_SECTION = "Listing Referrers"

REFERRING: tuple[Requirement, ...] = (
    row("OCI-RFR-02", MUST, REFERRERS_SECTION,
        "Referrers of what is no digest are answered with 400.",
        referrers_syntax, REFERRERS, needs="referrers"),
    row("OCI-SUB-02", MUST, "Pushing Manifests with Subject",
        "OCI-Subject is answered only where the referrers API lists the manifest.",
        subject_header_kept, REFERRERS),
    row("OCI-RFR-01", MUST, REFERRERS_SECTION,
        "Referrers of a digest are answered with 200, never with 404.",
        referrers_answer, REFERRERS, needs="referrers"),
    row("OCI-RFR-03", MUST, REFERRERS_SECTION,
        "The list of referrers is an image index, and has its Content-Type.",
        referrers_shape, REFERRERS, needs="referrers"),
    row("OCI-RFR-13", MUST, "Deleting Manifests",
        "A referrer that was deleted is no longer listed.",
        deleted_referrer, REFERRERS, needs="referrers"),
    row("OCI-RFR-07", MUST, REFERRERS_SECTION,
        "Where there are no referrers the list is empty.",
        no_referrers, REFERRERS, needs="referrers"),
    row("OCI-RFR-09", SHOULD, REFERRERS_SECTION,
        "Referrers are filtered by artifactType.",
        referrers_filter, REFERRERS, needs="referrers"),
    row("OCI-RFR-10", MUST, REFERRERS_SECTION,
        "A filter that was applied is named in OCI-Filters-Applied.",
        filter_named, REFERRERS, needs="referrers"),
    row("OCI-RFR-04", MUST, REFERRERS_SECTION,
        "The list has descriptors of this repository's manifests with that subject, and no other.",
        referrers_set, REFERRERS, needs="referrers"),
    row("OCI-RFR-05", MUST, REFERRERS_SECTION,
        "artifactType is the manifest's, else its config's mediaType, else absent.",
        referrers_type, REFERRERS, needs="referrers"),
    row("OCI-RFR-06", MUST, REFERRERS_SECTION,
        "A descriptor has the annotations of its manifest.",
        referrers_annotations, REFERRERS, needs="referrers"),
    row("OCI-RFR-08", MUST, REFERRERS_SECTION,
        "A list of referrers in pages has a Link with the relation type next.",
        referrers_link, REFERRERS, needs="referrers"),
    row("OCI-RFR-11", MUST, REFERRERS_SECTION,
        "Several filters are named with commas between them.",
        waiver="the specification has only one filter, so several cannot be applied"),
    row("OCI-RFR-12", MUST, "Enabling the Referrers API",
        "Referrers pushed before the API was enabled are listed.",
        waiver="needs a registry before and after an upgrade"),
)  # fmt: skip
