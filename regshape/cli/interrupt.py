"""Ctrl-C and SIGTERM as an event that work can wait for."""

from __future__ import annotations

import os
import signal
from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
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


async def _listen(stop: anyio.Event, *, task_status: TaskStatus[None]) -> None:
    with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
        task_status.started()
        async for _ in signals:
            if stop.is_set():
                os._exit(INTERRUPTED)
            stop.set()
