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
