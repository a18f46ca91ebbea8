"""The log form of `regshape replay`: what a client's `--log-file` recorded, sent once more.

Each request leaves as it is recorded, broken as it was. Credentials are not in a log: where one
carried any, yours are sent; where it carried none, none are. What the client sent to get a token is
left out: it is sent again where it is needed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import typer

from regshape.cli.screen import plain_console
from regshape.cli.sentences import FAILED, OK
from regshape.errors import CaseError
from regshape.model import Exchange, Frame, Mutator, Request
from regshape.mutators.apply import apply
from regshape.report.codec import exchange_to_json
from regshape.report.exchange_log import Logged
from regshape.report.redact import REDACTED, redact_exchange
from regshape.report.terminal import exchange_line
from regshape.report.wording import answered
from regshape.settings import Settings
from regshape.transport.auth import Credentials
from regshape.transport.client import Client, open_client

_ADDED = ("Host", "User-Agent", "Content-Length", "Authorization")
"""The headers that a client adds of its own accord."""


@dataclass(frozen=True, slots=True)
class Resent:
    """A line of a log, and its exchange now; or why it was not sent."""

    logged: Logged
    exchange: Exchange | None
    skipped: str = ""

    @property
    def is_same(self) -> bool:
        """Whether it was answered as it was then, by its status or by how it failed."""
        return self.exchange is not None and _outcome(self.exchange) == _outcome(
            self.logged.exchange
        )


def _outcome(exchange: Exchange) -> tuple[int | None, str | None]:
    return (exchange.status, exchange.failure.kind if exchange.failure else None)


def origin_of(lines: Sequence[Logged], where: str) -> str:
    """Return the registry that the lines of a log name; raises `CaseError` where it is not one."""
    registries = sorted({line.registry for line in lines})
    if len(registries) == 1:
        return registries[0]
    if not registries:
        raise CaseError(f"{where}: is empty")
    raise CaseError(
        f"{where}: has lines of {' and '.join(registries)}: name the TARGET to replay on"
    )


async def resend(settings: Settings, lines: Sequence[Logged]) -> list[Resent]:
    """Send what the lines recorded, in their order, to the target of the settings."""
    credentials = None
    if settings.username and settings.password:
        credentials = Credentials(settings.username, settings.password.get_secret_value())
    client = open_client(
        settings.target or "",
        credentials,
        insecure=settings.insecure,
        ca_file=settings.ca_file,
        apply=apply,
        retry=True,
    )
    async with client:
        return [await _resent(client, line) for line in lines]


async def _resent(client: Client, logged: Logged) -> Resent:
    reason = _why_not(logged.exchange)
    if reason:
        return Resent(logged, None, reason)
    exchange = await client.send(_request(logged), _removals(logged.exchange))
    return Resent(logged, exchange)


def _why_not(exchange: Exchange) -> str:
    if exchange.body_length is not None and exchange.body_length != len(exchange.body):
        return f"its body of {exchange.body_length} bytes was not recorded whole"
    if REDACTED in exchange.target or REDACTED.encode() in exchange.body:
        return "a secret was taken out of it"
    return ""


def _request(logged: Logged) -> Request:
    exchange = logged.exchange
    registry = urlsplit(logged.registry)
    target = exchange.target.removeprefix(registry.path.rstrip("/"))
    headers = tuple(
        (name, value)
        for name, value in exchange.headers
        # The old registry's own name, and what was taken out: the client adds what belongs there.
        if not (name == "Host" and value == registry.netloc)
        and not (name.lower() == "authorization" and _is_hidden(value))
    )
    frame = Frame(exchange.version, exchange.body, exchange.ending)
    return Request(exchange.method, target, headers=headers, body=exchange.body, frame=frame)


def _is_hidden(value: str) -> bool:
    return value.rpartition(" ")[2] in (REDACTED, "***")


def _removals(exchange: Exchange) -> tuple[Mutator, ...]:
    """Return what takes out the headers that the client adds, where none was recorded."""
    names = {name.lower() for name, _ in exchange.headers}
    return tuple(
        Mutator("as-recorded", "header", "remove", name)
        for name in _ADDED
        if name.lower() not in names
    )


def print_resent(resent: Sequence[Resent], label: str) -> None:
    """Print a line for each exchange: what was sent, what came, what had come before."""
    console = plain_console()
    console.print(f"{len(resent)} recorded on {label}", soft_wrap=True)
    for number, one in enumerate(resent, 1):
        for line in _told(number, one, console.width):
            console.print(line, no_wrap=True, overflow="crop", style="" if one.is_same else "bold")


def _told(number: int, resent: Resent, width: int) -> Iterator[Any]:
    recorded = resent.logged.exchange
    if resent.exchange is None:
        yield exchange_line(number, redact_exchange(recorded), width)
        yield f"     not sent: {resent.skipped}"
        return
    yield exchange_line(number, redact_exchange(resent.exchange), width)
    if not resent.is_same:
        yield f"     before: {answered(redact_exchange(recorded))}"


def print_resent_json(resent: Sequence[Resent], label: str) -> None:
    """Print one document with every exchange, and what had come before."""
    document = {"target": label, "exchanges": [_to_json(one) for one in resent]}
    typer.echo(json.dumps(document, indent=2))


def _to_json(resent: Resent) -> dict[str, Any]:
    logged, exchange = resent.logged, resent.exchange
    return {
        "operation": logged.operation,
        "rules": list(logged.rules),
        "same": resent.is_same,
        "recorded": dict(zip(("status", "failure"), _outcome(logged.exchange), strict=True)),
        "skipped": resent.skipped or None,
        "exchange": exchange_to_json(exchange) if exchange else None,
    }


def status_of(resent: Sequence[Resent]) -> int:
    """Return the exit status: 0 if everything was answered as it was recorded."""
    return OK if all(one.is_same for one in resent) else FAILED
