"""What the commands that list things share: pages, and how they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import typer

from regshape.cli.oci.shared import Options
from regshape.errors import UsageError

LimitOption = Annotated[
    int | None,
    typer.Option("--limit", "-n", min=0, help="How many at most (of a page, with --all)."),
]
LastOption = Annotated[
    str | None, typer.Option("--last", metavar="NAME", help="Begin behind this one.")
]
AllOption = Annotated[bool, typer.Option("--all", "-a", help="All pages.")]


@dataclass(frozen=True, slots=True)
class Page:
    """What was listed, and whether the registry has more."""

    items: Sequence[str]
    has_more: bool = False


def check_pages(limit: int | None, last: str | None, *, all_pages: bool) -> None:
    """Check that the options of a list fit each other.

    Raises:
        UsageError: they do not.
    """
    if all_pages and last is not None:
        raise UsageError("--all begins with the first: leave out --last")
    if all_pages and limit == 0:
        raise UsageError("--all takes pages of at least 1: leave out --limit 0")


def show(options: Options, document: dict[str, Any], page: Page) -> None:
    """Print the document, or the items one a line; on stderr, whether there are more."""
    from regshape.cli.oci.showing import note, print_json, print_lines

    if options.as_json:
        print_json(document | {"more": page.has_more})
        return
    print_lines(page.items)
    if page.has_more:
        behind = f", or --last {page.items[-1]}" if page.items else ""
        note(f"there are more: add --all{behind}")
