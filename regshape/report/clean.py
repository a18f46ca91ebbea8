"""What may be kept and shown of a campaign: no secrets, and bodies of a bounded length.

The rule: every format renders what came through here.
"""

from __future__ import annotations

from dataclasses import replace

from regshape.model import Exchange, Finding, Result
from regshape.report.redact import redact_exchange, redact_line, redact_url, redact_words

BODY_LIMIT = 4096
"""Bytes of a body that are kept; the true length is noted beside what was cut."""

HEADER_LIMIT = 64 * 1024
"""Characters of the value of a header that are kept; a longer one is cut."""


def clean_exchange(exchange: Exchange, limit: int = BODY_LIMIT) -> Exchange:
    """Return the exchange without secrets, its bodies cut at the limit and their lengths noted."""
    # Cut before redacting: a body can be megabytes long.
    cut = replace(
        exchange,
        headers=tuple((name, _cut(value)) for name, value in exchange.headers),
        body=exchange.body[:limit],
        body_length=_true_length(exchange.body, exchange.body_length, limit),
        answer=exchange.answer[:limit],
        answer_length=_true_length(exchange.answer, exchange.answer_length, limit),
    )
    return redact_exchange(cut)


def clean_finding(finding: Finding) -> Finding:
    """Return the finding without secrets, the bodies of its exchanges cut."""
    exchanges = tuple(clean_exchange(exchange) for exchange in finding.exchanges)
    return replace(redact_words(finding), exchanges=exchanges)


def clean_result(result: Result) -> Result:
    """Return the result without secrets, the bodies of its exchanges cut."""
    verdicts = tuple(
        replace(verdict, reason=verdict.reason and redact_line(verdict.reason))
        for verdict in result.verdicts
    )
    return replace(
        result,
        campaign=replace(result.campaign, target=redact_url(result.campaign.target)),
        verdicts=verdicts,
        findings=tuple(clean_finding(finding) for finding in result.findings),
    )


def _cut(value: str) -> str:
    """Return a header's value, one that would fill the report cut."""
    if len(value) <= HEADER_LIMIT:
        return value
    return f"{value[:BODY_LIMIT]}... ({len(value)} characters)"


def _true_length(body: bytes, known: int | None, limit: int) -> int | None:
    return len(body) if known is None and len(body) > limit else known
