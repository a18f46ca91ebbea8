"""Options that several commands share, and how their texts are read."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regshape.cli.sentences import unknown
from regshape.errors import UsageError

if TYPE_CHECKING:
    from regshape.settings import Settings

DEFAULT_STORE = ".regshape/verdicts.sqlite"

ProtocolOption = Annotated[
    str, typer.Option("--protocol", "-P", metavar="NAME", help="A protocol of the catalogue.")
]
StoreOption = Annotated[
    str, typer.Option(metavar="URL", help="Verdict store: a SQLite file, or a SQLAlchemy URL.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
UsernameOption = Annotated[
    str | None, typer.Option("--username", "-u", help="Also REGSHAPE_USERNAME, OCI_USERNAME.")
]
PasswordStdinOption = Annotated[
    bool,
    typer.Option("--password-stdin", help="Read the password from stdin; also REGSHAPE_PASSWORD."),
]
OtherUsernameOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="A second identity, which may not read what the first one pushes; "
        "also REGSHAPE_OTHER_USERNAME, its password in REGSHAPE_OTHER_PASSWORD.",
    ),
]
OtherPrefixOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Where the second identity may push.",
        show_default="--repo-prefix with -other",
    ),
]
InsecureOption = Annotated[bool, typer.Option("--insecure", help="Do not check the certificate.")]
CaFileOption = Annotated[
    Path | None, typer.Option(metavar="FILE", help="Certificates to trust, in PEM form.")
]
AuthorizedOption = Annotated[
    bool,
    typer.Option("--authorized", help="The target is not this machine, and its owner agrees."),
]


def duration_of(option: str, text: str) -> float:
    """Return the seconds of an option's text; raises `UsageError` where it is no duration."""
    from regshape.settings import parse_duration

    try:
        return parse_duration(text)
    except ValueError as error:
        raise UsageError(f"{option}: {error}") from error


def check_names(noun: str, names: Iterable[str], known: Iterable[str]) -> None:
    """Raise `UsageError` for the first name that does not exist, with those that are near."""
    existing = set(known)
    for name in names:
        if name not in existing:
            raise UsageError(unknown(noun, name, existing))


def check_globs(noun: str, patterns: Sequence[str], known: Sequence[str]) -> None:
    """Raise `UsageError` for the first pattern that matches nothing."""
    for pattern in patterns:
        if not fnmatch.filter(known, pattern):
            raise UsageError(unknown(noun, pattern, known))


def build_settings(**fields: object) -> Settings:
    """Return settings of checked fields; raises `UsageError` naming the option that is wrong."""
    from pydantic import ValidationError

    from regshape.settings import Settings

    try:
        return Settings.model_validate(fields)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        option = "--" + str(first["loc"][0]).replace("_", "-")
        said = first["msg"].replace("Input should", "must").replace("String should", "must")
        raise UsageError(f"{option} {said}") from error
