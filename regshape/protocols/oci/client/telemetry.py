"""How long operations take and what they send, told on stderr if asked; nothing otherwise."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TextIO, TypeVar

from regshape.model import Exchange
from regshape.report.redact import redact_headers, redact_url

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class TelemetryConfig:
    """What is told: times of operations, of those of several requests, and requests' headers.

    `output` is where; None stands for stderr.
    """

    time_methods: bool = False
    time_scenarios: bool = False
    debug_calls: bool = False
    output: TextIO | None = None

    def tell(self, line: str) -> None:
        """Print a line."""
        print(line, file=self.output or sys.stderr)


OFF = TelemetryConfig()


class HasTelemetry(Protocol):
    """What has operations that can be timed."""

    @property
    def telemetry(self) -> TelemetryConfig:
        """What is told of its operations."""


S = TypeVar("S", bound=HasTelemetry)
Method = Callable[Concatenate[S, P], Coroutine[Any, Any, R]]


def track_time(method: Method[S, P, R]) -> Method[S, P, R]:
    """Tell how long each call of a method takes, with `time_methods`."""
    label = f"[TIMING] {method.__module__}.{method.__qualname__}"

    @wraps(method)
    async def tracked(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
        if not self.telemetry.time_methods:
            return await method(self, *args, **kwargs)
        return await _timed(self.telemetry, label, method(self, *args, **kwargs))

    return tracked


def track_scenario(name: str) -> Callable[[Method[S, P, R]], Method[S, P, R]]:
    """Tell how long a method of several requests takes, with `time_scenarios`."""

    def decorate(method: Method[S, P, R]) -> Method[S, P, R]:
        @wraps(method)
        async def tracked(self: S, /, *args: P.args, **kwargs: P.kwargs) -> R:
            if not self.telemetry.time_scenarios:
                return await method(self, *args, **kwargs)
            running = method(self, *args, **kwargs)
            return await _timed(self.telemetry, f"[SCENARIO] {name}", running)

        return tracked

    return decorate


async def _timed(telemetry: TelemetryConfig, label: str, running: Coroutine[Any, Any, R]) -> R:
    started = time.perf_counter()
    outcome = "failed after"
    try:
        result = await running
        outcome = "completed in"
        return result
    finally:
        telemetry.tell(f"{label} {outcome} {time.perf_counter() - started:.3f}s")


def tell_call(telemetry: TelemetryConfig, origin: str, exchange: Exchange) -> None:
    """Tell the headers of an exchange, both ways, without secrets."""
    telemetry.tell(f"[CALL] {exchange.method} {origin}{redact_url(exchange.target)}")
    telemetry.tell("[REQUEST HEADERS]")
    for name, value in redact_headers(exchange.headers):
        telemetry.tell(f"  {name}: {value}")
    failure = exchange.failure
    telemetry.tell(f"[RESPONSE HEADERS] {failure.kind if failure else exchange.status}")
    for name, value in redact_headers(exchange.answer_headers):
        telemetry.tell(f"  {name}: {value}")
