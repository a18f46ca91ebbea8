"""`regshape ori versions`, `info`, `download`, `search` and `owners`: what a registry has."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regshape.cli.ori.ori_options import (
    OriOptions,
    PackageArgument,
    WantedArgument,
    run_ori,
    split,
    tell_trust,
)

if TYPE_CHECKING:
    from regshape.protocols.ori.client import Downloaded, OriClient
    from regshape.protocols.ori.models import Metadata, Owners, SearchHit, VersionRow


def versions(options: OriOptions, package: PackageArgument) -> None:
    """List a package's versions, the newest first."""
    from regshape.cli.oci.showing import print_json, print_table

    async def work(client: OriClient) -> list[VersionRow]:
        return await client.versions(package)

    rows = run_ori(options, work)
    if options.as_json:
        print_json([row.model_dump(mode="json") for row in rows])
        return
    cells = [(row.version, row.published_at, _state(row), row.checksum) for row in rows]
    print_table(("version", "published", "state", "checksum"), cells)


def info(options: OriOptions, wanted: WantedArgument) -> None:
    """Show what the registry tells of a version."""
    from regshape.cli.oci.showing import print_facts, print_json

    async def work(client: OriClient) -> Metadata:
        return await client.metadata(*await _found(client, wanted))

    found = run_ori(options, work)
    if options.as_json:
        print_json(found.model_dump(mode="json"))
    else:
        print_facts(_facts(found))


def download(
    options: OriOptions,
    wanted: WantedArgument,
    *,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE|DIR", help="Else NAME-VERSION.oripk here."),
    ] = None,
) -> None:
    """Download a version; the file is there only if the registry's log vouches for it."""
    from regshape.cli.oci.showing import note, print_facts, print_json
    from regshape.protocols.ori.package import file_name

    async def work(client: OriClient) -> Downloaded:
        package, version = await _found(client, wanted)
        path = output or Path()
        path = path / file_name(package, version) if path.is_dir() else path
        return await client.download(package, version, path)

    done = run_ori(options, work)
    tell_trust(done.vouched.seen)
    if done.metadata.yanked or done.metadata.deprecated:
        note(f"{done.metadata.name}@{done.metadata.version} is {_state(done.metadata)}")
    facts = {
        "file": str(done.path),
        "checksum": done.metadata.checksum,
        "log_index": done.vouched.index,
        "log_size": done.vouched.seen.now.checkpoint.size,
    }
    (print_json if options.as_json else print_facts)(facts)


def search(
    options: OriOptions,
    query: Annotated[str, typer.Argument(metavar="QUERY", help="Part of a name.")],
    *,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="How many at most.")] = 50,
) -> None:
    """Search for packages."""
    from regshape.cli.oci.showing import note, print_json, print_table

    async def work(client: OriClient) -> tuple[list[SearchHit], bool]:
        hits: list[SearchHit] = []
        async for hit in client.search(query):
            if len(hits) == limit:
                return hits, True
            hits.append(hit)
        return hits, False

    hits, has_more = run_ori(options, work)
    if options.as_json:
        listed = [hit.model_dump(mode="json") for hit in hits]
        print_json({"packages": listed, "more": has_more})
        return
    if hits:
        rows = [(hit.name, hit.version, hit.description) for hit in hits]
        print_table(("package", "newest", "description"), rows)
    else:
        note(f"nothing was found for {query!r}")
    if has_more:
        note(f"there are more: add --limit {2 * limit}")


def owners(options: OriOptions, package: PackageArgument) -> None:
    """Show who owns a package, and the transfer that waits, to who is part of it."""
    from regshape.cli.oci.showing import print_json, print_lines

    async def work(client: OriClient) -> Owners:
        return await client.owners(package)

    found = run_ori(options, work)
    if options.as_json:
        print_json(found.model_dump(mode="json"))
        return
    print_lines(found.owners)
    if found.transfer:
        waits = f"offered to {found.transfer.to} until {found.transfer.expires_at}"
        print_lines([waits])


async def _found(client: OriClient, wanted: str) -> tuple[str, str]:
    package, version = split(wanted)
    return package, version or await client.newest(package)


def _state(row: VersionRow) -> str:
    states = ["yanked"] if row.yanked else []
    if row.deprecated:
        states.append(f"deprecated: {row.deprecated.message}")
    return ", ".join(states)


def _facts(found: Metadata) -> dict[str, object]:
    facts: dict[str, Any] = {
        "name": found.name,
        "version": found.version,
        "state": _state(found) or None,
        "description": found.description,
        "license": found.license,
        "authors": ", ".join(found.authors) or None,
        "repository": found.repository,
        "keywords": ", ".join(found.keywords) or None,
        "categories": ", ".join(found.categories) or None,
        "features": ", ".join(found.features) or None,
        "published": found.published_at,
        "size": found.size,
        "checksum": found.checksum,
        "log entry": found.log_index,
    }
    needs = [f"{name} {wanted}" for name, wanted in found.dependencies.items()]
    return facts | ({"needs": ", ".join(needs)} if needs else {})
