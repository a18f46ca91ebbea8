"""Yank, deprecate, transfer, search and advisories (4.1)."""

from __future__ import annotations

import json
import re
from typing import Any

from regshape.model import Call, Exchange, Fault, Requirement
from regshape.protocols.judging import answered, json_of, judged, must_be, must_refuse
from regshape.protocols.ori.facts import (
    MarkFacts,
    PublishFacts,
    SearchFacts,
    StrangerFacts,
    TransferFacts,
)
from regshape.protocols.ori.operations.marking import GOOD
from regshape.protocols.ori.operations.transferring import ENDED
from regshape.protocols.ori.requirements.table import (
    CREATED,
    MUST,
    OK,
    answered_at_all,
    refusing,
    row,
)
from regshape.protocols.ori.timeline import OWN_TIME

SECTION = "4.1 API Endpoints"
ACCEPTED, BAD_REQUEST, UNPROCESSABLE, NOT_FOUND = 202, 400, 422, 404
NOT_OWNER = (403, 404)
MARKS = ("yank", "unyank", "deprecate")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def _mark(call: Call, exchange: Exchange, mark: str, *, again: bool) -> Fault | bool:
    facts = call.facts
    if not isinstance(facts, MarkFacts) or facts.mark != mark or facts.again is not again:
        return False
    if not judged(call, exchange) or facts.known is not True or facts.message not in GOOD:
        return False
    return must_be(exchange, f"{mark} of a version that is there", OK)


def idempotent(call: Call, exchange: Exchange) -> Fault | bool:
    """What is yanked can be yanked, and what is not can be unyanked."""
    if call.operation == "deprecate":
        return False
    return _mark(call, exchange, call.operation, again=True)


def marked(call: Call, exchange: Exchange) -> Fault | bool:
    """A mark on a version that is there is answered with 200, on another with 404."""
    facts = call.facts
    if isinstance(facts, MarkFacts) and facts.known is False and judged(call, exchange):
        if facts.message not in GOOD:
            return must_refuse(exchange, f"{call.operation} of nothing")
        return must_be(exchange, f"{call.operation} of a version that is not there", NOT_FOUND)
    return _mark(call, exchange, call.operation, again=False)


def message_needed(call: Call, exchange: Exchange) -> Fault | bool:
    """A deprecation without a message is refused."""
    facts: MarkFacts = call.facts
    if not judged(call, exchange) or facts.known is not True or facts.message in GOOD:
        return False
    what = f"a deprecation with the message {facts.message}"
    return refusing(exchange, what, (BAD_REQUEST, UNPROCESSABLE), facts.message)


def transferred(call: Call, exchange: Exchange) -> Fault | bool:
    """Both calls of a transfer succeed; then the new owner may publish and the old may not."""
    facts = call.facts
    if isinstance(facts, PublishFacts):
        return _who_may(call, exchange, "accept")
    if not isinstance(facts, TransferFacts) or facts.wanted != "accept":
        return False
    if not judged(call, exchange):
        return exchange.status == 403 and _plain(call, exchange)  # noqa: PLR2004 - Forbidden
    return must_be(exchange, f"to {facts.action} a transfer", OK, ACCEPTED)


def _plain(call: Call, exchange: Exchange) -> bool:
    return not call.mutators and exchange.failure is None


def both_parties(call: Call, exchange: Exchange) -> Fault | bool:
    """One party's call alone changes nothing."""
    facts = call.facts
    if isinstance(facts, PublishFacts):
        return _who_may(call, exchange, "start")
    if not isinstance(facts, TransferFacts) or facts.wanted != "refuse":
        return False
    if call.mutators or facts.why == ENDED or not answered_at_all(exchange):
        return False
    what = "an accept of a transfer that nobody started"
    return refusing(exchange, what, (403, 404, 409), "unasked")


def ended(call: Call, exchange: Exchange) -> Fault | bool:
    """A transfer that was not accepted within 72 hours cannot be."""
    facts = call.facts
    if not isinstance(facts, TransferFacts) or facts.why != ENDED or call.mutators:
        return False
    if not answered_at_all(exchange):
        return False
    return refusing(exchange, "an accept after 72 hours", (403, 404, 409, 410), ENDED)


def _who_may(call: Call, exchange: Exchange, action: str) -> Fault | bool:
    facts: PublishFacts = call.facts
    cause = call.cause
    if not facts.transferred or cause is None or not answered_at_all(exchange):
        return False
    started: TransferFacts = cause.facts
    if cause.expect is not None or (started.action == "accept") is not (action == "accept"):
        return False
    mine = facts.wanted == "accept"
    allowed = (CREATED,) if mine else facts.statuses
    if exchange.status in allowed:
        return True
    whose = "the owner's publish" if mine else "a publish of who does not own it"
    what = f"{whose} was answered with {exchange.status}, not {allowed[0]}"
    turned = exchange.status == CREATED or exchange.status in NOT_OWNER
    return Fault("other owner" if turned else f"status {exchange.status}", what)


def third_party(call: Call, exchange: Exchange) -> Fault | bool:
    """Who does not own a package cannot give it away."""
    facts: StrangerFacts = call.facts
    if call.mutators or facts.what != "transfer" or facts.who != "other":
        return False
    if not answered_at_all(exchange):
        return False
    return refusing(exchange, "a third party's transfer", facts.statuses, "start")


