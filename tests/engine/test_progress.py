from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from regshape.engine.progress import Done


@given(st.permutations(range(12)), st.integers(0, 12))
def test_exactly_what_was_added_is_done(arrivals: list[int], count: int) -> None:
    done = Done()
    for number in arrivals[:count]:
        done.add(number)
    assert [number for number in range(14) if number in done] == sorted(arrivals[:count])
    assert all(number > done.mark for number in done.beyond)
    again = Done(done.mark, done.beyond)
    assert [number in again for number in range(14)] == [number in done for number in range(14)]


def test_a_range_that_is_done_as_a_whole_moves_the_mark() -> None:
    done = Done(200)
    done.advance(400)
    assert 399 in done
    assert 400 not in done
