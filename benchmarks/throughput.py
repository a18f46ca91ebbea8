"""How many requests a second a campaign sends, beside what else could send them.

Starts a registry (Debian's docker-registry, or one of `benchmarks/registries`), records what a
campaign sends, then takes turns, several rounds of them, and prints medians: the machine is never
quiet, so only ratios of one run mean something.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import anyio
from rich.console import Console
from rich.table import Table

from benchmarks.mix import Mix, record
from benchmarks.profiling import profile_campaign
from benchmarks.registries.campaigns import REGISTRIES, serving
from benchmarks.senders import Bare, Httpx, Sample, Sender, Wire, measure, wrk
from regshape.catalog import find
from regshape.engine.runner import run_campaign
from regshape.settings import Settings
from tests.live.debian import Running, docker_registry

SENDERS: Mapping[str, Callable[[str, int], Sender]] = {
    "bare socket loop": Bare,
    "wire.py alone": Wire,
    "httpx.AsyncClient": Httpx,
}
CAMPAIGN = "whole campaign"
WRK = "wrk, GET /v2/"
MOST_CPU = 600.0
ORDER = (*SENDERS, CAMPAIGN, WRK)


@dataclass
class Figures:
    """Samples by client and concurrency."""

    samples: dict[tuple[str, int], list[Sample]] = field(default_factory=lambda: defaultdict(list))

    def rate(self, client: str, concurrency: int) -> float:
        rates = [sample.rate for sample in self.samples.get((client, concurrency), [])]
        return statistics.median(rates) if rates else 0.0

    def server(self, client: str, concurrency: int) -> float:
        each = [sample.server_each for sample in self.samples.get((client, concurrency), [])]
        return statistics.median(each) if each else 0.0

    def cpu(self, client: str, concurrency: int) -> float:
        each = [sample.cpu_each for sample in self.samples.get((client, concurrency), [])]
        return statistics.median(each) if each else 0.0

    def same(self, client: str) -> float:
        """Return the share of answers with the status that was recorded."""
        mine = [s for (name, _), group in self.samples.items() if name == client for s in group]
        total = sum(sample.requests for sample in mine)
        return sum(sample.same_status for sample in mine) / total if total else 0.0

    def best(self, client: str) -> float:
        return max((self.rate(name, c) for name, c in self.samples if name == client), default=0.0)


async def campaign(url: str, concurrency: int, seconds: float, seed: int) -> Sample:
    """Return what a whole campaign does: sweep, search, judging, shrinking, in one process."""
    settings = Settings(target=url, seed=seed, time=seconds, concurrency=concurrency)
    began, cpu = time.perf_counter(), time.process_time()
    result = await run_campaign(settings, find("oci"))
    spent = time.perf_counter() - began
    return Sample(result.campaign.requests, spent, time.process_time() - cpu)


def cpu_of(process: int) -> float:
    """Return the seconds of CPU that a process has used, 0 where the system does not tell."""
    path = Path(f"/proc/{process}/stat")
    if not path.exists():
        return 0.0
    fields = path.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass
class Round:
    """Everyone's turns on one registry."""

    options: argparse.Namespace
    figures: Figures
    registry: Running
    number: int

    def play(self) -> int:
        """Return how many requests the mix has."""
        url, options = self.registry.url, self.options
        mix = anyio.run(record, url, options.record, options.seed)
        for concurrency in options.concurrency:
            names = list(SENDERS)
            first = self.number % len(names)
            for name in (*names[first:], *names[:first]):
                make = partial(_send, SENDERS[name], url, mix, concurrency, options.seconds)
                self._turn(name, concurrency, make)
            seed = options.seed + self.number
            whole = partial(campaign, url, concurrency, options.seconds, seed)
            self._turn(CAMPAIGN, concurrency, whole)
            self._turn_of_wrk(concurrency)
        return sum(map(len, mix.scripts))

    def _turn(
        self, name: str, concurrency: int, work: Callable[[], Coroutine[object, object, Sample]]
    ) -> None:
        process = self.registry.process.pid
        before = cpu_of(process)
        sample = anyio.run(work)
        sample.server = cpu_of(process) - before
        self.figures.samples[name, concurrency].append(sample)

    def _turn_of_wrk(self, concurrency: int) -> None:
        rate = wrk(self.registry.url, concurrency, self.options.seconds)
        if rate is not None:
            self.figures.samples[WRK, concurrency].append(Sample(round(rate), 1.0))


async def _send(
    make: Callable[[str, int], Sender], url: str, mix: Mix, concurrency: int, seconds: float
) -> Sample:
    return await measure(make(url, concurrency), mix, concurrency, seconds)


