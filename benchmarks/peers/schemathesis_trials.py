"""Schemathesis on the planted defects, over a real socket: what it shows, and after how much.

    python -m benchmarks.peers.schemathesis_trials --sample 24 --json peers.json

`README.md` beside this file says how it is counted.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import venv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent import futures
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import uvicorn
from rich.console import Console
from rich.progress import track
from rich.table import Table

from regshape.catalog import App, ReferenceSettings, find

HERE = Path(__file__).parent
DESCRIPTION = HERE / "oci-openapi.yaml"
ENVIRONMENT = HERE / ".venv"
ORDERS: Mapping[str, Sequence[str]] = {
    "its own order": (),
    "sequences only": ("--phases", "fuzzing,stateful"),
}
CLEAN_SEEDS = (1, 2, 3)
SEED: Final = 1
ENOUGH: Final = 300.0
"""Seconds after which a run is ended whatever it has sent."""
EXAMPLES: Final = 10
"""Cases of an operation in a phase; phases repeat until the requests are spent."""
USER, PASSWORD = "main", "secret"
LOCATION: Final = re.compile(rb"/blobs/uploads/[^/?]+$")
COUNTED: Final = (
    "A defect counts as found by Schemathesis if a check, an operation and a class of message fail "
    "that do not fail without the defect, in either of two runs of so many requests each; RegShape "
    "has one run, within which it shrinks too."
)
CLEAN: Final = ""
"""In place of a defect's name: the registry without any."""

Failure = tuple[str, str, str]
"""A check, an operation, and the class of the message."""


@dataclass(frozen=True)
class PeerRun:
    """One run: which failures it showed first, each after how many requests."""

    defect: str
    order: str
    seconds: float
    requests: int
    failures: Mapping[Failure, int]


@dataclass(frozen=True)
class PeerTrial:
    """What both runs on a defect came to; None where it was not found."""

    defect: str
    kind: str
    requests: int
    seconds: float
    found: Mapping[str, int | None]
    """By order: after how many requests."""
    told: str
    """The first failure that is due to the defect."""

    @property
    def found_after(self) -> int | None:
        """The fewest requests of any order."""
        return min((number for number in self.found.values() if number is not None), default=None)


# --- the registry ---------------------------------------------------------------------------------


class Counted:
    """An application that counts its requests, and calls when there are enough of them."""

    def __init__(self, app: App, most: int, enough: Callable[[], None]) -> None:
        self._app = app
        self._most = most
        self._enough = enough
        self.requests = 0

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.requests += 1
        if self.requests == self._most:
            self._enough()

        async def stateful(message: Any) -> None:
            await send(_with_state(message))

        await self._app(scope, receive, stateful)


def _with_state(message: Any) -> Any:
    if message["type"] != "http.response.start":
        return message
    headers = [
        (key, value + b"?_state=0" if key == b"location" and LOCATION.search(value) else value)
        for key, value in message["headers"]
    ]
    return {**message, "headers": headers}


@contextmanager
def served(app: Any) -> Iterator[str]:
    """Yield the URL of an application that is served by a thread of this process."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        config = uvicorn.Config(
            app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()


def registry_of(name: str) -> tuple[App, Sequence[str]]:
    """Return the registry with a defect, and the peer's options for its credentials."""
    entry = find("oci")
    if name == CLEAN:
        return entry.reference(ReferenceSettings()), ()
    guarded = entry.defects[name].auth != "none"
    settings = ReferenceSettings(
        auth="basic" if guarded else "none",
        users={USER: PASSWORD} if guarded else {},
        delete=name != "disabled-not-found",
        defects=(name,),
    )
    return entry.reference(settings), ("--auth", f"{USER}:{PASSWORD}") if guarded else ()


# --- the peer -------------------------------------------------------------------------------------


def installed() -> Path:
    """Return the peer's program, installed first where it is not there yet."""
    program = ENVIRONMENT / "bin" / "schemathesis"
    if not program.exists():
        venv.create(ENVIRONMENT, with_pip=True)
        pip = [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "install", "-q", "-r"]
        pip.append(str(HERE / "requirements.txt"))
        subprocess.run(pip, check=True)  # noqa: S603 - what is pinned there
    return program


