"""Execute a case: drive the protocol's calls through a client, and judge each answer at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import anyio

from regshape.model import (
    Call,
    Capability,
    Case,
    Exchange,
    Headers,
    Identity,
    Mutator,
    Play,
    RegistryProtocol,
    Request,
    Space,
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
    ) -> Awaitable[Exchange]:
        """Return the exchange; `fresh` asks for a connection of its own."""
        ...


JudgeCall: TypeAlias = Callable[[Call, Exchange], tuple[list[str], list[Violation]]]


CLEANING = 1.0
"""Seconds in which a case that is cut off still removes what it made."""


def _judge_nothing(_call: Call, _exchange: Exchange) -> tuple[list[str], list[Violation]]:
    return [], []


@dataclass(slots=True)
class Trace:
    """What one execution of a case gave. `requests` leaves out what only read back or cleaned."""

    turns: list[Turn] = field(default_factory=list)
    judged: list[str] = field(default_factory=list)
    violations: list[Violation] = field(default_factory=list)
    requests: int = 0
    fresh: bool = False
    stale: bool = False

    def shows(self, violation: Violation) -> Violation | None:
        """Return the same violation, seen here with as much broken or less, or None.

        None too where a connection was refused: what fails then says nothing of the case.
        """
        if self.was_refused():
            return None
        return next((item for item in self.violations if item.explains(violation)), None)

    def was_refused(self) -> bool:
        """Return whether nothing took a connection of the case."""
        failures = (turn.exchange.failure for turn in self.turns)
        return any(failure is not None and failure.kind == "connect" for failure in failures)


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
        self,
        protocol: RegistryProtocol,
        send: Send,
        prefix: str,
        origin: str,
        *,
        rate: float | None = None,
        other_prefix: str = "",
    ) -> None:
        self._protocol = protocol
        self._send = send
        self._prefix = prefix
        self._other_prefix = other_prefix
        self.origin = origin
        self._limiter = Limiter(rate)
        self.judge: JudgeCall = _judge_nothing
        self.capabilities: Mapping[str, Capability] = {}
        self.greeting: Headers = ()
        """The headers of the first answer."""
        self.sent = 0
        self.unanswered = 0

    def space(self, salt: str, *, read_only: bool = False) -> Space:
        """Return the space of an execution."""
        return Space(
            self._prefix, salt, self.origin, self.capabilities, read_only, self._other_prefix
        )

    async def probe(self, salt: str, *, read_only: bool = False) -> Sequence[Capability]:
        """Find out what the target can do.

        Raises:
            TargetError: nothing answers, or what answers does not speak the protocol.
        """
        play = self._protocol.probe(self.space(salt, read_only=read_only))
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

    async def run(self, case: Case, salt: str) -> Trace:
        """Execute a case in a space of its own, settle, and clean up.

        Where a connection that was used before was gone, the case is executed once more, with a
        connection for each request: what fails then is the target's doing.
        """
        trace = await self._run(case, Trace(), salt)
        if trace.stale:
            trace = await self._run(case, Trace(fresh=True), f"{salt}r")
        return trace

    async def _run(self, case: Case, trace: Trace, salt: str) -> Trace:
        world = self._protocol.world(self.space(salt))
        try:
            for step in case.steps:
                await self._play(world.play(step), trace)
            await self._play(world.settle(), trace)
            await self._clean(world)
        except anyio.get_cancelled_exc_class():
            with anyio.move_on_after(CLEANING, shield=True):
                await self._clean(world)
            raise
        return trace

    async def _play(self, play: Play, trace: Trace) -> None:
        call = next(play, None)
        while call is not None:
            exchange = await self._exchange(call, fresh=trace.fresh)
            trace.stale |= exchange.failure is not None and exchange.failure.kind == "stale"
            trace.turns.append(Turn(call, exchange))
            if call.role in {"setup", "step"}:
                trace.requests += 1
            judged, violations = self.judge(call, exchange)
            trace.judged += judged
            trace.violations += violations
            try:
                call = play.send(exchange)
            except StopIteration:
                return

    async def _clean(self, world: World) -> None:
        play = world.clean()
        call = next(play, None)
        while call is not None:
            exchange = await self._exchange(call)
            try:
                call = play.send(exchange)
            except StopIteration:
                return

    async def _exchange(self, call: Call, *, fresh: bool = False) -> Exchange:
        await self._limiter.wait()
        self.sent += 1
        exchange = await self._send(
            call.request, call.mutators, call.scope, fresh=fresh, identity=call.identity
        )
        failure = exchange.failure
        if failure is not None and failure.kind == "connect":
            self.unanswered += 1
        else:
            self.unanswered = 0
        return exchange
