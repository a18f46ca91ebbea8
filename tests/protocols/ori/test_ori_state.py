from __future__ import annotations

import itertools

import pytest

from regshape.formats import semver
from regshape.model import Space
from regshape.protocols.ori.facts import Held
from regshape.protocols.ori.models import is_package, is_reserved, is_version
from regshape.protocols.ori.state import NUMBERS, RESERVED, Package, State

HELD = Held("0" * 64, b"", {}, {})


def state(salt: str = "c1s2", prefix: str = "regshape") -> State:
    return State(Space(prefix, salt, other_prefix=f"{prefix}-other"))


def test_every_version_of_a_package_is_another_and_can_be_published() -> None:
    here = state()
    package = here.packages[0]
    numbers = [here.fresh_version(package) for _ in range(30)]
    assert len(set(numbers)) == 30
    assert all(map(is_version, numbers))


def test_no_order_of_text_is_that_of_the_first_versions() -> None:
    by_age = sorted(NUMBERS, key=semver.parse)
    assert by_age not in (sorted(NUMBERS), sorted(NUMBERS, reverse=True), list(NUMBERS))


def test_lists_in_parallel_publish_versions_of_their_own() -> None:
    lanes = []
    for lane in range(4):
        here = state()
        here.lane = lane
        lanes.append({here.fresh_version(here.packages[0]) for _ in range(10)})
    assert all(one.isdisjoint(other) for one, other in itertools.combinations(lanes, 2))


@pytest.mark.parametrize("name", RESERVED)
def test_a_name_without_a_salt_has_versions_of_each_space(name: str) -> None:
    numbers = {here.fresh_version(Package("regshape", name)) for here in (state("a"), state("b"))}
    assert len(numbers) == 2
    assert all(map(is_version, numbers))
    assert is_reserved(f"@regshape/{name}")


@pytest.mark.parametrize("prefix", ["regshape", "team/fuzz", "Team.X"])
def test_the_names_of_a_space_can_be_published_under_any_plain_prefix(prefix: str) -> None:
    here = state(prefix=prefix.lower())
    for package in (*here.packages, here.absent, here.foreign):
        assert is_package(package.full)
        assert not is_reserved(package.full)


def test_spaces_share_no_package() -> None:
    names = [{package.full for package in state(salt).packages} for salt in ("a", "b")]
    assert names[0].isdisjoint(names[1])


def test_what_is_open_is_not_predicted() -> None:
    package = Package("regshape", "json")
    assert (package.exists, package.knows("1.0.0"), package.listed()) == (False, False, ())
    package.versions["1.0.0"] = HELD
    assert (package.exists, package.knows("1.0.0"), package.listed()) == (True, True, ("1.0.0",))
    package.forget("1.0.0")
    assert (package.exists, package.knows("1.0.0"), package.listed()) == (None, None, None)
    assert package.knows("2.0.0") is False
    package.unsure = True
    assert (package.exists, package.knows("2.0.0"), package.listed()) == (None, None, None)


def test_versions_are_listed_by_age_and_named_by_when_they_were_published() -> None:
    package = Package("regshape", "json", versions=dict.fromkeys(NUMBERS[:4], HELD))
    assert package.listed() == ("2.0.0-alpha", "1.10.0", "1.9.0", "1.0.0")
    assert [package.recent(which) for which in range(5)] == [
        *("2.0.0-alpha", "1.9.0", "1.10.0", "1.0.0"),
        "2.0.0-alpha",
    ]


def test_marks_are_told_apart_within_a_space_and_between_spaces() -> None:
    one, other = state("a"), state("b")
    lane = state("a")
    lane.lane = 1
    marks = [here.mark() for here in (one, one, other, lane) for _ in range(3)]
    assert len(set(marks)) == len(marks)
