"""Rate limits: the headers of every answer, the tiers, and what becomes of who asks more (4.3)."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime

from regshape.model import Call, Check, Exchange, Fault, Identity, Requirement
from regshape.protocols.ori.facts import BurstFacts, Facts, Rate
from regshape.protocols.ori.operations import OPERATIONS
from regshape.protocols.ori.requirements.table import MUST, is_error, row

SECTION = "4.3 Rate Limiting"
LIMIT, REMAINING, RESET = "x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset"
TOO_MANY = 429
WINDOW = 60
EPOCH = 1_000_000_000
"""Numbers from here on are seconds since 1970, smaller ones seconds from now (decision 17)."""
SLACK, CLOCKS_APART = 5, 300
"""Seconds: a reset is rounded up, `Date` down, and servers under load make that now and then."""
EVERY = tuple(OPERATIONS)
TIERS = {True: 1000, False: 100}


def _number(exchange: Exchange, header: str) -> int | None:
    value = (exchange.header(header) or "").strip()
    return int(value[:18]) if value.isascii() and value.isdigit() else None


def rate_of(exchange: Exchange) -> Rate | None:
    """Return what the headers of an answer say, or None where they say nothing whole."""
    limit, remaining, reset = (_number(exchange, name) for name in (LIMIT, REMAINING, RESET))
    if limit is None or remaining is None or reset is None or exchange.failure is not None:
        return None
    return Rate(limit, remaining, reset)


def _is_whole(call: Call, exchange: Exchange) -> bool:
    """Return whether the registry itself answered: broken framing is for what is before it."""
    if exchange.failure is not None or exchange.status is None:
        return False
    if not exchange.target.startswith("/v1/"):
        return False
    return not any(mutator.target in {"frame", "route", "path"} for mutator in call.mutators)


def limit_told(call: Call, exchange: Exchange) -> Fault | bool:
    """Every answer has X-RateLimit-Limit, a number."""
    if not _is_whole(call, exchange) or _by_the_server(call):
        return False
    if _number(exchange, LIMIT) is not None:
        return True
    what = f"a {exchange.status} has X-RateLimit-Limit: {exchange.header(LIMIT)!r}"
    return Fault(f"no X-RateLimit-Limit {(exchange.status or 0) // 100}xx", what, wide=True)


def _by_the_server(call: Call) -> bool:
    """Return whether what carries the registry may have refused the request by itself."""
    return any(mutator.target == "header" for mutator in call.mutators)


def remaining_falls(call: Call, exchange: Exchange) -> Fault | bool:
    """X-RateLimit-Remaining is a number that falls with every request of a window."""
    if not _is_whole(call, exchange) or _number(exchange, LIMIT) is None:
        return False
    value = exchange.header(REMAINING) or ""
    left = _number(exchange, REMAINING)
    if left is None:
        return Fault("no number", f"X-RateLimit-Remaining is {value!r}", wide=True)
    before, facts = _before(call, exchange), call.facts
    if before is None or not isinstance(facts, Facts):
        return True
    if left < before.remaining or left == 0:
        return True
    what = f"{left} requests remain, and {before.remaining} remained before, in one window"
    return Fault("does not fall", what, wide=True)


def _before(call: Call, exchange: Exchange) -> Rate | None:
    """Return what the answer before said, if it was of the same window."""
    facts: Facts = call.facts
    before, now = facts.rate, rate_of(exchange)
    if before is None or now is None or before.limit != now.limit:
        return None
    if call.mutators and any(mutator.target == "auth" for mutator in call.mutators):
        return None
    same = before.reset == now.reset if now.reset >= EPOCH else now.reset <= before.reset
    return before if same else None


def reset_ahead(call: Call, exchange: Exchange) -> Fault | bool:
    """X-RateLimit-Reset is a number: a time ahead, a window away at most."""
    if not _is_whole(call, exchange) or _number(exchange, LIMIT) is None:
        return False
    reset = _number(exchange, RESET)
    if reset is None:
        return Fault("no number", f"X-RateLimit-Reset is {exchange.header(RESET)!r}", wide=True)
    if reset < EPOCH:
        ahead, slack = reset, SLACK
    else:
        now, slack = _now(exchange)
        ahead = int(reset - now - call.facts.ahead)
    if -slack <= ahead <= WINDOW + slack:
        return True
    return Fault("not ahead", f"X-RateLimit-Reset {reset} is {ahead} s ahead", wide=True)


def _now(exchange: Exchange) -> tuple[float, int]:
    """Return the time by the server's clock if it tells it, and how far it may be off."""
    try:
        return parsedate_to_datetime(exchange.header("date") or "").timestamp(), SLACK
    except ValueError:
        return time.time(), CLOCKS_APART


