"""The closing tables of a campaign, for people.

The rule: nothing that a peer sent reaches the terminal unescaped, and nothing is wider than it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from regshape.model import (
    Case,
    Comparison,
    Exchange,
    Finding,
    Outcome,
    Requirement,
    Result,
    Standing,
    Verdict,
)
from regshape.model.causes import Cause, causes_of
from regshape.report.redact import redact_finding, redact_url
from regshape.report.shell import fold_command
from regshape.report.wording import (
    ENDINGS,
    answered,
    broken,
    counted,
    effort,
    plain,
    shortened,
    tally,
)

MAX_FINDINGS = 20
"""Causes that get a block of their own; the rest are counted."""

MAX_EXCHANGES = 15
MAX_IDS = 12
MAX_COMMANDS = 1200
"""Characters of a finding's commands that are shown in the closing tables."""

ID_LENGTH = 8
"""Characters of a finding's id that are shown; a beginning is enough to name one."""

NARROW = 72
STYLES: Mapping[Outcome, str] = {
    Outcome.PASS: "green",
    Outcome.FAIL: "bold red",
    Outcome.WARN: "yellow",
    Outcome.SKIP: "dim",
    Outcome.INCONCLUSIVE: "magenta",
}


def render(result: Result, requirements: Sequence[Requirement], width: int = 80) -> str:
    """Return the closing tables as plain text of that width."""
    console = Console(
        file=io.StringIO(),
        width=width,
        color_system=None,
        force_terminal=False,
        legacy_windows=False,
        markup=False,
        emoji=False,
        highlight=False,
    )
    with console.capture() as captured:
        print_result(console, result, requirements)
    return captured.get()


def print_result(console: Console, result: Result, requirements: Sequence[Requirement]) -> None:
    """Print the closing tables: all in a sentence, what failed, each finding, what was skipped."""
    known = {requirement.id: requirement for requirement in requirements}
    _print_opening(console, result)
    _print_failed(console, result)
    findings = [f for f in result.findings if result.standing(f.id) is not Standing.KNOWN]
    causes = causes_of(findings, requirements)
    for cause in causes[:MAX_FINDINGS]:
        first = cause.first
        print_finding(console, first, known.get(first.requirement), result.campaign.target)
        _print_others(console, cause)
    rest = len(causes) - MAX_FINDINGS
    if rest > 0:
        line = f"and {counted(rest, 'cause')} more: regshape verdicts show {result.campaign.id}"
        console.print(Text(f"\n{line}"))
    _print_baseline(console, result.baseline)
    _print_unjudged(console, result.verdicts)


def _print_others(console: Console, cause: Cause) -> None:
    """Print where else a cause shows: its operations, and the findings that are told with it."""
    others = cause.findings[1:]
    if not others:
        return
    ids = ", ".join(f"{one.id[:ID_LENGTH]} ({one.requirement})" for one in others[:MAX_IDS])
    more = f" and {len(others) - MAX_IDS} more" if len(others) > MAX_IDS else ""
    where = ", ".join(cause.operations)
    line = plain(f"the same cause, on {where}: {ids}{more}" if where else f"the same: {ids}{more}")
    console.print(Padding(Text(line), (0, 0, 0, 2)))


def print_finding(
    console: Console,
    finding: Finding,
    requirement: Requirement | None,
    target: str,
    *,
    whole: bool = False,
) -> None:
    """Print one finding: the sentence, what was seen, the steps, how to see it again.

    Long commands are only counted, unless the `whole` of it is asked for.
    """
    clean = redact_finding(finding)
    short = clean.id[:ID_LENGTH]
    seen, tried = clean.reproduced
    console.print()
    console.print(
        Text.assemble((short, "bold"), f"  {clean.requirement}, seen {seen} of {tried} times")
    )
    for line in _sentences(clean, requirement):
        console.print(Padding(line, (0, 0, 0, 2)))
    for step in _steps(clean.exchanges, console.width):
        console.print(step, no_wrap=True, overflow="crop")
    _print_command(console, f"regshape replay {short} {redact_url(target)}", "cyan")
    if not whole and sum(map(len, clean.replay)) > MAX_COMMANDS:
        console.print(Text(f"as {len(clean.replay)} commands: regshape verdicts show {short}"))
        return
    for command in clean.replay:
        _print_command(console, command, "")


def _print_command(console: Console, command: str, style: str) -> None:
    # Not indented: the second line of a word that was cut must start in the first column.
    for part in fold_command(plain(command), console.width):
        console.print(Text(part, style), soft_wrap=True)


