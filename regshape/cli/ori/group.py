"""The command group `regshape ori`."""

from __future__ import annotations

import typer

from regshape.cli.ori.client_commands import add_client
from regshape.cli.sentences import CLIENT_STATUSES, Commands

ori = typer.Typer(
    name="ori",
    cls=Commands,
    help="The Ori package registry.",
    epilog=f"Example: regshape ori pack\n\n{CLIENT_STATUSES}",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
add_client(ori)
