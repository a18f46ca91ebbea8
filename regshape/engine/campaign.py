"""One campaign: probe, corpus, sweep, search; judge, pursue, tell; end in time.

Cases run at the settings' concurrency, but what they showed is taken in the order of their numbers,
so that the same seed gives the same findings whatever finished first.
"""

from __future__ import annotations

import itertools
import multiprocessing
import secrets
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent import futures
from datetime import UTC, datetime

import anyio
from anyio.abc import TaskGroup
from anyio.lowlevel import checkpoint

from regshape.catalog import Entry
from regshape.engine.generate import Drawer, Numbered, corpus_cases, sweep
from regshape.engine.judge import Judge, Tally, able, selected
from regshape.engine.mutate import chosen
from regshape.engine.order import Ordered
from regshape.engine.plan import plan_of
from regshape.engine.pursue import Pursuer, Pursuit
from regshape.engine.send import Executor, Trace
from regshape.engine.shard import RANGE, Shard, ShardResult, spread
from regshape.errors import TargetError, UsageError
from regshape.model import CampaignInfo, Case, Finding, Observer, Outcome, Result, Violation
from regshape.settings import Settings
from regshape.transport.client import Client

PURSUITS_AT_ONCE = 2
GRACE = 1.0
"""Seconds after the end of the budget in which what was seen is still confirmed."""
LOST_AFTER = 8
"""Requests in a row without a connection after which the target counts as lost."""
TICK = 0.25
MOST_MISSES = 3
"""How many times a violation that does not show again is pursued."""
RUNNING = "running"


def version_of(settings: Settings, entry: Entry) -> str:
    """Return the version of the document to judge by.

    Raises:
        UsageError: the protocol's document has no such version.
    """
    versions = entry.protocol.versions
    if settings.spec is None:
        return versions[0]
    if settings.spec not in versions:
        raise UsageError(f"no version {settings.spec!r}: there is {', '.join(versions)}")
    return settings.spec


