from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from regshape.engine.record import Recorder, Store, open_store
from regshape.errors import StoreError
from tests.engine.record.recorded import CAMPAIGN, fail_on_broken, make_finding


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
