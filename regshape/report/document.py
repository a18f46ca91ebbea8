"""The result document: a campaign as one JSON object, for machines."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from regshape.model import (
    CampaignInfo,
    Comparison,
    Finding,
    KnownFailure,
    Requirement,
    Result,
    Verdict,
)
from regshape.model.causes import causes_of
from regshape.report.codec import case_to_json, exchange_to_json
from regshape.report.redact import redact_url, redact_words


def render(result: Result, requirements: Sequence[Requirement]) -> str:
    """Return the result document as text; the requirements' sentences are not part of it."""
    return json.dumps(result_to_json(result, requirements), indent=2) + "\n"


def result_to_json(result: Result, requirements: Sequence[Requirement]) -> dict[str, Any]:
    """Return the result document; fields are added over time, never renamed."""
    return {
        "campaign": campaign_to_json(result.campaign),
        "verdicts": [verdict_to_json(verdict) for verdict in result.verdicts],
        "findings": [finding_to_json(finding) for finding in result.findings],
        "causes": [
            {
                "finding": cause.first.id,
                "operations": list(cause.operations),
                "findings": [finding.id for finding in cause.findings],
            }
            for cause in causes_of(result.findings, requirements)
        ],
        "baseline": _comparison_to_json(result.baseline),
    }


def campaign_to_json(campaign: CampaignInfo) -> dict[str, Any]:
    """Return a campaign as the result document has it."""
    rate = campaign.requests / campaign.seconds if campaign.seconds > 0 else 0.0
    return {
        "id": campaign.id,
        "protocol": campaign.protocol,
        "spec": campaign.spec,
        "target": redact_url(campaign.target),
        "implementation": campaign.implementation,
        "seed": campaign.seed,
        "started": campaign.started,
        "seconds": round(campaign.seconds, 3),
        "cases": campaign.cases,
        "requests": campaign.requests,
        "requests_per_second": round(rate, 1),
        "ended_by": campaign.ended_by,
    }


def finding_to_json(finding: Finding) -> dict[str, Any]:
    """Return a finding as the result document has it, without secrets."""
    clean = redact_words(finding)
    seen, tried = clean.reproduced
    return {
        "id": clean.id,
        "requirement": clean.requirement,
        "signature": clean.signature,
        "summary": clean.summary,
        "reproduced": f"{seen}/{tried}",
        "requests": clean.requests,
        "mutators": clean.mutators,
        "case": case_to_json(clean.case),
        "exchanges": [exchange_to_json(exchange) for exchange in clean.exchanges],
        "replay": list(clean.replay),
    }


def verdict_to_json(verdict: Verdict) -> dict[str, Any]:
    """Return a verdict as the result document has it."""
    return {
        "requirement": verdict.requirement,
        "level": verdict.level.value,
        "outcome": verdict.outcome.value,
        "judged": verdict.judged,
        "reason": verdict.reason,
        "findings": list(verdict.findings),
    }


def _comparison_to_json(comparison: Comparison | None) -> dict[str, Any] | None:
    if comparison is None:
        return None
    groups = {
        "known": comparison.known,
        "expired": comparison.expired,
        "fixed": comparison.fixed,
    }
    return {name: [_known_to_json(entry) for entry in group] for name, group in groups.items()}


def _known_to_json(entry: KnownFailure) -> dict[str, Any]:
    return {
        "requirement": entry.requirement,
        "finding": entry.finding,
        "summary": entry.summary,
        "reason": entry.reason,
        "expires": entry.expires.isoformat() if entry.expires else None,
    }
