"""Races of the OCI distribution protocol: what is there, and what is then done at the same time."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from regshape.model import Case, Step
from regshape.strategies.common import Move

SHARE = 8
"""One case of so many that are drawn is a race."""
MOST_LISTS = 4
PUSH, CHUNK, FINISH = Step("push-manifest"), Step("send-chunk"), Step("finish-upload", {"size": 0})
SIBLING = Step("push-manifest", {"tag": "v2"})
AGAIN, SAME = Step("push-manifest", {"shape": "again"}), Step("push-manifest", {"same": True})
ALIAS = Step("push-manifest", {"shape": "again", "tag": "v2"})
IMAGE = Step("push-manifest", {"shape": "image"})
REFERRER = Step("push-manifest", {"shape": "referrer", "subject": "present", "by": "digest"})
REFERRER_TOO = Step("push-manifest", {**REFERRER.arguments, "which": 1})
GET, HEAD, LIST = Step("get-manifest"), Step("head-manifest"), Step("list-tags")
GET_BY_DIGEST = Step("get-manifest", {"by": "digest"})
WALK = Step("list-tags", {"n": 1, "walk": True})
FOUR_TAGS = Step("list-tags", {"tags": 4})
DELETE, UNTAG = Step("delete-manifest"), Step("delete-tag")
BLOB, POST, UNBLOB = Step("finish-upload"), Step("post-blob", {"same": True}), Step("delete-blob")
OPEN, CANCEL, STREAM = (
    Step("open-upload"),
    Step("cancel-upload"),
    Step("send-chunk", {"order": "unranged"}),
)
SAME_BLOB = tuple(Step("finish-upload", {"same": True, "which": which}) for which in (0, 1))
MOUNT = Step("mount-blob")


def _race(before: Sequence[Step], *lists: Sequence[Step] | Step) -> Case:
    parallel = tuple((item,) if isinstance(item, Step) else tuple(item) for item in lists)
    return Case("oci", tuple(before), parallel=parallel)


_FIRST: Sequence[Case] = (
    # sessions
    _race([CHUNK], FINISH, FINISH),
    _race([CHUNK], Step("finish-upload", {"size": 16}), Step("finish-upload", {"size": 16})),
    _race([CHUNK], CHUNK, CHUNK),
    _race([CHUNK], STREAM, STREAM),
    _race([OPEN], CHUNK, CHUNK),
    _race([CHUNK], CHUNK, FINISH),
    _race([CHUNK], CANCEL, FINISH),
    _race([CHUNK], CANCEL, CHUNK),
    _race([CHUNK], CANCEL, CANCEL),
    # deletes against pushes
    _race([PUSH], UNTAG, PUSH),
    _race([PUSH], DELETE, PUSH),
    _race([PUSH], DELETE, ALIAS),
    _race([PUSH], DELETE, AGAIN),
    _race([PUSH], DELETE, DELETE),
    _race([PUSH], UNTAG, UNTAG),
    _race([PUSH], DELETE, UNTAG),
    _race([PUSH], [GET, GET_BY_DIGEST], DELETE, [GET_BY_DIGEST, HEAD]),
    _race([BLOB], UNBLOB, UNBLOB),
    # pushes
    _race([], PUSH, SIBLING, Step("push-manifest", {"tag": "a1"})),
    _race([PUSH], SIBLING, Step("push-manifest", {"tag": "a1"})),
    _race([PUSH], PUSH, PUSH),
    _race([], SAME, SAME),
    _race([PUSH], [GET, HEAD], PUSH, [GET, GET_BY_DIGEST]),
    _race([BLOB, PUSH], [GET, HEAD], IMAGE, [HEAD, GET]),
    _race([], Step("push-manifest", {"by": "digest", "tags": ["p1", "p2"]}), PUSH),
    # blobs
    _race([], POST, POST),
    _race([OPEN, OPEN], *SAME_BLOB),
    _race([], POST, Step("post-blob", {"same": True, "repo": 1})),
    _race([Step("finish-upload", {"repo": 1})], MOUNT, Step("delete-blob", {"repo": 1})),
    _race([Step("finish-upload", {"repo": 1})], MOUNT, MOUNT),
    # lists
    _race([PUSH], REFERRER, REFERRER),
    _race([PUSH, REFERRER], REFERRER_TOO, DELETE),
    _race([FOUR_TAGS], [WALK], [Step("push-manifest", {"tag": "a1"})]),
    _race([FOUR_TAGS], [WALK], [UNTAG]),
    _race([PUSH], [SIBLING, Step("push-manifest", {"tag": "a1"})], [LIST, LIST]),
)
"""What races for one thing, in the order in which registries were most often seen to fail.

