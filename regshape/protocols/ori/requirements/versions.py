"""What is read of a package: versions, metadata, archives (4.1)."""

from __future__ import annotations

import hashlib
from typing import Any

from regshape.formats import semver
from regshape.model import Call, Exchange, Fault, Requirement
from regshape.protocols.judging import json_of, judged, media_type, must_be
from regshape.protocols.ori.facts import Held, ReadFacts
from regshape.protocols.ori.requirements.table import (
    MUST,
    OK,
    SHOULD,
    is_error,
    numbers_of,
    row,
)

NOT_FOUND, NOT_MODIFIED = 404, 304
LIST, METADATA, ARCHIVE = ("list-versions",), ("get-metadata",), ("get-archive",)
SECTION = "4.1 API Endpoints"


def listed(call: Call, exchange: Exchange) -> Fault | bool:
    """A list of versions is a JSON array that has each published version once."""
    facts: ReadFacts = call.facts
    if not judged(call, exchange) or facts.package_known is not True or facts.limit is not None:
        return False
    status = must_be(exchange, "the list of versions", OK)
    if status is not True:
        return status
    if media_type(exchange) != "application/json":
        return Fault("other Content-Type", f"a list of versions is {media_type(exchange)!r}")
    if not isinstance(json_of(exchange), list):
        return Fault("no array", "the list of versions is no JSON array")
    return _complete(numbers_of(exchange), facts)


def _complete(numbers: list[str], facts: ReadFacts) -> Fault | bool:
    if facts.expected is None:
        return True
    missing = [number for number in facts.expected if number not in numbers]
    if missing:
        return Fault("missing", f"{missing[0]} was published and is not listed")
    strange = [number for number in numbers if number not in facts.expected]
    if strange and strange[0] != facts.unwanted:
        return Fault("strange", f"{strange[0]} is listed and was never published")
    doubled = [number for number in facts.expected if numbers.count(number) > 1]
    return Fault("twice", f"{doubled[0]} is listed twice") if doubled else True


def paged(call: Call, exchange: Exchange) -> Fault | bool:
    """A page has as many entries as `limit` at most, and all pages together are the list."""
    facts: ReadFacts = call.facts
    if not judged(call, exchange) or exchange.status != OK:
        return False
    if facts.limit is not None:
        count = len(numbers_of(exchange))
        if count <= facts.limit:
            return True
        return Fault("page too long", f"a page of {facts.limit} has {count} versions")
    if facts.walked is None or facts.expected is None:
        return False
    return _walked(facts.walked, facts.expected, ends=facts.walk_ends)


def _walked(walked: tuple[str, ...], expected: tuple[str, ...], *, ends: bool) -> Fault | bool:
    if not ends:
        return Fault("endless", "the pages do not end")
    if sorted(walked) == sorted(expected):
        return True
    what = f"{', '.join(walked)} where {', '.join(expected)} were published"
    return Fault("other pages", f"the pages have {what}")


def ordered(call: Call, exchange: Exchange) -> Fault | bool:
    """Versions stand from the newest to the oldest."""
    if not judged(call, exchange) or exchange.status != OK:
        return False
    try:
        numbers = [semver.parse(number) for number in numbers_of(exchange)]
    except ValueError:
        return False
    if numbers == sorted(numbers, reverse=True):
        return len(numbers) > 1
    return Fault("order", f"versions are listed as {', '.join(map(str, numbers[:6]))}")


def unknown_package(call: Call, exchange: Exchange) -> Fault | bool:
    """A package that nobody published is not found."""
    facts: ReadFacts = call.facts
    if not judged(call, exchange) or facts.package_known is not False or facts.unwanted:
        return False
    return _not_found(exchange, "what was asked of a package that nobody published")


def unknown_version(call: Call, exchange: Exchange) -> Fault | bool:
    """A version that nobody published is not found."""
    facts: ReadFacts = call.facts
    if not judged(call, exchange) or facts.known is not False or not facts.package_known:
        return False
    return _not_found(exchange, f"{call.operation} of a version that nobody published")


def _not_found(exchange: Exchange, what: str) -> Fault | bool:
    status = must_be(exchange, what, NOT_FOUND)
    if status is True and not is_error(exchange):
        return Fault("no error body", f"the 404 to {what} has no JSON object for a body")
    return status


def _metadata(call: Call, exchange: Exchange) -> tuple[Held, dict[str, Any]] | None:
    facts: ReadFacts = call.facts
    if not judged(call, exchange) or facts.known is not True or facts.held is None:
        return None
    document = json_of(exchange)
    if exchange.status != OK or not isinstance(document, dict):
        return None
    return facts.held, document


def described(call: Call, exchange: Exchange) -> Fault | bool:
    """Metadata has the name and the version."""
    facts: ReadFacts = call.facts
    if not judged(call, exchange) or facts.known is not True:
        return False
    status = must_be(exchange, "the metadata of a version that is there", OK)
    if status is not True:
        return status
    document = json_of(exchange)
    if not isinstance(document, dict):
        return Fault("no object", "metadata is no JSON object")
    for field, wanted in (("name", facts.package), ("version", facts.version)):
        if document.get(field) != wanted:
            return Fault(f"other {field}", f"{field} is {document.get(field)!r}, not {wanted!r}")
    return True


def dependencies(call: Call, exchange: Exchange) -> Fault | bool:
    """Metadata has the dependencies of the manifest."""
    found = _metadata(call, exchange)
    if found is None:
        return False
    return _same("dependencies", found[1].get("dependencies"), dict(found[0].dependencies))


def features(call: Call, exchange: Exchange) -> Fault | bool:
    """Metadata has the features of the manifest."""
    found = _metadata(call, exchange)
    if found is None:
        return False
    return _same("features", found[1].get("features"), dict(found[0].features))


