from __future__ import annotations

from typing import Any

import pytest

from regshape.model import Call, Exchange, Fault
from regshape.protocols.ori import calls
from regshape.protocols.ori.facts import BurstFacts, Facts, Rate
from regshape.protocols.ori.requirements.limits import (
    apart,
    rate_of,
    remaining_falls,
    reset_ahead,
    retry_after,
    tier,
)

NOW = 1_800_000_000
DATE = "Fri, 15 Jan 2027 08:00:00 GMT"
REQUEST = calls.get(calls.ADVISORIES)


def call(facts: Facts, who: str = "anonymous") -> Call:
    return calls.call("burst", REQUEST, facts, identity=who)


def answer(
    remaining: int | str, reset: int | str = NOW + 30, *, limit: int = 100, status: int = 200
) -> Exchange:
    headers = (
        ("date", DATE),
        ("x-ratelimit-limit", str(limit)),
        ("x-ratelimit-remaining", str(remaining)),
        ("x-ratelimit-reset", str(reset)),
    )
    return Exchange("GET", "/v1/advisories", status=status, answer_headers=headers, answer=b"{}")


def before(remaining: int, reset: int = NOW + 30, limit: int = 100, **more: Any) -> BurstFacts:
    return BurstFacts(rate=Rate(limit, remaining, reset), **more)


@pytest.mark.parametrize("value", ["", "-1", "1.5", "many", "\xb2"])
def test_what_is_no_number_says_nothing_of_a_rate(value: str) -> None:
    assert rate_of(answer(value)) is None


@pytest.mark.parametrize("reset", [0, 30, 60, NOW, NOW + 1, NOW + 61])
def test_a_window_may_end_in_seconds_or_at_a_time(reset: int) -> None:
    assert reset_ahead(call(Facts()), answer(5, reset)) is True


@pytest.mark.parametrize("reset", [3600, NOW - 60, NOW + 600, NOW * 1000])
def test_a_window_ends_within_a_minute(reset: int) -> None:
    assert isinstance(reset_ahead(call(Facts()), answer(5, reset)), Fault)


def test_a_clock_that_was_set_ahead_is_taken_into_account() -> None:
    late = answer(5, NOW + 7200 + 30)
    assert reset_ahead(call(Facts(ahead=7200)), late) is True
    assert isinstance(reset_ahead(call(Facts()), late), Fault)


@pytest.mark.parametrize(("remaining", "reset"), [(6, NOW + 30), (0, NOW + 30), (99, NOW + 90)])
def test_what_remains_may_fall_by_more_than_one_and_anew(remaining: int, reset: int) -> None:
    assert remaining_falls(call(before(7)), answer(remaining, reset)) is True


@pytest.mark.parametrize("remaining", [7, 8])
def test_what_remains_does_not_stand_in_a_window(remaining: int) -> None:
    assert isinstance(remaining_falls(call(before(7)), answer(remaining)), Fault)


def test_a_request_too_many_is_not_answered() -> None:
    check = tier("anonymous")
    assert check(call(before(0)), answer(0, status=429)) is True
    assert isinstance(check(call(before(0)), answer(0)), Fault)
    assert check(call(before(0)), answer(99, NOW + 90)) is True  # in the next window


def test_others_may_have_taken_what_was_left_unless_there_are_none() -> None:
    check = tier("anonymous")
    assert check(call(before(1)), answer(0, status=429)) is True
    assert isinstance(check(call(before(1, alone=True)), answer(0, status=429)), Fault)


def test_a_tier_is_judged_by_whose_it_is() -> None:
    facts = BurstFacts()
    assert tier("main")(call(facts), answer(5)) is False
    assert tier("main")(call(facts, "main"), answer(5, limit=1000)) is True
    assert isinstance(tier("main")(call(facts, "main"), answer(5)), Fault)


def test_who_asks_once_the_window_is_over_is_answered() -> None:
    later = BurstFacts(by="later", alone=True)
    assert tier("anonymous")(call(later), answer(99)) is True
    assert isinstance(tier("anonymous")(call(later), answer(0, status=429)), Fault)


def bystander(remaining: int, *, alone: bool) -> Call:
    return call(before(remaining, limit=1000, by="bystander", alone=alone), "main")


def test_a_bystander_is_spared() -> None:
    assert apart(bystander(999, alone=True), answer(998, limit=1000)) is True
    for status in (200, 429):
        shared = apart(bystander(999, alone=True), answer(898, limit=1000, status=status))
        assert isinstance(shared, Fault)


def test_a_bystander_may_have_been_busy_where_others_ask_too() -> None:
    assert apart(bystander(999, alone=False), answer(500, limit=1000)) is True
    refused = answer(0, limit=1000, status=429)
    unasked = call(BurstFacts(by="bystander"), "main")
    assert apart(unasked, refused) is False
    assert apart(bystander(50, alone=False), refused) is False
    assert isinstance(apart(bystander(900, alone=False), refused), Fault)


@pytest.mark.parametrize(("seconds", "right"), [("1", True), ("60", True), ("0", False)])
def test_a_refusal_says_when_to_come_back(seconds: str, *, right: bool) -> None:
    plain = answer(0, status=429)
    headers = (*plain.answer_headers, ("retry-after", seconds))
    refused = Exchange("GET", "/v1/x", status=429, answer_headers=headers, answer=b"{}")
    assert (retry_after(call(Facts()), refused) is True) is right
    assert isinstance(retry_after(call(Facts()), plain), Fault)
    assert retry_after(call(Facts()), answer(1)) is False
