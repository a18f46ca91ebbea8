"""What steps of a case tell of registries that lie about their log, or let transfers wait."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from regshape.catalog import find
from regshape.engine.runner import replay
from regshape.formats.notes import Checkpoint, sign
from regshape.model import Case, Step
from regshape.protocols.ori.models import ErrorCode
from regshape.protocols.ori.reference import Asked, Reference
from regshape.protocols.ori.reference.campaigns import OPTIONS
from regshape.protocols.ori.reference.own_times import OwnTimes
from regshape.protocols.ori.reference.records import Holding
from regshape.protocols.serving import Answer
from regshape.settings import Settings

ENTRY = find("ori")
SETTINGS = Settings.model_validate(
    {"target": "http://embedded", "protocol": "ori", "tokens": ENTRY.tokens}
)
TRANSFER, ACCEPT = Step("transfer"), Step("transfer", {"action": "accept"})


async def told(registry: Reference, *steps: Step) -> list[str]:
    """Return what a case says of a registry: requirement and sentence of each violation."""
    inner = httpx.ASGITransport(registry.app)
    result = await replay(SETTINGS, ENTRY, Case("ori", steps), inner=inner)
    return [f"{item.requirement} {item.summary}" for item in result.violations]


class ForgedTile(OwnTimes):
    """Shows another hash than that of what it logged."""

    async def get_tile(self, asked: Asked) -> Answer:
        answer = await super().get_tile(asked)
        return replace(answer, body=bytes(32) + answer.body[32:])


class ShortTile(OwnTimes):
    """Cuts off what a tile ends with."""

    async def get_tile(self, asked: Asked) -> Answer:
        answer = await super().get_tile(asked)
        return replace(answer, body=answer.body[:-1])


class NoTile(OwnTimes):
    """Has a log, and shows no tile of it."""

    async def get_tile(self, asked: Asked) -> Answer:
        raise self.refusal(ErrorCode.TILE_UNKNOWN, f"there is no {asked.path}")


class Truncated(OwnTimes):
    """Shows a log of one entry less each time."""

    asked = 0

    def checkpoint(self) -> str:
        self.asked += 1
        return self.signed(100 - self.asked, bytes(32))

    def signed(self, size: int, root: bytes) -> str:
        signer = self.log.signer
        return sign(Checkpoint(signer.name, size, root).text(), signer)


class Forked(Truncated):
    """Signs two roots over as many entries."""

    def checkpoint(self) -> str:
        self.asked += 1
        return self.signed(len(self.log), bytes([self.asked]) * 32)


@pytest.mark.parametrize(
    ("registry", "why"),
    [
        (ForgedTile, "the proof does not hold"),
        (ShortTile, "tile 0/000.p/2 has 63 bytes, not 64"),
        (NoTile, "there is no 0/000.p/2"),
    ],
)
async def test_a_version_that_is_not_proved_is_not_included(
    registry: type[OwnTimes], why: str
) -> None:
    found = await told(registry(OPTIONS), Step("publish"), Step("publish"), Step("look-up"))
    assert f"ORI-55 {why}" in found


async def test_a_log_that_becomes_shorter_is_told() -> None:
    found = await told(Truncated(OPTIONS), *[Step("get-checkpoint")] * 2)
    assert "ORI-56 the log had 98 entries and has 96" in found


async def test_two_roots_over_as_many_entries_are_told() -> None:
    found = await told(Forked(OPTIONS), Step("publish"), *[Step("get-checkpoint")] * 2)
    assert "ORI-56 two roots over as many entries" in found


@pytest.mark.parametrize("hours", [[71], [73], [71, 73], [72]])
async def test_a_transfer_may_be_accepted_while_it_waits_and_not_later(hours: list[int]) -> None:
    waits = [Step("wait", {"hours": number}) for number in hours]
    assert await told(OwnTimes(OPTIONS), TRANSFER, *waits, ACCEPT) == []


class Prolonging(OwnTimes):
    """Takes an offer that is made again for a new one."""

    def offer(self, holding: Holding, to: str) -> Answer:
        return super().offer(replace(holding, offer=None), to)


@pytest.mark.parametrize("registry", [OwnTimes, Prolonging])
async def test_a_transfer_that_is_started_again_may_be_prolonged_or_not(
    registry: type[OwnTimes],
) -> None:
    wait = Step("wait", {"hours": 71})
    assert await told(registry(OPTIONS), TRANSFER, wait, TRANSFER, wait, ACCEPT) == []


async def test_a_wait_changes_nothing_where_there_is_no_clock_to_set() -> None:
    assert await told(Reference(OPTIONS), TRANSFER, Step("wait", {"hours": 73}), ACCEPT) == []


@pytest.mark.parametrize("before", [[], [Step("yank")]])
async def test_what_is_yanked_already_is_not_yanked_to_be_published_again(
    before: list[Step],
) -> None:
    steps = (*before, Step("publish", {"version": "yanked"}))
    inner = httpx.ASGITransport(OwnTimes(OPTIONS).app)
    result = await replay(SETTINGS, ENTRY, Case("ori", steps), inner=inner)
    posted = [turn.target.rpartition("/")[2] for turn in result.exchanges if turn.method == "POST"]
    assert posted == ["publish", "yank", "publish"]
    assert result.violations == ()
