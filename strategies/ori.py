"""What a case of the Ori registry is made of: moves, programs for the sweep, and races."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from hypothesis import strategies as st

from regshape.model import Case, Step
from regshape.protocols.ori.breaks import BREAKS
from regshape.protocols.ori.forms import FORMS
from regshape.protocols.ori.operations.marking import MESSAGES
from regshape.protocols.ori.operations.outsiders import READS
from regshape.protocols.ori.operations.searching import ODD
from regshape.protocols.ori.state import OWN_TOKEN
from regshape.protocols.ori.trees import ACCEPTED_SIZE, FLAWS, REFUSED_SIZE
from regshape.strategies.common import Breaks, Move, programs

Word: TypeAlias = str | tuple[str, Mapping[str, Any]]
SLOW = frozenset({"bomb"})
"""Flaws that cost so much that only the sweep has them."""


def _open(
    operation: str, *needs: str, refers: bool = False, search: bool = True, **arguments: object
) -> Move:
    """Return a move that anybody can make."""
    return Move(operation, arguments, refers, needs, search)


def _own(
    operation: str, *needs: str, refers: bool = False, search: bool = True, **arguments: object
) -> Move:
    """Return a move that changes something, or needs something of one's own to be there."""
    return _open(operation, OWN_TOKEN, *needs, refers=refers, search=search, **arguments)


CHANGES = ("yank", "unyank", "deprecate")
NAMES = (
    *("std-x", "test"),
    *("longest", "digits", "too-long", "upper-case", "underscore", "dot", "space", "non-ascii"),
)
STRANGERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "anonymous": ("", ("publish", *CHANGES, "transfer")),
    "other": ("second-identity", ("publish", *CHANGES, "transfer")),
    "reader": ("token-reader", ("publish", *CHANGES, "transfer")),
    "publisher": ("token-publisher", ("transfer",)),
    "manager": ("token-manager", ("publish", *CHANGES)),
    "expired": ("token-expired", ("publish", *CHANGES, "transfer", *READS)),
}
"""Whom a registry refuses: what a target needs to have for it, and what they try."""

MOVES: Sequence[Move] = (
    # The first move is where shrinking leads: it needs nothing and changes nothing.
    _open("list-advisories"),
    _open("get-checkpoint", "log"),
    _own("publish"),
    _own("list-versions"),
    _own("get-metadata", refers=True),
    _own("get-archive", refers=True),
    _own("yank", refers=True),
    _own("unyank", refers=True),
    _own("deprecate", refers=True),
    _own("search"),
    _own("list-owners", "owners"),
    _own("look-up", "log", refers=True),
    _open("get-tile", "log"),
    _own("transfer", "second-identity"),
    # reads
    _open("list-versions", package="absent"),
    _own("list-versions", versions=3),
    _own("list-versions", versions=3, limit=1),
    _own("list-versions", versions=3, limit=2),
    _open("list-versions", "token-reader", who="reader"),
    _own("list-versions", package=1),
    _own("get-metadata", want="missing"),
    _open("get-metadata", package="absent"),
    _own("get-metadata", "token-reader", who="reader"),
    _own("get-archive", want="missing"),
    _open("get-archive", package="absent"),
    _own("get-archive", again=True),
    _own("get-archive", "token-reader", who="reader"),
    # publishes
    _own("publish", version="again"),
    _own("publish", version="again", bytes="same"),
    _own("publish", version="yanked"),
    _own("publish", version="1.0.0-alpha"),
    _own("list-versions", versions=6, search=False),
    _own("publish", package=1),
    _own("publish", "token-publisher", who="publisher"),
    _own("publish", needs=True),
    _own("publish", needs="wrong"),
    *(_own("publish", form=form) for form in FORMS if form),
    *(_own("publish", flaw=flaw, search=flaw not in SLOW) for flaw in FLAWS),
    *(_own("publish", name=name) for name in NAMES),
    _own("publish", size=ACCEPTED_SIZE, search=False),
    _own("publish", size=REFUSED_SIZE + 1, search=False),
    # marks
    *(_own(operation, want="missing") for operation in CHANGES),
    *(_own("deprecate", message=message) for message in MESSAGES if message),
    # owners
    _own("transfer", "second-identity", action="accept"),
    _own("transfer", "second-identity", action="accept", started=False),
    _own("transfer", "second-identity", action="cancel"),
    _own("transfer", "second-identity", to="nobody"),
    _own("transfer", "token-manager", "second-identity", who="manager"),
    # searches
    _own("search", q="missing"),
    _open("search", q="none"),
    *(_open("search", q=text) for text in ODD),
    _open("search", "token-reader", who="reader"),
    # who may not
    _open("try-as", who="anonymous", what="publish"),
    *(
        _own("try-as", *([needs] if needs else []), who=who, what=what)
        for who, (needs, tried) in STRANGERS.items()
        for what in tried
        if (who, what) != ("anonymous", "publish")
    ),
    # time, and more than a window of it allows
    _open("wait", "own-time", hours=73),
    _open("wait", "own-time", hours=71),
    _open("wait", "own-time", minutes=1),
    _open("burst", "stock-tiers", search=False),
)


