"""Tours: what a campaign tries first, eight steps at most that share what they need.

Their order is that of how much they ask for their requests: what needs nothing to be there, then
what is read of one package, who may not change it, what must be refused, and what takes long.
Steps of a tour may hide something from each other; the sweep tries each alone later.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from regshape.model import Case, Step
from regshape.protocols.ori.breaks import BREAKS
from regshape.protocols.ori.trees import ACCEPTED_SIZE, REFUSED_SIZE

Stop: TypeAlias = str | tuple[str, Mapping[str, Any]] | tuple[str, str]
"""An operation, one with arguments, or one with the name of what breaks it."""


def _step(stop: Stop) -> Step:
    if isinstance(stop, str):
        return Step(stop)
    operation, how = stop
    if isinstance(how, str):
        return Step(operation, {}, (next(m for m in BREAKS[operation] if m.name == how),))
    return Step(operation, how)


def _tour(*stops: Stop) -> Case:
    return Case("ori", tuple(_step(stop) for stop in stops))


def _as(who: str, what: str) -> Stop:
    return "try-as", {"who": who, "what": what}


def _flaws(*names: str) -> Case:
    return _tour(*(("publish", {"flaw": name}) for name in names))


MISSING: Mapping[str, Any] = {"want": "missing"}
ABSENT: Mapping[str, Any] = {"package": "absent"}
ACCEPT: Stop = ("transfer", {"action": "accept"})

TOURS: Sequence[Case] = (
    # What is asked of the registry as a whole, and what is not there.
    _tour(
        "list-advisories",
        ("list-advisories", "method-post"),
        ("list-advisories", "auth-corrupt"),
        ("list-advisories", "auth-scheme-upper-case"),
        ("list-versions", ABSENT),
        ("search", {"q": "none"}),
        ("search", {"q": "nul"}),
        "get-checkpoint",
    ),
    # A version, and all that is told of it.
    _tour(
        "publish",
        ("get-metadata", MISSING),
        ("get-archive", {"again": True}),
        "search",
        ("search", {"q": "missing"}),
        "list-owners",
        ("publish", {"version": "again"}),
    ),
    # Who may not.
    _tour(
        _as("anonymous", "publish"),
        _as("reader", "publish"),
        _as("other", "publish"),
        _as("other", "transfer"),
        _as("publisher", "transfer"),
        _as("manager", "publish"),
        _as("expired", "publish"),
        _as("expired", "versions"),
    ),
    # Marks on a version.
    _tour(
        ("yank", MISSING),
        ("deprecate", {"message": "unicode"}),
        ("deprecate", {"message": "missing"}),
        "yank",
        "yank",
        ("publish", {"version": "yanked"}),
        "unyank",
    ),
    # What must be refused: what a package does to who unpacks it, what it lacks, what it says.
    _flaws(
        *("traversal", "symlink", "device", "duplicate"),
        *("trailing-data", "no-gzip", "listing-wrong", "other-name"),
    ),
    _flaws(
        *("scripts", "no-lock", "no-source", "no-description"),
        *("version-build", "version-leading-zero", "range-dependency", "bad-toml"),
    ),
    _tour(
        ("publish", {"needs": True}),
        ("publish", {"needs": "wrong"}),
        ("publish", {"form": "checksum-wrong"}),
        ("publish", {"form": "raw"}),
        ("publish", {"form": "no-end"}),
        ("publish", {"form": "truncated"}),
        ("publish", {"name": "std-x"}),
        ("publish", {"name": "upper-case"}),
    ),
    # The order of versions, page by page; and what was downloaded, once there are others.
    _tour(
        ("list-versions", {"versions": 3}),
        ("list-versions", {"versions": 3, "limit": 2}),
        "get-archive",
        ("publish", {"version": "1.0.0-alpha"}),
    ),
    # Whose a package is.
    _tour(("transfer", {"action": "accept", "started": False}), "transfer", ACCEPT),
    # A log that grows.
    _tour("look-up", "publish", "get-checkpoint"),
    # Time that passes.
    _tour("transfer", ("wait", {"hours": 71}), ACCEPT),
    _tour("transfer", ("wait", {"hours": 73}), ACCEPT),
    # Bodies that end too soon, and large ones.
    _tour(("publish", "short-then-closed"), ("publish", "chunked")),
    _tour(("publish", {"size": REFUSED_SIZE + 1}), ("publish", {"size": ACCEPTED_SIZE})),
)
