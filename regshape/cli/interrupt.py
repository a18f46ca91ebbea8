"""Ctrl-C and SIGTERM as an event that work can wait for."""

from __future__ import annotations

import os
import signal
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
import typer
from anyio.abc import TaskStatus

from regshape.cli.sentences import INTERRUPTED
from regshape.errors import RegShapeError, first_of

T = TypeVar("T")


async def until_stopped(work: Callable[[anyio.Event], Awaitable[T]]) -> T:
    """Return what the work returns; the event given to it is set by the first signal.

    The second signal ends the process at once. A `RegShapeError` comes out as it is, not as a
    task group's group of one.
    """
    stop = anyio.Event()
    outcome: list[T] = []
    failure: RegShapeError | None = None
    async with anyio.create_task_group() as group:
        await group.start(_listen, stop)
        try:
            outcome.append(await work(stop))
        except RegShapeError as error:
            failure = error
        except BaseExceptionGroup as several:
            failure = first_of(several)
            if failure is None:
                raise
        group.cancel_scope.cancel()
    if failure is not None:
        raise failure
    return outcome[0]


def run_until_stopped(work: Callable[[], Awaitable[T]]) -> T:
    """Return what the work returns; Ctrl-C and SIGTERM cancel it, and end the command.

    Raises:
        typer.Exit: it was interrupted.
    """
    results: list[T] = []

    async def whole(stop: anyio.Event) -> None:
        async with anyio.create_task_group() as group:
            group.start_soon(_cancel, stop, group.cancel_scope)
            results.append(await work())
            group.cancel_scope.cancel()

    anyio.run(until_stopped, whole)
    if not results:
        raise typer.Exit(INTERRUPTED)
    return results[0]


async def _cancel(stop: anyio.Event, scope: anyio.CancelScope) -> None:
    await stop.wait()
    scope.cancel()


async def _listen(stop: anyio.Event, *, task_status: TaskStatus[None]) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        task_status.started()
        async for _ in signals:
            if stop.is_set():
                os._exit(INTERRUPTED)
            stop.set()
