"""Which report formats there are, and where a report goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO, TypeAlias

from regshape.errors import UsageError
from regshape.model import Observer, Requirement, Result
from regshape.report import document, har, html, junit, markdown, ndjson, sarif

Render: TypeAlias = Callable[[Result, Sequence[Requirement]], str]
Watch: TypeAlias = Callable[[TextIO, Callable[[OSError], None]], Observer]


@dataclass(frozen=True, slots=True)
class AtTheEnd:
    """A format that is made of the result."""

    render: Render


@dataclass(frozen=True, slots=True)
class WhileItRuns:
    """A format that is written event by event, by an observer of the campaign."""

    watch: Watch


FORMATS: Mapping[str, AtTheEnd | WhileItRuns] = {
    "json": AtTheEnd(document.render),
    "junit": AtTheEnd(junit.render),
    "html": AtTheEnd(html.render),
    "har": AtTheEnd(har.render),
    "ndjson": WhileItRuns(ndjson.EventLog),
    "markdown": AtTheEnd(markdown.render),
    "sarif": AtTheEnd(sarif.render),
}


@dataclass(frozen=True, slots=True)
class ReportOrder:
    """A report that was asked for: its format and its file."""

    format: str
    path: Path


def choose_orders(texts: Sequence[str]) -> list[ReportOrder]:
    """Return what several `FORMAT=PATH` ask for, once it is known that all can be written.

    Raises:
        UsageError: one is not of that form, its file cannot be written, or two share a file.
    """
    orders = [parse_order(text) for text in texts]
    seen: dict[Path, ReportOrder] = {}
    for order in orders:
        first = seen.setdefault(order.path.resolve(), order)
        if first is not order:
            raise UsageError(
                f"--report {first.format} and {order.format} would be written to one file, "
                f"{order.path}: give each a path of its own"
            )
        check_writable(order)
    return orders


def parse_order(text: str) -> ReportOrder:
    """Return what `FORMAT=PATH` asks for.

    Raises:
        UsageError: it is not of that form, or there is no such format.
    """
    name, separator, path = text.partition("=")
    if not separator or not path:
        raise UsageError(f"--report {text!r} must be FORMAT=PATH, like json=report.json")
    if name not in FORMATS:
        raise UsageError(f"--report {name!r} is no format: there is {', '.join(FORMATS)}")
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
        raise _refused(order, error) from error


@contextmanager
def watching(
    orders: Sequence[ReportOrder], broke: Callable[[UsageError], None]
) -> Iterator[list[Observer]]:
    """Open the files that are written while a campaign runs, and yield who writes them.

    `broke` is told, once for each, of a file that cannot be written any more.

    Raises:
        UsageError: a file cannot be opened.
    """
    with ExitStack() as files:
        yield [
            form.watch(files.enter_context(_opened(order)), _teller(order, broke))
            for order in orders
            if isinstance(form := FORMATS[order.format], WhileItRuns)
        ]


def write(order: ReportOrder, result: Result, requirements: Sequence[Requirement]) -> None:
    """Write a report that is made at the end; one that was written on the way is done.

    Raises:
        UsageError: its file cannot be written any more.
    """
    form = FORMATS[order.format]
    if isinstance(form, WhileItRuns):
        return
    text = form.render(result, requirements)
    try:
        order.path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise _refused(order, error) from error


def append_summary(path: Path, result: Result, requirements: Sequence[Requirement]) -> None:
    """Append the Markdown report to the summary of a CI job.

    Raises:
        UsageError: the file cannot be written.
    """
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(markdown.render(result, requirements))
    except OSError as error:
        raise UsageError(f"the CI summary {path} cannot be written: {error.strerror}") from error


def _opened(order: ReportOrder) -> TextIO:
    try:
        return order.path.open("w", encoding="utf-8")
    except OSError as error:
        raise _refused(order, error) from error


def _teller(order: ReportOrder, broke: Callable[[UsageError], None]) -> Callable[[OSError], None]:
    return lambda error: broke(_refused(order, error))


def _refused(order: ReportOrder, error: OSError) -> UsageError:
    return UsageError(f"--report {order.format}={order.path} cannot be written: {error.strerror}")
