"""Who may do what: tokens, their scopes, and owners (4.2)."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from regshape.model import Call, Check, Exchange, Expectation, Fault, Requirement
from regshape.protocols.http import breaks
from regshape.protocols.judging import must_be, refused
from regshape.protocols.ori.facts import PublishFacts, ReadFacts, StrangerFacts, TransferFacts
from regshape.protocols.ori.operations import OPERATIONS
from regshape.protocols.ori.operations.outsiders import READS
from regshape.protocols.ori.requirements.table import (
    MUST,
    answered_at_all,
    not_listed,
    refusing,
    row,
    succeeded_at_all,
)

SECTION = "4.2 Authentication"
UNAUTHORIZED = 401
CHANGES = ("publish", "yank", "unyank", "deprecate", "transfer")
MARKS = ("yank", "unyank", "deprecate")
EVERY = tuple(OPERATIONS)
LACKS = {"anonymous": "token ", "reader": "scope ", "publisher": "scope ", "manager": "scope "}
"""What they lack who may not; the token of who is `expired` is bad, as others are."""


def denied(who: Collection[str], what: Collection[str]) -> Check:
    """Return the check that these may not do this, and that nothing comes of it."""

    def check(call: Call, exchange: Exchange) -> Fault | bool:
        facts = call.facts
        if call.mutators or not answered_at_all(exchange):
            return False
        if isinstance(facts, StrangerFacts):
            if facts.who not in who or facts.what not in what:
                return False
            return _refusing(exchange, facts)
        if isinstance(facts, ReadFacts) and facts.flaw in who and "publish" in what:
            return not_listed(exchange, facts)
        return False

    return check


def _refusing(exchange: Exchange, facts: StrangerFacts) -> Fault | bool:
    """Return a Fault of one aspect for all that who asks was let do for the same lack.

    Tokens and their scopes are looked at in one place; whose a package is, where it is published
    and where it is marked.
    """
    lack = LACKS.get(facts.who, "")
    if facts.who == "other":
        lack = "publishes " if facts.what == "publish" else "marks "
    return _one_of(exchange, f"{facts.what} as {facts.who}", facts.statuses, lack)


def _one_of(exchange: Exchange, what: str, statuses: Iterable[int], lack: str) -> Fault | bool:
    """Return a Fault that tells a status, and of those of success only that it was one."""
    found = refusing(exchange, what, statuses, lack)
    if isinstance(found, bool):
        return found
    told = "2xx" if succeeded_at_all(exchange) else str(exchange.status)
    return Fault(f"{lack}status {told}", found.summary)


def without_token(call: Call, exchange: Exchange) -> Fault | bool:
    """A publish without a token is answered with 401 and the challenge Bearer."""
    found = denied(["anonymous"], CHANGES)(call, exchange)
    if found is not True or exchange.status != UNAUTHORIZED:
        return found
    value = (exchange.header("www-authenticate") or "").lower()
    if value.startswith("bearer") or ", bearer" in value:
        return True
    return Fault("no Bearer", f"a 401 has WWW-Authenticate: {value!r}, not Bearer")


def bad_token(call: Call, exchange: Exchange) -> Fault | bool:
    """A token that is broken is refused with 401."""
    if isinstance(call.facts, StrangerFacts):
        return denied(["expired"], CHANGES)(call, exchange)
    if call.operation not in CHANGES or not _broken_token(call) or exchange.failure is not None:
        return False
    return _unauthorized(call, exchange)


def _broken_token(call: Call) -> bool:
    """Return whether a token was shown that was broken, and nothing else was."""
    aimed = all(mutator.target == "auth" for mutator in call.mutators)
    return aimed and call.expect is Expectation.REJECT and call.identity != "anonymous"


def _unauthorized(call: Call, exchange: Exchange) -> Fault | bool:
    broken = "+".join(mutator.name for mutator in call.mutators)
    return _one_of(exchange, f"{call.operation} with {broken}", (UNAUTHORIZED, 429), "")


def bad_token_read(call: Call, exchange: Exchange) -> Fault | bool:
    """A bad token is refused where none is needed, too."""
    if isinstance(call.facts, StrangerFacts):
        return denied(["expired"], READS)(call, exchange)
    if call.operation in CHANGES or not _broken_token(call) or exchange.failure is not None:
        return False
    return _unauthorized(call, exchange)


def scheme_case(call: Call, exchange: Exchange) -> Fault | bool:
    """A good token is taken, in whatever case its scheme is written (RFC 9110, 11.1)."""
    if exchange.failure is not None or call.identity != "main" or exchange.status is None:
        return False
    if breaks(call, "auth") and call.expect is not Expectation.TOLERATE:
        return False
    if any(mutator.target != "auth" for mutator in call.mutators):
        return False
    if exchange.status != UNAUTHORIZED:
        return True
    written = "in another case" if call.mutators else "as it was given"
    return Fault(f"status 401 {written}", f"{call.operation} with a token {written}: 401")


def read_scope(call: Call, exchange: Exchange) -> Fault | bool:
    """A token with the scope read reads and searches, and does not publish."""
    if isinstance(call.facts, StrangerFacts):
        return denied(["reader"], ["publish"])(call, exchange)
    if call.identity != "reader" or call.mutators or not answered_at_all(exchange):
        return False
    if exchange.status not in {401, 403}:
        return True
    return Fault(f"read: status {exchange.status}", f"{call.operation} with a token for read")


def own_scope(call: Call, exchange: Exchange) -> Fault | bool:
    """A token with the scope publish publishes what its user owns, and nothing else."""
    facts = call.facts
    if isinstance(facts, StrangerFacts):
        return denied(["other"], ["publish", *MARKS])(call, exchange)
    if isinstance(facts, ReadFacts):
        return denied(["other"], ["publish"])(call, exchange)
    if not isinstance(facts, PublishFacts) or call.identity != "publisher" or call.mutators:
        return False
    if facts.wanted != "accept" or not answered_at_all(exchange):
        return False
    return must_be(exchange, "a publish with the scope publish", 201)


def admin_scope(call: Call, exchange: Exchange) -> Fault | bool:
    """A transfer takes the scope admin."""
    facts = call.facts
    if isinstance(facts, StrangerFacts):
        return denied(["publisher", "reader"], ["transfer"])(call, exchange)
    if not isinstance(facts, TransferFacts) or call.identity != "manager" or call.mutators:
        return False
    if facts.wanted != "accept" or not answered_at_all(exchange):
        return False
    if refused(exchange):
        return Fault(f"admin: status {exchange.status}", "a transfer with the scope admin failed")
    return True


def not_escalated(call: Call, exchange: Exchange) -> Fault | bool:
    """A scope does not stand for another one."""
    as_manager = denied(["manager"], ["publish", *MARKS])(call, exchange)
    return as_manager if as_manager is not False else denied(["reader"], MARKS)(call, exchange)


STRANGER = ("try-as", "list-versions")
RIGHTS: tuple[Requirement, ...] = (
    row("ORI-13", MUST, SECTION,
        "A change without a token is answered with 401 and WWW-Authenticate: Bearer.",
        without_token, STRANGER),
    row("ORI-33", MUST, SECTION,
        "A bad token is refused where none is needed too, and not passed over.",
        bad_token_read, EVERY),
    row("ORI-32", MUST, SECTION,
        "An unknown, expired or malformed token is answered with 401.",
        bad_token, ("try-as", *CHANGES)),
    row("ORI-34", MUST, SECTION,
        "The scope read lets download and search, and not publish.",
        read_scope, EVERY, needs="token-reader"),
    row("ORI-35", MUST, SECTION,
        "The scope publish lets publish what the user owns, and nothing else.",
        own_scope, ("try-as", "publish", "list-versions"), needs="second-identity"),
    row("ORI-36", MUST, SECTION,
        "The scope admin lets transfer; without it nobody does.",
        admin_scope, ("try-as", "transfer"), needs="token-publisher"),
    row("ORI-37", MUST, SECTION,
        "No scope stands for another.", not_escalated, ("try-as",), needs="token-manager"),
    row("ORI-31", MUST, SECTION,
        "A token is taken as Authorization: Bearer, in whatever case the scheme is written.",
        scheme_case, EVERY),
)  # fmt: skip
