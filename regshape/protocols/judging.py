"""What every check asks first of a call and its answer, whatever the protocol."""

from __future__ import annotations

import json
from typing import Any

from regshape.formats.media_type import bare_type
from regshape.model import Call, Exchange, Expectation, Fault
from regshape.protocols.http import breaks

NOT_JUDGED = frozenset({401, 403, 429, 503})
LENGTH_REQUIRED = 411
AIMED_ELSEWHERE = frozenset({"name", "reference", "session", "route", "path", "method", "digest"})


def as_meant(call: Call) -> bool:
    """Return whether the facts hold: unbroken, or broken in a way that changes nothing."""
    if not call.mutators:
        return True
    if call.expect is not Expectation.TOLERATE:
        return False
    return not any(mutator.target in AIMED_ELSEWHERE for mutator in call.mutators)


def answered(exchange: Exchange) -> bool:
    """Return whether a whole answer came that says something of the registry itself.

    401, 403, 429 and 503 are matters of access and load, a 3xx leads elsewhere.
    """
    status = exchange.status
    if status is None or exchange.failure is not None or status in NOT_JUDGED:
        return False
    return not 300 <= status < 400  # noqa: PLR2004 - the class of redirects


def judged(call: Call, exchange: Exchange) -> bool:
    """Return whether the exchange can be compared with the facts of the call.

    A server may ask for a Content-Length that a chunked body does not have (RFC 9110 §15.5.12).
    """
    if exchange.status == LENGTH_REQUIRED and breaks(call, "frame"):
        return False
    return answered(exchange) and as_meant(call)


def rejecting(call: Call, *targets: str) -> bool:
    """Return whether the call was broken so that it must be refused, in one of these targets."""
    if call.expect is not Expectation.REJECT:
        return False
    return all(m.target in targets for m in call.mutators if m.expect is Expectation.REJECT)


def only_breaks(call: Call, *targets: str) -> bool:
    """Return whether the call is broken in these targets and no other; what is tolerated aside."""
    breaking = [m for m in call.mutators if m.expect is not Expectation.TOLERATE]
    return bool(breaking) and all(mutator.target in targets for mutator in breaking)


def server_failed(exchange: Exchange) -> bool:
    """Return whether the status is a 5xx: what only recommends leaves that to what forbids it."""
    return (exchange.status or 0) >= 500  # noqa: PLR2004 - the class of server errors


def must_be(exchange: Exchange, what: str, *statuses: int) -> Fault | bool:
    """Return True if the status is one of these, else a Fault that names it."""
    if exchange.status in statuses:
        return True
    wanted = " or ".join(str(status) for status in statuses)
    return Fault(
        f"status {exchange.status}", f"{what} was answered with {exchange.status}, not {wanted}"
    )


def must_refuse(exchange: Exchange, what: str) -> Fault | bool:
    """Return True if the status is a 4xx, else a Fault that names it."""
    status = exchange.status or 0
    if 400 <= status < 500:  # noqa: PLR2004 - the class of client errors
        return True
    return Fault(f"status {status}", f"{what} was answered with {status}, not with a 4xx")


def needs_header(exchange: Exchange, name: str, what: str) -> Fault | bool:
    """Return True if the header is there and not empty."""
    if exchange.header(name.lower()):
        return True
    return Fault(f"no {name}", f"{what} came without {name}")


def after(call: Call) -> str:
    """Return the operation whose effect the call reads back, or nothing."""
    return call.cause.operation if call.cause is not None else ""


def media_type(exchange: Exchange) -> str:
    """Return the media type of the answer in lower case, without parameters; empty for none."""
    return bare_type(exchange.header("content-type") or "")


def json_of(exchange: Exchange) -> Any:
    """Return the answer's JSON document, or None where it is none."""
    try:
        return json.loads(exchange.answer)
    except ValueError:
        return None


def succeeded(call: Call, exchange: Exchange) -> bool:
    """Return whether the answer acknowledges the request as it was meant."""
    return (
        exchange.failure is None
        and exchange.status is not None
        and 200 <= exchange.status < 300  # noqa: PLR2004 - the class of success
        and call.expect in {None, Expectation.TOLERATE}
    )


def refused(exchange: Exchange) -> bool:
    """Return whether the answer is a whole 4xx."""
    return exchange.failure is None and exchange.status is not None and 400 <= exchange.status < 500  # noqa: PLR2004 - the class of client errors
