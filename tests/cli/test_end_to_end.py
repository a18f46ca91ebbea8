"""The command as it is installed, against real registries in real processes."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from regshape.engine.record import open_store

QUICK = ("--seed", "1", "--time", "0s", "--mutator", "name-upper-case")
DEFECT = "chunk-order-ignored"
ENVIRONMENT = {
    name: value
    for name, value in os.environ.items()
    if not name.startswith(("OCI_", "REGSHAPE_", "CI"))
}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def regshape(*words: str, **more: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - this program
        [sys.executable, "-m", "regshape", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env=ENVIRONMENT,
        **more,
    )


@contextmanager
def fuzzing(*words: str) -> Iterator[subprocess.Popen[str]]:
    """A campaign that has begun and would last long."""
    command = [sys.executable, "-m", "regshape", "fuzz", "--time", "60s", *words]
    with subprocess.Popen(  # noqa: S603 - this program
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline().startswith("fuzzing embedded")
            wait_for_cases()
            yield process
        finally:
            process.kill()


def wait_for_cases() -> None:
    """Wait until the store has counted cases: the campaign is well on its way."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if Path(".regshape/verdicts.sqlite").exists() and recorded()[0] == "running":
            return
        time.sleep(0.1)
    raise AssertionError("no campaign began")


def recorded() -> tuple[str, int]:
    store = open_store(create=False)
    try:
        return next(((found.ended_by, found.cases) for found in store.campaigns()), ("", 0))
    finally:
        store.close()


def test_a_fault_that_takes_two_users_is_found_and_replayed_in_the_embedded_registry(
    tmp_path: Path,
) -> None:
    store = f"sqlite:///{tmp_path}/verdicts.sqlite"
    words = ("--defect", "mount-unchecked", "--only", "OCI-MNT-04", "--time", "0", "--json")
    ran = regshape("fuzz", *words, "--store", store)
    (finding,) = json.loads(ran.stdout)["findings"]
    assert (ran.returncode, finding["requirement"]) == (1, "OCI-MNT-04")
    again = regshape("replay", finding["id"], "--store", store)
    assert again.returncode == 1
    assert "mounted a blob that it may not read" in again.stdout


def test_json_is_one_document_and_nothing_else_is_printed() -> None:
    ran = regshape("fuzz", *QUICK, "--max-cases", "20", "--json")
    assert ran.stderr == ""
    document = json.loads(ran.stdout)
    assert document["campaign"]["target"] == "embedded"
    assert document["campaign"]["ended_by"] == "cases"
    assert ran.returncode == 0
    again = regshape("verdicts", "show", "--json")
    assert json.loads(again.stdout) == document


def test_a_planted_defect_is_found_recorded_and_fails_again_until_it_is_gone() -> None:
    ran = regshape("fuzz", *QUICK, "--defect", DEFECT, "--only", "OCI-CHK-07", "--json")
    assert ran.returncode == 1, ran.stderr
    (finding,) = json.loads(ran.stdout)["findings"]
    assert finding["requirement"] == "OCI-CHK-07"
    shown = regshape("verdicts", "show")
    assert f"regshape replay {finding['id'][:8]} embedded:{DEFECT}" in shown.stdout
    again = regshape("replay", finding["id"][:8])
    assert again.returncode == 1, again.stderr
    assert "fail OCI-CHK-07" in again.stdout
    sound = regshape("replay", finding["id"][:8], "embedded")
    assert sound.returncode == 0, sound.stdout


def test_a_target_where_nobody_listens_ends_with_status_3() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    ran = regshape("fuzz", f"http://127.0.0.1:{port}", *QUICK)
    assert ran.returncode == 3
    assert ran.stderr.startswith("error: ")
    assert ran.stderr.count("\n") == 1


def test_events_are_in_their_file_while_the_campaign_runs() -> None:
    with fuzzing("--report", "ndjson=events.ndjson", "--report", "junit=result.xml") as process:
        lines = Path("events.ndjson").read_text(encoding="utf-8").splitlines()
        assert json.loads(lines[0])["event"] == "started"
        process.kill()
        process.communicate(timeout=10)
    whole, _, _ = Path("events.ndjson").read_text(encoding="utf-8").rpartition("\n")
    events = [json.loads(line)["event"] for line in whole.splitlines()]
    assert events[:2] == ["started", "phase"]
    assert "finished" not in events
    assert not Path("result.xml").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_campaign_is_recorded_and_shown(number: signal.Signals) -> None:
    with fuzzing() as process:
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert out.rstrip().endswith("interrupted; what was learnt is recorded: exit status 130")
    assert "Traceback" not in err
    assert recorded()[0] == "interrupt"


def test_further_interrupts_end_it_at_once() -> None:
    with fuzzing() as process:
        for _ in range(100):
            process.send_signal(signal.SIGINT)
            if process.poll() is not None:
                break
            time.sleep(0.02)
        process.communicate(timeout=10)
    # Past the last line of ours Python ends itself by the signal; a shell calls both 130.
    assert process.returncode in (130, -signal.SIGINT)


def test_a_killed_campaign_leaves_what_it_had_reported_and_no_registry() -> None:
    with fuzzing() as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        known = children.read_text().split() if children.exists() else []
        process.kill()
        process.communicate()
    assert recorded()[0] == "running"
    until = time.monotonic() + 10
    while time.monotonic() < until and any(alive(child) for child in known):
        time.sleep(0.05)
    assert not any(alive(child) for child in known)


def alive(process: str) -> bool:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes() != b""
    except OSError:
        return False


def test_whoever_reads_only_the_beginning_is_not_told_of_a_broken_pipe() -> None:
    command = f"'{sys.executable}' -m regshape requirements --json | head -c 10"
    ran = subprocess.run(  # noqa: S602 - a pipe is what is tested
        command, shell=True, capture_output=True, text=True, check=False, env=ENVIRONMENT
    )
    assert (ran.stdout, ran.stderr) == ("[\n  {\n    ", "")


def test_starting_up_imports_nothing_heavy() -> None:
    code = (
        "import sys; import regshape.cli.main; heavy = {'hypothesis', 'sqlalchemy', 'starlette', "
        "'uvicorn', 'regshape.engine.runner', 'regshape.catalog'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    ran = subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert ran.stdout == "[]\n"
