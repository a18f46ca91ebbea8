from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from regshape.engine.record import Recorder, Store, open_store
from regshape.errors import StoreError, UsageError
from regshape.model import (
    CampaignInfo,
    Case,
    Exchange,
    Finding,
    Level,
    Mutator,
    Outcome,
    Result,
    Step,
    Verdict,
)

CAMPAIGN = CampaignInfo(
    "c1a2", "oci", "1.1", "http://127.0.0.1:5000", None, 2**70, "2026-11-21T10:00:00Z"
)
SECRET = "s3cr3t-value"  # noqa: S105 - what must not be found


def make_finding(name: str, requirement: str = "OCI-CHK-03") -> Finding:
    return Finding(
        name,
        requirement,
        "status 202",
        "a malformed Content-Range was answered with 202",
        Case("oci", (Step("patch-upload", {"size": 3}, (Mutator("m", "header", "set"),)),)),
        (Exchange("PATCH", "/v2/a/blobs/uploads/1", status=202, answer=b"\xff"),),
        (5, 5),
        2,
        1,
        ("curl -i http://127.0.0.1:5000/v2/",),
        17,
        80,
    )


def fail_on_broken(error: StoreError) -> None:
    raise AssertionError(str(error))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(str(tmp_path / "deep" / "verdicts.sqlite"))
    yield opened
    opened.close()


@pytest.fixture
def recorder(store: Store) -> Recorder:
    made = Recorder(store, fail_on_broken)
    made.started(CAMPAIGN)
    return made


def verdict(requirement: str, outcome: Outcome = Outcome.PASS, judged: int = 1) -> Verdict:
    return Verdict(requirement, Level.MUST, outcome, judged)


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


def test_a_finding_is_found_by_the_beginning_of_its_id_with_its_campaign(
    recorder: Recorder, store: Store
) -> None:
    recorder.finding(make_finding("abc1"))
    recorder.finding(make_finding("abd2"))
    assert store.finding("abc") == make_finding("abc1")
    assert store.found("abd")[0].target == CAMPAIGN.target


def test_the_whole_id_wins_over_a_longer_one(recorder: Recorder, store: Store) -> None:
    recorder.finding(make_finding("ab"))
    recorder.finding(make_finding("abc"))
    assert store.finding("ab").id == "ab"


def test_the_newest_campaign_s_finding_is_taken(recorder: Recorder, store: Store) -> None:
    recorder.finding(make_finding("f1"))
    again = Recorder(store, fail_on_broken)
    again.started(replace(CAMPAIGN, id="c9", target="http://127.0.0.1:6000"))
    again.finding(make_finding("f1"))
    assert store.found("f1")[0].id == "c9"
    assert [info.id for info in store.campaigns()] == ["c9", "c1a2"]
    assert [info.id for info in store.campaigns(1)] == ["c9"]


def test_an_unknown_or_ambiguous_id_says_what_there_is(recorder: Recorder, store: Store) -> None:
    with pytest.raises(UsageError, match="it has no findings yet"):
        store.finding("a")
    for name in ("a1", "a2"):
        recorder.finding(make_finding(name))
    with pytest.raises(UsageError, match="several findings begin with 'a': a2, a1"):
        store.finding("a")
    with pytest.raises(UsageError, match=r"no finding of .*sqlite begins with '%'; it has a2, a1"):
        store.finding("%")
    with pytest.raises(UsageError, match=r"no campaign of .* begins with 'x'; it has c1a2"):
        store.result("x")


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


# --- what cannot be opened --------------------------------------------------------------------


def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("these are my notes, not a database; there are quite a few of them " * 9)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"notes\.txt cannot be opened: file is not a database"):
        open_store(str(path))
    assert path.read_bytes() == before


def test_somebody_else_s_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.sqlite"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE findings (x)")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="is a database of something else: name another"):
        open_store(str(path))
    assert path.read_bytes() == before


def test_a_store_of_another_version_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "v.sqlite"
    open_store(str(path)).close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE regshape_schema SET version = 7")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match="has form 7, and this RegShape reads form 2: name"):
        open_store(str(path))