def tier(who: Identity) -> Check:
    """Return the check that a tier has its number of requests, and not one more or less."""
    tiered = TIERS[who == "main"]

    def check(call: Call, exchange: Exchange) -> Fault | bool:
        limit = _number(exchange, LIMIT)
        if call.identity != who or call.mutators or exchange.failure is not None or limit is None:
            return False
        if limit != tiered:
            what = f"the tier has {limit} requests, not {tiered}"
            return Fault(f"limit {limit}", what, wide=True)
        facts = call.facts
        if not isinstance(facts, BurstFacts):
            return True
        return _later(call, exchange) if facts.by == "later" else _counted(call, exchange)

    return check


def _counted(call: Call, exchange: Exchange) -> Fault | bool:
    """Judge one request of many: what the one before told is right."""
    before, facts = _before(call, exchange), call.facts
    if before is None or facts.by != "asker":
        return True
    if before.remaining == 0 and exchange.status != TOO_MANY:
        return Fault("no 429", f"one request more than {before.limit} in a window was answered")
    if before.remaining and facts.alone and exchange.status == TOO_MANY:
        return Fault("early 429", f"a 429 came though {before.remaining} requests were left")
    return True


def _later(call: Call, exchange: Exchange) -> Fault | bool:
    """Judge the first request after the end of a window."""
    if exchange.status != TOO_MANY:
        return True
    return Fault("no new window", f"a 429 came {WINDOW} s after the window began, and later")


def retry_after(_call: Call, exchange: Exchange) -> Fault | bool:
    """A 429 says when to come back, and why, as every error does."""
    if exchange.status != TOO_MANY or exchange.failure is not None:
        return False
    seconds = _number(exchange, "retry-after")
    if seconds is None or not 1 <= seconds <= WINDOW:
        value = exchange.header("retry-after")
        return Fault("no Retry-After", f"a 429 has Retry-After: {value!r}", wide=True)
    if not is_error(exchange):
        return Fault("no error body", "a 429 has no JSON object for a body", wide=True)
    return True


def apart(call: Call, exchange: Exchange) -> Fault | bool:
    """Who has asked too much does not keep others from asking."""
    facts = call.facts
    if not isinstance(facts, BurstFacts) or facts.by != "bystander" or exchange.failure is not None:
        return False
    before, left = _before(call, exchange), _number(exchange, REMAINING)
    if facts.alone and before is not None and left is not None and before.remaining - left > 1:
        what = f"{before.remaining - left} requests of others were counted as {call.identity}'s"
        return Fault("shared", what)
    if exchange.status != TOO_MANY:
        return True
    if before is None or before.remaining <= TIERS[False]:
        return False  # others who ask too may have taken what was left
    return Fault("shared", f"{call.identity} was answered with 429 after a burst of another")


LIMITS: tuple[Requirement, ...] = (
    row("ORI-44", MUST, SECTION, "With a token 1,000 requests a minute are answered, not more.",
        tier("main"), EVERY, needs="stock-tiers"),
    row("ORI-45", MUST, SECTION, "Without a token 100 requests a minute are answered, not more.",
        tier("anonymous"), EVERY, needs="stock-tiers"),
    row("ORI-47", MUST, SECTION, "Each identity has its own number of requests.",
        apart, ("burst",), needs="stock-tiers"),
    row("ORI-46", MUST, SECTION, "A 429 has Retry-After, 1 to 60 seconds, and an error body.",
        retry_after, EVERY),
    row("ORI-41", MUST, SECTION, "Every answer has X-RateLimit-Limit.", limit_told, EVERY),
    row("ORI-42", MUST, SECTION,
        "X-RateLimit-Remaining is a number and falls with each request of a window.",
        remaining_falls, EVERY),
    row("ORI-43", MUST, SECTION,
        "X-RateLimit-Reset is a number, and ahead by a window at most.", reset_ahead, EVERY),
)  # fmt: skip
