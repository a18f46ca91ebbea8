"""One campaign: probe, what is known, corpus, sweep, search; judge, pursue, tell; end in time."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace

import anyio
import anyio.to_thread

from regshape.catalog import Entry
from regshape.engine.flow import Flow, Phase
from regshape.engine.generate import Drawer, Numbered, corpus_cases, sweep
from regshape.engine.judge import Judge, Tally, able, selected
from regshape.engine.ledger import Ledger
from regshape.engine.patience import Patience
from regshape.engine.plan import Plan, plan_of
from regshape.engine.progress import PHASES, Done, Place, Progress
from regshape.engine.pursue import Pursuer, Pursuit
from regshape.engine.send import Executor, Trace
from regshape.engine.shard import RANGE, Shard, ShardResult, local_pool, spread
from regshape.engine.start import Lists, Start, fingerprint, salt_start, version_of
from regshape.engine.target import space_of
from regshape.errors import TargetError, UsageError
from regshape.model import CampaignInfo, Case, Observer, Result, Violation
from regshape.protocols.http import implementation_of
from regshape.settings import Settings
from regshape.transport.client import Client

RETURN = 2.0
"""Seconds in which workers end the cases that they are at, and say what they saw."""

SHRINK_SHARE, SHRINK_SECONDS = 0.05, 5.0
"""How much of the search's time is kept for shrinking what it saw last: a share, and a most."""
GRACE, RACE_GRACE = 1.0, 0.6
"""Seconds after the end of the budget in which what was seen is still confirmed; races sooner, so
that one that was confirmed but is still being shrunk is told."""
LOST_AFTER = 8
"""Requests in a row without a connection after which the target counts as lost."""
TICK = 0.25
SAVE_SECONDS = 0.05
"""Pause between two notes of how far the campaign has come."""
RUNNING = "running"


