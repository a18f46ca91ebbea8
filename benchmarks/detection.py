"""How soon each planted defect is found: requests and seconds, over several seeds.

    python -m benchmarks.detection --seeds 5 --json detection.json
    python -m benchmarks.detection --seeds 1 --peer-sample 24
    python -m benchmarks.detection --only 'tag*' --seeds 1
    python -m benchmarks.detection --protocol ori --seeds 1

A campaign goes on to `--requests` whatever it finds, so that the findings of one cause can be
counted. A defect that is not found counts as one that would have taken more than any other.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import statistics
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.peers.schemathesis_trials import (
    COUNTED,
    peer_list,
    peer_table,
    peer_trials,
    sample_of,
)
from benchmarks.trials import Plan, Trial, run_trial
from regshape.catalog import PROTOCOLS, find

WITHIN = 1000
"""Requests in which a defect is wanted to be found."""
WORKERS = 2
KINDS = {
    "S": "one request",
    "Q": "a sequence",
    "C": "concurrency",
    "W": "the wire",
    "A": "isolation",
    "D": "two answers",
}


@dataclass(frozen=True)
class Row:
    """The figures of a class of defects, or of all."""

    kind: str
    defects: int
    found: float
    median: float
    ninetieth: float
    seconds: float
    causes: float
    ratio: float


def row_of(kind: str, trials: Sequence[Trial]) -> Row:
    after = [math.inf if trial.found_after is None else trial.found_after for trial in trials]
    seconds = [trial.found_in for trial in trials if trial.found_in is not None]
    causes = [trial.causes for trial in trials if trial.shown]
    ratios = [trial.ratio for trial in trials if trial.ratio is not None]
    return Row(
        kind,
        len({trial.defect for trial in trials}),
        sum(number <= WITHIN for number in after) / len(trials),
        percentile(after, 0.5),
        percentile(after, 0.9),
        statistics.median(seconds) if seconds else math.inf,
        statistics.fmean(causes) if causes else 0.0,
        percentile(ratios, 0.95) if ratios else math.nan,
    )


def percentile(values: Sequence[float], share: float) -> float:
    """Return the smallest value that so many of all do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def rows_of(trials: Sequence[Trial]) -> list[Row]:
    rows = [
        row_of(f"{kind} {name}", mine)
        for kind, name in KINDS.items()
        if (mine := [trial for trial in trials if trial.kind == kind])
    ]
    return [*rows, row_of("all", trials)]


def table_of(rows: Iterable[Row], title: str) -> Table:
    table = Table(title=title)
    table.add_column("class", no_wrap=True)
    for heading in (
        "defects",
        f"in {WITHIN:,}",
        "median",
        "90 %",
        "seconds",
        "a cause",
        "size 95 %",
    ):
        table.add_column(heading, justify="right")
    for row in rows:
        table.add_row(
            row.kind,
            str(row.defects),
            f"{row.found:.1%}",
            _number(row.median),
            _number(row.ninetieth),
            f"{row.seconds:.2f}",
            f"{row.causes:.2f}",
            f"{row.ratio:.2f}",
        )
    return table


def _number(value: float) -> str:
    return "never" if math.isinf(value) else f"{value:,.0f}"


def slow(trials: Sequence[Trial]) -> Table:
    """Return the defects that were not always found in time, and how often they were."""
    table = Table(title=f"not always found within {WITHIN:,} requests")
    for heading in ("defect", "class", "found", "after", "causes"):
        table.add_column(heading)
    for name, mine in by_defect(trials).items():
        after = [trial.found_after for trial in mine]
        late = [number for number in after if number is None or number > WITHIN]
        if late:
            listed = ", ".join("never" if number is None else f"{number:,}" for number in after)
            share = f"{len(after) - len(late)}/{len(after)}"
            table.add_row(name, mine[0].kind, share, listed, str(mine[0].causes))
    return table