def _search(call: Call, exchange: Exchange, *kinds: str) -> SearchFacts | None:
    facts: SearchFacts = call.facts
    return facts if facts.kind in kinds and judged(call, exchange) else None


def found(call: Call, exchange: Exchange) -> Fault | bool:
    """A search finds the package that has the text in its name, and not those without."""
    facts = _search(call, exchange, "name", "missing")
    if facts is None:
        return False
    status = must_be(exchange, "a search", OK)
    if status is not True:
        return status
    if json_of(exchange) is None:
        return Fault("no JSON", "the result of a search is no JSON")
    names = set(_strings(json_of(exchange)))
    if facts.present and facts.present not in names:
        return Fault("not found", f"a search for its name did not find {facts.present}")
    if facts.absent and facts.absent in names:
        return Fault("strange", f"a search for something else found {facts.absent}")
    return True


def _strings(document: Any) -> list[str]:
    """Return every string of a document: the shape of a result is the registry's own."""
    if isinstance(document, str):
        return [document]
    inner = document.values() if isinstance(document, dict) else document
    if not isinstance(document, dict | list):
        return []
    return [text for item in inner for text in _strings(item)]


def question_needed(call: Call, exchange: Exchange) -> Fault | bool:
    """A search without `q` is refused."""
    if _search(call, exchange, "none") is None:
        return False
    return must_be(exchange, "a search without q", BAD_REQUEST)


def safe_search(call: Call, exchange: Exchange) -> Fault | bool:
    """No text that is searched for makes the registry fail."""
    facts: SearchFacts = call.facts
    status = exchange.status
    if facts.kind != "odd" or call.mutators or status is None or exchange.failure is not None:
        return False
    if 500 <= status < 600:  # noqa: PLR2004 - the class of server errors
        return Fault(f"status {status}", f"{exchange.target[:60]} was answered with {status}")
    return True


def advisories(call: Call, exchange: Exchange) -> Fault | bool:
    """Advisories are JSON in the OSV form."""
    if _search(call, exchange, "advisories") is None:
        return False
    status = must_be(exchange, "GET advisories", OK)
    if status is not True:
        return status
    document = json_of(exchange)
    rows = document.get("advisories", document) if isinstance(document, dict) else document
    if not isinstance(rows, list):
        return Fault("no list", "advisories are no JSON list")
    wrong = next((item for item in rows if not _is_osv(item)), None)
    if wrong is None:
        return True
    return Fault("no OSV", f"an advisory is not in the OSV form: {json.dumps(wrong)[:80]}")


def _is_osv(item: Any) -> bool:
    """Return whether a record has what OSV 1.6 requires of each: an id, and when it changed."""
    if not isinstance(item, dict) or not isinstance(item.get("id"), str) or not item["id"]:
        return False
    return bool(TIME.fullmatch(str(item.get("modified", ""))))


def owners(call: Call, exchange: Exchange) -> Fault | bool:
    """The owners of a package are named."""
    facts = _search(call, exchange, "owners")
    if facts is None or facts.package_known is not True or not answered(exchange):
        return False
    status = must_be(exchange, "GET owners of a package that is there", OK)
    if status is not True:
        return status
    document = json_of(exchange)
    named = document.get("owners") if isinstance(document, dict) else document
    if isinstance(named, list) and named:
        return True
    return Fault("no owners", "a package that is there has no owner")


CHANGES: tuple[Requirement, ...] = (
    row("ORI-23", MUST, SECTION,
        "A deprecation without a message, or with one that is no text, is refused.",
        message_needed, ("deprecate",)),
    row("ORI-21", MUST, SECTION,
        "Yank and unyank are idempotent.", idempotent, ("yank", "unyank")),
    row("ORI-64", MUST, f"{SECTION}, decision 9",
        "A change of a version that is there is answered with 200, of another with 404.",
        marked, MARKS),
    row("ORI-24", MUST, SECTION,
        "After a transfer the new owner can publish and the old one cannot.",
        transferred, ("transfer", "publish"), needs="second-identity"),
    row("ORI-25", MUST, SECTION,
        "A transfer takes both parties: one alone changes nothing.",
        both_parties, ("transfer", "publish"), needs="second-identity"),
    row("ORI-26", MUST, SECTION,
        "Who is neither owner nor recipient can neither start nor accept a transfer.",
        third_party, ("try-as",), needs="second-identity"),
    row("ORI-69", MUST, f"{SECTION}, decision 7",
        "A transfer that was not accepted within 72 hours cannot be accepted any more.",
        ended, ("transfer",), needs=OWN_TIME),
    row("ORI-27", MUST, SECTION,
        "A search finds the packages with the text in their name, and no others.",
        found, ("search",)),
    row("ORI-28", MUST, SECTION, "A search without q is answered with 400.",
        question_needed, ("search",)),
    row("ORI-29", MUST, SECTION, "No text that is searched for makes the registry fail.",
        safe_search, ("search",)),
    row("ORI-30", MUST, SECTION,
        "Advisories are answered with JSON, each in the OSV form (OSV schema 1.6).",
        advisories, ("list-advisories",)),
    row("ORI-65", MUST, "1.5 Owners, decision",
        "The owners of a package can be read.", owners, ("list-owners",), needs="owners"),
)  # fmt: skip
