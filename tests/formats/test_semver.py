"""Versions, with the examples that Semantic Versioning 2.0.0 prints."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regshape.formats.semver import Version, parse

LABELS = st.sampled_from(["0", "1", "10", "a", "A", "-", "1a", "alpha", "rc-1"])
VERSIONS = st.builds(
    Version,
    *[st.integers(0, 12)] * 3,
    st.lists(LABELS, max_size=3).map(tuple),
    st.sampled_from(["", "b", "001"]),
)

ASCENDING = (
    "0.9.9", "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2",
    "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.9.0", "1.10.0", "1.11.0", "2.0.0", "2.1.0", "2.1.1",
)  # fmt: skip
"""Sections 2, 11.2 and 11.4, in the order in which the document says that they stand."""


def test_the_examples_of_the_document_stand_in_its_order() -> None:
    mixed = random.Random(1).sample(ASCENDING, len(ASCENDING))
    assert [str(version) for version in sorted(map(parse, mixed))] == list(ASCENDING)


@pytest.mark.parametrize(
    "text",
    [
        "1.0.0-0.3.7", "1.0.0-x.7.z.92", "1.0.0-x-y-z.--", "1.0.0-alpha+001",
        "1.0.0+20130313144700", "1.0.0-beta+exp.sha.5114f85", "1.0.0+21AF26D3----117B344092BD",
        "99999999999999999999.0.0", "1.0.0-0A.is.legal",
    ],
)  # fmt: skip
def test_what_the_document_allows_is_read_and_written_the_same(text: str) -> None:
    assert str(parse(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "", "1", "1.2", "1.2.3.4", "01.0.0", "1.01.0", "1.0.00", "1.0.0-", "1.0.0-01", "1.0.0-a..b",
        "1.0.0+", "1.0.0+a+b", "v1.0.0", " 1.0.0", "1.0.0\n", "1.0.0-ä", "1.0.\u0661", "-1.0.0",
        "1.0.0-" + "a" * 300,
    ],
)  # fmt: skip
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no version"):
        parse(text)


@given(VERSIONS)
def test_a_version_is_read_as_it_was_written(version: Version) -> None:
    again = parse(str(version))
    assert (again, str(again)) == (version, str(version))


@given(st.lists(VERSIONS, min_size=3, max_size=3))
def test_the_order_is_one(versions: list[Version]) -> None:
    for one, other in itertools.permutations(versions, 2):
        assert (one < other) + (other < one) + (one == other) == 1
    low, middle, high = sorted(versions)
    assert low <= middle <= high
    assert low <= high


def test_the_build_makes_no_difference() -> None:
    assert parse("1.0.0+a") == parse("1.0.0+b")
    assert hash(parse("1.0.0+a")) == hash(parse("1.0.0+b"))
    assert len({parse("1.0.0+a"), parse("1.0.0")}) == 1
