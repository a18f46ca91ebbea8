"""`regshape ori advisories` and `regshape ori audit`: what is known to be unsafe."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regshape.cli.ori.ori_options import OriOptions, run_ori
from regshape.cli.sentences import FAILED
from regshape.errors import UsageError

if TYPE_CHECKING:
    from regshape.protocols.ori.client import OriClient
    from regshape.protocols.ori.client.audit import Hit
    from regshape.protocols.ori.models import Advisory
    from regshape.protocols.ori.toml_files import Lock


def advisories(
    options: OriOptions,
    package: Annotated[
        str | None, typer.Argument(metavar="[@SCOPE/NAME]", help="Those about it only.")
    ] = None,
) -> None:
    """List the registry's security advisories (OSV)."""
    from regshape.cli.oci.showing import note, print_json, print_table

    found = [item for item in _all(options) if package is None or package in _names(item)]
    if options.as_json:
        print_json([item.model_dump(mode="json", exclude_unset=True) for item in found])
    elif found:
        rows = [(item.id, item.modified, ", ".join(_names(item)), _about(item)) for item in found]
        print_table(("advisory", "modified", "packages", "summary"), rows)
    else:
        note("there are none")


def audit(
    options: OriOptions,
    lock: Annotated[
        Path, typer.Argument(metavar="[FILE]", help="The oripk.lock, or its folder.")
    ] = Path("oripk.lock"),
) -> None:
    """Hold the locked packages against the advisories; exit status 1 if one is affected."""
    from regshape.cli.oci.showing import print_json, print_lines, print_table
    from regshape.protocols.ori.client.audit import audited

    locked = _lock(lock)
    hits = audited(locked, _all(options))
    if options.as_json:
        listed = [_document(hit) for hit in hits]
        print_json({"packages": len(locked.checksums), "affected": listed})
    else:
        if hits:
            print_table(("package", "advisory", "fixed in", "summary"), [_row(hit) for hit in hits])
        affected = len({(hit.package, hit.version) for hit in hits})
        print_lines([f"{len(locked.checksums)} locked packages, {affected} of them affected"])
    if hits:
        raise typer.Exit(FAILED)


def _all(options: OriOptions) -> Sequence[Advisory]:
    async def work(client: OriClient) -> list[Advisory]:
        return await client.advisories()

    return run_ori(options, work)


def _lock(path: Path) -> Lock:
    from regshape.protocols.ori.package import LOCK, PackageError, read_lock

    path = path / LOCK if path.is_dir() else path
    try:
        return read_lock(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
    except PackageError as error:
        raise UsageError(f"{path}: {error}") from error


def _names(advisory: Advisory) -> list[str]:
    named = (item.package.name for item in advisory.affected if item.package)
    return list(dict.fromkeys(named))


def _about(advisory: Advisory) -> str:
    withdrawn = "withdrawn: " if advisory.withdrawn else ""
    return withdrawn + (advisory.summary or "")


def _row(hit: Hit) -> tuple[str, str, str, str]:
    named = f"{hit.package}@{hit.version}"
    return named, hit.advisory.id, ", ".join(hit.fixed) or "-", hit.advisory.summary or ""


def _document(hit: Hit) -> dict[str, Any]:
    return {
        "name": hit.package,
        "version": hit.version,
        "advisory": hit.advisory.id,
        "aliases": hit.advisory.aliases,
        "summary": hit.advisory.summary,
        "fixed": list(hit.fixed),
    }
