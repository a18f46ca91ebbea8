"""Each planted race is found, told by its requirement, and shrunk in lists and in steps."""

from __future__ import annotations

from dataclasses import replace

import anyio
import pytest

from regshape.catalog import Entry, find
from regshape.engine.runner import run_campaign
from regshape.model import Case, Finding
from regshape.protocols.oci.defects import DEFECTS
from regshape.protocols.oci.defects.bad_races import BAD_RACES
from regshape.settings import Settings
from tests.quality.hunt import StopAt, embedded

# The defect, how many lists and steps its smallest race has at most, and steps of set-up.
ROWS: tuple[tuple[str, int, int, int], ...] = (
    ("tag-index-written-back", 2, 2, 0),
    ("manifests-written-back", 3, 3, 1),
    ("tags-collected-first", 2, 2, 1),
    ("referrers-written-back", 2, 2, 1),
    ("tag-before-manifest", 2, 3, 1),
    ("tag-replaced", 2, 3, 1),
    ("headers-of-another", 2, 3, 1),
    ("staged-under-one-name", 2, 2, 1),
    ("offset-checked-first", 2, 2, 1),
    ("chunk-written-back", 2, 2, 1),
    ("finished-twice", 2, 2, 1),
    ("cancelled-while-finished", 2, 2, 1),
    ("duplicate-removed", 2, 2, 1),
    ("mount-linked-later", 2, 2, 1),
    ("deleted-twice", 2, 2, 1),
    ("new-tags-dangle", 2, 2, 1),
    ("list-rebuilt", 2, 3, 1),
)


def sweep_of_races() -> Entry:
    entry = find("oci")
    cases = entry.cases
    return replace(
        entry, moves=(), programs=(), breaks={}, cases=lambda _, breaks: cases(entry.moves, breaks)
    )


async def found_in(defect: str) -> Finding | None:
    watcher = StopAt(DEFECTS[defect].requirements[:1], anyio.Event())
    settings = Settings(
        target="http://embedded", time=0, use_corpus=False, confirmations=2, shrink_executions=120
    )
    inner = embedded(find("oci"), defect)
    await run_campaign(settings, sweep_of_races(), [watcher], stop=watcher.stop, inner=inner)
    return watcher.found


def steps_in(case: Case) -> int:
    return sum(len(steps) for steps in case.parallel)


def test_every_race_that_can_be_planted_is_hunted() -> None:
    assert {row[0] for row in ROWS} == {defect.name for defect in BAD_RACES}
    assert {defect.kind for defect in BAD_RACES} == {"C"}


@pytest.mark.parametrize(
    ("name", "lists", "steps", "before"),
    [
        pytest.param(*row, marks=() if number < 2 else pytest.mark.slow)
        for number, row in enumerate(sorted(ROWS, key=lambda row: row[0] != "deleted-twice"))
    ],
)
async def test_a_race_is_found_and_shrunk(name: str, lists: int, steps: int, before: int) -> None:
    found = await found_in(name)
    assert found is not None
    assert len(found.case.parallel) <= lists
    assert steps_in(found.case) <= steps
    assert len(found.case.steps) <= before
    seen, tried = found.reproduced
    assert 1 <= seen <= tried
    assert sum(line.endswith("} &") for line in found.replay) == len(found.case.parallel)
    assert "wait" in found.replay
