"""How a row of the table is written, and what the checks of this protocol share."""

from __future__ import annotations

from collections.abc import Iterable

from regshape.model import Call, Check, Exchange, Fault, Level, RaceCheck, Requirement
from regshape.protocols.judging import answered, json_of
from regshape.protocols.ori.facts import PublishFacts, ReadFacts

SEED = "Ori package management, phase 4, registry protocol"
ADDRESS = "https://github.com/ori-lang/ori"
MUST, SHOULD, MAY = Level.MUST, Level.SHOULD, Level.MAY
CREATED, OK = 201, 200


def row(  # noqa: PLR0913 - one argument for each column of the table
    id_: str,
    level: Level,
    section: str,
    text: str,
    check: Check | None = None,
    on: Iterable[str] = (),
    *,
    needs: str | None = None,
    waiver: str | None = None,
    race: RaceCheck | None = None,
) -> Requirement:
    """Return one row; a section with `decision` is a decision of this project's on a gap."""
    return Requirement(
        id_,
        level,
        section,
        text,
        f"{SEED}, {section}, {ADDRESS}",
        frozenset(on),
        check,
        "",
        None,
        (needs,) if needs is not None else (),
        waiver,
        race,
    )


def refusing(exchange: Exchange, what: str, statuses: Iterable[int], tell: str) -> Fault | bool:
    """Return True if the status is one of these; `tell` tells this cause from its like."""
    status = exchange.status or 0
    allowed = tuple(statuses)
    if status in allowed:
        return True
    wanted = " or ".join(map(str, allowed))
    return Fault(f"{tell}: status {status}", f"{what} was answered with {status}, not {wanted}")


def flawed(*requirements: str, flaws: Iterable[str]) -> Check:
    """Return the check that publishes with these flaws are refused and leave nothing behind."""
    names = frozenset(flaws)

    def check(call: Call, exchange: Exchange) -> Fault | bool:
        facts = call.facts
        if call.mutators or not answered_at_all(exchange):
            return False
        if isinstance(facts, PublishFacts) and facts.wanted == "refuse" and facts.why in names:
            return refusing(exchange, f"a publish with {facts.why}", facts.statuses, facts.why)
        if isinstance(facts, ReadFacts) and facts.unwanted and facts.flaw in names:
            return not_listed(exchange, facts)
        return False

    return check


def answered_at_all(exchange: Exchange) -> bool:
    """Return whether a whole answer came that is no matter of load; a 401 or 403 is an answer."""
    return (exchange.status in {401, 403} and exchange.failure is None) or answered(exchange)


def succeeded_at_all(exchange: Exchange) -> bool:
    """Return whether the status is a 2xx, whichever it should have been."""
    return (exchange.status or 0) // 100 == 2  # noqa: PLR2004 - the class of success


def not_listed(exchange: Exchange, facts: ReadFacts) -> Fault | bool:
    """Return a Fault where a version is in the list that must not be."""
    if exchange.status != OK:
        return exchange.status == 404  # noqa: PLR2004 - Not Found: nothing was stored
    if facts.unwanted not in numbers_of(exchange):
        return True
    return Fault(
        f"{facts.flaw}: stored",
        f"{facts.unwanted} is listed, though its publish ({facts.flaw}) was refused",
    )


def numbers_of(exchange: Exchange) -> list[str]:
    """Return the versions of a list, objects or strings (decision 2)."""
    document = json_of(exchange)
    rows = document if isinstance(document, list) else []
    found = [item.get("version") if isinstance(item, dict) else item for item in rows]
    return [item for item in found if isinstance(item, str)]


def is_error(exchange: Exchange) -> bool:
    """Return whether the body is a JSON object, as every error's must be (decision 1)."""
    return isinstance(json_of(exchange), dict)
