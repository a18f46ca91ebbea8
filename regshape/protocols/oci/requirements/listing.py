"""Listing tags (oci.md 1.5)."""

from __future__ import annotations

from collections.abc import Callable

from regshape.model import Call, Exchange, Fault, Requirement
from regshape.protocols.http import next_link
from regshape.protocols.judging import (
    after,
    answered,
    json_of,
    judged,
    must_be,
    must_refuse,
    only_breaks,
)
from regshape.protocols.oci.facts import ListFacts
from regshape.protocols.oci.requirements.table import MUST, SHOULD, row

OK, BAD_REQUEST, NOT_FOUND = 200, 400, 404
TAGS = ("list-tags",)
ORDERS: tuple[Callable[[str], str], ...] = (str, str.lower, str.upper)
"""ASCIIbetical order, and both ways of leaving case out, which differ for `_`."""


def _tags(call: Call, exchange: Exchange) -> list[str] | None:
    """Return the tags of a plain 200, or None where there is nothing to judge."""
    if not judged(call, exchange) or exchange.status != OK:
        return None
    document = json_of(exchange)
    tags = document.get("tags") if isinstance(document, dict) else None
    if isinstance(tags, list) and all(isinstance(tag, str) for tag in tags):
        return tags
    return None


def list_found(call: Call, exchange: Exchange) -> Fault | bool:
    """The list of a repository that exists: 200."""
    facts: ListFacts = call.facts
    if not judged(call, exchange) or facts.repo_known is not True or facts.walked is not None:
        return False
    unknown = facts.last is not None and facts.last not in (facts.expected or ())
    if unknown and must_refuse(exchange, "") is True:
        return False  # `last` must be a proper tag: one that is not there may be refused
    return must_be(exchange, "a list of the tags of a repository that exists", OK)


def list_shape(call: Call, exchange: Exchange) -> Fault | bool:
    """The list is `{"name", "tags": [...]}` with the repository's name and strings."""
    facts: ListFacts = call.facts
    if not judged(call, exchange) or exchange.status != OK:
        return False
    document = json_of(exchange)
    if not isinstance(document, dict):
        return Fault("no object", "the list of tags is no JSON object")
    if document.get("name") != facts.repo:
        return Fault("other name", f"name is {document.get('name')!r}, not {facts.repo!r}")
    tags = document.get("tags")
    if isinstance(tags, list) and all(isinstance(tag, str) for tag in tags):
        return True
    return Fault("no list", f"tags is {str(tags)[:40]}, not a list of strings")


def list_order(call: Call, exchange: Exchange) -> Fault | bool:
    """Tags are in lexical (case-insensitive) or ASCIIbetical order."""
    tags = _tags(call, exchange)
    if tags is None or len(tags) < 2:  # noqa: PLR2004 - one tag is always in order
        return False
    for order in ORDERS:
        keys = [order(tag) for tag in tags]
        if keys == sorted(keys):
            return True
    return Fault("no order", f"the tags come as {tags[:6]}")


def page_size(call: Call, exchange: Exchange) -> Fault | bool:
    """With n: never more, and exactly n unless fewer are left or a Link is given."""
    facts: ListFacts = call.facts
    tags = _tags(call, exchange)
    if tags is None or not facts.n or facts.n < 0:
        return False
    if len(tags) > facts.n:
        return Fault("more than n", f"n={facts.n} was answered with {len(tags)} tags")
    if facts.expected is None or next_link(exchange) is not None:
        return True
    left = _after_last(facts.expected, facts.last)
    if left is None or len(tags) >= min(facts.n, left):
        return True
    return Fault("fewer than n", f"n={facts.n}: {len(tags)} tags of {left}, and no Link")


def _after_last(expected: tuple[str, ...], last: str | None) -> int | None:
    """Return how many tags come after `last`, or None where the legal orders differ in it."""
    if last is None:
        return len(expected)
    if any(tag != last and tag.lower() == last.lower() for tag in expected):
        return None
    counts = {sum(order(tag) > order(last) for tag in expected) for order in ORDERS}
    return counts.pop() if len(counts) == 1 else None


def link_form(call: Call, exchange: Exchange) -> Fault | bool:
    """The Link of a page that others follow has rel="next" (RFC 5988)."""
    facts: ListFacts = call.facts
    tags = _tags(call, exchange)
    left = _after_last(facts.expected, facts.last) if facts.expected is not None else None
    goes_on = bool(tags) and left is not None and len(tags or ()) < left
    return next_relation(call, exchange, goes_on=goes_on)


def next_relation(call: Call, exchange: Exchange, *, goes_on: bool) -> Fault | bool:
    """Judge a Link; that of a last page may well have another relation than next."""
    if not judged(call, exchange) or exchange.status != OK or exchange.header("link") is None:
        return False
    if next_link(exchange) is not None:
        return True
    if not goes_on:
        return False
    return Fault("no next", f"Link is {exchange.header('link')!r}, without rel=next")


def none_asked(call: Call, exchange: Exchange) -> Fault | bool:
    """n=0: an empty list and no Link."""
    facts: ListFacts = call.facts
    if facts.n != 0 or not judged(call, exchange) or facts.repo_known is not True:
        return False
    status = must_be(exchange, "n=0", OK)
    if status is not True:
        return status
    tags = _tags(call, exchange)
    if tags:
        return Fault("tags", f"n=0 was answered with {len(tags)} tags")
    if exchange.header("link") is not None:
        return Fault("Link", "n=0 was answered with a Link")
    return True


