"""What a finding costs: executions and seconds for each planted defect, and how small it became.

Each defect is hunted in process by sweep and search, or by the search alone (`--search`), the
campaign ending at its finding. The known minimal sizes are those that tests/quality asserts.
"""

from __future__ import annotations

import argparse
import importlib
import json
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import anyio
from rich.console import Console
from rich.progress import track
from rich.table import Table

import tests.quality
from regshape.catalog import PROTOCOLS, find
from regshape.cli.embedded import embedded_registry
from regshape.model import Defect, Finding
from tests.quality.hunt import StopAt, hunt, hunt_by_search, hunt_served

DEADLINE = 0.25
"""Seconds that an answer may take where a defect leaves requests without one."""
Size = tuple[int, int, int]
"""Steps, mutators and requests of a minimal case."""


@dataclass(frozen=True)
class Row:
    """What one hunt came to; `seen_after` counts requests, `executions` those of the shrinking."""

    defect: str
    requirement: str | None
    seconds: float
    seen_after: int = 0
    executions: int = 0
    size: Size | None = None
    known: Size | None = None

    @property
    def verdict(self) -> str:
        if self.size is None:
            return "[red]not found[/red]"
        if self.known is None:
            return "unknown"
        return "minimal" if self.size <= self.known else "[red]bigger[/red]"


def known_sizes(protocol: str) -> dict[str, Size]:
    """Return the sizes that the tests of quality assert, by defect; of races they assert none."""
    sizes: dict[str, Size] = {}
    for folder in tests.quality.__path__:
        for path in sorted(Path(folder).glob("test_*_defects.py")):
            if _protocol_of(path.stem) != protocol:
                continue
            module = importlib.import_module(f"tests.quality.{path.stem}")
            for name, _, steps, requests, *_ in getattr(module, "ROWS", ()):
                if isinstance(steps, list):
                    sizes[name] = (len(steps), sum(len(step[2]) for step in steps), requests)
    return sizes


def _protocol_of(module: str) -> str:
    """Return whose defects a module of tests is about: OCI's where it names no protocol."""
    return next((name for name in PROTOCOLS if module.startswith(f"test_{name}_")), "oci")


def size_of(finding: Finding) -> Size:
    return (len(finding.case.steps), finding.mutators, finding.requests)


def hunted(defect: Defect, known: Size | None, options: argparse.Namespace) -> Row:
    began = time.perf_counter()
    if options.search:
        watcher = anyio.run(hunt_by_search, defect.name, defect.requirements, options.seed)
    else:
        watcher = anyio.run(_hunt, defect, options.seed)
    spent = time.perf_counter() - began
    found = watcher.found
    if found is None:
        return Row(defect.name, None, spent, known=known)
    seen, executions = found.seen_after, found.executions
    return Row(defect.name, found.requirement, spent, seen, executions, size_of(found), known)


async def _hunt(defect: Defect, seed: int) -> StopAt:
    """Hunt, where need be in a registry that refuses to delete, or in one behind a socket."""
    name, requirements = defect.name, defect.requirements
    for delete in (True, False):
        watcher = await hunt(name, requirements, seed=seed, delete=delete)
        if watcher.found is not None:
            return watcher
    with embedded_registry("oci", [name]) as url:
        return await hunt_served(url, requirements, DEADLINE)


def table_of(rows: Sequence[Row]) -> Table:
    table = Table(title="planted defects (size: steps/mutators/requests)")
    for heading in ("defect", "requirement"):
        table.add_column(heading)
    for heading in ("seen after", "executions", "seconds", "size", "known"):
        table.add_column(heading, justify="right")
    table.add_column("")
    for row in rows:
        numbers = (str(row.seen_after), str(row.executions), f"{row.seconds:.2f}")
        sizes = (_shown(row.size), _shown(row.known))
        table.add_row(row.defect, row.requirement or "", *numbers, *sizes, row.verdict)
    return table


def _shown(size: Size | None) -> str:
    return "" if size is None else "/".join(map(str, size))


def summary(rows: Sequence[Row]) -> str:
    found = [row for row in rows if row.size is not None]
    judged = [row for row in found if row.known is not None]
    minimal = sum(row.verdict == "minimal" for row in judged)
    shrunk = [row.executions for row in found if row.executions] or [0]
    return (
        f"{len(found)} of {len(rows)} found, {minimal} of {len(judged)} as small as known to be; "
        f"executions a shrink: median {statistics.median(shrunk):.0f}, most {max(shrunk)}; "
        f"{sum(row.seconds for row in rows):.0f} s in all"
    )


def options_of(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("defects", nargs="*", help="names of defects; all by default")
    parser.add_argument("--search", action="store_true", help="by the random search alone")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, metavar="FILE")
    return parser.parse_args(words)


def main(words: Sequence[str]) -> None:
    options = options_of(words)
    planted = find("oci").defects
    names = options.defects or list(planted)
    known = known_sizes("oci")
    console = Console(width=None if sys.stdout.isatty() else 120)
    progress = Console(stderr=True)
    rows = [
        hunted(planted[name], known.get(name), options)
        for name in track(names, "hunting", console=progress)
    ]
    console.print(table_of(rows))
    console.print(summary(rows))
    if options.json is not None:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
