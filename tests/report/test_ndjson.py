from __future__ import annotations

import errno
import io
import json
from datetime import UTC, datetime
from typing import Any

from regshape.model import Observer, Result
from regshape.report.ndjson import EventLog

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def unbroken(error: OSError) -> None:
    raise AssertionError(error)


class Flushed(io.StringIO):
    """A file of which only what was flushed can be seen."""

    seen = ""

    def flush(self) -> None:
        super().flush()
        self.seen = self.getvalue()


class FullDisk(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


def told(observer: Observer, result: Result) -> None:
    observer.started(result.campaign)
    observer.phase("sweep", 700)
    observer.progress(result.campaign)
    observer.finding(result.findings[0])
    observer.verdict(result.verdicts[0])
    observer.finished(result)


def test_each_event_is_a_line_that_is_there_at_once(result: Result) -> None:
    file = Flushed()
    log = EventLog(file, unbroken, lambda: NOON)
    log.started(result.campaign)
    log.phase("sweep", 700)
    assert file.seen.count("\n") == 2
    assert json.loads(file.seen.splitlines()[1]) == {
        "event": "phase",
        "at": "2026-11-21T12:00:00.000Z",
        "name": "sweep",
        "total": 700,
    }


def test_every_kind_of_event_is_told(result: Result) -> None:
    file = io.StringIO()
    told(EventLog(file, unbroken), result)
    events: list[dict[str, Any]] = [json.loads(line) for line in file.getvalue().splitlines()]
    started, phase, progress, finding, verdict, finished = events
    assert started["campaign"]["seed"] == 7
    assert phase["total"] == 700
    assert (progress["cases"], progress["requests"]) == (5210, 30112)
    assert finding["finding"]["requirement"] == "OCI-CHK-03"
    assert len(finding["finding"]["exchanges"]) == 3
    assert verdict["verdict"]["outcome"] == "pass"
    assert finished["outcomes"] == {"pass": 1, "fail": 1, "warn": 1, "skip": 2, "inconclusive": 1}
    assert (finished["campaign"]["ended_by"], finished["findings"]) == ("time", 1)


def test_a_disk_that_is_full_is_said_once_and_ends_nothing(result: Result) -> None:
    errors: list[OSError] = []
    told(EventLog(FullDisk(), errors.append), result)
    assert [error.strerror for error in errors] == ["No space left on device"]
