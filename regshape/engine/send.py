"""Execute a case: drive the protocol's calls through a client, and judge each answer at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol, TypeAlias

import anyio

from regshape.engine.judge import Judge
from regshape.engine.patience import Patience
from regshape.model import (
    Call,
    Capability,
    Case,
    Exchange,
    Headers,
    Identity,
    Mutator,
    Play,
    Race,
    RegistryProtocol,
    Request,
    Space,
    Step,
    Turn,
    Violation,
    World,
)


class Send(Protocol):
    """Sends a request, broken as the mutators say, with a token for the scope."""

    def __call__(
        self,
        request: Request,
        mutators: Sequence[Mutator] = (),
        scope: str | None = None,
        *,
        fresh: bool = False,
        identity: Identity = "main",
        patient: bool = True,
    ) -> Awaitable[Exchange]:
        """Return the exchange; `fresh` asks for a connection of its own.

        Without `patient` a 429 is an answer, whenever it says to come back.
        """
        ...


Take: TypeAlias = Callable[[Turn], None]
"""Takes note of a turn."""

LONG = 0.1
"""The part of a deadline from which on other answers are slow too."""
CLEANING = 1.0
"""Seconds in which a case that is cut off still removes what it made."""
LATE = 0.1
"""Seconds after which what a race left is read again, where it was not there at once."""


def _forget(_turn: Turn) -> None:
    """Take no note."""


@dataclass(slots=True)
class Trace:
    """What one execution of a case gave. `requests` leaves out what only read back or cleaned."""

    turns: list[Turn] = field(default_factory=list)
    judged: list[str] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    requests: int = 0
    fresh: bool = False
    patient: bool = False
    stale: bool = False
    waited: bool = False
    """Whether something took effect late, but within the grace."""

    def shows(self, violation: Violation) -> Violation | None:
        """Return the same violation, seen here with as much broken or less, or None.

        None too where a connection was refused: what fails then says nothing of the case.
        """
        if self.was_refused():
            return None
        return next((item for item in self.violations if item.explains(violation)), None)

    def was_refused(self) -> bool:
        """Return whether nothing took a connection of the case."""
        return any(_failed(turn.exchange, "connect") for turn in self.turns)

    def timed_out(self) -> bool:
        """Return whether an answer did not come in time."""
        return any(_failed(turn.exchange, "timeout") for turn in self.turns)

    def was_starved(self) -> bool:
        """Return whether an answer did not come in time where others took long as well."""
        exchanges = [turn.exchange for turn in self.turns]
        waits = [item.seconds for item in exchanges if _failed(item, "timeout")]
        answered = [item.seconds for item in exchanges if item.failure is None]
        return bool(waits and answered) and max(answered) > LONG * min(waits)

    def add(self, turn: Turn) -> None:
        """Take note of a turn."""
        self.stale |= _failed(turn.exchange, "stale")
        self.turns.append(turn)
        if turn.call.role in {"setup", "step"}:
            self.requests += 1


class Gate:
    """Lets nobody through until so many have come to it."""

    def __init__(self, count: int) -> None:
        self._missing = count
        self._open = anyio.Event()

    async def go(self) -> None:
        """Return when all have come."""
        self._missing -= 1
        if self._missing <= 0:
            self._open.set()
        await self._open.wait()


class Limiter:
    """Lets at most so many requests a second through; None lets all through."""

    def __init__(self, rate: float | None) -> None:
        self._gap = None if rate is None else 1 / rate
        self._next = 0.0

    async def wait(self) -> None:
        """Return when the next request may leave."""
        if self._gap is None:
            return
        now = anyio.current_time()
        self._next = max(self._next + self._gap, now)
        await anyio.sleep_until(self._next)


class Executor:
    """Executes cases of one protocol on one target. `sent` counts every request."""

    def __init__(
        self, protocol: RegistryProtocol, send: Send, space: Space, rate: float | None = None
    ) -> None:
        self._protocol = protocol
        self._send = send
        self._space = space
        self._limiter = Limiter(rate)
        self.judge = Judge((), ())
        self.capabilities: Mapping[str, Capability] = {}
        self.greeting: Headers = ()
        """The headers of the first answer."""
        self.patience = Patience(0.0)
        self.sent = 0
        self.unanswered = 0

    def space(self, salt: str) -> Space:
        """Return the space of an execution."""
        return replace(self._space, salt=salt, capabilities=self.capabilities)

    @property
    def origin(self) -> str:
        """The target's URL without a trailing slash."""
        return self._space.origin

    async def probe(self, salt: str) -> Sequence[Capability]:
        """Find out what the target can do.

        Raises:
            TargetError: nothing answers, or what answers does not speak the protocol.
        """
        play = self._protocol.probe(self.space(salt))
        call = next(play)
        while True:
            exchange = await self._exchange(call)
            self.greeting = self.greeting or exchange.answer_headers
            try:
                call = play.send(exchange)
            except StopIteration as stop:
                found: Sequence[Capability] = stop.value
                self.capabilities = {item.name: item for item in found}
                return found

    async def run(self, case: Case, salt: str, *, patient: bool = False) -> Trace:
        """Execute a case in a space of its own, settle, and clean up.

        Where a connection that was used before was gone, the case is executed once more, with a
        connection for each request: what fails then is the target's doing. With `patient` the full
        grace is given, however often that was in vain.
        """
        trace = await self._run(case, Trace(patient=patient), salt)
        if trace.stale:
            trace = await self._run(case, Trace(fresh=True, patient=patient), f"{salt}r")
        return trace

    async def _run(self, case: Case, trace: Trace, salt: str) -> Trace:
        world = self._protocol.world(self.space(salt))
        try:
            await self._play_judged(_all(world, case.steps), trace)
            if case.parallel:
                await self._compete(case, world, trace, salt)
            else:
                await self._play_judged(world.settle(), trace)
            await self._play(world.clean())
        except anyio.get_cancelled_exc_class():
            with anyio.move_on_after(CLEANING, shield=True):
                await self._play(world.clean())
            raise
        return trace

    async def _play_judged(self, play: Play, trace: Trace) -> None:
        grace = self.patience.grace(patient=trace.patient)
        trace.waited |= await self._play(play, self._judging(trace), fresh=trace.fresh, grace=grace)

    def _judging(self, trace: Trace) -> Take:
        """Return what notes each turn, judged by what the model predicts."""

        def take(turn: Turn) -> None:
            trace.add(turn)
            judged, violations = self.judge.judge(turn.call, turn.exchange)
            trace.judged += judged
            trace.violations += violations

        return take

    async def _play(
        self,
        play: Play,
        take: Take = _forget,
        gate: Gate | None = None,
        *,
        fresh: bool = False,
        grace: float = 0.0,
    ) -> bool:
        """Play to the end; the first request waits at the gate, if there is one.

        Returns whether an answer was early at first, and was not within the grace.
        """
        waited, changed = False, anyio.current_time()
        call = next(play, None)
        if gate is not None:
            await gate.go()
        while call is not None:
            exchange = first = await self._exchange(call, fresh=fresh)
            if call.early is None:
                changed = anyio.current_time()
            elif grace:
                again = partial(self._exchange, call, fresh=fresh)
                exchange = await self.patience.late(call, first, changed, grace, again)
                waited |= exchange is not first and not call.early(exchange)
            take(Turn(call, exchange))
            try:
                call = play.send(exchange)
            except StopIteration:
                break
        return waited

    async def _exchange(self, call: Call, *, fresh: bool = False) -> Exchange:
        await self._limiter.wait()
        self.sent += 1
        exchange = await self._send(
            call.request,
            call.mutators,
            call.scope,
            fresh=fresh,
            identity=call.identity,
            patient=call.patient,
        )
        if _failed(exchange, "connect"):
            self.unanswered += 1
        else:
            self.unanswered = 0
        return exchange

    # --- races --------------------------------------------------------------------------------

    async def _compete(self, case: Case, world: World, trace: Trace, salt: str) -> None:
        """Release the lists together, and judge what they did.

        What shows too where the lists run one after the other is no race; it is left to the checks
        of single requests.
        """
        race = await self._race(world, case.parallel, trace)
        judged, violations = self.judge.judge_race(race)
        trace.judged += judged
        for number, lists in enumerate((case.parallel, case.parallel[::-1])):
            if violations and not trace.stale:
                shown = await self._in_turn(replace(case, parallel=lists), f"{salt}s{number}")
                violations = [
                    item for item in violations if not any(one.explains(item) for one in shown)
                ]
        trace.violations += violations

    async def _in_turn(self, case: Case, salt: str) -> list[Violation]:
        """Return what shows where the lists run one after the other."""
        world = self._protocol.world(self.space(salt))
        await self._play(_all(world, case.steps))
        race = await self._race(world, case.parallel, Trace(), at_once=False)
        await self._play(world.clean())
        return self.judge.judge_race(race)[1]

    async def _race(
        self, world: World, lists: Sequence[Sequence[Step]], trace: Trace, *, at_once: bool = True
    ) -> Race:
        """Play the lists, each on a copy of the world, and read what they left."""
        grace = self.patience.grace() if self.patience.longest else 0.0
        before = world.fork(0)
        forks = [world.fork(number) for number in range(1, len(lists) + 1)]
        lanes: list[list[Turn]] = [[] for _ in lists]
        gate = Gate(len(lists) if at_once else 1)
        if at_once:
            await self._open(world, len(lists))

        async def run(number: int) -> None:
            def take(turn: Turn) -> None:
                lanes[number].append(replace(turn, lane=number))
                trace.add(lanes[number][-1])

            play = _all(forks[number], lists[number])
            await self._play(play, take, gate, fresh=trace.fresh, grace=grace)

        try:
            if at_once:
                async with anyio.create_task_group() as group:
                    for number in range(len(lists)):
                        group.start_soon(run, number)
            else:
                for number in range(len(lists)):
                    await run(number)
        finally:
            world.join(forks)
        return await self._rest(world, Race(before, tuple(map(tuple, lanes))), trace)

    async def _open(self, world: World, count: int) -> None:
        """Open a connection for each list, so that none has to when they are released."""
        async with anyio.create_task_group() as group:
            for _ in range(count):
                group.start_soon(self._exchange, world.ready())

    async def _rest(self, world: World, race: Race, trace: Trace) -> Race:
        """Read what the lists left; what was not there at once is given a moment."""
        during = len(self.judge.judge_race(race)[1])
        late = self.patience.rest()
        for moment in (0.0, LATE, late) if late else (0.0, LATE):
            await anyio.sleep(moment)
            after: list[Turn] = []
            await self._play(world.rest(race.lanes), after.append, fresh=trace.fresh)
            race = replace(race, after=tuple(after))
            missing = len(self.judge.judge_race(race)[1]) > during
            if moment == late and late:
                self.patience.rested(late, in_vain=missing)
            if not missing:
                break
        for turn in race.after:
            trace.add(turn)
        return race


def _failed(exchange: Exchange, kind: str) -> bool:
    return exchange.failure is not None and exchange.failure.kind == kind


def _all(world: World, steps: Sequence[Step]) -> Play:
    for step in steps:
        yield from world.play(step)