def _same(field: str, value: Any, wanted: Any) -> Fault | bool:
    if value == wanted:
        return True
    return Fault(f"other {field}", f"{field} are {value!r}, the manifest has {wanted!r}")


def checksum(call: Call, exchange: Exchange) -> Fault | bool:
    """Metadata has the checksum of the archive."""
    found = _metadata(call, exchange)
    if found is None:
        return False
    held, document = found
    told = document.get("checksum", document.get("checksums"))
    if held.sha256 in str(told):
        return True
    return Fault("other checksum", f"the checksum is {told!r}, not sha256:{held.sha256}")


def yanked(mark: str) -> Any:
    """Return the check that metadata says whether a version is yanked, read after one mark."""

    def check(call: Call, exchange: Exchange) -> Fault | bool:
        found = _metadata(call, exchange)
        if found is None or found[0].yanked is None or _after(call) != mark:
            return False
        told = found[1].get("yanked")
        if told is found[0].yanked:
            return True
        return Fault(f"yanked {told}", f"after {mark} the metadata says yanked: {told!r}")

    return check


def deprecated(call: Call, exchange: Exchange) -> Fault | bool:
    """Metadata has the message of a deprecation."""
    found = _metadata(call, exchange)
    if found is None or not found[0].deprecation_known:
        return False
    told = found[1].get("deprecated")
    message = told.get("message") if isinstance(told, dict) else told
    if (message or None) == found[0].deprecated:
        return True
    return Fault("other message", f"deprecated is {told!r}, not {found[0].deprecated!r}")


def _after(call: Call) -> str:
    return call.cause.operation if call.cause is not None else ""


def whole_archive(call: Call, exchange: Exchange) -> Fault | bool:
    """A download has the bytes that were published."""
    facts: ReadFacts = call.facts
    if not judged(call, exchange) or facts.known is not True or facts.held is None or facts.etag:
        return False
    if facts.held.yanked:
        return False  # judged as such
    status = must_be(exchange, "the download of a version that is there", OK)
    if status is not True or exchange.answer == facts.held.content:
        return status
    return Fault("other bytes", "the download is not what was published")


def yanked_archive(call: Call, exchange: Exchange) -> Fault | bool:
    """A yanked version can still be downloaded."""
    facts: ReadFacts = call.facts
    if not judged(call, exchange) or facts.known is not True or facts.held is None or facts.etag:
        return False
    if not facts.held.yanked:
        return False
    return must_be(exchange, "the download of a yanked version", OK)


def unchanged(call: Call, exchange: Exchange) -> Fault | bool:
    """What was downloaded once is downloaded ever after; its ETag is strong and holds."""
    facts: ReadFacts = call.facts
    if call.mutators or exchange.failure is not None or facts.known is not True:
        return False
    if facts.etag is not None:
        return _conditional(exchange, facts)
    if exchange.status != OK:
        return False
    if facts.ledger and hashlib.sha256(exchange.answer).hexdigest() != facts.ledger:
        return Fault("other bytes", "a download has changed since it was first answered")
    etag = exchange.header("etag")
    if etag is None or etag.startswith("W/"):
        return Fault("no strong ETag", f"a download has the ETag {etag!r}")
    return True


def _conditional(exchange: Exchange, facts: ReadFacts) -> Fault | bool:
    if exchange.status == NOT_MODIFIED:
        return True
    if exchange.status != OK:
        return False
    return Fault("status 200", f"If-None-Match: {facts.etag} was answered with 200, not 304")


VERSIONS: tuple[Requirement, ...] = (
    row("ORI-03", SHOULD, f"{SECTION}, decision",
        "The list of versions is ordered from the newest to the oldest.", ordered, LIST),
    row("ORI-02", MUST, SECTION,
        "A package that is not there is answered with 404 and an error body.",
        unknown_package, LIST + METADATA + ARCHIVE),
    row("ORI-01", MUST, SECTION,
        "GET versions is answered with a JSON list that has every published version once.",
        listed, LIST),
    row("ORI-63", SHOULD, f"{SECTION}, decision 3",
        "Pages of `limit` versions lead by Link to one another, and together are the list.",
        paged, LIST),
    row("ORI-08", MUST, SECTION,
        "Metadata and download of a version that is not there are answered with 404.",
        unknown_version, METADATA + ARCHIVE),
    row("ORI-22", MUST, SECTION,
        "Deprecate adds a message, which the metadata has.", deprecated, METADATA),
    row("ORI-18", MUST, SECTION,
        "Yank marks a version: its metadata says so.", yanked("yank"), METADATA),
    row("ORI-20", MUST, SECTION,
        "Unyank restores a yanked version.", yanked("unyank"), METADATA),
    row("ORI-04", MUST, SECTION,
        "GET metadata is answered with a JSON object that has name and version.",
        described, METADATA),
    row("ORI-05", MUST, SECTION,
        "Metadata has the dependencies of the manifest.", dependencies, METADATA),
    row("ORI-06", MUST, SECTION,
        "Metadata has the features of the manifest.", features, METADATA),
    row("ORI-07", MUST, SECTION,
        "Metadata has the checksum of the archive.", checksum, METADATA),
    row("ORI-10", MUST, "7.2 Immutability",
        "A download never changes; it has a strong ETag, which If-None-Match answers with 304.",
        unchanged, ARCHIVE),
    row("ORI-19", MUST, f"{SECTION}, decision",
        "A yanked version can still be downloaded.", yanked_archive, ARCHIVE),
    row("ORI-09", MUST, SECTION,
        "GET download is answered with the archive, byte for byte.", whole_archive, ARCHIVE),
)  # fmt: skip
