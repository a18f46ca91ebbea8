"""How commands end: exit statuses, and errors as one sentence on stderr."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Mapping
from typing import Any, cast

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
    errors.LogError: DIFFERENT,
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


MISUSE = cast("type[Exception]", typer.BadParameter.__bases__[0])
"""What typer raises for a line that it cannot read: click's `UsageError`, under no public name."""

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""Why stdout takes no more, but for a reader that is gone."""


class Commands(TyperGroup):
    """A group whose commands end with one sentence and a status where RegShape raises an error."""

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run the command and end the process; a line that cannot be read is told in one sentence.

        Typer's own box has five lines, and breaks what people copy from it.
        """
        try:
            status = super().main(*args, **{**extra, "standalone_mode": False})
        except MISUSE as error:
            say_error(_misuse(error))
            status = USAGE
        except typer.Abort:  # Ctrl-C, or the end of the input, where something was asked for
            status = INTERRUPTED
        sys.exit(status or OK)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments; where there are none, help."""
        if not args and self.no_args_is_help and not ctx.resilient_parsing:
            typer.echo(ctx.get_help())
            raise typer.Exit(USAGE)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; Ctrl-C outside of a campaign ends it as interrupted."""
        try:
            return super().invoke(ctx)
        except RegShapeError as error:
            if isinstance(error.__cause__, BrokenPipeError):
                raise _nobody_reads() from None
            say_error(str(error))
            raise typer.Exit(status_of(error)) from error
        except KeyboardInterrupt as interrupt:
            raise typer.Exit(INTERRUPTED) from interrupt
        except BrokenPipeError:
            raise _nobody_reads() from None
        except OSError as error:
            if error.errno not in FULL or error.filename is not None:
                raise
            _drop_stdout()
            say_error(f"stdout: cannot be written: {error.strerror}")
            raise typer.Exit(UNWRITABLE) from error


def _nobody_reads() -> typer.Exit:
    """Return the end of a command whose reader has enough, as `| head`."""
    _drop_stdout()
    return typer.Exit(OK)


def _drop_stdout() -> None:
    # The interpreter must not flush again what is left.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _misuse(error: Any) -> str:
    said = " ".join(error.format_message().split()).replace("Value error, ", "")
    command = error.ctx.command_path if error.ctx else "regshape"
    return f"{said.rstrip('.')}: see {command} --help"


def status_of(error: RegShapeError) -> int:
    """Return the exit status for an error."""
    return next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)


def say_error(sentence: str) -> None:
    """Say on stderr what is wrong."""
    typer.echo(f"error: {sentence}", err=True)
