"""How a row of the table is written, and what checks ask of digests and error codes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from regshape.model import Call, Check, Exchange, Level, RaceCheck, Requirement
from regshape.protocols.judging import json_of, rejecting

RELEASED = "https://github.com/opencontainers/distribution-spec/blob/v1.1.1/spec.md"
DEVELOPMENT = "https://github.com/opencontainers/distribution-spec/blob/967efdc/spec.md"
MUST, SHOULD, MAY = Level.MUST, Level.SHOULD, Level.MAY


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
        (needs,) if needs is not None else (),
        waiver,
        race,
    )


def false_content(call: Call) -> bool:
    """Return whether the call claims a digest that is not that of its content.

    A digest in upper case is still that of the content: it is only not well-formed.
    """
    recased = any(m.target == "digest" and m.action == "case" for m in call.mutators)
    return rejecting(call, "digest", "body") and not recased


def error_codes(exchange: Exchange) -> list[Any]:
    """Return the codes of an error envelope, as they stand."""
    document = json_of(exchange)
    errors = document.get("errors") if isinstance(document, dict) else None
    if not isinstance(errors, list):
        return []
    return [item.get("code") for item in errors if isinstance(item, dict)]