class Campaign:
    """One run against one target. `stop` ends it early; what was learnt is kept."""

    def __init__(
        self,
        settings: Settings,
        entry: Entry,
        client: Client,
        observers: Sequence[Observer],
        stop: anyio.Event,
    ) -> None:
        self.id = secrets.token_hex(8)
        self._settings = settings
        self._entry = entry
        self._client = client
        self._observers = observers
        self._stop = stop
        self._version = version_of(settings, entry)
        self._kept, skipped = selected(entry.protocol, settings, self._version)
        self._tally = Tally(entry.protocol, self._version, skipped)
        chosen(
            entry.breaks, settings
        )  # a mutator that does not exist is said before anything is sent
        self.executor = Executor(
            entry.protocol,
            client.send,
            settings.repo_prefix,
            client.url.rstrip("/"),
            rate=settings.rate,
            other_prefix=settings.other_prefix,
        )
        self._findings: list[Finding] = []
        self._cases = 0
        self._ended_by = RUNNING
        self._began = 0.0
        self._started_at = datetime.now(UTC)
        self._salts = 0
        self._known: list[Violation] = []
        self._misses: Counter[tuple[str, str]] = Counter()
        self._open: dict[tuple[str, str], str] = {}
        self._touched: set[str] = set()
        self._told: dict[str, Outcome] = {}

    # --- what it is and how far it has come -------------------------------------------------------

    def salt(self) -> str:
        """Return a salt that no other execution has."""
        self._salts += 1
        return f"{self.id[:8]}{self._salts:x}"

    def info(self) -> CampaignInfo:
        """Return what identifies the campaign, and how far it has come."""
        return CampaignInfo(
            id=self.id,
            protocol=self._entry.protocol.name,
            spec=self._version,
            target=self._client.url,
            implementation=None,
            seed=self._settings.seed,
            started=self._started_at.isoformat(timespec="seconds").replace("+00:00", "Z"),
            seconds=round(anyio.current_time() - self._began, 3) if self._began else 0.0,
            cases=self._cases,
            requests=self.executor.sent,
            ended_by=self._ended_by,
        )

    # --- the phases -------------------------------------------------------------------------------

    async def learn(self) -> None:
        """Learn how the target authenticates and what it can do.

        Raises:
            TargetError: the target does not answer, or not as a registry of the protocol.
        """
        learnt = await self._client.discover()
        if learnt is not None and not isinstance(learnt, str):
            hint = ": is the registry running there?" if learnt.kind == "connect" else ""
            raise TargetError(f"{learnt.detail}{hint}")
        await self.executor.probe(self.salt(), read_only=self._settings.read_only)
        self._tally.lacks(self.executor.capabilities)
        kept = able(self._kept, self.executor.capabilities)
        self.executor.judge = Judge(kept, tuple(self._entry.protocol.operations)).judge

    async def run(self) -> Result:
        """Run all phases and return the result.

        Raises:
            CaseError: a file of the corpus is no case.
            TargetError: the target does not answer, or not as a registry of the protocol.
        """
        self._began = anyio.current_time()
        settings = self._settings
        corpus = corpus_cases(self._entry.corpus, settings.corpus, built_in=settings.use_corpus)
        await self.learn()
        for observer in self._observers:
            observer.started(self.info())
        async with anyio.create_task_group() as group:
            group.start_soon(self._tick)
            group.start_soon(self._watch, group.cancel_scope)
            await self._phases(corpus)
            group.cancel_scope.cancel()
        if self._ended_by == RUNNING:
            self._ended_by = "interrupt" if self._stop.is_set() else "done"
        return self._finish()

    def _finish(self) -> Result:
        for (requirement, _), summary in self._open.items():
            self._tally.doubt(requirement, f"not confirmed before the end: {summary}")
        result = Result(self.info(), self._tally.verdicts(), tuple(self._findings))
        for observer in self._observers:
            observer.finished(result)
        return result

    async def _watch(self, scope: anyio.CancelScope) -> None:
        await self._stop.wait()
        scope.cancel()

    async def _phases(self, corpus: Sequence[Case]) -> None:
        plan = plan_of(self._entry, self._settings, self.executor.capabilities)
        pursuer = Pursuer(
            self.executor,
            plan.strategy,
            self.salt,
            executions=self._settings.shrink_executions,
            confirmations=self._settings.confirmations,
        )
        swept = list(sweep(self._entry.protocol.name, plan.moves, plan.programs, plan.breaks))
        async with anyio.create_task_group() as pursuits:
            flow = Flow(self, pursuer, pursuits)
            await self._phase("corpus", flow, () if self._settings.read_only else corpus)
            await self._phase("sweep", flow, swept)
            await self._search(flow, Drawer(plan.strategy, self._settings.seed))
            self._tell_phase("shrink", None)
            if self._ended_by == "time":
                pursuer.hurried = True
                pursuits.cancel_scope.deadline = anyio.current_time() + GRACE

    async def _phase(self, name: str, flow: Flow, cases: Sequence[Case]) -> None:
        if cases and self._ended_by == RUNNING:
            self._tell_phase(name, len(cases))
            await flow.run(Numbered(index, name, case) for index, case in enumerate(cases))

    async def _search(self, flow: Flow, drawer: Drawer) -> None:
        if self._ended_by != RUNNING or self._settings.time == 0:
            return
        self._tell_phase("search", None)
        with anyio.move_on_after(self._settings.time) as scope:
            if self._settings.workers > 1:
                await self._spread(flow, drawer)
            else:
                await flow.run(
                    Numbered(index, "search", case, buffer)
                    for index, (buffer, case) in enumerate(drawer.cases())
                )
        if scope.cancelled_caught:
            self._ended_by = "time"

    async def _spread(self, flow: Flow, drawer: Drawer) -> None:
        """Run the search in worker processes, and take what they showed in the order of numbers."""
        workers = self._settings.workers
        spawn = multiprocessing.get_context("spawn")  # a fork would take the event loop along
        with futures.ProcessPoolExecutor(workers, spawn) as pool:
            try:
                async for shard, result in spread(pool, self._shards(), workers):
                    self._merge(flow, drawer, result)
                    if not self.goes_on() or result.cases < shard.stop - shard.start:
                        return
            finally:
                pool.shutdown(wait=False, cancel_futures=True)

    def _shards(self) -> Iterator[Shard]:
        """Yield the ranges of the search, no more of them than the bounds allow."""
        time_left = self._settings.time
        until = None if time_left is None else time.time() + time_left
        for start in itertools.count(0, RANGE):
            if not self.goes_on():
                return
            yield Shard(
                self._settings,
                self.id,
                self.executor.capabilities,
                tuple(item.id for item in self._kept),
                start,
                start + RANGE,
                until,
            )

    def _merge(self, flow: Flow, drawer: Drawer, result: ShardResult) -> None:
        self._cases += result.cases
        self.executor.sent += result.requests
        self.executor.unanswered = result.unanswered
        self._tally.add(result.judged)
        self._touched.update(result.judged)
        for number, violation in result.violations:
            buffer = drawer.buffer(number)
            case = drawer.case(buffer)
            if case is not None:
                trace = Trace(violations=[violation])
                flow.take(Numbered(number, "search", case, buffer), trace)

    # --- what the flow asks and tells -------------------------------------------------------------

    def begins(self) -> None:
        """Count a case."""
        self._cases += 1

    def goes_on(self) -> bool:
        """Return whether another case may begin: no bound is reached, or it is noted which."""
        settings = self._settings
        if self._ended_by != RUNNING:
            return False
        if settings.max_cases is not None and self._cases >= settings.max_cases:
            self._ended_by = "cases"
        elif settings.max_requests is not None and self.executor.sent >= settings.max_requests:
            self._ended_by = "requests"
        elif self.executor.unanswered >= LOST_AFTER:
            self._ended_by = "target-lost"
        return self._ended_by == RUNNING

    @property
    def concurrency(self) -> int:
        """How many cases are in flight."""
        return self._settings.concurrency

    def absorb(self, numbered: Numbered, trace: Trace) -> Iterator[Pursuit]:
        """Take note of what a case showed, and yield what is to be pursued."""
        self._tally.count(trace.judged)
        self._touched.update(trace.judged)
        for violation in trace.violations:
            if not any(known.explains(violation) for known in self._known):
                self._known.append(violation)
                self._open[violation.identity] = violation.summary
                yield Pursuit(numbered, violation, self.executor.sent)

    def settled(self, pursuit: Pursuit, finding: Finding | None) -> None:
        """Take note of what a pursuit came to."""
        identity = pursuit.violation.identity
        self._open.pop(identity, None)
        requirement = pursuit.violation.requirement
        if finding is None:
            self._tally.doubt(requirement, f"seen once, not again: {pursuit.violation.summary}")
            self._misses[identity] += 1
            if self._misses[identity] < MOST_MISSES:
                self._known.remove(pursuit.violation)  # the next time that it shows is pursued too
        elif all(known.id != finding.id for known in self._findings):
            self._findings.append(finding)
            self._tally.found(requirement, finding.id)
            for observer in self._observers:
                observer.finding(finding)
        self._touched.add(requirement)
        self._tell_verdicts()

    # --- observers --------------------------------------------------------------------------------

    def _tell_phase(self, name: str, total: int | None) -> None:
        for observer in self._observers:
            observer.phase(name, total)

    def _tell_verdicts(self) -> None:
        for requirement in sorted(self._touched):
            verdict = self._tally.verdict(requirement)
            if self._told.get(requirement) is not verdict.outcome:
                self._told[requirement] = verdict.outcome
                for observer in self._observers:
                    observer.verdict(verdict)
        self._touched.clear()

    async def _tick(self) -> None:
        while True:
            await anyio.sleep(TICK)
            self._tell_verdicts()
            for observer in self._observers:
                observer.progress(self.info())


