"""`regshape ori token`: the tokens of a registry that is kept in a folder."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regshape.cli.options import JsonOption
from regshape.cli.ori.hosting import DEFAULT_ORIGIN
from regshape.cli.sentences import Commands
from regshape.errors import UsageError

if TYPE_CHECKING:
    from regshape.protocols.ori.reference.disk import Disk
    from regshape.protocols.ori.reference.records import Token

DAY = 86_400
DataOption = Annotated[
    Path, typer.Option("--data", metavar="DIR", help="The folder of the registry.")
]

token = typer.Typer(
    cls=Commands,
    help="Tokens of a registry that is kept in a folder, also while it is served.",
    epilog="Example: regshape ori token create --data ./registry --user alice --scope publish",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def create(
    *,
    data: DataOption,
    user: Annotated[str, typer.Option(metavar="NAME", help="Who the token is for.")],
    scope: Annotated[
        list[str], typer.Option(metavar="SCOPE", help="read, publish or admin; repeatable.")
    ],
    days: Annotated[
        int | None, typer.Option(min=1, max=36_500, help="Days that it is good for; else for ever.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Make a token, and print it: this once, for it is kept as a hash."""
    from regshape.protocols.ori.models import USER, TokenScope
    from regshape.protocols.ori.reference.records import Grant, new_token

    unknown = sorted(set(scope) - set(TokenScope))
    if unknown:
        raise UsageError(f"no scope {unknown[0]!r}: there is {', '.join(TokenScope)}")
    if USER.fullmatch(user) is None:
        raise UsageError("--user is a name of letters, digits, '.', '_' and '-'")
    now = time.time()
    expires = None if days is None else now + days * DAY
    grant = Grant(user, frozenset(TokenScope(word) for word in scope), expires)
    text, kept = new_token(grant, now)
    with _opened(data) as journal:
        journal.add_token(kept)
    typer.echo(json.dumps({**_document(kept), "token": text}, indent=2) if as_json else text)


def list_tokens(*, data: DataOption, as_json: JsonOption = False) -> None:
    """List the tokens, without what is secret."""
    with _opened(data, there=True) as journal:
        kept = journal.tokens()
    if as_json:
        typer.echo(json.dumps([_document(item) for item in kept], indent=2))
        return
    for item in kept:
        row = _document(item)
        until = f"until {row['expires']}" if row["expires"] else "for ever"
        typer.echo(f"{row['id']}  {row['user']}  {' '.join(row['scopes'])}  {until}")


def revoke(
    id_: Annotated[str, typer.Argument(metavar="ID", help="The id that `list` shows.")],
    *,
    data: DataOption,
) -> None:
    """Make a token good for nothing, from the next request on."""
    with _opened(data, there=True) as journal:
        if not journal.remove_token(id_):
            raise UsageError(f"no token {id_!r}: `regshape ori token list` shows them")
    typer.echo(f"revoked {id_}")


def _document(kept: Token) -> dict[str, Any]:
    from regshape.protocols.ori.models import timestamp

    expires = kept.grant.expires
    return {
        "id": kept.id,
        "user": kept.grant.user,
        "scopes": sorted(kept.grant.scopes),
        "created": timestamp(kept.created),
        "expires": None if expires is None else timestamp(expires),
    }


@contextmanager
def _opened(data: Path, *, there: bool = False) -> Iterator[Disk]:
    from regshape.protocols.ori.reference.disk import DATABASE, Disk

    if there and not (data / DATABASE).is_file():
        raise UsageError(f"there is no registry in {data}: `regshape ori serve --data` makes one")
    journal = Disk(data, DEFAULT_ORIGIN)
    try:
        yield journal
    finally:
        journal.close()


_EXAMPLE = "Example: regshape ori token"
token.command(epilog=f"{_EXAMPLE} create --data ./registry --user alice --scope publish")(create)
token.command("list", epilog=f"{_EXAMPLE} list --data ./registry")(list_tokens)
token.command(epilog=f"{_EXAMPLE} revoke 5f0c1a2b3c4d --data ./registry")(revoke)
