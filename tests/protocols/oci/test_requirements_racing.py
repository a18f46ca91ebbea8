"""What a race says of a list that is walked while it changes, page by page."""

from __future__ import annotations

import json

import pytest

from regshape.model import Call, Exchange, Race, Request, Space, Turn
from regshape.protocols.oci import calls
from regshape.protocols.oci.facts import ListFacts
from regshape.protocols.oci.protocol import OciWorld
from regshape.protocols.oci.requirements.racing import pages

WORLD = OciWorld(Space("regshape", "r1", "http://embedded", {}))
REPO = WORLD.state.repos[0].name


def page(tags: list[str], query: str = "n=1", walked: tuple[str, ...] | None = None) -> Turn:
    """Return the turn of one page; the last of a walk carries all that was walked."""
    facts = ListFacts("end-8b", REPO, walked=walked, walk_ends=walked is not None)
    parts = [part.partition("=") for part in query.split("&") if part]
    pairs = tuple((name, value) for name, _, value in parts)
    request = Request("GET", calls.TAGS, {"name": REPO}, pairs)
    answer = json.dumps({"name": REPO, "tags": tags}).encode()
    exchange = Exchange("GET", request.target(), status=200, answer=answer)
    return Turn(Call("list-tags", request, facts), exchange, lane=0)


def walk(following: str) -> Race:
    """Return a walk that comes to `a` twice, the second page being what `following` asks for."""
    whole = page(["a", "b"], "", ("a", "a", "b"))
    turns = (page(["a"]), page(["a"], following), page(["b"], "n=1&token=2"), whole)
    return Race(WORLD, (turns, ()))


def aspects(race: Race) -> list[str]:
    return [fault.aspect for fault in pages(race) or ()]


def test_a_tag_that_comes_on_two_pages_of_a_walk_is_a_fault() -> None:
    assert "page twice" in aspects(walk("n=1&token=1"))


@pytest.mark.parametrize("following", ["n=1&last=a", "last=a&n=1"])
def test_where_last_is_ignored_no_race_is_to_blame(following: str) -> None:
    assert "page twice" not in aspects(walk(following))
