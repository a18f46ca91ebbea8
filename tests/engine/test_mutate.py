from __future__ import annotations

import pytest

from regshape.catalog import find
from regshape.engine.mutate import PAIRS_AN_OPERATION, chosen, combinations
from regshape.errors import UsageError
from regshape.model import Expectation, Mutator
from regshape.settings import Settings

CATALOGUE = find("oci").breaks


def test_without_a_choice_the_whole_catalogue_stands() -> None:
    assert chosen(CATALOGUE, Settings()) == CATALOGUE


def test_a_pattern_leaves_the_mutators_that_it_names() -> None:
    kept = chosen(CATALOGUE, Settings(mutators=("digest-*", "name-plus")))
    names = {mutator.name for group in kept.values() for mutator in group}
    assert "name-plus" in names
    assert all(name == "name-plus" or name.startswith("digest-") for name in names)
    assert set(kept) == set(CATALOGUE)


def test_a_pattern_that_names_nothing_is_an_error() -> None:
    with pytest.raises(UsageError, match="no mutator 'digset'"):
        chosen(CATALOGUE, Settings(mutators=("digset",)))


def test_each_mutator_stands_alone_and_few_stand_in_pairs() -> None:
    for operation, found in combinations(CATALOGUE).items():
        group = CATALOGUE[operation]
        assert found[: len(group)] == tuple((mutator,) for mutator in group)
        assert len(found) - len(group) <= PAIRS_AN_OPERATION
        assert all(len(pair) == 2 for pair in found[len(group) :])


def test_what_must_be_refused_is_in_no_pair() -> None:
    for found in combinations(CATALOGUE).values():
        for pair in (item for item in found if len(item) > 1):
            assert all(mutator.expect is not Expectation.REJECT for mutator in pair)


def test_a_pair_breaks_two_different_things() -> None:
    same = [Mutator(f"n-{value}", "query", "replace", "n", value) for value in "abc"]
    assert all(len(item) == 1 for item in combinations({"list": same})["list"])
