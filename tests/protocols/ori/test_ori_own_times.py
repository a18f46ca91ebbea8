from __future__ import annotations

import httpx
import pytest

from regshape.catalog import ReferenceSettings, find
from regshape.engine.runner import replay, run_campaign
from regshape.model import Case, Outcome, Step
from regshape.protocols.ori.reference import own_times
from regshape.protocols.ori.reference.own_times import OwnTimes
from regshape.protocols.ori.timeline import HEADER, Timeline, read_timeline
from regshape.settings import Settings
from tests.protocols.ori.registries import ALICE, BOB, NOW, Registry

ENTRY = find("ori")
SETTINGS = Settings.model_validate(
    {"target": "http://embedded", "protocol": "ori", "tokens": ENTRY.tokens}
)
TIERS = ("ORI-44", "ORI-45", "ORI-46", "ORI-47")


async def asked(registry: Registry, time: str | None, token: str | None = ALICE) -> httpx.Response:
    headers = {} if time is None else {HEADER: time}
    return await registry.get("advisories", token, headers=headers)


def left(answer: httpx.Response) -> int:
    return int(answer.headers["x-ratelimit-remaining"])


@pytest.mark.parametrize("text", ["", "a", "a+", "+1", "A+1", "a+-1", "a+1+1", "a+1234567890"])
def test_what_tells_of_no_time_is_in_everybodys(text: str) -> None:
    assert read_timeline(text) is None


def test_a_time_is_read_as_it_was_written() -> None:
    assert read_timeline(str(Timeline("c1s2", 3600))) == Timeline("c1s2", 3600)


async def test_each_time_has_windows_of_its_own() -> None:
    registry = Registry(kind=OwnTimes)
    first = left(await asked(registry, "a+0"))
    assert [left(await asked(registry, time)) for time in ("a+0", "b+0", "a+59", "b+59")] == [
        first - 1,
        first,
        first - 2,
        first - 1,
    ]


async def test_a_window_ends_when_its_time_says_so() -> None:
    registry = Registry(kind=OwnTimes)
    before = await asked(registry, "a+0")
    after = await asked(registry, "a+60")
    assert left(after) == left(before)
    resets = [int(answer.headers["x-ratelimit-reset"]) for answer in (before, after)]
    assert resets == [NOW + 60, NOW + 120]


async def test_an_answer_says_which_time_it_is_in() -> None:
    registry = Registry(kind=OwnTimes)
    assert (await asked(registry, "a+7")).headers[HEADER] == "a+7"
    for time in (None, "no time"):
        assert HEADER not in (await asked(registry, time)).headers
    assert HEADER not in (await asked(Registry(), "a+7")).headers


async def test_who_names_no_time_is_never_one_too_many() -> None:
    registry = Registry(kind=OwnTimes)
    assert left(await asked(registry, None)) == left(await asked(registry, None))


async def test_windows_are_forgotten_of_the_time_that_was_asked_for_longest_ago(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(own_times, "MOST_TIMES", 2)
    registry = Registry(kind=OwnTimes)
    assert isinstance(registry.reference, OwnTimes)
    for time in ("a+0", "b+0", "a+0", "c+0"):
        await asked(registry, time)
    assert list(registry.reference.times) == ["a", "c"]


async def test_an_offer_ends_for_who_is_far_enough_ahead_and_stands_for_others() -> None:
    registry = Registry(kind=OwnTimes)
    await registry.publish()
    path = "packages/acme/json/transfer"
    await registry.post(path, json={"to": "bob"})
    late, early = ({HEADER: f"a+{hours * 3600}"} for hours in (73, 71))
    assert (await registry.post(path, BOB, json={"accept": True}, headers=late)).status_code == 409
    assert (await registry.post(path, BOB, json={"accept": True}, headers=early)).status_code == 200


@pytest.mark.parametrize(("who", "tier"), [("anonymous", 100), ("main", 1000)])
@pytest.mark.parametrize("odd", [None, "stock"])
async def test_a_burst_accuses_nobody_who_counts_well(odd: str | None, who: str, tier: int) -> None:
    app = ENTRY.reference(ReferenceSettings(odd=odd))
    case = Case("ori", (Step("burst", {"who": who}),))
    result = await replay(SETTINGS, ENTRY, case, inner=httpx.ASGITransport(app))
    assert result.violations == ()
    refused = [turn for turn in result.exchanges if turn.status == 429]
    assert len(refused) == 1
    assert len(result.exchanges) >= tier * 0.95  # the probe has asked, too


async def test_what_takes_a_clock_is_skipped_where_there_is_none() -> None:
    app = ENTRY.reference(ReferenceSettings(odd="stock"))
    settings = SETTINGS.model_copy(update={"time": 0, "only": ("ORI-69",), "max_requests": 40})
    result = await run_campaign(settings, ENTRY, inner=httpx.ASGITransport(app))
    found = next(item for item in result.verdicts if item.requirement == "ORI-69")
    assert found.outcome is Outcome.SKIP
    assert found.reason == "no own-time: the registry does not have a clock that a case can set"


async def test_the_tiers_are_judged_where_each_case_has_its_own() -> None:
    app = ENTRY.reference(ReferenceSettings())
    settings = SETTINGS.model_copy(update={"time": 0})
    result = await run_campaign(settings, ENTRY, inner=httpx.ASGITransport(app))
    found = {item.requirement: item.outcome for item in result.verdicts}
    assert [found[id_] for id_ in (*TIERS, "ORI-69")] == [Outcome.PASS] * 5
