"""The commands of the Ori client, each with its example."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import typer

from regshape.cli.oci.shared import with_options
from regshape.cli.ori.advising import advisories, audit
from regshape.cli.ori.log_commands import verify_log, witness
from regshape.cli.ori.looking import download, info, owners, search, versions
from regshape.cli.ori.packing import pack, verify
from regshape.cli.ori.publishing import deprecate, publish, transfer, unyank, yank
from regshape.cli.sentences import Commands

COMMANDS: Sequence[tuple[Callable[..., None], str]] = (
    (pack, "regshape ori pack . -o json-1.2.0.oripk"),
    (verify, "regshape ori verify json-1.2.0.oripk"),
    (publish, "regshape ori publish --dry-run json-1.2.0.oripk"),
    (versions, "regshape ori versions @acme/json"),
    (info, "regshape ori info @acme/json@1.2.0 --json"),
    (download, "regshape ori download @acme/json@1.2.0"),
    (search, "regshape ori search json --registry company"),
    (yank, "regshape ori yank @acme/json@1.2.0"),
    (unyank, "regshape ori unyank @acme/json@1.2.0"),
    (deprecate, "regshape ori deprecate @acme/json@1.2.0 'Use 2.x'"),
    (transfer, "regshape ori transfer @acme/json --to bob"),
    (owners, "regshape ori owners @acme/json"),
    (advisories, "regshape ori advisories @acme/json"),
    (audit, "regshape ori audit oripk.lock"),
)
LOG_COMMANDS: Sequence[tuple[str, Callable[..., None], str]] = (
    ("witness", witness, "regshape ori log witness --registry company"),
    ("verify", verify_log, "regshape ori log verify @acme/json@1.2.0"),
)
PANEL = "The client"


def add_client(ori: typer.Typer) -> None:
    """Add the client's commands to the group `regshape ori`."""
    for command, example in COMMANDS:
        ori.command(epilog=f"Example: {example}", rich_help_panel=PANEL)(with_options(command))
    log = typer.Typer(
        name="log",
        cls=Commands,
        help="The transparency log: verify it, and witness that it only grows.",
        epilog="Example: regshape ori log witness --registry company",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    for name, command, example in LOG_COMMANDS:
        log.command(name, epilog=f"Example: {example}")(with_options(command))
    ori.add_typer(log, rich_help_panel=PANEL)
