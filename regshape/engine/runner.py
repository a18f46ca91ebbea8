"""The ways into the engine: run a campaign, or execute one case once more."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import TypeAlias

import anyio

from regshape.catalog import Entry
from regshape.engine.campaign import Campaign
from regshape.engine.start import Start
from regshape.engine.target import client_of
from regshape.engine.trials import RACES
from regshape.model import Case, Exchange, Observer, Result, Violation
from regshape.settings import Settings


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """What one more execution of a case gave."""

    exchanges: tuple[Exchange, ...]
    violations: tuple[Violation, ...]
    judged: tuple[str, ...]
    seen: int = 0
    tried: int = 1
    """How many executions violated something, of how many; a race is executed several times."""


async def run_campaign(
    settings: Settings,
    entry: Entry,
    observers: Sequence[Observer] = (),
    *,
    stop: anyio.Event | None = None,
    start: Start | None = None,
    inner: object = None,
) -> Result:
    """Run one campaign and return its result; `stop` ends it early, with what was learnt.

    `start` says what it begins with, or where it goes on; `inner` is a transport in place of the
    wire.

    Raises:
        UsageError: the settings name what does not exist, or the campaign cannot go on.
        CaseError: a file of the corpus is no case.
        TargetError: the target does not answer, or not as a registry of the protocol.
    """
    async with client_of(settings, inner) as client:
        campaign = Campaign(settings, entry, client, observers, stop, start)
        return await campaign.run()


RunCase: TypeAlias = Callable[[Case], Awaitable[ReplayResult]]


@asynccontextmanager
async def opened(
    settings: Settings, entry: Entry, *, inner: object = None
) -> AsyncGenerator[RunCase, None]:
    """Yield what executes single cases on the target, each in a space of its own, and judges them.

    Raises:
        TargetError: the target does not answer, or not as a registry of the protocol.
    """
    async with client_of(settings, inner) as client:
        campaign = Campaign(settings, entry, client)
        await campaign.learn()

        async def run(case: Case) -> ReplayResult:
            trace = await campaign.executor.run(case, campaign.salt())
            exchanges = tuple(turn.exchange for turn in trace.turns)
            judged = tuple(dict.fromkeys(trace.judged))
            return ReplayResult(exchanges, tuple(trace.violations), judged)

        yield run


async def replay(
    settings: Settings, entry: Entry, case: Case, *, inner: object = None
) -> ReplayResult:
    """Execute a case once more and judge it; a race several times, of which one that fails counts.

    Raises:
        TargetError: the target does not answer, or not as a registry of the protocol.
    """
    async with opened(settings, entry, inner=inner) as run:
        results = [await run(case) for _ in range(RACES if case.parallel else 1)]
    failing = [result for result in results if result.violations]
    return replace((failing or results)[0], seen=len(failing), tried=len(results))
