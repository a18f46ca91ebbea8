"""`regshape ori publish`, `yank`, `unyank`, `deprecate`, `transfer`: what changes a registry."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regshape.cli.ori.ori_options import (
    OriOptions,
    PackageArgument,
    VersionArgument,
    exact,
    run_ori,
    tell_trust,
)
from regshape.cli.ori.packing import packed, read_archive
from regshape.errors import UsageError

if TYPE_CHECKING:
    from regshape.protocols.ori.client import OriClient, Vouched
    from regshape.protocols.ori.package import Package


def publish(
    options: OriOptions,
    source: Annotated[
        Path, typer.Argument(metavar="[FILE|DIR]", help="An archive, or a project to pack.")
    ] = Path(),
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Do all but send it.")] = False,
) -> None:
    """Publish a version, and see that the registry's log has it."""
    data = packed(options, source) if source.is_dir() else read_archive(source)
    if dry_run:

        async def rehearse(client: OriClient) -> Package:
            return await client.rehearse(data)

        package = run_ori(options, rehearse)
        _show(options, package.name, package.version, package.checksum, "would be published")
        return

    async def send(client: OriClient) -> Vouched:
        return await client.publish(data)

    done = run_ori(options, send)
    tell_trust(done.seen)
    _show(options, done.package, done.version, done.checksum, "published", index=done.index)


def _show(
    options: OriOptions,
    package: str,
    version: str,
    checksum: str,
    done: str,
    index: int | None = None,
) -> None:
    from regshape.cli.oci.showing import print_json, print_lines

    if options.as_json:
        document = {"name": package, "version": version, "checksum": checksum}
        print_json(document | {"published": index is not None, "log_index": index})
        return
    where = "" if index is None else f", entry {index} of the log"
    print_lines([f"{package}@{version} {done}: {checksum}{where}"])


def yank(options: OriOptions, version: VersionArgument) -> None:
    """Hide a version from who looks for one; who has it locked still gets it."""
    named = exact(version)
    _do(options, lambda client: client.yank(*named), f"{version} is yanked", yanked=True)


def unyank(options: OriOptions, version: VersionArgument) -> None:
    """Take a yank back."""
    named = exact(version)
    _do(options, lambda client: client.unyank(*named), f"{version} is not yanked", yanked=False)


def deprecate(
    options: OriOptions,
    version: VersionArgument,
    message: Annotated[str, typer.Argument(metavar="MESSAGE", help="Why, and what instead.")],
) -> None:
    """Say why a version should not be used any more."""
    named = exact(version)
    _do(
        options,
        lambda client: client.deprecate(*named, message),
        f"{version} is deprecated: {message}",
        deprecated=message,
    )


def transfer(
    options: OriOptions,
    package: PackageArgument,
    *,
    to: Annotated[str | None, typer.Option("--to", metavar="USER", help="Offer it.")] = None,
    accept: Annotated[bool, typer.Option("--accept", help="Accept what was offered.")] = False,
    cancel: Annotated[bool, typer.Option("--cancel", help="Take the offer back.")] = False,
) -> None:
    """Hand a package over: its owner offers it, and who it is offered to accepts."""
    if sum((to is not None, accept, cancel)) != 1:
        raise UsageError("transfer needs one of --to USER, --accept and --cancel")
    if to is not None:
        user = to
        said = f"{package} is offered to {user}, who has yet to accept"
        _do(options, lambda client: client.offer(package, user), said, offered=user)
    elif accept:
        _do(options, lambda client: client.accept(package), f"{package} is yours", accepted=True)
    else:
        said = f"{package} is not offered any more"
        _do(options, lambda client: client.cancel(package), said, cancelled=True)


def _do(
    options: OriOptions,
    action: Callable[[OriClient], Awaitable[None]],
    said: str,
    **document: Any,
) -> None:
    from regshape.cli.oci.showing import print_json, print_lines

    async def work(client: OriClient) -> bool:
        await action(client)
        return True

    run_ori(options, work)
    if options.as_json:
        print_json(document)
    else:
        print_lines([said])