def rates_table(figures: Figures, concurrency: Sequence[int]) -> Table:
    table = Table(title="medians; CPU is µs a request, of this process and of the registry")
    table.add_column("client")
    for heading in ("at once", "requests/s", "CPU", "registry's", "same status"):
        table.add_column(heading, justify="right")
    for number in concurrency:
        for name in ORDER:
            table.add_row(name, str(number), *_cells(figures, name, number))
        table.add_section()
    return table


def _cells(figures: Figures, name: str, number: int) -> tuple[str, str, str, str]:
    rate = f"{figures.rate(name, number):,.0f}"
    if name == WRK:
        return rate, "", "", ""
    share = f"{figures.same(name):.1%}" if name in SENDERS else ""
    cpu, server = figures.cpu(name, number), figures.server(name, number)
    return rate, f"{cpu:,.0f}", f"{server:,.0f}", share


def wanted(figures: Figures, concurrency: int) -> list[tuple[str, float, float, bool]]:
    """Return what is wanted at a concurrency: what, found, wanted, met."""
    bare = figures.rate("bare socket loop", concurrency) or 1.0
    best = figures.best("httpx.AsyncClient") or 1.0
    wire, whole = figures.rate("wire.py alone", concurrency), figures.rate(CAMPAIGN, concurrency)
    least = [
        ("wire.py / bare loop", wire / bare, 0.6),
        ("campaign / bare loop", whole / bare, 0.4),
        ("campaign / httpx.AsyncClient at its best", whole / best, 2.0),
    ]
    rows = [(what, found, limit, found >= limit) for what, found, limit in least]
    cpu = figures.cpu(CAMPAIGN, concurrency)
    return [*rows, ("campaign, µs of CPU a request", cpu, MOST_CPU, cpu <= MOST_CPU)]


def wanted_table(figures: Figures, concurrency: Sequence[int]) -> Table:
    table = Table(title="what is wanted")
    for heading in ("at once", "figure", "found", "wanted", ""):
        table.add_column(heading)
    for number in concurrency:
        for what, found, limit, met in wanted(figures, number):
            table.add_row(
                str(number), what, f"{found:.2f}", f"{limit:g}", "yes" if met else "[red]no[/red]"
            )
    return table


def ceiling(figures: Figures) -> str:
    """Say how far the server lets anybody come."""
    best = figures.best("httpx.AsyncClient")
    ratio = figures.best("bare socket loop") / best if best else 0.0
    return f"the bare loop at its best / httpx.AsyncClient at its best: {ratio:.2f}"


def as_json(figures: Figures, concurrency: Sequence[int]) -> str:
    rows = [
        {
            "client": name,
            "concurrency": number,
            "requests_per_second": round(figures.rate(name, number), 1),
            "cpu_microseconds": round(figures.cpu(name, number), 1),
            "server_cpu_microseconds": round(figures.server(name, number), 1),
            "rates": [round(sample.rate, 1) for sample in figures.samples[name, number]],
        }
        for name in ORDER
        for number in concurrency
    ]
    return json.dumps(rows, indent=2)


def options_of(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--concurrency", type=int, nargs="+", default=[1, 16, 64])
    parser.add_argument("--record", type=float, default=4.0, help="seconds of search to record")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--registry", choices=REGISTRIES, default=REGISTRIES[0])
    parser.add_argument("--folder", type=Path, default=Path("registries.out"), help="of its build")
    parser.add_argument("--profile", action="store_true", help="what bounds a campaign, instead")
    return parser.parse_args(words)


def started(options: argparse.Namespace) -> AbstractContextManager[Running]:
    """Return the registry that was asked for, to be run."""
    if options.registry == REGISTRIES[0]:
        return docker_registry()
    options.folder.mkdir(parents=True, exist_ok=True)
    return serving(options.registry, options.folder.resolve())


def main(words: Sequence[str]) -> None:
    options = options_of(words)
    console = Console()
    if options.profile:
        with started(options) as running:
            profile_campaign(console, running.url, options.concurrency, options.seconds)
        return
    figures = Figures()
    for number in range(options.rounds):
        with started(options) as running:
            size = Round(options, figures, running, number).play()
        console.print(f"round {number + 1} of {options.rounds}: a mix of {size} requests")
    console.print(rates_table(figures, options.concurrency))
    console.print(wanted_table(figures, [n for n in options.concurrency if n > 1]))
    console.print(ceiling(figures))
    if options.json is not None:
        options.json.write_text(as_json(figures, options.concurrency))


if __name__ == "__main__":
    main(sys.argv[1:])
