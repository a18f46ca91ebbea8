"""The report as Markdown, for the summary of a CI job.

The rule: nothing that a peer sent is Markdown or HTML any more once it stands here.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from regshape.model import Comparison, Finding, Outcome, Requirement, Result, Standing, Verdict
from regshape.report.clean import clean_result
from regshape.report.codec import case_to_json
from regshape.report.wording import (
    ENDINGS,
    address_in,
    answered,
    broken,
    counted,
    effort,
    plain,
    shortened,
    tally,
)

MAX_FINDINGS = 30
"""Findings that get a block of their own: the summary of a CI job holds 1 MiB."""

MAX_EXCHANGES = 20
LONGEST_TARGET = 100
LONGEST_CODE = 6000
"""Characters of a case or of commands that are shown."""

MARKS: Mapping[Outcome, str] = {
    Outcome.FAIL: "\N{CROSS MARK}",
    Outcome.WARN: "\N{WARNING SIGN}\N{VARIATION SELECTOR-16}",
    Outcome.PASS: "\N{WHITE HEAVY CHECK MARK}",
    Outcome.INCONCLUSIVE: "\N{BLACK QUESTION MARK ORNAMENT}",
    Outcome.SKIP: "\N{HEAVY MINUS SIGN}",
}
FAULTY = (Outcome.FAIL, Outcome.WARN)

_SPECIAL = re.compile(r"([\\`*_{}\[\]#!|~>$@])")
_FENCE = re.compile(r"`+")


def render(result: Result, requirements: Sequence[Requirement]) -> str:
    """Return the report; what fits no summary is counted."""
    clean = clean_result(result)
    known = {requirement.id: requirement for requirement in requirements}
    blocks = [
        *_opening(clean),
        *_failed(clean, known),
        *_findings(clean, known),
        *_baseline(clean.baseline),
        *_unjudged(clean.verdicts),
    ]
    return "\n\n".join(blocks) + "\n"


def escaped(text: str) -> str:
    """Return a text on one line that shows as it is, in a table cell too."""
    entities = plain(text).replace("&", "&amp;").replace("<", "&lt;")
    return _SPECIAL.sub(r"\\\1", entities)


def code(text: str) -> str:
    """Return a text as inline code on one line, whatever backticks it holds."""
    one_line = plain(text).replace("|", "\\|")
    ticks = "`" * (_longest_run(one_line) + 1)
    space = " " if one_line.startswith("`") or one_line.endswith("`") else ""
    return f"{ticks}{space}{one_line}{space}{ticks}" if one_line else ""


def fenced(text: str, language: str = "") -> str:
    """Return a text as a block of code that nothing in it ends."""
    ticks = "`" * max(3, _longest_run(text) + 1)
    return f"{ticks}{language}\n{text}\n{ticks}"


def _longest_run(text: str) -> int:
    return max(map(len, _FENCE.findall(text)), default=0)


def _opening(result: Result) -> Iterator[str]:
    campaign = result.campaign
    outcomes = {verdict.outcome for verdict in result.verdicts}
    worst = next((one for one in MARKS if one in outcomes), Outcome.INCONCLUSIVE)
    yield f"## {MARKS[worst]} RegShape: {escaped(campaign.protocol)} on {code(campaign.target)}"
    yield f"**{tally(result.verdicts)}** in {effort(campaign)}"
    ended = ENDINGS.get(campaign.ended_by, campaign.ended_by)
    yield (
        f"{escaped(campaign.protocol)} {escaped(campaign.spec)}, seed {campaign.seed}, "
        f"campaign {code(campaign.id)}; {escaped(ended)}"
    )


def _failed(result: Result, known: Mapping[str, Requirement]) -> Iterator[str]:
    failed = [verdict for verdict in result.verdicts if verdict.outcome in FAULTY]
    if not failed:
        return
    found = {finding.id: finding for finding in result.findings}
    rows = [
        _row(verdict, found, known.get(verdict.requirement), excused=result.is_excused(verdict))
        for verdict in failed
    ]
    head = "| | requirement | level | what went wrong | requests | finding |"
    yield "\n".join([head, "|---|---|---|---|---:|---|", *rows])


def _row(
    verdict: Verdict,
    found: Mapping[str, Finding],
    requirement: Requirement | None,
    *,
    excused: bool,
) -> str:
    mine = [found[name] for name in verdict.findings if name in found]
    first = min(mine, key=lambda finding: (finding.requests, finding.mutators), default=None)
    more = f" (and {len(mine) - 1} more)" if len(mine) > 1 else ""
    cells = (
        "known" if excused else MARKS[verdict.outcome],
        _linked(verdict.requirement, requirement),
        verdict.level.value,
        escaped(first.summary if first else verdict.reason or "") + more,
        str(first.requests) if first else "",
        code(first.id) if first else "",
    )
    return f"| {' | '.join(cells)} |"


def _linked(name: str, requirement: Requirement | None) -> str:
    address = address_in(requirement.source) if requirement else None
    return f"[{escaped(name)}]({address})" if address else escaped(name)


def _findings(result: Result, known: Mapping[str, Requirement]) -> Iterator[str]:
    new = [found for found in result.findings if result.standing(found.id) is not Standing.KNOWN]
    if new:
        yield "### Findings"
    for finding in new[:MAX_FINDINGS]:
        yield _finding(finding, known.get(finding.requirement))
    rest = len(new) - MAX_FINDINGS
    if rest > 0:
        yield f"and {counted(rest, 'finding')} more: `regshape verdicts show {result.campaign.id}`"


def _finding(finding: Finding, requirement: Requirement | None) -> str:
    seen, tried = finding.reproduced
    title = escaped(finding.summary)
    blocks = [
        f"<details>\n<summary><b>{escaped(finding.requirement)}</b> {title}</summary>",
        *_sentence(requirement),
        f"finding {code(finding.id)}, seen {seen} of {tried} times",
        *(f"- {escaped(sentence)}" for sentence in broken(finding.case)),
        *_exchanges(finding),
        "The minimal case:",
        fenced(_cut(json.dumps(case_to_json(finding.case), indent=1)), "json"),
        "Replay:",
        fenced(_cut("\n".join(plain(line) for line in finding.replay)), "sh"),
        "</details>",
    ]
    return "\n\n".join(blocks)


def _sentence(requirement: Requirement | None) -> Iterator[str]:
    if requirement is not None:
        yield f"> **{requirement.level}** {escaped(requirement.text)}"


def _exchanges(finding: Finding) -> Iterator[str]:
    lines = [
        f"{number}. {code(f'{exchange.method} {shortened(exchange.target, LONGEST_TARGET)}')}"
        f" \N{RIGHTWARDS ARROW} {escaped(answered(exchange))}"
        for number, exchange in enumerate(finding.exchanges[:MAX_EXCHANGES], 1)
    ]
    rest = len(finding.exchanges) - MAX_EXCHANGES
    if rest > 0:
        lines.append(f"\nand {counted(rest, 'request')} more")
    if lines:
        yield "\n".join(lines)


def _cut(text: str) -> str:
    rest = len(text) - LONGEST_CODE
    return f"{text[:LONGEST_CODE]}\n... {rest:,} characters more" if rest > 0 else text


def _baseline(comparison: Comparison | None) -> Iterator[str]:
    if comparison is None:
        return
    lines = [
        *(("known", entry, entry.reason or "") for entry in comparison.known),
        *(("expired", entry, f"since {entry.expires}") for entry in comparison.expired),
        *(("fixed", entry, "no longer fails") for entry in comparison.fixed),
    ]
    if lines:
        yield "### Baseline"
        yield "\n".join(
            f"- {word}: {code(entry.finding)} {escaped(entry.requirement)} "
            + escaped(": ".join(filter(None, (entry.summary, more))))
            for word, entry, more in lines
        )


def _unjudged(verdicts: Sequence[Verdict]) -> Iterator[str]:
    reasons = Counter(
        (verdict.outcome, verdict.reason or "no reason given")
        for verdict in verdicts
        if verdict.outcome in (Outcome.SKIP, Outcome.INCONCLUSIVE)
    )
    if not reasons:
        return
    lines = [
        f"- {outcome.value}: {escaped(reason)} ({counted(number, 'requirement')})"
        for (outcome, reason), number in reasons.most_common()
    ]
    listed = "\n".join(lines)
    title = f"<summary>Not judged: {sum(reasons.values())}</summary>"
    yield f"<details>\n{title}\n\n{listed}\n\n</details>"
