"""What bounds a campaign: own time by function and by part, as cProfile sees it."""

from __future__ import annotations

import cProfile
import pstats
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import anyio
from rich.console import Console
from rich.table import Table

import regshape
from regshape.catalog import find
from regshape.engine.runner import run_campaign
from regshape.settings import Settings

Function: TypeAlias = tuple[str, int, str]
PACKAGE = Path(regshape.__file__).parents[1]
TOP = 25
WAITING = "waiting"
FOREIGN = ("hypothesis", "h11", "httpx", "anyio", "asyncio", "json", "hashlib", "urllib", "re")
SYSTEM = {"poll": WAITING, "send": "the kernel: sockets", "recv": "the kernel: sockets"}


def part_of(function: Function) -> str:
    """Return the part of the program that a function belongs to."""
    path, _, name = function
    for word, part in SYSTEM.items():
        if path == "~" and f"'{word}'" in name:
            return part
    if path == "~":
        return "built-in functions"
    try:
        parts = Path(path).resolve().relative_to(PACKAGE).parts
    except ValueError:
        return _foreign(path)
    if ".venv" in parts:
        return _foreign(path)
    return "/".join(parts[: 3 if "protocols" in parts else 2]).removesuffix(".py")


def _foreign(path: str) -> str:
    words = set(Path(path).with_suffix("").parts)
    return next((name for name in FOREIGN if name in words), "the rest of Python")


def _table(title: str, rows: Iterable[tuple[str, float, int]], total: float) -> Table:
    table = Table(title=title)
    table.add_column("what")
    for heading in ("own seconds", "share of CPU", "calls"):
        table.add_column(heading, justify="right")
    for name, seconds, calls in rows:
        share = f"{seconds / total:.1%}" if total and name != WAITING else ""
        table.add_row(name, f"{seconds:.2f}", share, f"{calls:,}")
    return table


def _named(function: Function) -> str:
    path, line, name = function
    return name if path == "~" else f"{'/'.join(Path(path).parts[-2:])}:{line} {name}"


def tables(stats: Mapping[Function, tuple[int, int, float, float, object]]) -> list[Table]:
    """Return the tables of a profile: by part, and the functions with the most own time."""
    parts: Counter[str] = Counter()
    calls: Counter[str] = Counter()
    for function, (_, count, own, *_rest) in stats.items():
        parts[part_of(function)] += own  # type: ignore[assignment] # seconds are no whole numbers
        calls[part_of(function)] += count
    total = sum(parts.values()) - parts[WAITING]
    by_own = sorted(stats.items(), key=lambda item: -item[1][2])[:TOP]
    return [
        _table("own time by part", [(n, s, calls[n]) for n, s in parts.most_common(TOP)], total),
        _table(
            "functions by own time",
            [(_named(function), row[2], row[1]) for function, row in by_own],
            total,
        ),
    ]


def profile_campaign(
    console: Console, url: str, concurrency: Sequence[int], seconds: float
) -> None:
    """Run a campaign at each concurrency under cProfile and print where its time went."""
    for number in concurrency:
        settings = Settings(target=url, seed=7, time=seconds, concurrency=number)
        profile = cProfile.Profile()
        began, cpu = time.perf_counter(), time.process_time()
        profile.enable()
        result = anyio.run(run_campaign, settings, find("oci"))
        profile.disable()
        spent, used = time.perf_counter() - began, time.process_time() - cpu
        console.print(
            f"{number} at once: {result.campaign.requests} requests in {spent:.1f} s, "
            f"{used / spent:.0%} of a core (under the profiler)"
        )
        found = pstats.Stats(profile).stats  # type: ignore[attr-defined]
        for table in tables(found):
            console.print(table)