Of the reads in parallel with a write some are sent before it and some after.
"""
TOUR: Sequence[Case] = (
    _race([CHUNK], FINISH, FINISH),
    _race([CHUNK], CHUNK, CHUNK),
    _race([CHUNK], STREAM, STREAM),
    _race([CHUNK], CANCEL, FINISH),
    _race([PUSH], UNTAG, PUSH),
    _race([PUSH], DELETE, PUSH),
    _race([PUSH], DELETE, ALIAS),
    _race([PUSH], DELETE, DELETE),
    _race([], PUSH, SIBLING, Step("push-manifest", {"tag": "a1"})),
    _race([PUSH], PUSH, PUSH),
    _race([PUSH], [GET, HEAD], PUSH, [GET, GET_BY_DIGEST]),
    _race([Step("finish-upload", {"repo": 1})], MOUNT, Step("delete-blob", {"repo": 1})),
    _race([PUSH], REFERRER, REFERRER),
    _race([PUSH], [SIBLING, Step("push-manifest", {"tag": "a1"})], [LIST, LIST]),
)
"""Of each kind of race one: what a campaign tries early, before anything is tried alone."""
ROUNDS = 3
"""How often the sweep tries each race: once proves little."""


def _varied(race: Case, round_: int) -> Case:
    """Return the race as it is tried in a round: as it is, turned round, and one list wider.

    Where all lists are alike it is made wider instead of turned.
    """
    lists = race.parallel
    turned = lists[::-1]
    wider = round_ if turned == lists else round_ - 1
    more = max(0, min(wider, MOST_LISTS - len(lists)))
    varied = (*(turned if round_ == 1 else lists), *lists[:1] * more)
    return Case(race.protocol, race.steps, parallel=varied)


RACES: Sequence[Case] = tuple(_varied(race, round_) for round_ in range(ROUNDS) for race in _FIRST)
"""What the sweep tries: all races, and then all of them again, each time another way."""

_SETTINGS: Sequence[tuple[Step, ...]] = (
    (PUSH,), (PUSH, SIBLING), (PUSH, REFERRER), (FOUR_TAGS,), (BLOB,), (BLOB, PUSH),
    (OPEN,), (CHUNK,), (OPEN, OPEN), (Step("finish-upload", {"repo": 1}),),
)  # fmt: skip
_RUNNERS: Sequence[Sequence[Step]] = (
    (PUSH, SIBLING, AGAIN, ALIAS, SAME, IMAGE, DELETE, UNTAG, GET, HEAD, GET_BY_DIGEST, LIST),
    (REFERRER, REFERRER_TOO, DELETE, PUSH, Step("list-referrers")),
    (CHUNK, STREAM, FINISH, CANCEL, Step("finish-upload", {"size": 16})),
    (POST, *SAME_BLOB, UNBLOB, MOUNT, BLOB, Step("get-blob"), Step("delete-blob", {"repo": 1})),
    (WALK, LIST, SIBLING, UNTAG, DELETE, Step("push-manifest", {"tag": "a1"})),
)
"""Steps that work on the same thing: others have little to race for."""


def races(moves: Sequence[Move]) -> st.SearchStrategy[Case]:
    """Return the strategy of races; of no operation that is not among the moves."""
    known = {move.operation for move in moves}
    settings = [item for item in _SETTINGS if all(step.operation in known for step in item)]
    runners = [[step for step in group if step.operation in known] for group in _RUNNERS]
    settings_drawn = st.sampled_from(settings)

    def lists_of(group: Sequence[Step]) -> st.SearchStrategy[tuple[tuple[Step, ...], ...]]:
        steps = st.lists(st.sampled_from(group), min_size=1, max_size=2).map(tuple)
        return st.lists(steps, min_size=2, max_size=MOST_LISTS).map(tuple)

    drawn = st.builds(
        lambda before, lists: Case("oci", before, parallel=lists),
        settings_drawn,
        st.one_of([lists_of(group) for group in runners if group]),
    )
    prepared = [race for race in RACES if all(step.operation in known for step in race.all_steps())]
    return st.one_of(st.sampled_from(prepared), drawn) if prepared else drawn


def with_races(cases: st.SearchStrategy[Case], moves: Sequence[Move]) -> st.SearchStrategy[Case]:
    """Return the strategy with a share of races, where the moves may change the registry."""
    if not {"push-manifest", "finish-upload", "send-chunk"} <= {move.operation for move in moves}:
        return cases
    racing = races(moves)

    @st.composite
    def either(draw: st.DrawFn) -> Case:
        kind = draw(st.integers(0, SHARE - 1))
        return draw(racing if kind == SHARE - 1 else cases)

    return either()
