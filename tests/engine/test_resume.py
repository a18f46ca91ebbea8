"""Campaigns that are killed and gone on with, and what the registry saw of it."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sys
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import anyio
import pytest

from regshape.catalog import ReferenceSettings, find
from regshape.engine.progress import Done
from regshape.engine.record import open_store
from regshape.errors import UsageError
from tests.conftest import Serve

CASES = 500
DEFECT = "chunk-order-ignored"
MUTATORS = ("--mutator", "method-post", "--mutator", "accept-all")
WORDS = ("--seed", "3", "--max-cases", str(CASES), *MUTATORS, "--json")
PATIENCE = 120.0
SALT = re.compile(r"/v2/regshape/([0-9a-f]{8})(?:v(\d+)x)?([osh])([0-9a-f]+?)r?(?=[/-])")
LETTERS = {"o": "corpus", "s": "sweep", "h": "search"}
ENVIRONMENT = {key: value for key, value in os.environ.items() if not key.startswith("OCI_")}

Case = tuple[str, int]


@dataclass
class Log:
    """The reference registry with a defect, and which process ran which case on it."""

    seen: list[str] = field(default_factory=list)
    inner: Any = field(
        default_factory=lambda: find("oci").reference(ReferenceSettings(defects=(DEFECT,)))
    )

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[Any]],
        send: Callable[[Any], Awaitable[None]],
    ) -> None:
        self.seen.append(str(scope.get("path", "")))
        await self.inner(scope, receive, send)

    def reaches(self, requests: int) -> Callable[[], bool]:
        return lambda: len(self.seen) >= requests

    def runs(self) -> Mapping[Case, set[int]]:
        """Return by case the numbers of the processes that ran it, as the registry saw it."""
        found: dict[Case, set[int]] = defaultdict(set)
        for path in self.seen:
            if match := SALT.match(path):
                found[LETTERS[match[3]], int(match[4], 16)].add(int(match[2] or 0))
        return found


async def fuzz(folder: Path, *words: str, until: Callable[[], bool] | None = None) -> str:
    """Run a campaign to its end, or until it is to be killed; return what it printed."""
    command = [sys.executable, "-m", "regshape", "fuzz", *words]
    async with await anyio.open_process(
        command, cwd=folder, env=ENVIRONMENT, stderr=None
    ) as process:
        if until is not None:
            with anyio.fail_after(PATIENCE):
                while not until() and process.returncode is None:  # noqa: ASYNC110 - two things
                    await anyio.sleep(0.005)
            assert process.returncode is None, "it ended before it could be killed"
            process.send_signal(signal.SIGKILL)
        assert process.stdout is not None
        printed = b"".join([chunk async for chunk in process.stdout])
        await process.wait()
    return printed.decode()


def recorded(folder: Path) -> Mapping[str, Done]:
    """Return the cases whose end was recorded, by phase."""
    store = open_store(str(folder / ".regshape" / "verdicts.sqlite"), create=False)
    try:
        places = store.checkpoint("latest")[1].progress.places
    finally:
        store.close()
    return {name: Done(place.mark, place.beyond) for name, place in places.items()}


def told(document: Mapping[str, Any]) -> list[tuple[str, str, int]]:
    return [(row["requirement"], row["outcome"], row["judged"]) for row in document["verdicts"]]


async def killed_and_resumed(
    url: str, folder: Path, log: Log, kills: list[int], *words: str
) -> tuple[list[Mapping[str, Done]], Mapping[str, Any]]:
    """Return what was recorded at each kill, and the document of the last process."""
    records = []
    start = (url, *WORDS, *words)
    for kill in kills:
        await fuzz(folder, *start, until=log.reaches(kill))
        records.append(recorded(folder))
        start = ("--resume", "latest", "--json")
    return records, json.loads(await fuzz(folder, *start))


@pytest.mark.slow
@pytest.mark.parametrize("concurrency", ["1", "16"])
async def test_a_killed_campaign_runs_no_recorded_case_again_and_leaves_none_out(
    serve: Serve, tmp_path: Path, concurrency: str
) -> None:
    kills = sorted(random.sample(range(100, 1500), 3))
    log, whole_log = Log(), Log()
    folders = [tmp_path / "killed", tmp_path / "whole"]
    for folder in folders:
        folder.mkdir()
    async with serve(log) as url:
        records, resumed = await killed_and_resumed(url, folders[0], log, kills, "-c", concurrency)
    async with serve(whole_log) as url:
        whole = json.loads(await fuzz(folders[1], url, *WORDS, "-c", concurrency))
    runs, wanted = log.runs(), whole_log.runs()
    again = {
        (case, number)
        for case, numbers in runs.items()
        for number, record in enumerate(records)
        if case[0] in record and case[1] in record[case[0]] and max(numbers) > number
    }
    assert again == set(), kills
    assert set(runs) == set(wanted), kills
    assert {case[0] for case in runs} == {"corpus", "sweep", "search"}
    assert told(resumed) == told(whole), kills
    assert (resumed["campaign"]["cases"], resumed["campaign"]["ended_by"]) == (CASES, "cases")
    ids = [{row["id"] for row in document["findings"]} for document in (resumed, whole)]
    assert ids[0] == ids[1] != set()


@pytest.mark.slow
async def test_a_killed_campaign_goes_on_and_one_that_has_ended_does_not(
    serve: Serve, tmp_path: Path
) -> None:
    log = Log()
    words = ("--seed", "3", "--max-cases", "60", *MUTATORS, "--json")
    async with serve(log) as url:
        await fuzz(tmp_path, url, *words, until=log.reaches(150))
        document = json.loads(await fuzz(tmp_path, "--resume", "latest", "--json"))
    assert document["campaign"]["cases"] == 60
    store = open_store(str(tmp_path / ".regshape" / "verdicts.sqlite"))
    with pytest.raises(UsageError, match="has come to its end: there is nothing to resume"):
        store.checkpoint("latest")
    store.close()
