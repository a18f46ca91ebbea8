"""A campaign on each real registry, and the matrix of what they keep and what they do not.

Each registry is installed and started by the script of its name in this folder. The results are
written as JSON into the folder, one document for each registry.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from tests.live.debian import Running

HERE = Path(__file__).parent
REGISTRIES = ("docker-registry", "distribution", "go-containerregistry", "ociregistry")
STARTED_WITHIN = 600.0
"""Seconds in which a registry is built and answers; the first build downloads its modules."""
MARKS: Mapping[str, str] = {"pass": "·", "skip": "-", "inconclusive": "?"}


def free_port() -> int:
    """Return a loopback port that nothing listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _listens(port: int) -> bool:
    with socket.socket() as tried:
        return tried.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def serving(name: str, folder: Path) -> Iterator[Running]:
    """Start a registry by its script, and yield it.

    Raises:
        SystemExit: it does not come up; what it said is shown.
    """
    port = free_port()
    log = folder / f"{name}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(  # noqa: S603 - the script of this folder
            [str(HERE / f"{name}.sh"), str(folder), str(port)],
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        deadline = time.monotonic() + STARTED_WITHIN
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{name} did not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.1)
        yield Running(f"http://127.0.0.1:{port}", process)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait()


def campaign(name: str, url: str, folder: Path, words: Sequence[str]) -> Any:
    """Return the result document of a campaign, and keep it in the folder.

    Raises:
        SystemExit: the campaign could not be run; what it said is shown.
    """
    store = f"sqlite:///{folder / 'verdicts.sqlite'}"
    command = [sys.executable, "-m", "regshape", "fuzz", url, "--json", "--store", store, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if not done.stdout:
        raise SystemExit(f"{name}: {done.stderr}")
    (folder / f"{name}.json").write_text(done.stdout, encoding="utf-8")
    return json.loads(done.stdout)


def matrix(documents: Mapping[str, Any]) -> Table:
    """Return the requirements that some registry does not keep, by registry."""
    table = Table(
        title="requirements that one of them does not keep (· kept, - skipped, ? not judged)",
        box=box.MARKDOWN,
    )
    table.add_column("requirement")
    outcomes: dict[str, dict[str, str]] = {}
    for name, document in documents.items():
        table.add_column(name)
        for row in document["verdicts"]:
            outcomes.setdefault(row["requirement"], {})[name] = row["outcome"]
    for requirement, of in outcomes.items():
        if {"fail", "warn"} & set(of.values()):
            cells = [MARKS.get(of.get(name, ""), of.get(name, "")) for name in documents]
            table.add_row(requirement, *cells)
    return table


def summary(documents: Mapping[str, Any]) -> Table:
    """Return the size and the yield of each campaign."""
    table = Table(title="campaigns")
    for column in ("registry", "cases", "requests", "requests/s", "fail", "warn", "findings"):
        table.add_column(column, justify="left" if column == "registry" else "right")
    for name, document in documents.items():
        info, outcomes = document["campaign"], [row["outcome"] for row in document["verdicts"]]
        table.add_row(
            name,
            f"{info['cases']:,}",
            f"{info['requests']:,}",
            f"{info['requests_per_second']:,.0f}",
            str(outcomes.count("fail")),
            str(outcomes.count("warn")),
            str(len(document["findings"])),
        )
    return table


def main() -> None:
    """Run the campaigns and print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("registries.out"))
    parser.add_argument("--time", default="10m")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--only", nargs="*", default=REGISTRIES, choices=REGISTRIES)
    options = parser.parse_args()
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    console = Console()
    documents = {}
    for name in options.only:
        with serving(name, folder) as running:
            console.print(f"{name} at {running.url}")
            words = ["--time", options.time, "--seed", options.seed]
            documents[name] = campaign(name, running.url, folder, words)
    console.print(summary(documents))
    console.print(matrix(documents))


if __name__ == "__main__":
    main()
