"""The tables of the verdict store, and the rows that values become.

The rule: nothing gets into a row with a secret in it; a change of a table is a new schema version.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from regshape.model import CampaignInfo, Finding, Level, Outcome, Verdict
from regshape.report.codec import (
    case_from_json,
    case_to_json,
    exchange_from_json,
    exchange_to_json,
)
from regshape.report.redact import redact_url, redact_words

SCHEMA_VERSION = 2

STEPS: Mapping[int, Sequence[str]] = {
    1: ("ALTER TABLE findings ADD COLUMN seen_after BIGINT NOT NULL DEFAULT 0",),
}
"""What turns the columns of one version into those of the next; new tables come of themselves."""

METADATA = sa.MetaData()

SCHEMA = sa.Table("regshape_schema", METADATA, sa.Column("version", sa.Integer, nullable=False))

# The order of the rows that follow is the order in which they were written.
CAMPAIGNS = sa.Table(
    "campaigns",
    METADATA,
    sa.Column("row", sa.Integer, primary_key=True),
    sa.Column("id", sa.String(64), nullable=False, unique=True),
    sa.Column("protocol", sa.String(64), nullable=False),
    sa.Column("spec", sa.String(64), nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("implementation", sa.Text),
    sa.Column("seed", sa.Text, nullable=False),  # a number without bound
    sa.Column("started", sa.String(40), nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("cases", sa.BigInteger, nullable=False),
    sa.Column("requests", sa.BigInteger, nullable=False),
    sa.Column("ended_by", sa.String(32), nullable=False),
)

CAMPAIGN_FIELDS = tuple(column.name for column in CAMPAIGNS.columns if column.name != "row")

VERDICTS = sa.Table(
    "verdicts",
    METADATA,
    sa.Column("row", sa.Integer, primary_key=True),
    sa.Column("campaign", sa.String(64), nullable=False),
    sa.Column("requirement", sa.String(64), nullable=False),
    sa.Column("level", sa.String(8), nullable=False),
    sa.Column("outcome", sa.String(16), nullable=False),
    sa.Column("judged", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text),
    sa.UniqueConstraint("campaign", "requirement"),
)

FINDINGS = sa.Table(
    "findings",
    METADATA,
    sa.Column("row", sa.Integer, primary_key=True),
    sa.Column("campaign", sa.String(64), nullable=False),
    sa.Column("id", sa.String(64), nullable=False, index=True),
    sa.Column("requirement", sa.String(64), nullable=False),
    sa.Column("signature", sa.Text, nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("case", sa.JSON, nullable=False),
    sa.Column("exchanges", sa.JSON, nullable=False),
    sa.Column("seen", sa.Integer, nullable=False),
    sa.Column("tried", sa.Integer, nullable=False),
    sa.Column("requests", sa.Integer, nullable=False),
    sa.Column("mutators", sa.Integer, nullable=False),
    sa.Column("replay", sa.JSON, nullable=False),
    sa.Column("index", sa.BigInteger),
    sa.Column("executions", sa.Integer, nullable=False),
    sa.Column("seen_after", sa.BigInteger, nullable=False, server_default="0"),
    sa.UniqueConstraint("campaign", "id"),
)

PROGRESS = sa.Table(
    "progress",
    METADATA,
    sa.Column("row", sa.Integer, primary_key=True),
    sa.Column("campaign", sa.String(64), nullable=False),
    sa.Column("part", sa.String(16), nullable=False),
    sa.Column("data", sa.JSON, nullable=False),
    sa.UniqueConstraint("campaign", "part"),
)
"""How far campaigns have come that have not ended: parts of a `Checkpoint`."""


def campaign_row(campaign: CampaignInfo) -> dict[str, Any]:
    """Return the row of a campaign, without its row number."""
    row = {field: getattr(campaign, field) for field in CAMPAIGN_FIELDS}
    return {**row, "target": _text(redact_url(campaign.target)), "seed": str(campaign.seed)}


def campaign_of(row: dict[str, Any]) -> CampaignInfo:
    """Return the campaign of a row."""
    fields = {name: row[name] for name in CAMPAIGN_FIELDS}
    return CampaignInfo(**{**fields, "seed": int(row["seed"])})


def verdict_row(campaign: str, verdict: Verdict) -> dict[str, Any]:
    """Return the row of a verdict; its findings are found by the requirement."""
    return {
        "campaign": campaign,
        "requirement": verdict.requirement,
        "level": verdict.level.value,
        "outcome": verdict.outcome.value,
        "judged": verdict.judged,
        "reason": None if verdict.reason is None else _text(verdict.reason),
    }


def verdict_of(row: dict[str, Any], findings: Sequence[Finding]) -> Verdict:
    """Return the verdict of a row, given the findings of its campaign."""
    mine = tuple(found.id for found in findings if found.requirement == row["requirement"])
    level, outcome = Level(row["level"]), Outcome(row["outcome"])
    return Verdict(row["requirement"], level, outcome, row["judged"], row["reason"], mine)


def finding_row(campaign: str, finding: Finding) -> dict[str, Any]:
    """Return the row of a finding, redacted."""
    clean = redact_words(finding)
    return {
        "campaign": campaign,
        "id": clean.id,
        "requirement": clean.requirement,
        "signature": _text(clean.signature),
        "summary": _text(clean.summary),
        "case": case_to_json(clean.case),
        "exchanges": [exchange_to_json(exchange) for exchange in clean.exchanges],
        "seen": clean.reproduced[0],
        "tried": clean.reproduced[1],
        "requests": clean.requests,
        "mutators": clean.mutators,
        "replay": list(clean.replay),
        "index": clean.index,
        "executions": clean.executions,
        "seen_after": clean.seen_after,
    }


def finding_of(row: dict[str, Any], where: str) -> Finding:
    """Return the finding of a row; `CaseError` naming `where` if somebody tampered with it."""
    return Finding(
        id=row["id"],
        requirement=row["requirement"],
        signature=row["signature"],
        summary=row["summary"],
        case=case_from_json(row["case"], where),
        exchanges=tuple(exchange_from_json(data, where) for data in row["exchanges"]),
        reproduced=(row["seen"], row["tried"]),
        requests=row["requests"],
        mutators=row["mutators"],
        replay=tuple(row["replay"]),
        index=row["index"],
        executions=row["executions"],
        seen_after=row["seen_after"],
    )


def _text(text: str) -> str:
    # What a peer sent may hold what databases refuse: half a surrogate pair, a zero.
    return text.encode("utf-8", "replace").decode().replace("\0", "\N{SYMBOL FOR NULL}")