def run_peer(defect: str, order: str, seed: int, most: int) -> PeerRun:
    """Run the peer on a registry until it has sent so many requests."""
    app, login = registry_of(defect)
    enough = threading.Event()
    counted = Counted(app, most, enough.set)
    began = time.perf_counter()
    with served(counted) as url, tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "events.ndjson"
        words = _command(url, order, seed, report, login)
        with subprocess.Popen(  # noqa: S603 - the program that was installed above
            words, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            _until(process, enough)
        events = whole_lines(report.read_text()) if report.exists() else []
    sent, failures = failures_in(events, most)
    return PeerRun(defect, order, time.perf_counter() - began, min(sent, most), failures)


def _command(url: str, order: str, seed: int, report: Path, login: Sequence[str]) -> list[str]:
    bounds = f"--max-examples {EXAMPLES} --max-time {ENOUGH:.0f} --request-timeout 2".split()
    manner = ["--continue-on-failure", "--no-shrink", "--generation-database", "none"]
    told = ["--report", "ndjson", "--report-ndjson-path", str(report)]
    aim = ["run", str(DESCRIPTION), "--url", url, "--seed", str(seed)]
    return [str(installed()), *aim, *ORDERS[order], *bounds, *manner, *told, *login]


def _until(process: subprocess.Popen[bytes], enough: threading.Event) -> None:
    """Return when the process has ended, which is asked to when there were enough requests."""
    deadline = time.monotonic() + ENOUGH
    while process.poll() is None and not enough.wait(0.1):
        if time.monotonic() > deadline:
            break
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()


def whole_lines(report: str) -> list[str]:
    """Return the lines of a report but one that was being written when the run was killed."""
    return report[: report.rfind("\n") + 1].splitlines()


def failures_in(events: Sequence[str], most: int) -> tuple[int, Mapping[Failure, int]]:
    """Return how many requests were sent, and each failure with how many it took.

    What began before the last request that counts is still read.
    """
    sent = 0
    first: dict[Failure, int] = {}
    for line in events:
        ((kind, event),) = json.loads(line).items()
        if kind == "ScenarioFinished" and sent < most:
            recorder = event["recorder"]
            sent += len(recorder.get("interactions", {}))
            for failure in _failures(recorder):
                first.setdefault(failure, min(sent, most))
        elif kind in {"NonFatalError", "FatalError"} and sent < most:
            first.setdefault(("error", str(event.get("label")), _class(_title(event))), sent)
    return sent, first


def _failures(recorder: Mapping[str, Any]) -> Iterator[Failure]:
    for checks in recorder.get("checks", {}).values():
        for check in checks:
            if check["status"] == "failure":
                told = check["failure_info"]["failure"]
                yield check["name"], told["operation"], _class(told["message"] or told["title"])


def _title(event: Mapping[str, Any]) -> str:
    told = event.get("info") or event.get("value") or event
    return str(told.get("title") or told.get("type") or "") if isinstance(told, dict) else str(told)


def _class(message: str) -> str:
    """Return a message without what differs from case to case."""
    lines = message.splitlines() or [""]
    named = [line.partition(" - ")[0] for line in lines[1:] if line.startswith("Invalid component")]
    first = re.sub(r"^[\[{].*?(?= (?:is|has|does|are|was) )", "…", lines[0])
    return re.sub(r"'[^']*'|\"[^\"]*\"|`[^`]*`|\d{4,}", "…", " | ".join([first, *named]))


# --- trials ---------------------------------------------------------------------------------------


def sample_of(count: int, names: Iterable[str]) -> list[str]:
    """Return so many of the defects, of each class in turn, the same for the same names."""
    defects = find("oci").defects
    kinds: dict[str, list[str]] = {}
    for name in names:
        kinds.setdefault(defects[name].kind, []).append(name)
    draw = random.Random(SEED)
    piles = [draw.sample(names, len(names)) for _, names in sorted(kinds.items())]
    turns = (pile[at] for at in range(len(defects)) for pile in piles if at < len(pile))
    return [name for _, name in zip(range(count), turns, strict=False)]


def peer_trials(names: Sequence[str], most: int, workers: int) -> list[PeerTrial]:
    """Return what the peer shows of each of these defects within so many requests."""
    installed()
    runs = [(CLEAN, order, seed) for order in ORDERS for seed in CLEAN_SEEDS]
    runs += [(name, order, SEED) for name in names for order in ORDERS]
    with futures.ThreadPoolExecutor(workers) as pool:
        waiting = [pool.submit(run_peer, *run, most) for run in runs]
        done = track(
            (future.result() for future in waiting),
            "the peer",
            total=len(waiting),
            console=Console(stderr=True),
        )
        shown = list(done)
    clean = {failure for run in shown if run.defect == CLEAN for failure in run.failures}
    return [_trial(name, [run for run in shown if run.defect == name], clean) for name in names]


def _trial(name: str, runs: Sequence[PeerRun], clean: set[Failure]) -> PeerTrial:
    new = {
        run.order: {one: at for one, at in run.failures.items() if one not in clean} for run in runs
    }
    found = {order: min(failures.values(), default=None) for order, failures in new.items()}
    told = [(at, " ".join(one)) for failures in new.values() for one, at in failures.items()]
    return PeerTrial(
        name,
        find("oci").defects[name].kind,
        sum(run.requests for run in runs),
        sum(run.seconds for run in runs),
        found,
        min(told, default=(0, ""))[1],
    )


def peer_table(trials: Sequence[PeerTrial], most: int) -> Table:
    """Return how many defects of each class the peer found."""
    table = Table(title=f"Schemathesis on the same defects, {most:,} requests in each order")
    for heading in ("class", "defects", *ORDERS, "either", "median after", "seconds a defect"):
        table.add_column(heading, justify="left" if heading == "class" else "right")
    for kind in (*sorted({trial.kind for trial in trials}), "all"):
        mine = [trial for trial in trials if kind in {trial.kind, "all"}]
        after = [trial.found_after for trial in mine if trial.found_after is not None]
        table.add_row(
            kind,
            str(len(mine)),
            *(str(sum(trial.found[order] is not None for trial in mine)) for order in ORDERS),
            str(len(after)),
            f"{statistics.median(after):,.0f}" if after else "",
            f"{statistics.fmean(trial.seconds for trial in mine):.1f}",
        )
    return table


def peer_list(trials: Sequence[PeerTrial]) -> Table:
    """Return what the peer said of each defect."""
    table = Table(title="what Schemathesis says of each")
    for heading in ("defect", "class", "after", "failure"):
        table.add_column(heading)
    for trial in trials:
        after = "not found" if trial.found_after is None else f"{trial.found_after:,}"
        table.add_row(trial.defect, trial.kind, after, trial.told)
    return table


def main(words: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sample", type=int, default=24)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args(words)
    trials = peer_trials(
        sample_of(options.sample, find("oci").defects), options.requests, options.workers
    )
    console = Console(width=None if sys.stdout.isatty() else 120)
    console.print(peer_list(trials), peer_table(trials, options.requests), COUNTED)
    if options.json is not None:
        options.json.write_text(json.dumps([asdict(trial) for trial in trials], indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
