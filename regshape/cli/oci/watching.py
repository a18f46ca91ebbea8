"""What is told of exchanges while a command runs: lines on stderr, and the log file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from rich.console import Console

from regshape.cli.oci.shared import Options
from regshape.cli.screen import plain_console
from regshape.report.exchange_log import ExchangeLog, Logged
from regshape.report.redact import redact_exchange
from regshape.report.terminal import exchange_line

Watch: TypeAlias = Callable[[Logged], None]


@contextmanager
def watching(options: Options) -> Iterator[Watch | None]:
    """Give what is to be told of every exchange; None where nobody wants to know.

    With `--verbose`, and in break mode, that is a line on stderr: who breaks requests wants to see
    what came of it.

    Raises:
        UsageError: the log file cannot be written.
    """
    log = ExchangeLog(options.log_file) if options.log_file else None
    console = plain_console(stderr=True) if options.verbose or options.break_mode else None
    if log is None and console is None:
        yield None
        return
    count = 0

    def watch(logged: Logged) -> None:
        nonlocal count
        count += 1
        if log is not None:
            log.write(logged)
        if console is not None:
            _tell(console, count, logged)

    try:
        yield watch
    finally:
        if log is not None:
            log.close()


def _tell(console: Console, number: int, logged: Logged) -> None:
    line = exchange_line(number, redact_exchange(logged.exchange), console.width)
    console.print(line, no_wrap=True, overflow="crop")
    if logged.rules:
        console.print(f"     broken by {', '.join(logged.rules)}", soft_wrap=True)
