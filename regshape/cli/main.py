"""The command `regshape`: every command group, one line each."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from regshape import __version__
from regshape.cli.deferred import Deferred
from regshape.cli.oci.shared import Options, only_for_the_client, with_options
from regshape.cli.sentences import Commands

PANEL = "The OCI client"
COMMANDS = (
    Deferred(
        "fuzz",
        "Fuzz a registry and judge it by its protocol's document.",
        "regshape.cli.fuzz:fuzz",
        example="regshape fuzz http://127.0.0.1:5000 --time 1m --seed 7",
    ),
    Deferred(
        "replay",
        "Run a case or a recorded finding once more; exit status 1 if it fails again.",
        "regshape.cli.replay:replay",
        example="regshape replay 5f0c1a2b http://127.0.0.1:5000",
    ),
    Deferred(
        "serve",
        "Serve a reference registry, with defects planted if asked.",
        "regshape.cli.serve:serve",
        example="regshape serve --port 0 --auth basic --user bob:secret",
    ),
    Deferred(
        "requirements",
        "List every requirement with its level, sentence, source, check and defects.",
        "regshape.cli.requirements:requirements",
        example="regshape requirements --protocol oci --json",
    ),
    Deferred("verdicts", "What earlier campaigns found out.", "regshape.cli.verdicts:verdicts"),
    Deferred("corpus", "Regression cases: findings made to last.", "regshape.cli.corpus:corpus"),
    Deferred(
        "ori", "The Ori package registry: serve one, and use one.", "regshape.cli.ori.group:ori"
    ),
)
OCI_CLIENT = (
    Deferred(
        "ping",
        "Ask a registry whether it is one, and lets you in.",
        "regshape.cli.oci.ping:ping",
        example="regshape ping 127.0.0.1:5000",
        panel=PANEL,
    ),
    Deferred(
        "manifest",
        "Manifests: get, head, put, delete.",
        "regshape.cli.oci.manifest:manifest",
        panel=PANEL,
    ),
    Deferred(
        "blob",
        "Blobs: get, head, upload, mount, delete.",
        "regshape.cli.oci.blob:blob",
        panel=PANEL,
    ),
    Deferred("tag", "Tags: list, delete.", "regshape.cli.oci.tag:tag", panel=PANEL),
    Deferred(
        "referrer",
        "Referrers: list what refers to a manifest.",
        "regshape.cli.oci.referrer:referrer",
        panel=PANEL,
    ),
    Deferred(
        "catalog",
        "Repositories: list them (`list` may be left out).",
        "regshape.cli.oci.repositories:catalog",
        panel=PANEL,
    ),
    Deferred(
        "auth",
        "Credentials: log in to a registry, and out.",
        "regshape.cli.oci.login:auth",
        panel=PANEL,
    ),
)
CLIENT = frozenset(command.name for command in OCI_CLIENT)
"""The commands that the options before a command are for."""


class Tree(Commands):
    """The whole command: what the tables name, each made when it is asked for."""

    def __init__(self, **attributes: Any) -> None:
        commands = {command.name: command for command in (*COMMANDS, *OCI_CLIENT)}
        super().__init__(**{**attributes, "commands": commands})


app = typer.Typer(
    name="regshape",
    cls=Tree,
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
