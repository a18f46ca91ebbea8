"""One step of a campaign against a registry, and what the registry held before and after it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from regshape.model import Capability, Exchange, Play, Space, Step
from regshape.mutators.apply import apply
from regshape.protocols.ori import calls
from regshape.protocols.ori.protocol import Ori
from regshape.protocols.ori.reference.campaigns import OPTIONS, TOKENS
from regshape.protocols.ori.reference.disk import Disk
from regshape.protocols.ori.reference.own_times import OwnTimes
from regshape.protocols.ori.state import Package
from regshape.protocols.ori.timeline import OWN_TIME
from regshape.transport.client import Client, open_client

SPACE = Space(
    "regshape",
    "s1",
    "http://embedded",
    {OWN_TIME: Capability(OWN_TIME, present=True, reason="")},
)


@dataclass(frozen=True)
class Spoilt:
    """The answer to a step, and whether all that the registry holds is as before."""

    exchange: Exchange
    before: Mapping[str, Any]
    after: Mapping[str, Any]

    @property
    def status(self) -> int | None:
        return self.exchange.status

    @property
    def code(self) -> str:
        """The code of the error, whose body has the form that it should (decision 1)."""
        assert self.exchange.header("content-type") == "application/json"
        document = json.loads(self.exchange.answer)
        assert list(document) == ["errors"]
        (error,) = document["errors"]
        assert set(error) == {"code", "detail", "pointer"}
        assert error["detail"]
        return str(error["code"])


@contextmanager
def registry_in(folder: Path | None) -> Iterator[OwnTimes]:
    """Yield the registry of a campaign, in memory where there is no folder."""
    if folder is None:
        yield OwnTimes(OPTIONS)
        return
    journal = Disk(folder, OPTIONS.origin)
    try:
        yield OwnTimes(OPTIONS, journal)
    finally:
        journal.close()


async def spoil(registry: OwnTimes, *steps: Step) -> Spoilt:
    """Publish a version, play the steps, and return what came of the last one."""
    inner = httpx.ASGITransport(registry.app)
    world = Ori().world(SPACE)
    async with open_client("http://embedded", tokens=TOKENS, inner=inner, apply=apply) as client:
        played = [
            await _played(registry, client, world.play(step)) for step in (Step("publish"), *steps)
        ]
    return played[-1][0]


async def _played(registry: OwnTimes, client: Client, play: Play) -> list[Spoilt]:
    """Return what came of each request that is the step itself."""
    steps: list[Spoilt] = []
    call = next(play, None)
    while call is not None:
        before = await _held(registry, client)
        exchange = await client.send(call.request, call.mutators, identity=call.identity)
        if call.role == "step":
            steps.append(Spoilt(exchange, before, await _held(registry, client)))
        try:
            call = play.send(exchange)
        except StopIteration:
            break
    return steps


async def _held(registry: OwnTimes, client: Client) -> Mapping[str, Any]:
    """Return all that the registry holds: what it serves, what it logged, what is stored."""
    package = Package("regshape", f"p-{SPACE.salt}")
    listed = await client.send(calls.get(calls.VERSIONS, **package.parts))
    held = {
        "listed": (listed.status, listed.answer),
        "shelf": deepcopy(registry.shelf),
        "log": list(registry.log.records),
    }
    journal = registry.journal
    if isinstance(journal, Disk):
        archives = sorted(path.name for path in journal.archives.iterdir())
        return {**held, "rows": journal.load(), "archives": archives}
    return {**held, "archives": sorted(vars(journal)["_archives"])}
