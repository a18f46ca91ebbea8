"""`regshape ori serve`: an Ori registry on a port, in memory or in a folder."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regshape.errors import StoreError, UsageError

if TYPE_CHECKING:
    from regshape.protocols.ori.models import Advisory
    from regshape.protocols.ori.reference import Reference

DEFAULT_ORIGIN = "ori.localhost"
FIRST_USER = "admin"
ADVISORIES = "advisories"


def serve_ori(
    *,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Keep everything in this folder; DIR/advisories/*.json are the advisories. "
            "Without it all is in memory, and a token for it is printed.",
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0: any free.")] = 5000,
    name: Annotated[
        str, typer.Option(metavar="ORIGIN", help="Name of the log and of its key.")
    ] = DEFAULT_ORIGIN,
) -> None:
    """Serve an Ori registry. Its log's public key is printed below the address."""
    from regshape.cli.serve import bound, run_app
    from regshape.formats.notes import NoteError

    try:
        with _registry(data, name) as (registry, lines), bound(host, port) as listener:
            key = f"log key {registry.log.signer.verifier}"
            run_app(registry.app, listener, lines=[key, *lines])
    except NoteError as error:
        raise UsageError(f"--name: {error}") from error


@contextmanager
def _registry(data: Path | None, origin: str) -> Iterator[tuple[Reference, Sequence[str]]]:
    from regshape.protocols.ori.reference import Reference, ReferenceOptions
    from regshape.protocols.ori.reference.disk import Disk

    if data is None:
        registry = Reference(ReferenceOptions(origin=origin))
        yield registry, [_first_token(registry)]
        return
    journal = Disk(data, origin)
    try:
        with journal.served():
            options = ReferenceOptions(origin=origin, advisories=read_advisories(data / ADVISORIES))
            yield Reference(options, journal), []
    finally:
        journal.close()


def _first_token(registry: Reference) -> str:
    from regshape.protocols.ori.models import TokenScope
    from regshape.protocols.ori.reference.records import Grant, new_token

    text, kept = new_token(Grant(FIRST_USER, frozenset(TokenScope)), registry.now())
    registry.journal.add_token(kept)
    return f"token {text} (user {FIRST_USER}, all scopes, until the registry stops)"


def read_advisories(folder: Path) -> list[Advisory]:
    """Return the advisories of a folder, a JSON file in OSV form each.

    Raises:
        StoreError: a file is none; names it.
    """
    from pydantic import ValidationError

    from regshape.protocols.ori.models import Advisory

    found: list[Advisory] = []
    for path in sorted(folder.glob("*.json")):
        try:
            found.append(Advisory.model_validate(json.loads(path.read_bytes())))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise StoreError(f"{path} is no advisory: {place}: {first['msg']}") from error
        except (OSError, ValueError) as error:
            raise StoreError(f"{path} is no advisory: {error}") from error
    return found