class Campaign:
    """One run against one target. `stop` ends it early; what was learnt is kept."""

    def __init__(
        self,
        settings: Settings,
        entry: Entry,
        client: Client,
        observers: Sequence[Observer] = (),
        stop: anyio.Event | None = None,
        start: Start | None = None,
    ) -> None:
        self._settings = settings
        self._entry = entry
        self._client = client
        self._observers = observers
        self._stop = stop or anyio.Event()
        self._start = start or Start()
        self._kept = self._start.checkpoint(settings)
        self.id = self._kept.origin.id
        self._version = version_of(settings, entry)
        self._requirements, skipped = selected(entry.protocol, settings, self._version)
        self._tally = Tally(entry.protocol, self._version, skipped)
        self._ledger = Ledger(self._tally, observers)
        self.executor = Executor(
            entry.protocol,
            client.send,
            space_of(settings, client),
            settings.rate,
        )
        self.executor.patience = Patience(settings.grace)
        kept = self._kept.progress
        self._done = {name: Done(*_place(kept, name)) for name in PHASES}
        self._begun = self._finished = kept.cases
        self.executor.sent = kept.requests
        self._ended_by = RUNNING
        self._began = self._search_began = float("inf")
        self._salts = 0
        self._saved = (-1, -1)

    # --- what it is and how far it has come -------------------------------------------------------

    def salt(self) -> str:
        """Return a salt that no other execution has."""
        self._salts += 1
        return f"{salt_start(self._kept.origin)}{self._salts:x}"

    def info(self) -> CampaignInfo:
        """Return what identifies the campaign, and how far it has come."""
        settings = self._settings
        return CampaignInfo(
            id=self.id,
            protocol=self._entry.protocol.name,
            spec=self._version,
            target=self._client.url,
            implementation=settings.implementation or implementation_of(self.executor.greeting),
            seed=settings.seed,
            started=self._kept.origin.started,
            seconds=round(self._kept.progress.seconds + _since(self._began), 3),
            cases=self._begun,
            requests=self.executor.sent,
            ended_by=self._ended_by,
        )

    # --- the phases -------------------------------------------------------------------------------

    async def learn(self) -> Plan:
        """Learn how the target authenticates and what it can do; return what is to be sent.

        Raises:
            TargetError: the target does not answer, or not as a registry of the protocol.
        """
        learnt = await self._client.discover()
        if learnt is not None and not isinstance(learnt, str):
            hint = ": is the registry running there?" if learnt.kind == "connect" else ""
            raise TargetError(f"{learnt.detail}{hint}")
        await self.executor.probe(self.salt())
        self._tally.lacks(self.executor.capabilities)
        kept = able(self._requirements, self.executor.capabilities)
        self.executor.judge = Judge(kept, tuple(self._entry.protocol.operations))
        return plan_of(self._entry, self._settings, self.executor.capabilities)

    async def run(self) -> Result:
        """Run all phases and return the result.

        Raises:
            CaseError: a file of the corpus is no case.
            TargetError: the target does not answer, or not as a registry of the protocol.
            UsageError: a mutator does not exist; or it cannot go on, its cases being others by now.
        """
        self._began = anyio.current_time()
        settings = self._settings
        corpus = corpus_cases(self._entry.corpus, settings.corpus, built_in=settings.use_corpus)
        plan_of(self._entry, settings, {})  # what does not exist is said before anything is sent
        if self._start.kept is not None and self._start.journal is not None:
            # Who is killed while it probes has used its salts too: the next one takes others.
            self._start.journal.begin(self._kept.origin)
        plan = await self.learn()
        lists = self._lists(plan, corpus)
        self._begin(lists)
        async with anyio.create_task_group() as group:
            group.start_soon(self._tick)
            group.start_soon(self._watch, group.cancel_scope)
            group.start_soon(self._keep_saving)
            await self._phases(plan, lists)
            group.cancel_scope.cancel()
        with anyio.CancelScope(shield=True):
            await self._save()
        if self._ended_by == RUNNING:
            self._ended_by = "interrupt" if self._stop.is_set() else "done"
        return self._finish()

    def _lists(self, plan: Plan, corpus: Sequence[Case]) -> Lists:
        if not self._settings.sweep:
            return {"corpus": corpus}
        moved = sweep(self._entry.protocol.name, plan.moves, plan.programs, plan.breaks)
        swept = (*moved, *plan.races)
        if self._settings.read_only:
            return {"sweep": swept}
        return {"known": self._kept.origin.known, "corpus": corpus, "sweep": swept}

    def _begin(self, lists: Lists) -> None:
        origin = replace(self._kept.origin, fingerprint=fingerprint(lists))
        if self._start.kept is not None:
            if origin.fingerprint != self._kept.origin.fingerprint:
                raise UsageError(
                    f"campaign {self.id} cannot go on, since its cases are others by now (another "
                    "RegShape, corpus or registry): begin a new one"
                )
            self._ledger.restore(self._kept)
        if self._start.journal is not None:
            self._start.journal.begin(origin)
        for observer in self._observers:
            observer.started(self.info())

    def _finish(self) -> Result:
        verdicts = self._ledger.verdicts()
        result = Result(self.info(), verdicts, self._ledger.findings)
        for observer in self._observers:
            observer.finished(result)
        return result

    async def _watch(self, scope: anyio.CancelScope) -> None:
        await self._stop.wait()
        scope.cancel()

    async def _phases(self, plan: Plan, lists: Lists) -> None:
        pursuer = Pursuer(
            self.executor,
            plan.strategy,
            self.salt,
            moves=[move.step() for move in plan.moves if move.search],
            executions=self._settings.shrink_executions,
            confirmations=self._settings.confirmations,
        )
        phases = [self._listed(name, cases) for name, cases in lists.items()]
        drawer = Drawer(plan.strategy, self._settings.seed)
        search = Phase("search", drawer.numbered, None, self._done["search"])
        async with anyio.create_task_group() as clock:
            async with anyio.create_task_group() as pursuits:
                flow = Flow(self, self._ledger, pursuer, pursuits)
                self._reopen(flow, [*phases, search])
                for phase in phases:
                    if phase.is_left() and self._ended_by == RUNNING:
                        self._tell_phase(phase.name, phase.total)
                        await flow.run(phase, self._settings.concurrency)
                await self._search(flow, search)
                self._tell_phase("shrink", None)
                if self._ended_by in {"time", "target-lost"}:
                    clock.start_soon(self._hurry, pursuer, pursuits.cancel_scope)
            clock.cancel_scope.cancel()

    async def _hurry(self, pursuer: Pursuer, pursuits: anyio.CancelScope) -> None:
        """Let what is being shrunk have its part of the time; confirm what is left, and end."""
        ended = anyio.current_time() + (self._kept_back() if self._ended_by == "time" else 0.0)
        pursuits.deadline = ended + GRACE
        await anyio.sleep_until(ended)
        pursuer.hurry(ended + RACE_GRACE)

    def _kept_back(self) -> float:
        """Return the seconds at the end of the budget in which no further case begins."""
        return min(SHRINK_SECONDS, SHRINK_SHARE * (self._settings.time or 0.0))

    def _listed(self, name: str, cases: Sequence[Case]) -> Phase:
        def numbered(number: int) -> Numbered:
            return Numbered(number, name, cases[number])

        return Phase(name, numbered, len(cases), self._done[name])

    def _reopen(self, flow: Flow, phases: Sequence[Phase]) -> None:
        """Pursue again what was being pursued when another process left off."""
        by_name = {phase.name: phase for phase in phases}
        for sighting in self._kept.seen.open:
            numbered = by_name[sighting.phase].numbered(sighting.index)
            flow.pursue(Pursuit(numbered, sighting.violation, sighting.seen_after))

    async def _search(self, flow: Flow, phase: Phase) -> None:
        budget = self._settings.time
        if self._ended_by != RUNNING or budget == 0 or not self._settings.sweep:
            return
        self._tell_phase("search", None)
        self._search_began = anyio.current_time()
        spoken_for = self._kept_back() + self._kept.progress.searched
        left = None if budget is None else max(0.0, budget - spoken_for)
        with anyio.move_on_after(left) as scope:
            if self._settings.workers > 1:
                await self._spread(flow, phase, left)
            else:
                await flow.run(phase, self._settings.concurrency)
        if scope.cancelled_caught:
            self._ended_by = "time"

    async def _spread(self, flow: Flow, phase: Phase, left: float | None) -> None:
        """Run the search in worker processes, and take what they showed in the order of numbers.

        They stop a little before the time is over: what they saw must still come back.
        """
        until = None if left is None else time.time() + left - min(RETURN, left / 2)
        workers, unbroken = self._settings.workers, True
        with local_pool(workers) as pool:
            async for shard, result in spread(pool, self._shards(phase.done.mark, until), workers):
                self._merge(flow, phase, result)
                unbroken = unbroken and result.cases == shard.stop - shard.start
                if unbroken:
                    phase.done.advance(shard.stop)
                if not self.goes_on():
                    return
        self._ended_by = "time"

    def _shards(self, first: int, until: float | None) -> Iterator[Shard]:
        """Yield the ranges of the search, no more of them than the bounds allow."""
        for start in itertools.count(first, RANGE):
            if not self.goes_on() or (until is not None and time.time() >= until):
                return
            yield Shard(
                self._settings,
                salt_start(self._kept.origin),
                self.executor.capabilities,
                tuple(item.id for item in self._requirements),
                start,
                start + RANGE,
                until,
            )

    def _merge(self, flow: Flow, phase: Phase, result: ShardResult) -> None:
        self._begun += result.cases
        self._finished += result.cases
        self.executor.sent += result.requests
        self.executor.unanswered = result.unanswered
        self._ledger.add(result.judged)
        for number, violation in result.violations:
            flow.take(phase.numbered(number), self._ledger.new([violation]))

    # --- what the flow asks and tells -------------------------------------------------------------

    def goes_on(self) -> bool:
        """Return whether another case may begin: no bound is reached, or it is noted which."""
        settings = self._settings
        if self._ended_by != RUNNING:
            return False
        if settings.max_cases is not None and self._begun >= settings.max_cases:
            self._ended_by = "cases"
        elif settings.max_requests is not None and self.executor.sent >= settings.max_requests:
            self._ended_by = "requests"
        elif self.executor.unanswered >= LOST_AFTER:
            self._ended_by = "target-lost"
        return self._ended_by == RUNNING

    def begins(self) -> None:
        """Count a case."""
        self._begun += 1

    async def execute(self, numbered: Numbered) -> Trace:
        """Execute a case."""
        return await self.executor.run(numbered.case, self._salt_of(numbered))

    def _salt_of(self, numbered: Numbered) -> str:
        """Return a salt that tells which case it is: s is for sweep, h for search."""
        letter = {"known": "n", "corpus": "o", "sweep": "s", "search": "h"}[numbered.phase]
        return f"{salt_start(self._kept.origin)}{letter}{numbered.index:x}"

    def done(self, numbered: Numbered, trace: Trace) -> Sequence[Violation]:
        """Note that a case is done, and return what it showed that is new.

        One that found nobody to connect to is not done: what it says is no verdict.
        """
        if trace.was_refused():
            return self._ledger.new(trace.violations)
        self._done[numbered.phase].add(numbered.index)
        self._finished += 1
        self._ledger.count(trace.judged)
        return self._ledger.shown(numbered, trace.violations)

    @property
    def sent(self) -> int:
        """How many requests were sent."""
        return self.executor.sent

    # --- observers and the journal ----------------------------------------------------------------

    def _tell_phase(self, name: str, total: int | None) -> None:
        for observer in self._observers:
            observer.phase(name, total)

    async def _tick(self) -> None:
        while True:
            await anyio.sleep(TICK)
            self._ledger.tell()
            for observer in self._observers:
                observer.progress(self.info())

    async def _keep_saving(self) -> None:
        while self._start.journal is not None:
            await anyio.sleep(SAVE_SECONDS)
            await self._save()

    async def _save(self) -> None:
        """Note how far the campaign has come, if it has come any further, off the event loop."""
        stamp = (self._finished, self._ledger.changes)
        if self._start.journal is None or stamp == self._saved:
            return
        seen = self._ledger.seen() if stamp[1] != self._saved[1] else None
        self._saved = stamp
        await anyio.to_thread.run_sync(self._start.journal.save, self.id, self._progress(), seen)

    def _progress(self) -> Progress:
        kept = self._kept.progress
        return Progress(
            places={name: Place(done.mark, done.beyond) for name, done in self._done.items()},
            judged=self._tally.judged,
            cases=self._finished,
            requests=self.executor.sent,
            seconds=kept.seconds + _since(self._began),
            searched=kept.searched + _since(self._search_began),
        )


def _since(began: float) -> float:
    return max(0.0, anyio.current_time() - began)


def _place(progress: Progress, name: str) -> tuple[int, tuple[int, ...]]:
    place = progress.places.get(name, Place())
    return place.mark, place.beyond
