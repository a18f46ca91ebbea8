"""What an Ori registry can do, found out once before a campaign."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from regshape.errors import TargetError
from regshape.model import Call, Capability, Exchange, Identity, Request
from regshape.protocols.ori import calls
from regshape.protocols.ori.facts import Facts
from regshape.protocols.ori.operations.log_reads import read_checkpoint
from regshape.protocols.ori.requirements.limits import TIERS, rate_of
from regshape.protocols.ori.state import OWN_TOKEN, State
from regshape.protocols.ori.timeline import HEADER, OWN_TIME

OK, UNAUTHORIZED, NOT_FOUND = 200, 401, 404
IDENTITIES: Sequence[Identity] = ("reader", "publisher", "manager", "expired")
"""Those whom a token of their own makes known; `main` and `other` aside."""
Asking = Generator[Call, Exchange, Capability]


def probe(state: State) -> Generator[Call, Exchange, Sequence[Capability]]:
    """Ask for each optional feature once.

    Raises:
        TargetError: what answers is no Ori registry, or nothing answers.
    """
    seen = yield from _see_registry(state)
    log = yield from _log()
    owners = yield from _owners(state)
    tiers = yield from _tiers(state, seen)
    own_time = yield from _own_time(state)
    why = "the campaign is read-only" if state.space.read_only else _given(state, "main")
    own_token = Capability(OWN_TOKEN, state.may_publish, why)
    found = [own_token, log, owners, tiers, own_time]
    found.append((yield from _token(state, "other", "second-identity")))
    for who in IDENTITIES:
        capability = yield from _token(state, who, f"token-{who}")
        found.append(capability)
    return found


def _given(state: State, who: Identity) -> str:
    """Return whether an identity has a token, and else what to set."""
    whose, suffix = ("", "") if who == "main" else (f" of {who}", f"_{who.upper()}")
    if who in state.space.identities:
        return f"there is a token{whose}"
    return f"there is no token{whose}: set REGSHAPE_TOKEN{suffix}"


def _asking(request: Request, who: Identity = "main") -> Call:
    return calls.call("probe", request, Facts(), role="probe", identity=who)


def _see_registry(state: State) -> Generator[Call, Exchange, Exchange]:
    exchange = yield _asking(calls.get(calls.ADVISORIES))
    if exchange.failure is not None:
        hint = ": set REGSHAPE_TOKEN" if exchange.failure.kind == "auth" else ""
        raise TargetError(f"{exchange.failure.detail}{hint}")
    if exchange.status == UNAUTHORIZED:
        wrong = "does not take the token that was given" if state.has_token else "wants a token"
        raise TargetError(f"the registry {wrong}: set REGSHAPE_TOKEN")
    if calls.document_of(exchange) is None:
        raise TargetError(
            f"GET {calls.ADVISORIES} was answered with {exchange.status} and no JSON: "
            "give the URL of an Ori registry, such as http://127.0.0.1:5000"
        )
    return exchange


def _log() -> Asking:
    exchange = yield _asking(Request("GET", calls.CHECKPOINT))
    there = read_checkpoint(exchange) is not None
    reason = f"GET {calls.CHECKPOINT} was answered with {exchange.status}"
    return Capability("log", there or exchange.status != NOT_FOUND, reason)


def _owners(state: State) -> Asking:
    exchange = yield _asking(calls.get(calls.OWNERS, **state.absent.parts))
    there = exchange.status == NOT_FOUND and calls.json_object(exchange)
    reason = f"GET owners of nothing was answered with {exchange.status}"
    return Capability("owners", there, reason)


def _tiers(state: State, seen: Exchange) -> Asking:
    """Return whether the limits are those of the document, in one of the tiers at least."""
    if not state.has_token:
        limit = _limit_of(seen)
        reason = f"the registry states {limit} without a token"
        return Capability("stock-tiers", limit == TIERS[False], reason)
    exchange = yield _asking(calls.get(calls.ADVISORIES), "anonymous")
    main, anonymous = _limit_of(seen), _limit_of(exchange)
    there = main == TIERS[True] or anonymous == TIERS[False]
    reason = f"the registry states {main} with and {anonymous} without a token"
    return Capability("stock-tiers", there, reason)


def _limit_of(exchange: Exchange) -> int | None:
    rate = rate_of(exchange)
    return rate.limit if rate is not None else None


def _own_time(state: State) -> Asking:
    request = calls.get(calls.ADVISORIES).with_header(HEADER, str(state.timeline()))
    exchange = yield _asking(request)
    there = exchange.header(HEADER.lower()) == str(state.timeline())
    has = "has" if there else "does not have"
    return Capability(OWN_TIME, there, f"the registry {has} a clock that a case can set")


def _token(state: State, who: Identity, name: str) -> Asking:
    if who not in state.space.identities:
        return Capability(name, present=False, reason=_given(state, who))
    exchange = yield _asking(calls.get(calls.ADVISORIES), who)
    failure = exchange.failure
    if failure is not None:
        return Capability(name, present=False, reason=failure.detail)
    reason = f"a GET as {who} was answered with {exchange.status}"
    good = exchange.status == OK if who != "expired" else True
    return Capability(name, good, reason)