def _print_opening(console: Console, result: Result) -> None:
    campaign = result.campaign
    console.print(Text(f"{tally(result.verdicts)} in {effort(campaign)}", "bold"))
    ended = ENDINGS.get(campaign.ended_by, campaign.ended_by)
    target = plain(redact_url(campaign.target))
    console.print(
        Text(
            f"{campaign.protocol} {campaign.spec} on {target}, seed {campaign.seed}, "
            f"campaign {campaign.id}; {ended}"
        )
    )


def _print_failed(console: Console, result: Result) -> None:
    failed = [v for v in result.verdicts if v.outcome in (Outcome.FAIL, Outcome.WARN)]
    if not failed:
        return
    findings = {finding.id: redact_finding(finding) for finding in result.findings}
    wide = console.width >= NARROW
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), expand=False)
    table.add_column("requirement", no_wrap=True)
    if wide:
        table.add_column("level", no_wrap=True)
    table.add_column("", no_wrap=True)
    table.add_column("what went wrong", ratio=1)
    table.add_column("requests" if wide else "req.", justify="right", no_wrap=True)
    table.add_column("replay", no_wrap=True)
    for verdict in failed:
        mine = [findings[name] for name in verdict.findings if name in findings]
        cells = _failed_row(verdict, mine, excused=result.is_excused(verdict))
        table.add_row(*(cells if wide else [cells[0], *cells[2:]]))
    console.print()
    console.print(table)


def _failed_row(
    verdict: Verdict, findings: Sequence[Finding], *, excused: bool = False
) -> list[Text]:
    outcome = Text(verdict.outcome.value, STYLES[verdict.outcome])
    if excused:
        outcome = Text("known", STYLES[Outcome.SKIP])
    start = [Text(verdict.requirement), Text(verdict.level.value), outcome]
    if not findings:
        return [*start, Text(plain(verdict.reason or "")), Text(""), Text("")]
    first = min(findings, key=lambda finding: (finding.requests, finding.mutators))
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    return [
        *start,
        Text(plain(first.summary) + more),
        Text(f"{first.requests:,}"),
        Text(first.id[:ID_LENGTH]),
    ]


def _sentences(finding: Finding, requirement: Requirement | None) -> Iterator[Text]:
    if requirement is not None:
        yield Text(f"{requirement.level}: {requirement.text}")
        yield Text(f"from {requirement.source}", "dim", overflow="fold")
    yield Text(f"seen: {plain(finding.summary)}", STYLES[Outcome.FAIL])
    yield from broken_steps(finding.case)


def broken_steps(case: Case) -> Iterator[Text]:
    """Return a sentence for each mutator of a case: what it broke, and what must come of it."""
    return map(Text, broken(case))


def _steps(exchanges: Sequence[Exchange], width: int) -> Iterator[Text]:
    for number, exchange in enumerate(exchanges[:MAX_EXCHANGES], 1):
        yield exchange_line(number, exchange, width)
    rest = len(exchanges) - MAX_EXCHANGES
    if rest > 0:
        yield Text(f"     and {counted(rest, 'request')} more")


def exchange_line(number: int, exchange: Exchange, width: int) -> Text:
    """Return `1 POST /v2/a/blobs/uploads/ -> 202`, the address shortened to the width."""
    start = f"{number:>4} {shortened(plain(exchange.method), 12)} "
    end = f" -> {answered(exchange)}"
    room = max(8, width - len(start) - len(end))
    return Text(start + shortened(plain(exchange.target), room) + end)


def _print_baseline(console: Console, comparison: Comparison | None) -> None:
    if comparison is None:
        return
    lines = [
        *(("known", "green", entry, entry.reason or "") for entry in comparison.known),
        *(("expired", "bold red", entry, f"since {entry.expires}") for entry in comparison.expired),
        *(("fixed", "green", entry, "no longer fails") for entry in comparison.fixed),
    ]
    if lines:
        console.print()
    for word, style, entry, more in lines:
        short = entry.finding[:ID_LENGTH]
        said = plain(": ".join(filter(None, (entry.summary, more))))
        console.print(Text.assemble((word, style), f": {short} {entry.requirement} {said}"))


def _print_unjudged(console: Console, verdicts: Sequence[Verdict]) -> None:
    reasons: dict[tuple[Outcome, str], list[str]] = {}
    for verdict in verdicts:
        if verdict.outcome in (Outcome.SKIP, Outcome.INCONCLUSIVE):
            why = (verdict.outcome, verdict.reason or "no reason given")
            reasons.setdefault(why, []).append(verdict.requirement)
    if reasons:
        console.print()
    grouped = sorted(reasons.items(), key=lambda item: item[0][0] is Outcome.SKIP)
    for (outcome, reason), ids in grouped:
        head = (f"{outcome.value}: ", STYLES[outcome])
        listed = ", ".join(ids) if len(ids) <= MAX_IDS else counted(len(ids), "requirement")
        console.print(Text.assemble(head, f"{plain(reason)} ({listed})"))
