"""The command group `regshape ori`."""

from __future__ import annotations

import typer

from regshape.cli.ori.client_commands import add_client
from regshape.cli.ori.hosting import serve_ori
from regshape.cli.ori.tokens import token
from regshape.cli.sentences import CLIENT_STATUSES, Commands

ori = typer.Typer(
    name="ori",
    cls=Commands,
    help="The Ori package registry: serve one, and use one.",
    epilog=f"Example: regshape ori pack\n\n{CLIENT_STATUSES}",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
add_client(ori)
ori.command("serve", epilog="Example: regshape ori serve --data ./registry --port 5001")(serve_ori)
ori.add_typer(token, name="token")