def test_reading_a_store_that_is_not_there_says_what_makes_one(tmp_path: Path) -> None:
    path = tmp_path / "none.sqlite"
    with pytest.raises(StoreError, match=r"there is no verdict store at .* `regshape fuzz` makes"):
        open_store(str(path), create=False)
    assert not path.exists()
    path.touch()
    with pytest.raises(StoreError, match="is empty"):
        open_store(str(path), create=False)


def test_a_folder_that_cannot_be_made_and_a_path_that_is_a_folder_are_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"cannot be made: .*; name another with --store"):
        open_store(str(tmp_path / "file" / "v.sqlite"))
    with pytest.raises(StoreError, match="cannot be opened: unable to open database file"):
        open_store(str(tmp_path))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_said_when_opening(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreError, match="cannot be opened"):
        open_store(str(tmp_path / "v.sqlite"))


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("nosuch://x/y", "needs a database driver"),
        ("://", "is neither a path nor a database URL"),
        ("postgresql+psycopg2://bob:hunter2@h/x", r"bob:\*\*\*@h"),
    ],
)
def test_a_url_that_no_driver_serves_is_said_without_its_password(url: str, message: str) -> None:
    with pytest.raises(StoreError, match=message):
        open_store(url)


def test_a_sqlalchemy_url_is_taken(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/a/v.sqlite")
    Recorder(store, fail_on_broken).started(CAMPAIGN)
    store.close()
    again = open_store(str(tmp_path / "a" / "v.sqlite"), create=False)
    assert len(again.campaigns()) == 1
    again.close()


# --- what breaks on the way -------------------------------------------------------------------


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
from test_record import CAMPAIGN, make_finding, verdict, fail_on_broken
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


def test_two_campaigns_may_make_the_same_store_at_the_same_moment(tmp_path: Path) -> None:
    code = "import sys; from regshape.engine.record import open_store; open_store(sys.argv[1])"
    command = [sys.executable, "-W", "error", "-c", code, str(tmp_path / "v.sqlite")]
    processes = [
        subprocess.Popen(command, stderr=subprocess.PIPE)  # noqa: S603 - this interpreter
        for _ in range(4)
    ]
    ends = [(process.communicate()[1], process.returncode) for process in processes]
    assert ends == [(b"", 0)] * 4


# --- what an older RegShape wrote, and what somebody broke ------------------------------------


FORM_1 = """
CREATE TABLE regshape_schema (version INTEGER NOT NULL);
INSERT INTO regshape_schema VALUES (1);
CREATE TABLE campaigns (
    "row" INTEGER PRIMARY KEY, id VARCHAR(64) NOT NULL UNIQUE, protocol VARCHAR(64) NOT NULL,
    spec VARCHAR(64) NOT NULL, target TEXT NOT NULL, implementation TEXT, seed TEXT NOT NULL,
    started VARCHAR(40) NOT NULL, seconds FLOAT NOT NULL, cases BIGINT NOT NULL,
    requests BIGINT NOT NULL, ended_by VARCHAR(32) NOT NULL);
CREATE TABLE verdicts (
    "row" INTEGER PRIMARY KEY, campaign VARCHAR(64) NOT NULL, requirement VARCHAR(64) NOT NULL,
    level VARCHAR(8) NOT NULL, outcome VARCHAR(16) NOT NULL, judged BIGINT NOT NULL, reason TEXT,
    UNIQUE (campaign, requirement));
CREATE TABLE findings (
    "row" INTEGER PRIMARY KEY, campaign VARCHAR(64) NOT NULL, id VARCHAR(64) NOT NULL,
    requirement VARCHAR(64) NOT NULL, signature TEXT NOT NULL, summary TEXT NOT NULL,
    "case" JSON NOT NULL, exchanges JSON NOT NULL, seen INTEGER NOT NULL, tried INTEGER NOT NULL,
    requests INTEGER NOT NULL, mutators INTEGER NOT NULL, replay JSON NOT NULL, "index" BIGINT,
    executions INTEGER NOT NULL, UNIQUE (campaign, id));
CREATE INDEX ix_findings_id ON findings (id);
INSERT INTO campaigns VALUES
    (1, 'c1a2', 'oci', '1.1', 'http://h', NULL, '7', '2026-11-20T10:00:00Z', 1.5, 3, 9, 'time');
INSERT INTO verdicts VALUES (1, 'c1a2', 'OCI-A-01', 'MUST', 'fail', 3, NULL);
INSERT INTO findings VALUES
    (1, 'c1a2', 'f1', 'OCI-A-01', 's', 'x', '{"protocol": "oci", "steps": []}', '[]', 5, 5, 1, 0,
     '["curl"]', 4, 2);
"""


def old_store(tmp_path: Path) -> Path:
    path = tmp_path / "old.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript(FORM_1)
    connection.close()
    return path


@pytest.mark.parametrize("create", [True, False])
def test_a_store_of_form_1_is_brought_to_the_form_of_today(tmp_path: Path, *, create: bool) -> None:
    path = old_store(tmp_path)
    store = open_store(str(path), create=create)
    before = store.result("c1a2")
    assert [finding.id for finding in before.findings] == ["f1"]
    assert before.verdicts[0].findings == ("f1",)
    recorder = Recorder(store, fail_on_broken)
    recorder.started(replace(CAMPAIGN, id="c9"))
    recorder.finding(replace(make_finding("f2"), seen_after=77))
    assert store.finding("f2").seen_after == 77
    assert store.result("c1a2") == before
    store.close()
    connection = sqlite3.connect(path)
    assert connection.execute("SELECT version FROM regshape_schema").fetchall() == [(2,)]
    connection.close()
    open_store(str(path)).close()


def test_two_may_open_a_store_of_form_1_at_the_same_moment(tmp_path: Path) -> None:
    code = "import sys; from regshape.engine.record import open_store; open_store(sys.argv[1])"
    command = [sys.executable, "-W", "error", "-c", code, str(old_store(tmp_path))]
    processes = [
        subprocess.Popen(command, stderr=subprocess.PIPE)  # noqa: S603 - this interpreter
        for _ in range(3)
    ]
    ends = [(process.communicate()[1], process.returncode) for process in processes]
    assert ends == [(b"", 0)] * 3


def test_a_store_that_is_broken_inside_is_said(recorder: Recorder, store: Store) -> None:
    for number in range(200):
        recorder.finding(make_finding(f"f{number}"))
    store.close()
    path = Path(store.where)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xa5" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(StoreError, match=r"cannot be (opened|read): "):
        open_store(str(path), create=False).result("latest")


def test_a_store_whose_rows_somebody_changed_is_said(recorder: Recorder, store: Store) -> None:
    recorder.finding(make_finding("f1"))
    with store.write() as connection:
        connection.exec_driver_sql("UPDATE findings SET \"case\" = '{'")
    with pytest.raises(StoreError, match="cannot be read"):
        store.finding("f1")


# --- which campaign a name means --------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "id_"),
    [
        ("latest", "c3"),
        ("latest~1", "c2"),
        ("latest~2", "c1"),
        ("c1", "c1"),
        ("http://a", "c3"),
        ("http://a~1", "c1"),
        ("http://a@1.1", "c1"),
        ("http://a@dev", "c3"),
        ("zot/2.1", "c2"),
        ("zot/2.1@1.1", "c2"),
        ("latest@1.1", "c2"),
        ("latest@1.1~1", "c1"),
    ],
)
def test_campaigns_go_by_age_target_implementation_and_version(
    store: Store, name: str, id_: str
) -> None:
    for each, target, implementation, spec in (
        ("c1", "http://a", None, "1.1"),
        ("c2", "http://b", "zot/2.1", "1.1"),
        ("c3", "http://a", None, "dev"),
    ):
        info = replace(CAMPAIGN, id=each, target=target, implementation=implementation, spec=spec)
        Recorder(store, fail_on_broken).started(info)
    assert store.named(name).id == id_


def test_a_name_that_goes_back_too_far_is_said(recorder: Recorder, store: Store) -> None:
    with pytest.raises(UsageError, match=r"'latest~1' goes back too far: .* has 1 such campaigns"):
        store.named("latest~1")
