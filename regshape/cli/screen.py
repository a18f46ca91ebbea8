"""The consoles that commands print to."""

from __future__ import annotations

import os

from rich.console import Console


def plain_console(*, stderr: bool = False) -> Console:
    """Return a console that prints texts as they are, without markup."""
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False)


def in_ci() -> bool:
    """Return whether a CI service runs this."""
    return os.environ.get("CI", "").lower() not in ("", "0", "false")
