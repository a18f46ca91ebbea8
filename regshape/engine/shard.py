"""Spread the random search over processes, by ranges of numbers.

A range's cases are a function of the seed and the numbers alone, so what is found does not depend
on how many workers there are. Any `concurrent.futures.Executor` will do: a local pool of processes,
or that of a cluster. Violations come back with their numbers, and are pursued by the campaign.
"""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, field

import anyio
import anyio.to_thread

from regshape.catalog import find
from regshape.engine.generate import Drawer
from regshape.engine.judge import Judge, able
from regshape.engine.patience import Patience
from regshape.engine.plan import plan_of
from regshape.engine.send import Executor
from regshape.engine.target import client_of, space_of
from regshape.model import Capability, Requirement, Violation
from regshape.settings import Settings

RANGE = 200
"""How many cases a worker is given at a time."""


@dataclass(frozen=True, slots=True)
class Shard:
    """A range of the search, with what a worker has to know. `until` is Unix time in seconds."""

    settings: Settings
    salt: str
    capabilities: Mapping[str, Capability]
    requirements: tuple[str, ...]
    start: int
    stop: int
    until: float | None


@dataclass(slots=True)
class ShardResult:
    """What a range gave: counts of judged exchanges, and violations by case number."""

    judged: Counter[str] = field(default_factory=Counter)
    violations: list[tuple[int, Violation]] = field(default_factory=list)
    cases: int = 0
    requests: int = 0
    unanswered: int = 0


@contextmanager
def local_pool(workers: int) -> Iterator[futures.Executor]:
    """Yield a pool of processes of this machine; what it has not begun by the end is left out."""
    spawn = multiprocessing.get_context("spawn")  # a fork would take the event loop along
    with futures.ProcessPoolExecutor(workers, spawn) as pool:
        try:
            yield pool
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


async def spread(
    pool: futures.Executor, shards: Iterator[Shard], workers: int
) -> AsyncIterator[tuple[Shard, ShardResult]]:
    """Yield the results of the shards in their order, keeping every worker busy."""
    waiting: deque[tuple[Shard, futures.Future[ShardResult]]] = deque()
    try:
        while True:
            while len(waiting) <= workers and (shard := next(shards, None)) is not None:
                waiting.append((shard, pool.submit(run_shard, shard)))
            if not waiting:
                return
            shard, future = waiting.popleft()
            result = await anyio.to_thread.run_sync(future.result, abandon_on_cancel=True)
            yield shard, result
    finally:
        for _, future in waiting:
            future.cancel()


def run_shard(shard: Shard) -> ShardResult:
    """Execute a range of the search and return what it gave; runs in a worker process."""
    return anyio.run(_run, shard)


async def _run(shard: Shard) -> ShardResult:
    entry = find(shard.settings.protocol)
    result = ShardResult()
    wanted = set(shard.requirements)
    async with client_of(shard.settings) as client:
        await client.discover()
        rate = shard.settings.rate
        executor = Executor(
            entry.protocol,
            client.send,
            space_of(shard.settings, client),
            rate / shard.settings.workers if rate else None,
        )
        executor.patience = Patience(shard.settings.grace)
        executor.capabilities = shard.capabilities
        kept: list[Requirement] = [r for r in entry.protocol.requirements if r.id in wanted]
        executor.judge = Judge(able(kept, shard.capabilities), tuple(entry.protocol.operations))
        drawer = Drawer(
            plan_of(entry, shard.settings, shard.capabilities).strategy, shard.settings.seed
        )
        numbers = iter(range(shard.start, shard.stop))
        with anyio.move_on_after(None if shard.until is None else shard.until - time.time()):
            async with anyio.create_task_group() as group:
                for _ in range(shard.settings.concurrency):
                    group.start_soon(_work, shard, numbers, drawer, executor, result)
        result.requests = executor.sent
        result.unanswered = executor.unanswered
    result.violations.sort()
    return result


async def _work(
    shard: Shard, numbers: Iterator[int], drawer: Drawer, executor: Executor, result: ShardResult
) -> None:
    for number in numbers:
        trace = await executor.run(drawer.numbered(number).case, f"{shard.salt}w{number:x}")
        result.cases += 1
        result.judged.update(trace.judged)
        result.violations += [(number, violation) for violation in trace.violations]
