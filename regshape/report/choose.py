"""Which report formats there are, and where a report goes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from regshape.errors import UsageError
from regshape.model import Requirement, Result
from regshape.report import document

Render: TypeAlias = Callable[[Result, Sequence[Requirement]], str]

FORMATS: Mapping[str, Render] = {"json": document.render}
PLANNED = ("junit", "html", "har", "ndjson", "markdown", "sarif")


@dataclass(frozen=True, slots=True)
class ReportOrder:
    """A report that was asked for: its format and its file."""

    format: str
    path: Path


def parse_order(text: str) -> ReportOrder:
    """Return what `FORMAT=PATH` asks for.

    Raises:
        UsageError: it is not of that form, or there is no such format.
    """
    name, separator, path = text.partition("=")
    if not separator or not path:
        raise UsageError(f"--report {text!r} must be FORMAT=PATH, like json=report.json")
    if name in PLANNED:
        raise UsageError(f"--report {name} is not built yet; {', '.join(FORMATS)} is")
    if name not in FORMATS:
        raise UsageError(f"--report {name!r} is no format; {', '.join(FORMATS)} is")
    return ReportOrder(name, Path(path))


def check_writable(order: ReportOrder) -> None:
    """Make sure that the report's file can be written, before anything costly happens.

    Raises:
        UsageError: it cannot; the message says why.
    """
    try:
        order.path.parent.mkdir(parents=True, exist_ok=True)
        there = order.path.exists()
        order.path.open("ab").close()
        if not there:
            order.path.unlink()
    except OSError as error:
        raise UsageError(_refused(order, error)) from error


def write(order: ReportOrder, result: Result, requirements: Sequence[Requirement]) -> None:
    """Write a report.

    Raises:
        UsageError: its file cannot be written any more.
    """
    text = FORMATS[order.format](result, requirements)
    try:
        order.path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(_refused(order, error)) from error


def _refused(order: ReportOrder, error: OSError) -> str:
    return f"--report {order.format}={order.path} cannot be written: {error.strerror}"
