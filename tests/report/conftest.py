"""A result with everything in it that a report must cope with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from regshape.model import (
    CampaignInfo,
    Case,
    Comparison,
    Exchange,
    Expectation,
    Failure,
    Finding,
    KnownFailure,
    Level,
    Mutator,
    Outcome,
    Requirement,
    Result,
    Step,
    Verdict,
)
from tests.report.recorded import Recorded, record

DIGEST = "sha256:" + "0123456789abcdef" * 4
TARGET = "http://127.0.0.1:5000"
MUTATOR = Mutator(
    "content-range-garbage", "headers", "set", "Content-Range", "3-", Expectation.REJECT
)
CASE = Case(
    "oci", (Step("start-upload"), Step("patch-upload", {"size": 3}, (MUTATOR,))), "by the sweep"
)
EXCHANGES = (
    Exchange("POST", "/v2/regshape/0a1b2c3d/blobs/uploads/", status=202, reason="Accepted"),
    Exchange(
        "PATCH",
        f"/v2/regshape/0a1b2c3d/blobs/uploads/6d1e8c6e-6a3f-4c52-9c57-7b1f?digest={DIGEST}&n=1",
        (("Content-Range", "3-"),),
        b"abc",
        202,
    ),
    Exchange("GET", "/v2/", failure=Failure("timeout", "no answer within 10 s")),
)
FINDING = Finding(
    "5f0c1a2b3c4d5e6f",
    "OCI-CHK-03",
    "status 202",
    "a chunk with the malformed Content-Range '3-' was answered with 202, not refused with a 4xx",
    CASE,
    EXCHANGES,
    (5, 5),
    2,
    1,
    (
        f"curl -i -X POST {TARGET}/v2/regshape/0a1b2c3d/blobs/uploads/",
        f"curl -i -X PATCH -H 'Content-Range: 3-' --data-binary abc '{TARGET}/v2/x/{DIGEST}'",
    ),
)
REQUIREMENTS = (
    Requirement("OCI-PULL-01", Level.MUST, "Pull", "GET returns the manifest", "spec.md:170"),
    Requirement(
        "OCI-CHK-03",
        Level.MUST,
        "Push",
        "The Content-Range header of a chunk MUST match `^[0-9]+-[0-9]+$`; `<end>` is inclusive.",
        "https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pushing-chunks",
    ),
)
CAMPAIGN = CampaignInfo(
    "c0ffee0123456789",
    "oci",
    "1.1",
    TARGET,
    None,
    7,
    "2026-11-21T10:00:00Z",
    31.2,
    5210,
    30112,
    "time",
)
VERDICTS = (
    Verdict("OCI-PULL-01", Level.MUST, Outcome.PASS, 99),
    Verdict("OCI-CHK-03", Level.MUST, Outcome.FAIL, 214, None, (FINDING.id,)),
    Verdict("OCI-CHK-05", Level.SHOULD, Outcome.WARN, 3, "no finding kept"),
    Verdict("OCI-REF-01", Level.SHOULD, Outcome.SKIP, 0, "the referrers API answers 404"),
    Verdict("OCI-REF-02", Level.SHOULD, Outcome.SKIP, 0, "the referrers API answers 404"),
    Verdict("OCI-RACE-01", Level.MUST, Outcome.INCONCLUSIVE, 2, "seen 1 of 5 times"),
)
RESULT = Result(CAMPAIGN, VERDICTS, (FINDING,))


@pytest.fixture
def result() -> Result:
    return RESULT


@pytest.fixture
def requirements() -> tuple[Requirement, ...]:
    return REQUIREMENTS


@pytest.fixture(scope="session")
def recorded() -> Recorded:
    """A campaign on the reference registry with several faults planted."""
    return record()


def with_bytes(body: bytes) -> Result:
    """Return the result with a finding that sent and received these bytes, and names them."""
    text = body.decode("latin-1")
    exchange = replace(EXCHANGES[1], body=body, answer=body, answer_headers=(("x-odd", text),))
    finding = replace(
        FINDING, summary=f"seen: {text}", exchanges=(exchange,), replay=(f"curl '{text}'",)
    )
    return replace(RESULT, findings=(finding,))


ENTRY = KnownFailure(
    FINDING.requirement, FINDING.id, FINDING.signature, FINDING.summary, "fixed in 3.0"
)
KNOWN = replace(RESULT, baseline=Comparison(known=(ENTRY,)))
"""The result against a baseline that knows its only finding."""
