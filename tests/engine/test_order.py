from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from regshape.engine.order import Ordered


@given(st.permutations(range(12)))
def test_things_come_back_in_the_order_of_their_numbers(arrivals: list[int]) -> None:
    ordered: Ordered[int] = Ordered()
    given_back = [item for number in arrivals for item in ordered.put(number, number)]
    assert given_back == list(range(12))


def test_nothing_is_given_back_before_what_precedes_it() -> None:
    ordered: Ordered[str] = Ordered()
    assert list(ordered.put(1, "second")) == []
    assert list(ordered.put(0, "first")) == ["first", "second"]


def test_what_was_held_comes_in_its_turn_and_the_rest_in_its_order() -> None:
    ordered: Ordered[str] = Ordered(5)
    ordered.hold(7, "third")
    assert list(ordered.put(6, "second")) == []
    assert list(ordered.put(5, "first")) == ["first", "second", "third"]
    ordered.hold(12, "late")
    assert list(ordered.put(10, "early")) == []
    assert list(ordered.rest()) == ["early", "late"]
    assert list(ordered.rest()) == []
