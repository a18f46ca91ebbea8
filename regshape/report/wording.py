"""How numbers, durations, addresses and a peer's texts are written for people."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from regshape.model import CampaignInfo, Case, Exchange, Expectation, Outcome, Verdict

ENDINGS: Mapping[str, str] = {
    "time": "the time was up",
    "cases": "the number of cases was reached",
    "requests": "the number of requests was reached",
    "done": "everything was tried",
    "interrupt": "interrupted",
    "target-lost": "the target was lost",
    "running": "it has not ended, or was killed",
}

CUT_SHORT = frozenset({"running", "interrupt", "target-lost"})
"""How campaigns end that do not show that anything is well, or fixed."""

OWED: Mapping[Expectation, str] = {
    Expectation.REJECT: "it must be refused",
    Expectation.TOLERATE: "it must be served all the same",
    Expectation.UNSPECIFIED: "any orderly answer is allowed",
}

_ADDRESS = re.compile(r"https?://\S+")
_LONG_HEX = re.compile(r"([0-9a-f]{8})[0-9a-f]{24,}")


def plain(text: str) -> str:
    """Return a peer's text on one line with nothing in it that a terminal would obey."""
    return "".join(char if char.isprintable() else _escaped(char) for char in text)


def counted(number: int, noun: str) -> str:
    """Return `1 case`, `2 cases`, `30,112 requests`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def duration(seconds: float) -> str:
    """Return `0.4 s`, `31 s`, `2 min 5 s`, `1 h 2 min`."""
    if seconds < 10:  # noqa: PLR2004 - below it, tenths tell something
        return f"{seconds:.1f} s"
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    if not minutes:
        return f"{whole} s"
    hours, minutes_left = divmod(minutes, 60)
    return f"{hours} h {minutes_left} min" if hours else f"{minutes} min {rest} s"


def clock(seconds: float) -> str:
    """Return `0:21` or `1h02`."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}" if hours else f"{minutes}:{rest:02}"


def shortened(text: str, width: int) -> str:
    """Return the text in at most that many characters, digests first, then the middle left out."""
    short = _LONG_HEX.sub("\\g<1>\N{HORIZONTAL ELLIPSIS}", text)
    if len(short) <= width:
        return short
    front = max(1, (width - 1) // 2)
    back = max(1, width - 1 - front)
    return f"{short[:front]}\N{HORIZONTAL ELLIPSIS}{short[-back:]}"


def answered(exchange: Exchange) -> str:
    """Return what came back: the status, or what failed."""
    if exchange.failure is None:
        return str(exchange.status)
    before = "" if exchange.status is None else f"{exchange.status}, then "
    return f"{before}{exchange.failure.kind}"


def tally(verdicts: Sequence[Verdict]) -> str:
    """Return `62 requirements: 45 pass, 12 fail`, outcomes that did not occur left out."""
    counts = Counter(verdict.outcome for verdict in verdicts)
    parts = [f"{counts[outcome]} {outcome.value}" for outcome in Outcome if counts[outcome]]
    return f"{counted(len(verdicts), 'requirement')}: {', '.join(parts) or 'none judged'}"


def effort(campaign: CampaignInfo) -> str:
    """Return `31 s, 5,210 cases, 30,112 requests (965/s)`."""
    rate = f" ({campaign.requests / campaign.seconds:,.0f}/s)" if campaign.seconds > 0 else ""
    cases = counted(campaign.cases, "case")
    requests = counted(campaign.requests, "request")
    return f"{duration(campaign.seconds)}, {cases}, {requests}{rate}"


def broken(case: Case) -> Iterator[str]:
    """Yield a sentence for each mutator of a case: what it broke, and what must come of it."""
    for step in case.all_steps():
        for mutator in step.mutators:
            owed = OWED[mutator.expect]
            yield plain(f"{step.operation} was broken by {mutator.name}: {owed}")


def address_in(source: str) -> str | None:
    """Return the URL in what names the source of a requirement, None where there is none."""
    found = _ADDRESS.search(source)
    return found.group() if found else None


def _escaped(char: str) -> str:
    return " " if char in "\t\n\r" else char.encode("unicode_escape").decode("ascii")
