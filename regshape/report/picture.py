"""The pictures of a campaign as numbers: where bars, steps and marks stand, in per cent.

Positions are shares of the plot, so that a picture fills any width while its text keeps its size.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from regshape.model import Finding, Outcome, Result, Verdict

HEADROOM = 92.0
"""Per cent of the height that the tallest bar takes."""

STUB = 1.5
"""Height of the bar of a requirement that no case judged: it is there, and it is empty."""

MOST_TICKS = 5


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: its place, its outcome, and what it says."""

    x: float
    y: float
    width: float
    height: float
    kind: str
    title: str


@dataclass(frozen=True, slots=True)
class Tick:
    """A line across the plot, and the number that it stands for."""

    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Bars with the lines behind them; what it shows in a sentence, and its width in a number."""

    bars: tuple[Bar, ...]
    ticks: tuple[Tick, ...]
    sentence: str
    span: int


def shares(counts: Sequence[tuple[str, int]]) -> list[Bar]:
    """Return how many requirements came to each outcome, as parts of one bar."""
    whole = sum(number for _, number in counts)
    parts: list[Bar] = []
    x = 0.0
    for name, number in counts:
        width = 100 * number / whole
        parts.append(Bar(_short(x), 0, _short(width), 100, name, f"{number} {name}"))
        x += width
    return parts


def judged_picture(verdicts: Sequence[Verdict]) -> Picture:
    """Return how many cases judged each requirement, on a logarithmic scale."""
    most = max((verdict.judged for verdict in verdicts), default=0)
    slot = 100 / max(1, len(verdicts))
    bars = tuple(
        _judged_bar(verdict, number * slot, slot, most) for number, verdict in enumerate(verdicts)
    )
    powers = [10**power for power in range(len(str(most)))] if most else []
    ticks = tuple(Tick(_short(100 - _log(power, most)), f"{power:,}") for power in powers)
    judged = sum(verdict.judged > 0 for verdict in verdicts)
    sentence = (
        f"{judged} of {len(verdicts)} requirements were judged, the most judged one by "
        f"{most:,} exchanges."
    )
    return Picture(bars, ticks, sentence, len(verdicts))


def found_picture(result: Result) -> Picture:
    """Return how many findings were known after how many requests.

    There is no bar where that is not known, as for a campaign that comes from a store.
    """
    found = sorted(result.findings, key=lambda finding: finding.seen_after)
    if not any(finding.seen_after for finding in found):
        return Picture((), (), "When something was found is not known.", 0)
    last = found[-1].seen_after
    span = max(result.campaign.requests, last)
    step = HEADROOM / len(found)
    outcomes = {verdict.requirement: verdict.outcome for verdict in result.verdicts}
    bars = tuple(_found_bar(found, number, span, step, outcomes) for number in range(len(found)))
    sentence = (
        f"The first of {len(found)} findings was seen after {found[0].seen_after:,} requests, "
        f"the last after {last:,} of {span:,}."
    )
    return Picture(bars, _counts(len(found), step), sentence, span)


def _judged_bar(verdict: Verdict, x: float, slot: float, most: int) -> Bar:
    height = max(STUB, _log(verdict.judged, most))
    title = f"{verdict.requirement}: {verdict.outcome}, judged {verdict.judged:,} times"
    return Bar(
        _short(x), _short(100 - height), _short(slot * 0.8), _short(height), verdict.outcome, title
    )


def _found_bar(
    found: Sequence[Finding],
    number: int,
    span: int,
    step: float,
    outcomes: Mapping[str, Outcome],
) -> Bar:
    finding = found[number]
    end = found[number + 1].seen_after if number + 1 < len(found) else span
    start = 100 * finding.seen_after / span
    height = step * (number + 1)
    title = f"{number + 1}. {finding.requirement}, after {finding.seen_after:,} requests"
    kind = outcomes.get(finding.requirement, Outcome.FAIL)
    width = 100 * end / span - start
    return Bar(_short(start), _short(100 - height), _short(width), _short(height), kind, title)


def _log(number: int, most: int) -> float:
    return HEADROOM * math.log10(number + 1) / math.log10(most + 1) if most else 0.0


def _counts(number: int, step: float) -> tuple[Tick, ...]:
    every = next(size for size in _ROUND if number <= size * MOST_TICKS)
    return tuple(
        Tick(_short(100 - step * count), f"{count:,}") for count in range(every, number + 1, every)
    )


_ROUND = tuple(base * 10**power for power in range(9) for base in (1, 2, 5))


def _short(number: float) -> float:
    return round(number, 2)
