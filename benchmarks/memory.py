"""Whether memory stays flat: the fuzzer's resident set as cases go by, on an embedded registry.

The registry is a `regshape serve` of its own over a real socket; its memory is shown beside the
fuzzer's (it stores what it is sent: campaigns clean up after themselves, so it stays flat too).
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import anyio
from rich.console import Console
from rich.table import Table

from regshape.catalog import find
from regshape.cli.embedded import embedded_registry
from regshape.engine.runner import run_campaign
from regshape.model import CampaignInfo, Finding, Result, Verdict
from regshape.settings import Settings

FLAT = 1.10
"""Growth between the two marks up to which memory counts as flat."""


@dataclass(frozen=True)
class Mark:
    """The state at some number of cases. Memory is in MB."""

    cases: int
    requests: int
    seconds: float
    fuzzer: float
    registry: float


def resident(process: int | str) -> float:
    """Return the resident set of a process in MB, 0 where the system does not tell."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0.0
    lines = [line.split() for line in status.splitlines() if line.startswith("VmRSS")]
    return int(lines[0][1]) / 1024 if lines else 0.0


def children() -> list[str]:
    path = Path("/proc/self/task") / str(_own_id()) / "children"
    return path.read_text().split() if path.exists() else []


def _own_id() -> str:
    return Path("/proc/self").resolve().name


@dataclass
class Watching:
    """The observer that takes the marks when their number of cases is reached."""

    wanted: list[int]
    console: Console
    marks: list[Mark] = field(default_factory=list)
    began: float = field(default_factory=time.perf_counter)

    def started(self, campaign: CampaignInfo) -> None: ...
    def phase(self, name: str, total: int | None) -> None: ...
    def verdict(self, verdict: Verdict) -> None: ...
    def finding(self, finding: Finding) -> None: ...
    def finished(self, result: Result) -> None:
        self.progress(result.campaign)

    def progress(self, campaign: CampaignInfo) -> None:
        while self.wanted and campaign.cases >= self.wanted[0]:
            self.wanted.pop(0)
            self._take(campaign)

    def _take(self, campaign: CampaignInfo) -> None:
        gc.collect()
        registry = sum(resident(child) for child in children())
        spent = time.perf_counter() - self.began
        mark = Mark(campaign.cases, campaign.requests, spent, resident("self"), registry)
        self.marks.append(mark)
        self.console.print(
            f"{mark.cases:>7} cases, {mark.requests:>8} requests, {spent:6.0f} s: "
            f"fuzzer {mark.fuzzer:.1f} MB, registry {mark.registry:.1f} MB"
        )


def table_of(marks: Sequence[Mark]) -> Table:
    table = Table(title="resident memory, MB")
    for heading in ("cases", "requests", "seconds", "fuzzer", "registry"):
        table.add_column(heading, justify="right")
    for mark in marks:
        counts = (f"{mark.cases:,}", f"{mark.requests:,}", f"{mark.seconds:.0f}")
        table.add_row(*counts, f"{mark.fuzzer:.1f}", f"{mark.registry:.1f}")
    return table


def growth(marks: Sequence[Mark], start: int) -> float:
    """Return the fuzzer's memory at the end over that at the first mark from `start` cases on."""
    first = next((mark for mark in marks if mark.cases >= start), None)
    return marks[-1].fuzzer / first.fuzzer if first is not None and first.fuzzer else 0.0


def options_of(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--start", type=int, default=10_000, help="where the comparison begins")
    parser.add_argument("--marks", type=int, default=10, help="how many marks to take")
    parser.add_argument("--time", type=float, help="seconds after which to end in any case")
    parser.add_argument("--concurrency", type=int, default=16)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args(words)


def main(words: Sequence[str]) -> None:
    options = options_of(words)
    console = Console()
    step = max(1, options.cases // options.marks)
    wanted = sorted({options.start, *range(step, options.cases + 1, step)})
    watching = Watching([number for number in wanted if number <= options.cases], console)
    with embedded_registry("oci") as url:
        settings = Settings(
            target=url,
            time=options.time,
            max_cases=options.cases,
            seed=options.seed,
            concurrency=options.concurrency,
        )
        anyio.run(run_campaign, settings, find("oci"), [watching])
    console.print(table_of(watching.marks))
    if watching.marks:
        ratio = growth(watching.marks, options.start)
        word = "flat" if ratio <= FLAT else "not flat"
        console.print(f"the fuzzer at the end over {options.start} cases: {ratio:.2f}, {word}")
    if options.json is not None:
        options.json.write_text(json.dumps([asdict(mark) for mark in watching.marks], indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
