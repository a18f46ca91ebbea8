"""A command that is made when it is asked for; until then it is a name and a line of help.

Typer makes every option of every command before it looks at the line, which takes longer than
showing the help does.
"""

from __future__ import annotations

from functools import cached_property
from pkgutil import resolve_name
from typing import Any

import typer
from typer.core import TyperCommand
from typer.main import get_group


class Deferred(TyperCommand):
    """A place in a group for the command, or the group of commands, at `package.module:name`.

    A command is given its example here; a group has its own.
    """

    name: str

    def __init__(
        self, name: str, says: str, where: str, *, example: str = "", panel: str | None = None
    ) -> None:
        super().__init__(name, help=says, rich_help_panel=panel)
        self._where, self._example = where, example

    @cached_property
    def built(self) -> Any:
        """The command itself; its module is imported for it."""
        found = resolve_name(self._where)
        around = typer.Typer(add_completion=False)
        if isinstance(found, typer.Typer):
            around.add_typer(found, name=self.name)
        else:
            around.command(self.name, epilog=f"Example: {self._example}")(found)
        (command,) = get_group(around).commands.values()
        return command

    def make_context(self, info_name: str | None, args: list[str], *more: Any, **extra: Any) -> Any:
        """Begin the command itself in its place."""
        return self.built.make_context(info_name, args, *more, **extra)
