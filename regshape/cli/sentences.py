"""How commands end: exit statuses, and errors as one sentence on stderr."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

import typer
from typer.core import TyperGroup

from regshape import errors
from regshape.errors import RegShapeError

OK = 0
FAILED = 1
USAGE = 2
UNREACHABLE = 3
NOT_THERE = 4
NOT_ALLOWED = 5
DIFFERENT = 6
UNSUPPORTED = 7
TOO_MANY = 8
UNWRITABLE = 9
INTERRUPTED = 130

STATUSES: Mapping[type[RegShapeError], int] = {
    errors.TargetError: UNREACHABLE,
    errors.TransportError: UNREACHABLE,
    errors.ManifestNotFoundError: NOT_THERE,
    errors.BlobNotFoundError: NOT_THERE,
    errors.BlobUploadUnknownError: NOT_THERE,
    errors.NameUnknownError: NOT_THERE,
    errors.AuthError: NOT_ALLOWED,
    errors.DeniedError: NOT_ALLOWED,
    errors.DigestInvalidError: DIFFERENT,
    errors.SizeInvalidError: DIFFERENT,
    errors.UnsupportedError: UNSUPPORTED,
    errors.TooManyRequestsError: TOO_MANY,
    errors.RegistryError: FAILED,
    errors.FileError: UNWRITABLE,
    RegShapeError: USAGE,
}
"""The exit status for each class of error; the nearest base of an error's own class counts."""

CLIENT_STATUSES = (
    "Exit status: 0 done, 1 refused by the registry, 2 wrong usage, 3 not reached, 4 not there, "
    "5 not allowed, 6 digest or size differs, 7 not supported there, 8 too many requests, "
    "9 a file cannot be written, 130 interrupted."
)
"""The table in words, for `--help`."""


class Commands(TyperGroup):
    """A group whose commands end with one sentence and a status where RegShape raises an error."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; Ctrl-C outside of a campaign ends it as interrupted."""
        try:
            return super().invoke(ctx)
        except RegShapeError as error:
            say_error(str(error))
            raise typer.Exit(status_of(error)) from error
        except KeyboardInterrupt as interrupt:
            raise typer.Exit(INTERRUPTED) from interrupt
        except BrokenPipeError:
            # Whoever read stdout has enough (`| head`); the interpreter must not flush it again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(OK) from None


def status_of(error: RegShapeError) -> int:
    """Return the exit status for an error."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def say_error(sentence: str) -> None:
    """Say on stderr what is wrong."""
    typer.echo(f"error: {sentence}", err=True)