def _step(word: Word) -> Step:
    return Step(word) if isinstance(word, str) else Step(word[0], word[1])


def _program(*words: Word) -> Case:
    return Case("ori", tuple(_step(word) for word in words))


ACCEPT = ("transfer", {"action": "accept"})
PROGRAMS: Sequence[Case] = (
    _program("yank", "get-archive"),
    _program("yank", "yank"),
    _program("yank", "unyank"),
    _program("unyank", "unyank"),
    _program("yank", "search"),
    _program("deprecate", "get-metadata"),
    _program("deprecate", ("deprecate", {"message": "unicode"})),
    _program("deprecate", ("deprecate", {"message": "empty"})),
    _program("deprecate", "yank"),
    _program("get-archive", "yank", "get-archive"),
    _program("get-archive", "publish", ("get-archive", {"which": 1})),
    _program("get-archive", ("publish", {"version": "again"}), "get-archive"),
    _program("publish", "publish", ("get-metadata", {"which": 1})),
    _program("publish", "publish", ("yank", {"which": 1})),
    _program("publish", ("publish", {"package": 1})),
    _program("look-up", "publish", "get-checkpoint"),
    _program("look-up", "publish", "look-up"),
    _program("get-checkpoint", "publish", "look-up"),
    _program("transfer", ACCEPT),
    _program("transfer", ("transfer", {"action": "cancel"}), ACCEPT),
    _program(("transfer", {"to": "nobody"}), ("transfer", {"action": "accept", "started": False})),
    _program("transfer", ("wait", {"hours": 73}), ACCEPT),
    _program("transfer", ("wait", {"hours": 71}), ACCEPT),
    _program("yank", ("wait", {"minutes": 1}), "list-versions"),
    _program(("search", {"q": "missing"}), "search"),
)
LIMITS: Sequence[Case] = (
    *(
        _program(("try-as", {"who": "anonymous", "what": what}))
        for what in STRANGERS["anonymous"][1]
    ),
    _program("burst"),
)
"""All that is asked without a token, and then more than its window allows: after that, whoever
shows none has to wait where a case has no time of its own."""
LAST: Sequence[Case] = (_program(("burst", {"who": "main"})),)
"""What takes so many requests that all else goes before."""

SAME = {"version": "5.0.0", "same": True}
TOUR: Sequence[Case] = (
    Case("ori", (), parallel=((_step(("publish", SAME)),),) * 3),
    Case("ori", (), parallel=((Step("publish"),),) * 3),
)
"""A race of each kind, which are not left for the end."""
RACES: Sequence[Case] = (
    Case("ori", (Step("publish"),), parallel=((_step(("publish", SAME)),),) * 2),
    Case("ori", (Step("publish"),), parallel=((Step("yank"),), (Step("unyank"),))),
    Case("ori", (Step("publish"),), parallel=((Step("publish"),), (Step("list-versions"),) * 2)),
)

EACH_ALONE: Breaks = {
    operation: tuple((mutator,) for mutator in group) for operation, group in BREAKS.items()
}


def cases(moves: Sequence[Move] = MOVES, breaks: Breaks | None = None) -> st.SearchStrategy[Case]:
    """Return the strategy of the random search: programs over the moves.

    Without `breaks` a step is broken by any one mutator of its operation.
    """
    return programs("ori", moves, EACH_ALONE if breaks is None else breaks)
