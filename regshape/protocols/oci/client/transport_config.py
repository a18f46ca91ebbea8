"""How a registry is reached, and how requests to it are broken."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from regshape.errors import BreakModeConfigError, UsageError
from regshape.model import Mutator, Request
from regshape.mutators.apply import validate
from regshape.mutators.rules import BreakRule, select
from regshape.protocols.oci.client.telemetry import OFF, TelemetryConfig
from regshape.report.exchange_log import Logged
from regshape.transport.auth import Credentials

TIMEOUT = 30.0
"""Longest wait for a registry to go on, in seconds."""


@dataclass(frozen=True, slots=True)
class BreakModeConfig:
    """Rules that break requests, in order, if it is enabled.

    Raises:
        BreakModeConfigError: a rule's target or action does not exist, or lacks key or value.
    """

    enabled: bool = False
    rules: Sequence[BreakRule] = ()

    def __post_init__(self) -> None:
        for rule in self.rules:
            try:
                validate(rule.mutator())
            except UsageError as error:
                raise BreakModeConfigError(f"break rule {rule.name!r}: {error}") from error

    def mutators(self, request: Request, operation: str) -> Sequence[Mutator]:
        """Return what breaks a request; nothing if break mode is off."""
        return select(self.rules, request, operation) if self.enabled else ()


@dataclass(frozen=True, slots=True)
class TransportConfig:
    """How a registry is reached.

    `registry` is `HOST[:PORT]`, for https, or a URL with `http://` or `https://`. `insecure` leaves
    certificates unchecked, and tries http for a host without a scheme that does not speak TLS.
    `timeout` is the longest wait for the registry to go on, in seconds; a whole transfer may take
    longer. `credentials` are never looked for: `find_credentials` does that. `log` is given every
    exchange as it was really sent, but for bodies that flow (those of blobs, unless they are
    broken), of which 4 KiB are kept; those for tokens hold secrets, so what writes them redacts
    them (`regshape.report.exchange_log.ExchangeLog.write` does). `inner` replaces the transport
    that sends, by an ASGI application's for example.
    """

    registry: str
    credentials: Credentials | None = None
    insecure: bool = False
    ca_file: Path | None = None
    timeout: float = TIMEOUT
    break_mode: BreakModeConfig = field(default_factory=BreakModeConfig)
    telemetry: TelemetryConfig = OFF
    log: Callable[[Logged], None] | None = None
    inner: Any = None
