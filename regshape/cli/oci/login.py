"""`regshape auth`: log in to a registry, and out again."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from regshape.cli.oci.shared import AddressArgument, Options, group, with_options
from regshape.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from regshape.protocols.oci.client import RegistryClient

auth = group(
    "auth",
    "Credentials: log in to a registry, and out.",
    "regshape auth login 127.0.0.1:5000 -u me --password-stdin",
)


def login(
    options: Options,
    address: AddressArgument = None,
    *,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from stdin.")
    ] = False,
) -> None:
    """Try credentials on a registry, and keep them where docker and podman look for them."""
    from regshape.cli.oci.connecting import run
    from regshape.cli.oci.image_reference import named_once
    from regshape.cli.oci.showing import print_json, print_lines
    from regshape.protocols.oci.client.credentials import store_login
    from regshape.transport.auth import Credentials

    named = named_once(address, options.registry)
    username, password = _asked(options, password_stdin=password_stdin)

    async def work(client: RegistryClient) -> Path:
        await client.ping()
        return await store_login(named, Credentials(username, password))

    kept = run(replace(options, username=username, password=password), named, work)
    if options.as_json:
        print_json({"registry": named, "username": username, "kept": str(kept)})
    else:
        print_lines([f"logged in to {named} as {username}, kept in {kept}"])


def logout(options: Options, address: AddressArgument = None) -> None:
    """Forget what a login has kept for a registry."""
    import anyio

    from regshape.cli.oci.image_reference import named_once
    from regshape.cli.oci.showing import print_json, print_lines
    from regshape.protocols.oci.client.credentials import remove_login

    named = named_once(address, options.registry)
    was_there = anyio.run(remove_login, named)
    if options.as_json:
        print_json({"registry": named, "forgotten": was_there})
    else:
        print_lines([f"{'logged out of' if was_there else 'was not logged in to'} {named}"])


def _asked(options: Options, *, password_stdin: bool) -> tuple[str, str]:
    """Return name and password: of the options, of stdin, or asked for on a terminal."""
    if password_stdin and options.password is not None:
        raise UsageError("--password and --password-stdin: leave one of them out")
    if options.username is None and not sys.stdin.isatty():
        raise UsageError("--username is missing")
    username = options.username or typer.prompt("Username", err=True)
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif options.password is None and sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, err=True)
    else:
        password = options.password or ""
    if not password:
        raise UsageError(f"there is no password for {username}: pipe it to --password-stdin")
    return username, password


for command, example in (
    (login, "regshape auth login 127.0.0.1:5000 -u me --password-stdin"),
    (logout, "regshape auth logout 127.0.0.1:5000"),
):
    auth.command(epilog=f"Example: {example}")(with_options(command))
