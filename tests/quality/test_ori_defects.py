"""Each planted fault of the Ori registry is found, told by its requirement, and shrunk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anyio
import pytest

from regshape.catalog import ReferenceSettings, find
from regshape.engine.runner import run_campaign
from regshape.model import Finding, Step
from regshape.protocols.ori.defects import DEFECTS
from regshape.settings import Settings
from tests.conftest import Serve
from tests.quality.hunt import Row, StopAt, embedded, steps_of

ENTRY = find("ori")
SETTINGS = Settings.model_validate(
    {
        "target": "http://embedded",
        "protocol": "ori",
        "time": None,
        "max_requests": 3000,
        "seed": 0,
        "use_corpus": False,
        "confirmations": 2,
        "grace": 0.1,
        "tokens": ENTRY.tokens,
    }
)

ACCEPT: tuple[str, dict[str, Any], list[str]] = ("transfer", {"action": "accept"}, [])
# The defect, the requirement that tells of it, the minimal case and how many requests it takes.
ROWS: tuple[Row, ...] = (
    ("pre-releases-unlisted", "ORI-01", [("publish", {"version": "1.0.0-alpha"}, [])], 1),
    ("unknown-listed", "ORI-02", [("list-versions", {"package": "absent"}, [])], 1),
    ("versions-by-text", "ORI-03", [("list-versions", {"versions": 3}, [])], 4),
    ("pages-overlap", "ORI-63", [("list-versions", {"versions": 3, "limit": 2}, [])], 4),
    ("name-without-scope", "ORI-04", [("publish", {}, [])], 1),
    ("dependencies-left-out", "ORI-05", [("publish", {"needs": True}, [])], 2),
    ("features-left-out", "ORI-06", [("publish", {}, [])], 1),
    ("checksum-of-tree", "ORI-07", [("publish", {}, [])], 1),
    ("newest-instead", "ORI-08", [("get-metadata", {"want": "missing"}, [])], 2),
    ("download-repacked", "ORI-09", [("publish", {}, [])], 1),
    ("download-of-newest", "ORI-10", [("get-archive", {}, []), ("publish", {}, [])], 3),
    ("if-none-match-ignored", "ORI-10", [("get-archive", {"again": True}, [])], 3),
    ("yanked-gone", "ORI-19", [("yank", {}, [])], 2),
    ("search-by-beginning", "ORI-27", [("search", {}, [])], 2),
    ("search-finds-all", "ORI-27", [("search", {"q": "missing"}, [])], 2),
    ("search-for-nothing", "ORI-28", [("search", {"q": "none"}, [])], 1),
    ("search-fails-on-nul", "ORI-29", [("search", {"q": "nul"}, [])], 1),
    ("advisories-of-own", "ORI-30", [("list-advisories", {}, [])], 1),
    ("log-behind", "ORI-57", [("publish", {}, [])], 1),
    ("record-without-scope", "ORI-57", [("publish", {}, [])], 1),
    ("log-index-from-one", "ORI-55", [("look-up", {}, [])], 2),
    (
        "log-rebuilt",
        "ORI-56",
        [("get-checkpoint", {}, []), ("publish", {}, []), ("get-checkpoint", {}, [])],
        3,
    ),
    ("checkpoint-bare", "ORI-66", [("get-checkpoint", {}, [])], 1),
    ("owners-empty", "ORI-65", [("list-owners", {}, [])], 2),
    ("paths-unchecked", "ORI-54", [("publish", {"flaw": "traversal"}, [])], 1),
    ("links-followed", "ORI-54", [("publish", {"flaw": "symlink"}, [])], 1),
    ("devices-kept", "ORI-54", [("publish", {"flaw": "device"}, [])], 1),
    ("last-member-wins", "ORI-54", [("publish", {"flaw": "duplicate"}, [])], 1),
    ("tail-ignored", "ORI-54", [("publish", {"flaw": "trailing-data"}, [])], 1),
    ("scripts-kept", "ORI-49", [("publish", {"flaw": "scripts"}, [])], 1),
    ("lock-optional", "ORI-50", [("publish", {"flaw": "no-lock"}, [])], 1),
    ("lock-uncompared", "ORI-50", [("publish", {"needs": "wrong"}, [])], 2),
    ("listing-unread", "ORI-51", [("publish", {"flaw": "listing-wrong"}, [])], 1),
    ("sources-optional", "ORI-52", [("publish", {"flaw": "no-source"}, [])], 1),
    ("plain-tar-taken", "ORI-48", [("publish", {"flaw": "no-gzip"}, [])], 1),
    ("description-optional", "ORI-62", [("publish", {"flaw": "no-description"}, [])], 1),
    ("build-taken", "ORI-61", [("publish", {"flaw": "version-build"}, [])], 1),
    ("reserved-names", "ORI-60", [("publish", {"name": "std-x"}, [])], 1),
    ("address-unchecked", "ORI-16", [("publish", {"flaw": "other-name"}, [])], 1),
    ("version-replaced", "ORI-14", [("publish", {"version": "again"}, [])], 2),
    ("yanked-free", "ORI-15", [("publish", {"version": "yanked"}, [])], 3),
    ("size-in-thousands", "ORI-53", [("publish", {"size": 10000000}, [])], 1),
    ("accepted-only", "ORI-11", [("publish", {}, [])], 1),
    ("checksum-uncompared", "ORI-11", [("publish", {"form": "checksum-wrong"}, [])], 1),
    ("raw-bodies", "ORI-12", [("publish", {"form": "raw"}, [])], 1),
    ("cut-forms-taken", "ORI-17", [("publish", {"form": "no-end"}, [])], 1),
    ("yank-forgotten", "ORI-18", [("yank", {}, [])], 2),
    ("unyank-forgotten", "ORI-20", [("yank", {}, []), ("unyank", {}, [])], 3),
    ("yank-twice-conflicts", "ORI-21", [("yank", {}, []), ("yank", {}, [])], 3),
    ("yank-of-nothing", "ORI-64", [("yank", {"want": "missing"}, [])], 2),
    ("message-cut", "ORI-22", [("deprecate", {}, [])], 2),
    ("message-optional", "ORI-23", [("deprecate", {"message": "missing"}, [])], 2),
    ("transfer-at-once", "ORI-25", [("transfer", {}, [])], 2),
    ("accept-unasked", "ORI-25", [("transfer", {"action": "accept", "started": False}, [])], 2),
    ("old-owner-stays", "ORI-24", [("transfer", {"action": "accept"}, [])], 3),
    (
        "offers-for-ever",
        "ORI-69",
        [("transfer", {}, []), ("wait", {"hours": 73}, []), ACCEPT],
        3,
    ),
    (
        "offers-for-a-day",
        "ORI-24",
        [("transfer", {}, []), ("wait", {"hours": 71}, []), ACCEPT],
        3,
    ),
    ("anybody-offers", "ORI-26", [("try-as", {"who": "other", "what": "transfer"}, [])], 2),
    ("anonymous-publish", "ORI-13", [("try-as", {}, [])], 2),
    ("basic-challenge", "ORI-13", [("try-as", {}, [])], 2),
    ("scheme-exact", "ORI-31", [("list-advisories", {}, ["auth-scheme-upper-case"])], 1),
    ("expired-good", "ORI-32", [("try-as", {"who": "expired"}, [])], 2),
    ("bad-token-forbidden", "ORI-32", [("try-as", {"who": "expired"}, [])], 2),
    ("bad-token-anonymous", "ORI-33", [("list-advisories", {}, ["auth-corrupt"])], 1),
    ("readers-publish", "ORI-34", [("try-as", {"who": "reader"}, [])], 2),
    ("owners-unasked", "ORI-35", [("try-as", {"who": "other"}, [])], 2),
    (
        "publishers-transfer",
        "ORI-36",
        [("try-as", {"who": "publisher", "what": "transfer"}, [])],
        2,
    ),
    ("admins-do-all", "ORI-37", [("try-as", {"who": "manager"}, [])], 2),
    ("errors-without-limits", "ORI-41", [("list-advisories", {}, ["method-post"])], 1),
    ("remaining-stands", "ORI-42", [("get-checkpoint", {}, [])], 1),
    ("reset-in-milliseconds", "ORI-43", [("list-advisories", {}, [])], 1),
    ("tokens-as-anonymous", "ORI-44", [("list-advisories", {}, [])], 1),
    ("tokens-uncounted", "ORI-44", [("burst", {"who": "main"}, [])], 1003),
    ("anonymous-uncounted", "ORI-45", [("burst", {}, [])], 103),
    ("one-too-many", "ORI-45", [("burst", {}, [])], 103),
    ("last-refused", "ORI-45", [("burst", {}, [])], 103),
    ("windows-for-good", "ORI-45", [("burst", {}, [])], 104),
    ("no-retry-after", "ORI-46", [("burst", {}, [])], 104),
    ("one-bucket", "ORI-47", [("burst", {}, [])], 103),
    ("methods-not-found", "ORI-58", [("list-advisories", {}, ["method-post"])], 1),
    ("unyank-deadlocked", "HTTP-01", [("unyank", {}, [])], 2),
    ("errors-longer", "HTTP-02", [("list-versions", {"package": "absent"}, [])], 1),
    ("unchallenged", "HTTP-04", [("list-advisories", {}, ["auth-corrupt"])], 1),
    ("status-of-its-own", "HTTP-06", [("list-advisories", {}, ["method-post"])], 1),
)
CHANGES: Mapping[str, Mapping[str, Any]] = {
    # It leaves requests without an answer; those of nobody, too, which come later.
    "unyank-deadlocked": {"deadline": 0.25, "max_requests": 150},
    "tokens-uncounted": {"max_requests": 5000},  # of which it takes 1,001 to see it
}
LATE = {"tokens-uncounted": 1001}
"""What is asked last of all, after all else that fits in 2,000 requests."""
RACES: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("checked-then-kept", "ORI-67", {"version": "5.0.0"}),
    ("rows-read-too-early", "ORI-68", {}),
)
"""A defect, the requirement that tells of it, and what each of two publishes at once says."""
SERVED = "wedged-by-cut-request"
"""What shows only behind a server of its own."""


async def _found(name: str, inner: object, changes: Mapping[str, Any]) -> Finding:
    """Return the first finding of what tells of a defect, which a campaign ends at."""
    watcher = StopAt(DEFECTS[name].requirements[:1], anyio.Event())
    settings = SETTINGS.model_copy(update=dict(changes))
    await run_campaign(settings, ENTRY, [watcher], stop=watcher.stop, inner=inner)
    assert watcher.found is not None
    assert watcher.found.seen_after <= 2000 + LATE.get(name, 0)
    return watcher.found


def test_every_fault_has_a_row_or_a_test_of_its_own() -> None:
    rows = [*(row[0] for row in ROWS), *(row[0] for row in RACES), SERVED]
    assert sorted(rows) == sorted(DEFECTS)


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
async def test_a_fault_is_found_and_shrunk(row: Row) -> None:
    name, requirement, steps, requests = row
    found = await _found(name, embedded(ENTRY, name), CHANGES.get(name, {}))
    assert found.requirement == requirement == DEFECTS[name].requirements[0]
    assert steps_of(found) == steps
    assert (found.requests, found.reproduced) == (requests, (2, 2))


@pytest.mark.slow
@pytest.mark.parametrize("race", RACES, ids=[race[0] for race in RACES])
async def test_a_race_is_found_and_shrunk_to_two_publishes(
    race: tuple[str, str, dict[str, str]],
) -> None:
    name, requirement, arguments = race
    found = await _found(name, embedded(ENTRY, name), {})
    assert found.requirement == requirement == DEFECTS[name].requirements[0]
    assert (found.case.steps, found.case.parallel) == (
        (),
        ((Step("publish", arguments),), (Step("publish", arguments),)),
    )
    seen, tried = found.reproduced
    assert 1 <= seen <= tried


@pytest.mark.slow
async def test_a_server_that_is_gone_after_broken_framing_is_found(serve: Serve) -> None:
    app = ENTRY.reference(ReferenceSettings(defects=(SERVED,)))
    async with serve(app) as url:
        found = await _found(SERVED, None, {"target": url, "deadline": 0.5, "concurrency": 1})
    assert found.requirement == "HTTP-07" == DEFECTS[SERVED].requirements[0]
    (step,) = found.case.steps
    assert (step.operation, step.arguments) == ("publish", {})
    assert [mutator.target for mutator in step.mutators] == ["frame"]
    assert (found.requests, found.reproduced) == (1, (2, 2))
