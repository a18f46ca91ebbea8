"""The report as SARIF 2.1.0, for code scanning: rules are requirements, results are findings.

The standard: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlsplit

from regshape import __version__
from regshape.model import CampaignInfo, Finding, Level, Requirement, Result, Verdict
from regshape.report.clean import clean_result
from regshape.report.codec import case_to_json
from regshape.report.wording import CUT_SHORT, address_in, broken, plain

SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
FINGERPRINT = "regshapeFinding/v1"
LEVELS: Mapping[Level, str] = {Level.MUST: "error", Level.SHOULD: "warning", Level.MAY: "note"}


def render(result: Result, requirements: Sequence[Requirement]) -> str:
    """Return the log file as text, with one run."""
    clean = clean_result(result)
    judged = {verdict.requirement: verdict for verdict in clean.verdicts}
    rules = {row.id: _rule(row, judged.get(row.id)) for row in requirements}
    for verdict in clean.verdicts:  # a finding of an older version's requirement keeps a rule
        rules.setdefault(verdict.requirement, {"id": verdict.requirement})
    numbers = {name: number for number, name in enumerate(rules)}
    levels = {name: LEVELS[verdict.level] for name, verdict in judged.items()}
    run = {
        "tool": {
            "driver": {
                "name": "RegShape",
                "version": __version__,
                "rules": list(rules.values()),
            }
        },
        "automationDetails": {"id": f"regshape/{clean.campaign.protocol}/{clean.campaign.id}"},
        "invocations": [_invocation(clean.campaign)],
        "columnKind": "unicodeCodePoints",
        "results": [
            _result(finding, numbers, levels, clean.campaign) | _standing(finding.id, clean)
            for finding in clean.findings
        ],
        "properties": _counts(clean.campaign),
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1) + "\n"


def _rule(requirement: Requirement, verdict: Verdict | None) -> dict[str, Any]:
    address = address_in(requirement.source)
    level = verdict.level if verdict else requirement.level
    known = {"outcome": verdict.outcome.value, "judged": verdict.judged} if verdict else {}
    return {
        "id": requirement.id,
        "shortDescription": {"text": f"{level}: {requirement.text}"},
        "fullDescription": {"text": f"{requirement.text} (from {requirement.source})"},
        "help": {"text": f"{requirement.text}\n\n{requirement.source}"},
        **({"helpUri": address} if address else {}),
        "defaultConfiguration": {"level": LEVELS[level]},
        "properties": {"level": level.value, "section": requirement.section, **known},
    }


def _result(
    finding: Finding, numbers: Mapping[str, int], levels: Mapping[str, str], campaign: CampaignInfo
) -> dict[str, Any]:
    number = {"ruleIndex": numbers[finding.requirement]} if finding.requirement in numbers else {}
    seen, tried = finding.reproduced
    return {
        "ruleId": finding.requirement,
        **number,
        "kind": "fail",
        "level": levels.get(finding.requirement, "error"),
        "message": {"text": ". ".join([plain(finding.summary), *broken(finding.case)])},
        "locations": [_location(finding, campaign)],
        "partialFingerprints": {FINGERPRINT: finding.id},
        "properties": {
            "signature": finding.signature,
            "reproduced": f"{seen}/{tried}",
            "requests": finding.requests,
            "mutators": finding.mutators,
            "case": case_to_json(finding.case),
            "replay": list(finding.replay),
        },
    }


def _standing(finding: str, result: Result) -> dict[str, Any]:
    """Return what a baseline says of a finding; a known one is suppressed."""
    if result.baseline is None:
        return {}
    known = [entry for entry in result.baseline.known if entry.finding == finding]
    if not known:
        return {"baselineState": "new"}
    reason = known[0].reason
    suppression = {"kind": "external", "status": "accepted"}
    justified = {"justification": reason} if reason else {}
    return {"baselineState": "unchanged", "suppressions": [suppression | justified]}


def _location(finding: Finding, campaign: CampaignInfo) -> dict[str, Any]:
    steps = [step.operation for step in finding.case.all_steps()] or ["campaign"]
    whole = f"{campaign.protocol}/{'/'.join(steps)}"
    operation = {"name": steps[-1], "fullyQualifiedName": whole, "kind": "function"}
    place = {"artifactLocation": {"uri": _address(campaign, finding)}}
    return {"physicalLocation": place, "logicalLocations": [operation]}


def _address(campaign: CampaignInfo, finding: Finding) -> str:
    """Return the target with the path of the last request; a broken path is escaped."""
    local = urlsplit(campaign.target).scheme not in ("http", "https")
    origin = "http://embedded" if local else campaign.target.rstrip("/")
    path = finding.exchanges[-1].target if finding.exchanges else "/"
    return origin + quote(path, safe="/:@!$&'()*+,;=?%~", encoding="latin-1", errors="replace")


def _invocation(campaign: CampaignInfo) -> dict[str, Any]:
    end = datetime.fromisoformat(campaign.started) + timedelta(seconds=campaign.seconds)
    return {
        "executionSuccessful": campaign.ended_by not in CUT_SHORT,
        "startTimeUtc": campaign.started,
        "endTimeUtc": end.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def _counts(campaign: CampaignInfo) -> dict[str, Any]:
    return {
        "target": campaign.target,
        "implementation": campaign.implementation,
        "protocol": campaign.protocol,
        "spec": campaign.spec,
        "seed": campaign.seed,
        "cases": campaign.cases,
        "requests": campaign.requests,
        "endedBy": campaign.ended_by,
    }