def from_the_start(call: Call, exchange: Exchange) -> Fault | bool:
    """Without last the list starts at the beginning."""
    facts: ListFacts = call.facts
    tags = _tags(call, exchange)
    if tags is None or facts.expected is None or facts.last is not None or not facts.n:
        return False
    if facts.n < 0 or after(call) or facts.gone & set(tags):
        return False  # that a deleted tag is listed is told by OCI-TAGS-09
    first = tags[: facts.n]
    for order in ORDERS:
        start = sorted(map(order, facts.expected))[: len(first)]
        if sorted(map(order, first)) == start:
            return True
    return Fault("other start", f"the first page of {facts.expected} is {first}")


def after_last(call: Call, exchange: Exchange) -> Fault | bool:
    """With last only tags after it are listed, itself not."""
    facts: ListFacts = call.facts
    tags = _tags(call, exchange)
    if facts.last is None or tags is None or facts.expected is None:
        return False
    if facts.last in tags:
        return Fault("last not excluded", f"last={facts.last!r} is in the list itself")
    last = facts.last
    early = [tag for tag in tags if all(order(tag) < order(last) for order in ORDERS)]
    if early:
        return Fault("last not excluded", f"last={facts.last!r} was answered with {early[:3]}")
    late = [tag for tag in facts.expected if all(order(tag) > order(last) for order in ORDERS)]
    if not tags and late and facts.n != 0 and next_link(exchange) is None:
        return Fault("none after last", f"last={facts.last!r}: nothing, though {late[:3]} follow")
    return True


def whole_list(call: Call, exchange: Exchange) -> Fault | bool:
    """The whole list, or all of its pages, has each tag once, and ends."""
    facts: ListFacts = call.facts
    if facts.expected is None or after(call) == "delete-tag":
        return False
    if facts.walked is not None:
        return _walk(call, exchange, facts)
    tags = _tags(call, exchange)
    if tags is None or facts.n is not None or facts.last is not None:
        return False
    if next_link(exchange) is not None or sorted(tags) == list(facts.expected):
        return True
    return Fault("other tags", f"the tags are {list(facts.expected)}, listed are {tags[:8]}")


def _walk(call: Call, exchange: Exchange, facts: ListFacts) -> Fault | bool:
    if not judged(call, exchange):
        return False
    if not facts.walk_ends:
        return Fault("no end", "walking the pages of the list of tags does not end")
    if sorted(facts.walked or ()) == list(facts.expected or ()):
        return True
    return Fault("other tags", f"walked {facts.walked}, the tags are {facts.expected}")


def list_missing(call: Call, exchange: Exchange) -> Fault | bool:
    """The list of a repository that does not exist: 404."""
    facts: ListFacts = call.facts
    if not judged(call, exchange) or facts.repo_known is not False:
        return False
    return must_be(exchange, "a list of the tags of a missing repository", NOT_FOUND)


def strange_pages(call: Call, exchange: Exchange) -> Fault | bool:
    """A strange n or last is refused, or answered with a list."""
    if not only_breaks(call, "query") or not answered(exchange) or exchange.status is None:
        return False
    if exchange.status != OK:
        return must_refuse(exchange, f"a list with {exchange.target.partition('?')[2]!r}")
    document = json_of(exchange)
    if isinstance(document, dict) and "tags" in document:
        return True
    return Fault("no list", "a 200 to a strange page holds no list of tags")


TAG_SECTION = "Listing Tags"

LISTING: tuple[Requirement, ...] = (
    row("OCI-TAGS-10", MUST, "Endpoints",
        "The list of tags of a repository that does not exist is answered with 404.",
        list_missing, TAGS),
    row("OCI-TAGS-06", MUST, TAG_SECTION,
        "With n=0 the list is empty and has no Link.",
        none_asked, TAGS),
    row("OCI-TAGS-01", MUST, TAG_SECTION,
        "The list of tags of a repository that exists is answered with 200.",
        list_found, TAGS),
    row("OCI-TAGS-02", MUST, TAG_SECTION,
        "The list is a JSON object with the repository's name and an array of tags.",
        list_shape, TAGS),
    row("OCI-TAGS-03", MUST, TAG_SECTION,
        "Tags are in lexical or ASCIIbetical order.",
        list_order, TAGS),
    row("OCI-TAGS-04", MUST, TAG_SECTION,
        "With n there are n tags, fewer only if there are no more or a Link is given.",
        page_size, TAGS),
    row("OCI-TAGS-05", MUST, TAG_SECTION,
        "A Link has the relation type next.",
        link_form, TAGS),
    row("OCI-TAGS-07", MUST, TAG_SECTION,
        "Without last the list starts at the beginning.",
        from_the_start, TAGS),
    row("OCI-TAGS-08", MUST, TAG_SECTION,
        "With last the list begins after that tag, without it.",
        after_last, TAGS),
    row("OCI-TAGS-09", MUST, TAG_SECTION,
        "The whole list, and all pages together, have every tag once, and end.",
        whole_list, TAGS),
    row("OCI-TAGS-11", SHOULD, "API",
        "A strange n or last is refused with a 4xx, or answered with a list.",
        strange_pages, TAGS),
)  # fmt: skip
