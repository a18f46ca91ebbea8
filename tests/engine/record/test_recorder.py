from __future__ import annotations

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from regshape.engine.record import Recorder, Store, open_store
from regshape.errors import StoreError
from regshape.model import Exchange, Outcome, Result
from tests.engine.record.recorded import CAMPAIGN, fail_on_broken, make_finding, verdict

SECRET = "s3cr3t-value"  # noqa: S105 - what must not be found


def test_a_campaign_is_running_from_its_start(recorder: Recorder, store: Store) -> None:
    assert recorder.broken is None
    assert store.campaigns() == [replace(CAMPAIGN, ended_by="running")]


def test_a_finished_campaign_reads_back_as_it_was(recorder: Recorder, store: Store) -> None:
    found = make_finding("f1")
    recorder.verdict(verdict("OCI-CHK-03", Outcome.FAIL))
    recorder.finding(found)
    ended = replace(CAMPAIGN, seconds=31.2, cases=9, requests=40, ended_by="time")
    verdicts = (
        verdict("OCI-A-01", judged=7),
        replace(verdict("OCI-CHK-03", Outcome.FAIL, 9), findings=("f1",)),
        replace(verdict("OCI-Z-01", Outcome.SKIP, 0), reason="no referrers API"),
    )
    result = Result(ended, verdicts, (found,))
    recorder.finished(result)
    assert store.result("c1a2") == result


def test_a_verdict_is_there_at_once_and_again_when_it_changes(
    recorder: Recorder, store: Store
) -> None:
    recorder.verdict(verdict("R1"))
    assert store.result("c1").verdicts == (verdict("R1"),)
    recorder.verdict(verdict("R1", Outcome.FAIL, 4))
    assert store.result("c1").verdicts == (verdict("R1", Outcome.FAIL, 4),)


def test_a_finding_reported_twice_is_one_with_the_later_values(
    recorder: Recorder, store: Store
) -> None:
    recorder.finding(make_finding("f1"))
    recorder.finding(replace(make_finding("f1"), requests=1))
    assert store.result("c1").findings == (replace(make_finding("f1"), requests=1),)


def test_counts_are_written_once_they_are_old_enough(
    recorder: Recorder, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder.progress(replace(CAMPAIGN, cases=1))
    assert store.campaigns()[0].cases == 0
    monkeypatch.setattr("regshape.engine.record.recorder.FLUSH_SECONDS", 0.0)
    recorder.progress(replace(CAMPAIGN, cases=2))
    assert store.campaigns()[0].cases == 2
    assert store.campaigns()[0].ended_by == "running"


def test_text_that_databases_refuse_is_stored_all_the_same(
    recorder: Recorder, store: Store
) -> None:
    recorder.finding(replace(make_finding("f1"), summary="half \udc80 and \0"))
    assert store.finding("f1").summary == "half ? and \N{SYMBOL FOR NULL}"


def test_no_secret_gets_into_the_file(recorder: Recorder, store: Store) -> None:
    exchange = Exchange(
        "GET", "/v2/", (("Authorization", f"Basic {SECRET}"),), answer_headers=(("cookie", SECRET),)
    )
    line = f"curl -H 'Authorization: Basic {SECRET}' http://h/"
    recorder.finding(replace(make_finding("f1"), exchanges=(exchange,), replay=(line,)))
    other = Recorder(store, fail_on_broken)
    other.started(replace(CAMPAIGN, id="c2", target=f"http://u:{SECRET}@h:5000"))
    folder = Path(store.where).parent
    assert all(SECRET.encode() not in file.read_bytes() for file in folder.iterdir())
    assert store.campaigns()[0].target == "http://[redacted]@h:5000"


def test_a_disk_that_fills_up_is_told_once_and_ends_the_recording_only(store: Store) -> None:
    told: list[StoreError] = []
    recorder = Recorder(store, told.append)
    recorder.started(CAMPAIGN)
    with store.engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    big = replace(make_finding("f1"), summary="x" * 100_000)
    recorder.finding(big)
    recorder.finding(big)
    recorder.verdict(verdict("R1"))
    recorder.finished(Result(CAMPAIGN, (), (big,)))
    assert [str(error) for error in told] == [
        f"the verdict store {store.where} cannot be written: database or disk is full"
    ]
    assert recorder.broken is told[0]
    assert store.result("c1").findings == ()


KILLED = """
import sys
from dataclasses import replace
from recorded import CAMPAIGN, make_finding, verdict, fail_on_broken
from regshape.engine.record import Recorder, open_store
from regshape.model import Outcome
recorder = Recorder(open_store(sys.argv[1]), fail_on_broken)
recorder.started(CAMPAIGN)
for number in range(100_000):
    recorder.verdict(verdict(f"R{number}", Outcome.FAIL))
    recorder.finding(make_finding(f"f{number}", f"R{number}"))
    print(number, flush=True)
"""


def test_kill_minus_nine_loses_nothing_that_was_reported(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.sqlite"
    reported = []
    with subprocess.Popen(  # noqa: S603 - this interpreter
        [sys.executable, "-c", KILLED, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            reported.append(line.strip())
            if len(reported) == 50:
                process.send_signal(signal.SIGKILL)
    store = open_store(str(path), create=False)
    result = store.result(CAMPAIGN.id)
    store.close()
    assert result.campaign.ended_by == "running"
    assert {f"f{number}" for number in reported} <= {found.id for found in result.findings}
    assert {f"R{number}" for number in reported} <= {made.requirement for made in result.verdicts}