def by_defect(trials: Sequence[Trial]) -> dict[str, list[Trial]]:
    grouped: dict[str, list[Trial]] = {}
    for trial in trials:
        grouped.setdefault(trial.defect, []).append(trial)
    return grouped


def causes_of(trials: Sequence[Trial]) -> Table:
    """Return the defects of which one cause was told as several."""
    table = Table(title="told as more than one cause")
    for heading in ("defect", "causes", "findings"):
        table.add_column(heading)
    for name, mine in by_defect(trials).items():
        most = max(mine, key=lambda trial: trial.causes)
        if most.causes > 1:
            told = dict.fromkeys(f"{item.requirement} {item.signature}" for item in most.shown)
            table.add_row(name, str(most.causes), "\n".join(told))
    return table


def options_of(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--protocol", choices=PROTOCOLS, default="oci")
    parser.add_argument("--only", action="append", default=[], metavar="GLOB")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=1000)
    parser.add_argument("--search", action="store_true", help="without the sweep")
    parser.add_argument("--workers", type=int, default=WORKERS)
    parser.add_argument(
        "--peer-sample", type=int, default=0, metavar="N", help="Schemathesis on N of the defects"
    )
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args(words)
    if options.peer_sample and options.protocol != "oci":
        parser.error("--peer-sample: the peer has a description of the OCI API only")
    return options


def names_of(protocol: str, patterns: Sequence[str]) -> list[str]:
    names = list(find(protocol).defects)
    return [
        name for name in names if not patterns or any(fnmatchcase(name, one) for one in patterns)
    ]


def trials_of(names: Sequence[str], seeds: int, plan: Plan, workers: int) -> list[Trial]:
    hunts = [(name, seed) for seed in range(seeds) for name in names]
    spawn = multiprocessing.get_context("spawn")
    # Hypothesis keeps strategies for good: 4 MB for each trial. An executor of `futures` can stop
    # for ever when its workers end (https://github.com/python/cpython/issues/115634).
    with spawn.Pool(workers, maxtasksperchild=50) as pool:
        done = pool.imap(partial(_hunt, plan), hunts)
        shown = track(done, "hunting", total=len(hunts), console=Console(stderr=True))
        return list(shown)


def _hunt(plan: Plan, hunt: tuple[str, int]) -> Trial:
    return run_trial(*hunt, plan)


def document_of(trials: Sequence[Trial], plan: Plan) -> dict[str, Any]:
    """Return the figures as JSON; what was never found is null."""
    rows = [
        {key: None if value == math.inf else value for key, value in asdict(row).items()}
        for row in rows_of(trials)
    ]
    return {"plan": asdict(plan), "rows": rows, "trials": [asdict(trial) for trial in trials]}


def main(words: Sequence[str]) -> None:
    options = options_of(words)
    plan = Plan(options.requests, options.search, protocol=options.protocol)
    names = names_of(options.protocol, options.only)
    trials = trials_of(names, options.seeds, plan, options.workers)
    console = Console(width=None if sys.stdout.isatty() else 120)
    how = "by the search alone" if plan.search else "by sweep and search"
    console.print(slow(trials), causes_of(trials))
    console.print(table_of(rows_of(trials), f"planted defects of {plan.protocol} found {how}"))
    document = document_of(trials, plan)
    _keep(document, options.json)
    if options.peer_sample > 0:
        sample = sample_of(options.peer_sample, names)
        peers = peer_trials(sample, plan.requests, options.workers)
        mine = [trial for trial in trials if trial.defect in sample]
        console.print(peer_list(peers), table_of(rows_of(mine), "RegShape on the defects below"))
        console.print(peer_table(peers, plan.requests), COUNTED)
        _keep({**document, "peers": [asdict(trial) for trial in peers]}, options.json)


def _keep(document: Mapping[str, Any], path: Path | None) -> None:
    if path is not None:
        path.write_text(json.dumps(document, indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
