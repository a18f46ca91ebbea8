"""An Ori registry over a socket: publishes and downloads a second, and what its log costs to trust.

    python -m benchmarks.ori_registry
    python -m benchmarks.ori_registry --packages 1000 --kibibytes 100 --json ori.json
    python -m benchmarks.ori_registry --packages 0 --entries 1000000

The registry runs in a process of its own, in memory and with a folder, without limits of its rate.
Proofs are computed from tiles that are fetched anew for each, as a client without a cache does, and
hold against the checkpoint; sizes are those of the proof itself and of the tiles that it took.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import anyio
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.log_proofs import ORIGIN, Growth, Proofs, growth, proofs, record
from regshape.cli.embedded import LISTENING
from regshape.cli.serve import bound, run_app
from regshape.formats.digest import compute
from regshape.model import Request
from regshape.protocols.ori import calls, package
from regshape.protocols.ori.forms import Upload, plain
from regshape.protocols.ori.models import TokenScope
from regshape.protocols.ori.reference import Grant, Reference, ReferenceOptions
from regshape.protocols.ori.reference.disk import Disk
from regshape.protocols.ori.reference.transparency import TransparencyLog
from regshape.transport.client import Client, open_client

TOKEN = "benchmark"  # noqa: S105 - of a registry that serves one benchmark
OPTIONS = ReferenceOptions(
    tokens={TOKEN: Grant("benchmark", frozenset(TokenScope))},
    authenticated_limit=10**9,
    anonymous_limit=10**9,
)
VERSIONS = 10
"""Versions of each package."""
MEMORY = "memory"
CREATED, OK = 201, 200


@dataclass(frozen=True)
class Rate:
    """What came of many requests of a kind at once; times are milliseconds."""

    store: str
    what: str
    concurrency: int
    per_second: float
    median: float
    ninety_ninth: float


# --- the registry -------------------------------------------------------------------------------


def serve(where: str, entries: int) -> None:
    with contextlib.ExitStack() as stack:
        journal = None
        if where != MEMORY:
            journal = Disk(Path(where), ORIGIN)
            stack.callback(journal.close)
            stack.enter_context(journal.served())
        registry = Reference(OPTIONS, journal)
        registry.log = TransparencyLog(registry.log.signer, map(record, range(entries)))
        listener = stack.enter_context(bound("127.0.0.1", 0))
        run_app(registry.app, listener, stop_with_stdin=True)


@contextlib.contextmanager
def serving(where: str, entries: int = 0) -> Iterator[str]:
    command = ["-m", "benchmarks.ori_registry", "--serve", where, "--entries", str(entries)]
    with subprocess.Popen(  # noqa: S603 - this very program
        [sys.executable, *command], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        line = process.stdout.readline()
        if not line.startswith(LISTENING):
            raise SystemExit("the registry did not start")
        try:
            yield line.removeprefix(LISTENING).strip()
        finally:
            process.stdin.close()


# --- rates --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Prepared:
    """A publish and the download of what it published."""

    publish: Request
    download: Request
    content: bytes


def prepared(number: int, kibibytes: int) -> Prepared:
    name, version = f"package-{number // VERSIONS}", f"1.{number % VERSIONS}.0"
    full = f"@benchmark/{name}"
    manifest = f'[project]\nname = "{full}"\nversion = "{version}"\ndescription = "Of no use"\n'
    files = {package.MANIFEST: manifest.encode(), "src/noise": os.urandom(kibibytes * 1024)}
    content = package.build(files)
    kind, body = plain(Upload(content, f"{name}-{version}.oripk", compute(content)))
    parts = {"scope": "benchmark", "name": name}
    headers = (("Content-Type", kind),)
    return Prepared(
        Request("POST", calls.PUBLISH, parts, (), headers, body),
        calls.get(calls.DOWNLOAD, **parts, reference=version),
        content,
    )


async def rated(
    store: str, what: str, jobs: Sequence[Callable[[], Awaitable[None]]], concurrency: int
) -> Rate:
    """Do all jobs, so many at once, and return how long they took."""
    waiting, times = iter(jobs), list[float]()

    async def work() -> None:
        for job in waiting:
            began = time.perf_counter()
            await job()
            times.append((time.perf_counter() - began) * 1000)

    began = time.perf_counter()
    async with anyio.create_task_group() as group:
        for _ in range(concurrency):
            group.start_soon(work)
    seconds = time.perf_counter() - began
    hundredths = statistics.quantiles(times, n=100)
    return Rate(store, what, concurrency, len(jobs) / seconds, hundredths[49], hundredths[98])


async def publish(client: Client, one: Prepared) -> None:
    exchange = await client.send(one.publish)
    assert exchange.status == CREATED, exchange


async def download(client: Client, one: Prepared) -> None:
    exchange = await client.send(one.download)
    assert exchange.status == OK, exchange
    assert exchange.answer == one.content


async def rates(store: str, url: str, packages: Sequence[Prepared], concurrency: int) -> list[Rate]:
    async with open_client(url, tokens={"main": TOKEN}) as client:
        return [
            await rated(
                store, work.__name__, [partial(work, client, one) for one in packages], many
            )
            for work, many in ((publish, concurrency), (download, concurrency), (download, 1))
        ]


# --- what is told -------------------------------------------------------------------------------


def table(title: str, headings: Sequence[str], rows: Sequence[Sequence[str]]) -> Table:
    made = Table(title=title)
    for heading in headings:
        made.add_column(heading, justify="right")
    for row in rows:
        made.add_row(*row)
    return made


def rate_table(found: Sequence[Rate], kibibytes: int) -> Table:
    rows = [
        (
            one.store,
            one.what,
            str(one.concurrency),
            f"{one.per_second:,.0f}",
            f"{one.median:.1f}",
            f"{one.ninety_ninth:.1f}",
        )
        for one in found
    ]
    headings = ("store", "what", "at once", "a second", "median ms", "99 % ms")
    return table(f"packages of {kibibytes} KiB", headings, rows)


def proof_table(found: Sequence[Proofs]) -> Table:
    rows = [
        (
            f"{one.entries:,}",
            one.what,
            f"{one.hashes:.1f} ({one.most_hashes})",
            f"{one.proof_bytes:,.0f}",
            f"{one.tiles:.1f}",
            f"{one.tile_bytes:,.0f}",
            f"{one.milliseconds:.1f}",
        )
        for one in found
    ]
    headings = ("entries", "proof of", "hashes (most)", "bytes", "tiles", "their bytes", "ms")
    return table("proofs, means", headings, rows)


def growth_table(found: Sequence[Growth]) -> Table:
    rows = [(f"{one.entries:,}", f"{one.append:.1f}", f"{one.sign:.0f}") for one in found]
    headings = ("entries", "append an entry", "and sign the log")
    return table("the log in the registry, microseconds", headings, rows)


def options_of(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--packages", type=int, default=400, help="how many; 0: no rates")
    parser.add_argument("--kibibytes", type=int, default=10, help="size of each package")
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--entries", type=int, nargs="+", default=[10, 1000, 100_000])
    parser.add_argument("--samples", type=int, default=50, help="proofs of each kind")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    return parser.parse_args(words)


def measured_rates(options: argparse.Namespace) -> list[Rate]:
    packages = [prepared(number, options.kibibytes) for number in range(options.packages)]
    found: list[Rate] = []
    with tempfile.TemporaryDirectory(prefix="regshape-ori-") as folder:
        for store, where in ((MEMORY, MEMORY), ("folder", folder)) if packages else ():
            with serving(where) as url:
                found += anyio.run(rates, store, url, packages, options.concurrency)
    return found


def measured_proofs(entries: Sequence[int], samples: int) -> list[Proofs]:
    found: list[Proofs] = []
    for number in track(entries, "proving", console=Console(stderr=True)):
        with serving(MEMORY, number) as url:
            found += anyio.run(proofs, url, number, samples)
    return found


def main(words: Sequence[str]) -> None:
    options = options_of(words)
    if options.serve:
        serve(options.serve, options.entries[0])
        return
    found = measured_rates(options)
    proved = measured_proofs(options.entries, options.samples)
    grown = [growth(number) for number in options.entries]
    console = Console(width=None if sys.stdout.isatty() else 100)
    if found:
        console.print(rate_table(found, options.kibibytes))
    console.print(proof_table(proved), growth_table(grown))
    if options.json is not None:
        document = {
            "rates": [asdict(one) for one in found],
            "proofs": [asdict(one) for one in proved],
            "growth": [asdict(one) for one in grown],
        }
        options.json.write_text(json.dumps(document, indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
