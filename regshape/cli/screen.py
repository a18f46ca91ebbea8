"""The consoles that commands print to."""

from __future__ import annotations

import os

from rich.console import Console


class _Plain(Console):
    """A console whose reader may leave, as `| head` does: rich would end with status 1."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError


def plain_console(*, stderr: bool = False) -> Console:
    """Return a console that prints texts as they are, without markup."""
    return _Plain(stderr=stderr, markup=False, emoji=False, highlight=False)


def in_ci() -> bool:
    """Return whether a CI service runs this."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")
