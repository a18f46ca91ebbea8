"""`regshape requirements`: what a registry is judged by."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from regshape.cli.options import JsonOption, ProtocolOption

if TYPE_CHECKING:
    from regshape.catalog import Entry
    from regshape.model import Check, RaceCheck, Requirement


def requirements(protocol: ProtocolOption = "oci", as_json: JsonOption = False) -> None:
    """List every requirement with its level, sentence, source, check and defects."""
    from regshape.catalog import find

    entry = find(protocol)
    rows = _rows(entry)
    if as_json:
        typer.echo(json.dumps(rows, indent=2))
        return
    _print(rows)


def requirements_of(protocol: str) -> Sequence[Requirement]:
    """Return the requirements of a protocol by name; none where a store is older than all of it."""
    from regshape.catalog import PROTOCOLS

    entry = PROTOCOLS.get(protocol)
    return entry.protocol.requirements if entry else ()


def _rows(entry: Entry) -> list[dict[str, Any]]:
    defects: dict[str, list[str]] = {}
    for name, defect in entry.defects.items():
        for requirement in defect.requirements:
            defects.setdefault(requirement, []).append(name)
    return [_row(requirement, defects) for requirement in entry.protocol.requirements]


def _row(requirement: Requirement, defects: Mapping[str, list[str]]) -> dict[str, Any]:
    check = requirement.check or requirement.race
    return {
        "id": requirement.id,
        "level": requirement.level.value,
        "section": requirement.section,
        "text": requirement.text,
        "source": requirement.source,
        "check": _name(check) if check else None,
        "defects": defects.get(requirement.id, []),
        "waiver": requirement.waiver,
    }


def _name(check: Check | RaceCheck) -> str:
    # A check may be a function, a partial of one, or an object that can be called.
    function = getattr(check, "func", check)
    name = getattr(function, "__qualname__", type(function).__qualname__)
    return f"{function.__module__}.{name}".removeprefix("regshape.")


def _print(rows: list[dict[str, Any]]) -> None:
    from rich.padding import Padding
    from rich.text import Text

    from regshape.cli.screen import plain_console

    console = plain_console()
    for row in rows:
        console.print(Text.assemble((row["id"], "bold"), f"  {row['level']}  {row['section']}"))
        console.print(Padding(Text(row["text"]), (0, 0, 0, 2)))
        console.print(Padding(Text(f"from {row['source']}", "dim"), (0, 0, 0, 2)))
        if row["defects"]:
            shown = f"shown by: --defect {', '.join(row['defects'])}"
            console.print(Padding(Text(shown), (0, 0, 0, 2)))
        if row["waiver"]:
            console.print(Padding(Text(f"not checked: {row['waiver']}", "yellow"), (0, 0, 0, 2)))
    checked = sum(row["check"] is not None for row in rows)
    console.print(f"\n{len(rows)} requirements, {checked} with a check")
