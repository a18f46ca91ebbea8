from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from regshape.model import Requirement, Result
from regshape.report.codec import case_from_json
from regshape.report.document import render


def test_the_document_is_the_one_that_is_documented(
    result: Result, requirements: Sequence[Requirement]
) -> None:
    data = json.loads(render(result, requirements))
    assert data["campaign"] == {
        "id": "c0ffee0123456789",
        "protocol": "oci",
        "spec": "1.1",
        "target": "http://127.0.0.1:5000",
        "implementation": None,
        "seed": 7,
        "started": "2026-11-21T10:00:00Z",
        "seconds": 31.2,
        "cases": 5210,
        "requests": 30112,
        "requests_per_second": 965.1,
        "ended_by": "time",
    }
    assert data["verdicts"][1] == {
        "requirement": "OCI-CHK-03",
        "level": "MUST",
        "outcome": "fail",
        "judged": 214,
        "reason": None,
        "findings": ["5f0c1a2b3c4d5e6f"],
    }
    (finding,) = data["findings"]
    assert list(finding) == [
        "id",
        "requirement",
        "signature",
        "summary",
        "reproduced",
        "requests",
        "mutators",
        "case",
        "exchanges",
        "replay",
    ]
    assert (finding["reproduced"], finding["requests"], finding["mutators"]) == ("5/5", 2, 1)
    assert case_from_json(finding["case"], "x") == result.findings[0].case


def test_a_campaign_of_no_time_has_no_rate(result: Result) -> None:
    instant = replace(result, campaign=replace(result.campaign, seconds=0.0))
    assert json.loads(render(instant, ()))["campaign"]["requests_per_second"] == 0.0
