"""What the tests of the store put into it."""

from __future__ import annotations

from regshape.errors import StoreError
from regshape.model import (
    CampaignInfo,
    Case,
    Exchange,
    Finding,
    Level,
    Mutator,
    Outcome,
    Step,
    Verdict,
)

CAMPAIGN = CampaignInfo(
    "c1a2", "oci", "1.1", "http://127.0.0.1:5000", None, 2**70, "2026-11-21T10:00:00Z"
)


def make_finding(name: str, requirement: str = "OCI-CHK-03") -> Finding:
    return Finding(
        name,
        requirement,
        "status 202",
        "a malformed Content-Range was answered with 202",
        Case("oci", (Step("patch-upload", {"size": 3}, (Mutator("m", "header", "set"),)),)),
        (Exchange("PATCH", "/v2/a/blobs/uploads/1", status=202, answer=b"\xff"),),
        (5, 5),
        2,
        1,
        ("curl -i http://127.0.0.1:5000/v2/",),
        17,
        80,
    )


def fail_on_broken(error: StoreError) -> None:
    raise AssertionError(str(error))


def verdict(requirement: str, outcome: Outcome = Outcome.PASS, judged: int = 1) -> Verdict:
    return Verdict(requirement, Level.MUST, outcome, judged)
