from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator

from regshape.model import Comparison, Requirement, Result
from regshape.report.sarif import render
from tests.report.conftest import KNOWN, with_bytes
from tests.report.recorded import Recorded

# The schema that OASIS publishes with SARIF 2.1.0, errata 01, as it is.
SCHEMA = json.loads(Path(__file__).with_name("sarif-2.1.0.json").read_text(encoding="utf-8"))


def checked(result: Result, requirements: Sequence[Requirement] = ()) -> dict[str, Any]:
    log = json.loads(render(result, requirements))
    Draft4Validator(SCHEMA).validate(log)
    (run,) = log["runs"]
    assert isinstance(run, dict)
    return run


def test_the_log_of_a_real_campaign_keeps_to_the_schema(recorded: Recorded) -> None:
    run = checked(recorded.result, recorded.requirements)
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [row.id for row in recorded.requirements]
    assert all(rule["helpUri"].startswith("https://") for rule in rules)
    findings = recorded.result.findings
    assert [found["ruleId"] for found in run["results"]] == [one.requirement for one in findings]
    for found, finding in zip(run["results"], findings, strict=True):
        assert rules[found["ruleIndex"]]["id"] == found["ruleId"]
        assert found["partialFingerprints"] == {"regshapeFinding/v1": finding.id}
    assert "suppressions" not in json.dumps(run)


def test_the_schema_refuses_what_is_no_log() -> None:
    assert not Draft4Validator(SCHEMA).is_valid({"version": "2.1.0", "runs": [{"tool": {}}]})


def test_a_result_says_what_was_seen_where_and_how_to_see_it_again(
    result: Result, requirements: Sequence[Requirement]
) -> None:
    (found,) = checked(result, requirements)["results"]
    assert found["level"] == "error"
    assert found["message"]["text"].startswith(result.findings[0].summary)
    (location,) = found["locations"]
    assert location["logicalLocations"] == [
        {
            "name": "patch-upload",
            "fullyQualifiedName": "oci/start-upload/patch-upload",
            "kind": "function",
        }
    ]
    place = location["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "http://127.0.0.1:5000/v2/"}
    assert found["properties"]["replay"] == list(result.findings[0].replay)
    assert "baselineState" not in found


def test_a_known_finding_is_suppressed_with_its_reason(result: Result) -> None:
    (found,) = checked(KNOWN)["results"]
    assert found["baselineState"] == "unchanged"
    assert found["suppressions"] == [
        {"kind": "external", "status": "accepted", "justification": "fixed in 3.0"}
    ]
    (found,) = checked(replace(result, baseline=Comparison()))["results"]
    assert found["baselineState"] == "new"
    assert "suppressions" not in found


def test_any_byte_may_stand_in_a_result() -> None:
    run = checked(with_bytes(bytes(range(256))))
    assert "\\x00" in run["results"][0]["message"]["text"]


def test_a_campaign_that_was_cut_short_was_no_success(result: Result) -> None:
    lost = replace(result, campaign=replace(result.campaign, ended_by="target-lost"))
    assert checked(lost)["invocations"][0]["executionSuccessful"] is False
    (whole,) = checked(result)["invocations"]
    assert whole["executionSuccessful"] is True
    assert whole["endTimeUtc"] == "2026-11-21T10:00:31.200Z"
