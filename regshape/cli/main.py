"""The command `regshape`: every command group, one line each."""

from __future__ import annotations

from typing import Annotated

import typer

from regshape import __version__
from regshape.cli.comparing import diff, export, show_matrix
from regshape.cli.corpus import corpus
from regshape.cli.fuzz import fuzz
from regshape.cli.oci.blob import blob
from regshape.cli.oci.login import auth
from regshape.cli.oci.manifest import manifest
from regshape.cli.oci.ping import ping
from regshape.cli.oci.referrer import referrer
from regshape.cli.oci.repositories import catalog
from regshape.cli.oci.shared import Options, only_for_the_client, with_options
from regshape.cli.oci.tag import tag
from regshape.cli.ori.group import ori
from regshape.cli.replay import replay
from regshape.cli.requirements import requirements
from regshape.cli.sentences import Commands
from regshape.cli.serve import serve
from regshape.cli.verdicts import verdicts

PANEL = "The OCI client"
CLIENT = frozenset({"ping", "manifest", "blob", "tag", "referrer", "catalog", "auth"})
"""The commands that the options before a command are for."""

app = typer.Typer(
    name="regshape",
    cls=Commands,
    help="Find out whether a registry keeps its protocol's promises.",
    epilog="Example: regshape fuzz http://127.0.0.1:5000 --time 1m",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # its boxes show the values of variables, passwords too
)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"regshape {__version__}")
        raise typer.Exit


def regshape(
    options: Options,
    ctx: typer.Context,
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say the version.")
    ] = False,
) -> None:
    """Find out whether a registry keeps its protocol's promises."""
    only_for_the_client(options, ctx.invoked_subcommand, CLIENT)


app.callback()(with_options(regshape))
app.command(epilog="Example: regshape fuzz http://127.0.0.1:5000 --time 1m --seed 7")(fuzz)
app.command(epilog="Example: regshape replay 5f0c1a2b http://127.0.0.1:5000")(replay)
app.command(epilog="Example: regshape serve --port 0 --auth basic --user bob:secret")(serve)
app.command(epilog="Example: regshape requirements --protocol oci --json")(requirements)
verdicts.command("diff", epilog="Example: regshape verdicts diff latest~1 latest")(diff)
verdicts.command("matrix", epilog="Example: regshape verdicts matrix --protocol oci")(show_matrix)
verdicts.command("export", epilog="Example: regshape verdicts export latest --format csv")(export)
app.add_typer(verdicts, name="verdicts")
app.add_typer(corpus, name="corpus")
app.add_typer(ori, name="ori")
app.command(epilog="Example: regshape ping 127.0.0.1:5000", rich_help_panel=PANEL)(
    with_options(ping)
)
for group in (manifest, blob, tag, referrer, catalog, auth):
    app.add_typer(group, rich_help_panel=PANEL)
