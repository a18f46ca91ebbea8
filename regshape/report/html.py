"""The report as one HTML file that needs nothing but a browser: no network, no other file.

The rule: everything that is not ours is escaped by the template, and the page's own policy lets
nothing run but the one script whose hash it names.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from regshape import __version__
from regshape.model import (
    Exchange,
    Finding,
    Headers,
    Outcome,
    Requirement,
    Result,
    Standing,
    Verdict,
)
from regshape.report.clean import clean_result
from regshape.report.codec import case_to_json, printable
from regshape.report.picture import found_picture, judged_picture, shares
from regshape.report.wording import (
    CUT_SHORT,
    ENDINGS,
    address_in,
    answered,
    broken,
    counted,
    duration,
    plain,
    shortened,
)

ROOM = 800_000
"""Bytes of the page that all exchanges together may take: thirty findings stay under 2 MB."""

MOST_OF_A_PART = 2000
LEAST_OF_A_PART = 100
"""Bytes of the page that the head of a message, or its body, takes at most, and may always take."""

LONGEST_HEADER = 300
LONGEST_TARGET = 90
LONGEST_SENTENCE = 400
LONGEST_CODE = 6000
MAX_EXCHANGES = 25
"""Exchanges of one finding that are shown; the rest are counted."""

ESCAPED: Mapping[str, int] = {"&": 5, "<": 4, ">": 4, "'": 5, '"': 5}
"""Bytes that a character takes once the template has escaped it."""

_ORDER = ("fail", "warn", "inconclusive", "known", "skip", "pass")

PAGES = Environment(
    loader=PackageLoader("regshape.report"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass(frozen=True, slots=True)
class Message:
    """One exchange as it is shown: a line, what was sent and what was received."""

    line: str
    answer: str
    sent: str
    received: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A finding as it is shown."""

    finding: Finding
    summary: str
    standing: str
    steps: tuple[str, ...]
    broken: tuple[str, ...]
    case: str
    messages: tuple[Message, ...]
    more: str
    replay: str
    cut: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A verdict with its requirement, as it is shown; `outcome` is `known` where it is excused."""

    verdict: Verdict
    requirement: Requirement | None
    address: str | None
    outcome: str
    findings: tuple[Shown, ...]


def render(result: Result, requirements: Sequence[Requirement]) -> str:
    """Return the page."""
    clean = clean_result(result)
    known = {requirement.id: requirement for requirement in requirements}
    rows = _rows(clean, known)
    style = PAGES.get_template("report.css").render()
    script = PAGES.get_template("report.js").render()
    return PAGES.get_template("report.html").render(
        policy=_policy(style, script),
        version=__version__,
        campaign=clean.campaign,
        headline=_headline(rows),
        notice=ENDINGS[ending] if (ending := clean.campaign.ended_by) in CUT_SHORT else "",
        facts=_facts(clean),
        counts=_counts(rows),
        shares=shares(_counts(rows)),
        judged=judged_picture(clean.verdicts),
        found=found_picture(clean),
        sections=_sections(rows),
        troubled=sorted(
            (row for row in rows if row.findings), key=lambda row: _ORDER.index(row.outcome)
        ),
        baseline=clean.baseline,
    )


def _policy(style: str, script: str) -> str:
    """Return the content security policy: this style, this script, and nothing else."""
    return (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest())
    return f"'sha256-{digest.decode('ascii')}'"


def _rows(result: Result, known: Mapping[str, Requirement]) -> list[Row]:
    number = sum(min(len(one.exchanges), MAX_EXCHANGES) for one in result.findings)
    room = max(LEAST_OF_A_PART, min(MOST_OF_A_PART, ROOM // max(1, 4 * number)))
    rows: list[Row] = []
    for verdict in result.verdicts:
        requirement = known.get(verdict.requirement)
        address = address_in(requirement.source) if requirement else None
        outcome = "known" if result.is_excused(verdict) else verdict.outcome.value
        shown = tuple(
            _shown(finding, result.standing(finding.id), room)
            for finding in result.findings
            if finding.requirement == verdict.requirement
        )
        rows.append(Row(verdict, requirement, address, outcome, shown))
    return rows


def _sections(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Return the rows by section of the document, in the order in which those come first."""
    sections: dict[str, list[Row]] = {}
    for row in rows:
        name = row.requirement.section if row.requirement else "Other requirements"
        sections.setdefault(name, []).append(row)
    return sections


def _headline(rows: Sequence[Row]) -> str:
    failed = sum(row.outcome == Outcome.FAIL for row in rows)
    if failed:
        return f"{counted(failed, 'requirement')} not met"
    warned = any(row.outcome == Outcome.WARN for row in rows)
    if any(row.outcome == "known" for row in rows):
        return "Nothing failed beyond the baseline"
    return "No requirement violated" if warned else "Nothing failed"


