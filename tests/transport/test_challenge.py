from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regshape.transport.challenge import Challenge, parse_challenges


def test_quoted_parameters_may_hold_commas_and_escapes() -> None:
    (challenge,) = parse_challenges(
        ['Bearer realm="https://a/t?x=1",service="s, \\"q\\"",Scope="repository:a:pull,push"']
    )
    assert challenge == Challenge(
        "bearer",
        {"realm": "https://a/t?x=1", "service": 's, "q"', "scope": "repository:a:pull,push"},
    )


@pytest.mark.parametrize(
    "values",
    [
        ['Negotiate abc==, Basic realm="x, y" , charset = UTF-8'],
        ["Negotiate abc==", 'Basic realm="x, y", charset="UTF-8"'],
        [', ,Negotiate abc==,, BASIC realm="x, y",charset=UTF-8,'],
    ],
)
def test_several_challenges_may_share_a_line_or_not(values: list[str]) -> None:
    assert parse_challenges(values) == (
        Challenge("negotiate", {}, "abc=="),
        Challenge("basic", {"realm": "x, y", "charset": "UTF-8"}),
    )


def test_a_scheme_may_stand_alone() -> None:
    found = parse_challenges(["Negotiate, Basic"])
    assert [challenge.scheme for challenge in found] == ["negotiate", "basic"]


def test_an_unquoted_url_is_understood_though_it_is_not_allowed() -> None:
    (challenge,) = parse_challenges(["Bearer realm=http://127.0.0.1:5/t,service=x"])
    assert challenge.parameters == {"realm": "http://127.0.0.1:5/t", "service": "x"}


@given(st.text('Basic realm=,"\\ \t/:', max_size=200))
def test_nothing_makes_it_fail(value: str) -> None:
    assert all(challenge.scheme for challenge in parse_challenges([value]))
