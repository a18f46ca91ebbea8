"""What every command of the Ori client takes, and how it comes to a client of a registry."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from regshape.errors import UsageError

if TYPE_CHECKING:
    from regshape.protocols.ori.client import OriClient, Witnessed
    from regshape.protocols.ori.package import PackageError

T = TypeVar("T")
PANEL = "Registry"

PackageArgument = Annotated[str, typer.Argument(metavar="@SCOPE/NAME", help="A package.")]
VersionArgument = Annotated[
    str, typer.Argument(metavar="@SCOPE/NAME@VERSION", help="A version of a package.")
]
WantedArgument = Annotated[
    str,
    typer.Argument(metavar="@SCOPE/NAME[@VERSION]", help="A version; without one, the newest."),
]


def _option(*names: str, metavar: str, says: str) -> Any:
    return typer.Option(*names, metavar=metavar, help=says, rich_help_panel=PANEL)


@dataclass(frozen=True, slots=True, kw_only=True)
class OriOptions:
    """The table of options, for `regshape.cli.oci.shared.with_options`."""

    registry: Annotated[
        str | None,
        _option("--registry", "-r", metavar="NAME|URL", says="Without it: the default one."),
    ] = None
    token: Annotated[
        str | None,
        _option("--token", metavar="TEXT", says="Else ORI_REGISTRY_{NAME}_TOKEN."),
    ] = None
    log_key: Annotated[
        str | None,
        _option("--log-key", metavar="KEY", says="Its log's key, NAME+ID+BASE64."),
    ] = None
    insecure: Annotated[
        bool,
        typer.Option(
            "--insecure",
            help="Allow plain HTTP or an unchecked certificate.",
            rich_help_panel=PANEL,
            show_default=False,
        ),
    ] = False
    ca_file: Annotated[
        Path | None, _option("--ca-file", metavar="FILE", says="Certificates to trust, PEM.")
    ] = None
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document on stdout.", show_default=False)
    ] = False


def run_ori(options: OriOptions, work: Callable[[OriClient], Awaitable[T]]) -> T:
    """Return what the work returns, done with a client of the registry that the options mean.

    Raises:
        UsageError: there is no such registry, or the package that was to be sent is none.
    """
    from regshape.cli.interrupt import run_until_stopped
    from regshape.engine.access import existing_file
    from regshape.protocols.ori.client import OriClient, OriConfig
    from regshape.protocols.ori.client.named_registries import Surroundings, checked, choose
    from regshape.protocols.ori.package import PackageError

    around = Surroundings(os.environ, Path.home())
    chosen = choose(options.registry, options.token, around)
    config = OriConfig(
        checked(chosen.url, insecure=options.insecure),
        token=chosen.token,
        log_key=options.log_key or chosen.log_key,
        memory=around.memory_of(chosen.url),
        insecure=options.insecure,
        ca_file=existing_file("--ca-file", options.ca_file),
    )

    async def whole() -> T:
        async with OriClient(config) as client:
            try:
                return await work(client)
            except PackageError as error:
                raise unfit(error) from error

    return run_until_stopped(whole)


def unfit(error: PackageError) -> UsageError:
    """Return what is wrong with a package, as a command says it."""
    return UsageError(f"this is no package that can be published: {described(error)}")


def described(error: PackageError) -> str:
    """Return what is wrong with a package, and where."""
    where = f"{error.pointer}: " if error.pointer else ""
    return f"{error.code}: {where}{error}"


def split(reference: str) -> tuple[str, str | None]:
    """Return the package and the version of `@scope/name@version`."""
    package, _, version = reference[1:].partition("@")
    return reference[:1] + package, version or None


def exact(reference: str) -> tuple[str, str]:
    """Return the package and the version; raises `UsageError` where there is none."""
    package, version = split(reference)
    if version is None:
        raise UsageError(f"{reference} has no version: write @scope/name@1.2.3")
    return package, version


def tell_trust(seen: Witnessed) -> None:
    """Say on stderr which key is trusted from now on, where nobody had said which to trust."""
    from regshape.cli.oci.showing import note

    if seen.is_key_new:
        note(f"from now on the key of this registry's log is {seen.key}")