def _counts(rows: Sequence[Row]) -> list[tuple[str, int]]:
    numbers = [(name, sum(row.outcome == name for row in rows)) for name in _ORDER]
    return [(name, number) for name, number in numbers if number]


def _facts(result: Result) -> list[tuple[str, str]]:
    campaign = result.campaign
    rate = f" ({campaign.requests / campaign.seconds:,.0f}/s)" if campaign.seconds > 0 else ""
    facts = [
        ("Implementation", plain(campaign.implementation or "")),
        ("Started", campaign.started.replace("T", " ").replace("Z", " UTC")),
        ("Took", f"{duration(campaign.seconds)}, {ENDINGS.get(campaign.ended_by, '')}"),
        ("Cases", f"{campaign.cases:,}"),
        ("Requests", f"{campaign.requests:,}{rate}"),
        ("Seed", str(campaign.seed)),
        ("Campaign", campaign.id),
    ]
    return [(name, value) for name, value in facts if value]


# --- findings ---------------------------------------------------------------------------------


def _shown(finding: Finding, standing: Standing, room: int) -> Shown:
    rest = len(finding.exchanges) - MAX_EXCHANGES
    replay = "\n".join(plain(line) for line in finding.replay)
    fitting = _fit(replay, LONGEST_CODE)
    return Shown(
        finding=finding,
        summary=_fit(plain(finding.summary), LONGEST_SENTENCE),
        standing=standing.value,
        steps=tuple(_steps(finding)),
        broken=tuple(broken(finding.case)),
        case=_fit(json.dumps(case_to_json(finding.case), indent=2), LONGEST_CODE),
        messages=tuple(_message(one, room) for one in finding.exchanges[:MAX_EXCHANGES]),
        more=f"and {counted(rest, 'exchange')} more" if rest > 0 else "",
        replay=fitting,
        cut=fitting != replay,
    )


def _steps(finding: Finding) -> Iterator[str]:
    for step in finding.case.all_steps():
        arguments = " ".join(f"{name}={json.dumps(it)}" for name, it in step.arguments.items())
        mutators = ", ".join(mutator.name for mutator in step.mutators)
        with_mutators = f" broken by {mutators}" if mutators else ""
        yield _fit(
            plain(f"{step.operation} {arguments}".rstrip() + with_mutators), LONGEST_SENTENCE
        )


def _message(exchange: Exchange, room: int) -> Message:
    request = f"{exchange.method} {exchange.target} HTTP/1.1"
    status = f"HTTP/1.1 {exchange.status} {exchange.reason}".rstrip()
    failure = exchange.failure
    sent = [
        _head(request, exchange.headers, room),
        *_body(exchange.body, exchange.body_length, room),
    ]
    received = [
        *([] if exchange.status is None else [_head(status, exchange.answer_headers, room)]),
        *_body(exchange.answer, exchange.answer_length, room),
        *([_fit(plain(f"({failure.kind}: {failure.detail})"), room)] if failure else []),
    ]
    line = f"{shortened(plain(exchange.method), 12)} "
    line += shortened(plain(exchange.target), LONGEST_TARGET)
    return Message(line, answered(exchange), "\n".join(sent), "\n".join(received))


def _head(first: str, headers: Headers, room: int) -> str:
    lines = [
        plain(first),
        *(_fit(plain(f"{name}: {value}"), LONGEST_HEADER) for name, value in headers),
    ]
    return _fit("\n".join(lines), room)


def _body(body: bytes, length: int | None, room: int) -> Iterator[str]:
    """Yield a body as text, or in hexadecimal where it is none, and how much of it that is."""
    if not body:
        return
    whole = len(body) if length is None else length
    text = printable(body, whole=length is None)
    if text is None:
        shown = min(len(body), room // 3)
        text = body[:shown].hex(" ")
    else:
        text = text[: _fitting(text, room)]
        shown = len(text.encode())
    yield "\n" + "\n".join(map(plain, text.split("\n")))
    if shown < whole:
        yield f"(cut: the first {shown:,} of {whole:,} bytes)"


def _fit(text: str, room: int) -> str:
    """Return as much of a text as takes that many bytes of the page."""
    place = _fitting(text, room)
    return text if place == len(text) else f"{text[:place]}\N{HORIZONTAL ELLIPSIS}"


def _fitting(text: str, room: int) -> int:
    """Return how many characters of a text take that many bytes of the page."""
    used = 0
    for place, char in enumerate(text):
        used += ESCAPED.get(char) or len(char.encode(errors="replace"))
        if used > room:
            return place
    return len(text)
