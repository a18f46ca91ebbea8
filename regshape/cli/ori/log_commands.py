"""`regshape ori log`: see whether a registry's log keeps its word."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from regshape.cli.ori.ori_options import OriOptions, run_ori, split, tell_trust
from regshape.errors import LogError, NameUnknownError

if TYPE_CHECKING:
    from regshape.protocols.ori.client import OriClient, Witnessed
    from regshape.protocols.ori.models import VersionRow


def witness(options: OriOptions) -> None:
    """Fetch the log's checkpoint, see that it goes on from the last one, and keep it."""

    async def work(client: OriClient) -> Witnessed:
        return await client.log.witness()

    seen = run_ori(options, work)
    tell_trust(seen)
    _show(options, seen, {"before": seen.before.checkpoint.size if seen.before else None})


def verify_log(
    options: OriOptions,
    wanted: Annotated[
        str | None,
        typer.Argument(
            metavar="[@SCOPE/NAME[@VERSION]]", help="See that the log has these versions, too."
        ),
    ] = None,
) -> None:
    """Read the whole log, and see that it hashes to its checkpoint, each version there once."""

    async def work(client: OriClient) -> tuple[Witnessed, list[str]]:
        # The list before the log: what is published meanwhile is in the log alone.
        rows = await _rows(client, wanted)
        seen = await client.log.witness()
        records = await client.log.entries(seen.now.checkpoint)
        return seen, _vouched(wanted, rows, records)

    seen, versions = run_ori(options, work)
    tell_trust(seen)
    _show(options, seen, {"versions": versions} if wanted else {})


async def _rows(client: OriClient, wanted: str | None) -> list[VersionRow]:
    if wanted is None:
        return []
    package, version = split(wanted)
    rows = [row for row in await client.versions(package) if version in (None, row.version)]
    if not rows:
        raise NameUnknownError(f"the registry has no {wanted}")
    return rows


def _vouched(wanted: str | None, rows: list[VersionRow], records: list[str]) -> list[str]:
    """Return the records of listed versions; raises `LogError` if the log lacks one."""
    package = split(wanted)[0] if wanted else ""
    there = set(records)
    listed = [f"{package} {row.version} {row.checksum}" for row in rows]
    for record in listed:
        if record not in there:
            raise LogError(f"the registry lists {record!r}, and its log does not have it")
    return listed


def _show(options: OriOptions, seen: Witnessed, more: dict[str, Any]) -> None:
    from regshape.cli.oci.showing import print_facts, print_json, print_lines

    facts = {
        "log": seen.now.checkpoint.origin,
        "entries": seen.now.checkpoint.size,
        "root": seen.now.root,
        "key": seen.key,
    }
    if options.as_json:
        print_json(facts | more)
        return
    print_facts(facts | {"before": more.get("before")})
    print_lines(more.get("versions", []))
