"""How a row of the table is written, and what every check asks first."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from regshape.model import Call, Check, Exchange, Expectation, Fault, Level, RaceCheck, Requirement
from regshape.protocols.http import breaks

RELEASED = "https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md"
DEVELOPMENT = "https://github.com/opencontainers/distribution-spec/blob/967efdc/spec.md"
MUST, SHOULD, MAY = Level.MUST, Level.SHOULD, Level.MAY

NOT_JUDGED = frozenset({401, 403, 429, 503})
LENGTH_REQUIRED = 411
AIMED_ELSEWHERE = frozenset({"name", "reference", "session", "route", "path", "method", "digest"})


def row(  # noqa: PLR0913 - one argument for each column of the table
    id_: str,
    level: Level,
    section: str,
    text: str,
    check: Check | None = None,
    on: Iterable[str] = (),
    *,
    dev: bool = False,
    was: Level | None = None,
    needs: str | None = None,
    waiver: str | None = None,
    race: RaceCheck | None = None,
) -> Requirement:
    """Return one row; `dev` marks what is not in v1.1.1, `was` the level that it had there."""
    anchor = section.lower().replace(" ", "-")
    anchor = re.sub(r"[^a-z0-9-]", "", anchor)
    source = f"distribution-spec, {section}, {DEVELOPMENT if dev else RELEASED}#{anchor}"
    return Requirement(
        id_,
        level,
        section,
        text,
        source,
        frozenset(on),
        check,
        "dev" if dev else "1.1",
        was,
        needs,
        waiver,
        race,
    )


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


def false_content(call: Call) -> bool:
    """Return whether the call claims a digest that is not that of its content.

    A digest in upper case is still that of the content: it is only not well-formed.
    """
    recased = any(m.target == "digest" and m.action == "case" for m in call.mutators)
    return rejecting(call, "digest", "body") and not recased


def only_breaks(call: Call, *targets: str) -> bool:
    """Return whether the call is broken in these targets and no other; what is tolerated aside."""
    breaking = [m for m in call.mutators if m.expect is not Expectation.TOLERATE]
    return bool(breaking) and all(mutator.target in targets for mutator in breaking)


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
    """Return the media type in lower case, without parameters (RFC 9110 §8.3.1)."""
    return (exchange.header("content-type") or "").partition(";")[0].strip().lower()


def json_of(exchange: Exchange) -> Any:
    """Return the answer's JSON document, or None where it is none."""
    try:
        return json.loads(exchange.answer)
    except ValueError:
        return None


def error_codes(exchange: Exchange) -> list[Any]:
    """Return the codes of an error envelope, as they stand."""
    document = json_of(exchange)
    errors = document.get("errors") if isinstance(document, dict) else None
    if not isinstance(errors, list):
        return []
    return [item.get("code") for item in errors if isinstance(item, dict)]
