"""What the client's commands print: one JSON document, or text and tables."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import typer

from regshape.cli.oci.shared import Options
from regshape.cli.screen import in_ci, plain_console
from regshape.report.wording import plain

_DIGEST = re.compile("^([a-z0-9]+:[0-9a-f]{12})[0-9a-f]+$")


def print_json(document: Any) -> None:
    """Print one document."""
    typer.echo(json.dumps(document, indent=2, ensure_ascii=False))


def print_lines(lines: Sequence[str]) -> None:
    """Print lines of text as a registry named them, control characters made visible."""
    for line in lines:
        typer.echo(plain(line))


def print_facts(facts: Mapping[str, object]) -> None:
    """Print names and values, one a line; what is not known is left out."""
    known = {name: value for name, value in facts.items() if value is not None}
    widest = max(map(len, known), default=0)
    print_lines([f"{name:{widest}}  {value}" for name, value in known.items()])


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print rows under their columns.

    On a terminal that is too narrow, digests and then whole lines are shortened; nothing ever is in
    a pipe or a file, for programs read that.
    """
    cells = [list(columns), *([plain(cell) for cell in row] for row in rows)]
    lines = _aligned(cells)
    width = shutil.get_terminal_size().columns
    if sys.stdout.isatty() and max(map(len, lines)) > width:
        lines = _aligned([[_DIGEST.sub(r"\1…", cell) for cell in row] for row in cells])
        lines = [line if len(line) <= width else f"{line[: width - 1]}…" for line in lines]
    for line in lines:
        typer.echo(line)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def note(sentence: str) -> None:
    """Say something on stderr that is no result."""
    typer.echo(f"note: {plain(sentence)}", err=True)


Tell: TypeAlias = Callable[[int, int | None], None]
"""Says how many bytes are done, and of how many, if that is known."""


@contextmanager
def progress(options: Options, title: str) -> Iterator[Tell]:
    """Show a bar on stderr while bytes go by; only on a terminal, and not beside JSON or in CI."""
    if options.as_json or in_ci() or not sys.stderr.isatty():
        yield lambda count, total: None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn
    from rich.table import Column

    columns = (
        BarColumn(table_column=Column(ratio=1)),
        DownloadColumn(table_column=Column(no_wrap=True)),
        TransferSpeedColumn(table_column=Column(no_wrap=True)),
    )
    with Progress(title, *columns, console=plain_console(stderr=True)) as bar:
        task = bar.add_task(title, total=None)
        yield lambda count, total: bar.update(task, completed=count, total=total)
