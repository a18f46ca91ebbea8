"""How commands end: exit statuses, and errors as one sentence on stderr."""

from __future__ import annotations

import os
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from regshape.errors import RegShapeError, TargetError

OK = 0
FAILED = 1
USAGE = 2
UNREACHABLE = 3
INTERRUPTED = 130


class Commands(TyperGroup):
    """A group whose commands end with one sentence and a status where RegShape raises an error."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; Ctrl-C outside of a campaign ends it as interrupted."""
        try:
            return super().invoke(ctx)
        except RegShapeError as error:
            say_error(str(error))
            status = UNREACHABLE if isinstance(error, TargetError) else USAGE
            raise typer.Exit(status) from error
        except KeyboardInterrupt as interrupt:
            raise typer.Exit(INTERRUPTED) from interrupt
        except BrokenPipeError:
            # Whoever read stdout has enough (`| head`); the interpreter must not flush it again.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            raise typer.Exit(OK) from None


def say_error(sentence: str) -> None:
    """Say on stderr what is wrong."""
    typer.echo(f"error: {sentence}", err=True)