class Flow:
    """Cases on their way through the executor, and what they showed on its way to the pursuer."""

    def __init__(self, campaign: Campaign, pursuer: Pursuer, pursuits: TaskGroup) -> None:
        self._campaign = campaign
        self._pursuer = pursuer
        self._pursuits = pursuits
        self._room = anyio.CapacityLimiter(PURSUITS_AT_ONCE)

    async def run(self, cases: Iterable[Numbered]) -> None:
        """Execute cases until they, or what the campaign allows, come to an end."""
        source = enumerate(iter(cases))
        ordered: Ordered[tuple[Numbered, Trace]] = Ordered()
        async with anyio.create_task_group() as group:
            for _ in range(self._campaign.concurrency):
                group.start_soon(self._work, source, ordered)

    async def _work(
        self, source: Iterator[tuple[int, Numbered]], ordered: Ordered[tuple[Numbered, Trace]]
    ) -> None:
        campaign = self._campaign
        while campaign.goes_on():
            following = next(source, None)
            if following is None:
                return
            campaign.begins()
            position, numbered = following
            await checkpoint()  # an app in the same process may never wait, and time must pass
            trace = await campaign.executor.run(numbered.case, campaign.salt())
            for done in ordered.put(position, (numbered, trace)):
                self.take(*done)

    def take(self, numbered: Numbered, trace: Trace) -> None:
        """Hand what a case showed to the campaign, and start on what is new."""
        for pursuit in self._campaign.absorb(numbered, trace):
            self._pursuits.start_soon(self._pursue, pursuit)

    async def _pursue(self, pursuit: Pursuit) -> None:
        async with self._room:
            finding = await self._pursuer.pursue(pursuit)
        self._campaign.settled(pursuit, finding)
