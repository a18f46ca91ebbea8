"""Campaigns on CNCF distribution 2.8.2: known faults are found, what it may do is not blamed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from tests.live.conftest import Campaign, regshape

# One worker runs them all: they share a campaign of half a minute.
pytestmark = [pytest.mark.live, pytest.mark.xdist_group("docker-registry")]

FAULTY = {"fail", "warn"}
TRUE_FINDINGS = [
    # distribution#3141: a chunk that skips ahead or comes again is appended as if it were next
    ("OCI-CHK-07", "fail", "send-chunk", "answered with 202, not 416"),
    # a reference that is neither digest nor tag is an internal error
    ("OCI-REF-01", "fail", "manifest", "'sha256:0123abcd' was answered with 500"),
    # tags/list knows neither n nor last
    ("OCI-TAGS-04", "fail", "list-tags", "n=1 was answered with 2 tags"),
    ("OCI-TAGS-08", "fail", "list-tags", "last="),
    # distribution#2870: the order is that of the storage driver's folder
    ("OCI-TAGS-03", "fail", "list-tags", "the tags come as"),
    ("OCI-CHK-03", "fail", "send-chunk", "Content-Range"),
    # a repository that holds a manifest and no tag is not known
    ("OCI-TAGS-01", "fail", "list-tags", "was answered with 404, not 200"),
    # the content of a blob is parsed as if it were a manifest
    ("OCI-PULL-06", "fail", "get-manifest", "answered with 500, not 404"),
    # a blob is linked by its SHA-256 when it is mounted by its SHA-512
    ("OCI-MNT-01", "fail", "mount-blob", "answered with 500, not 200"),
]
LEGAL = [
    # a single POST may be answered as if it opened a session (end-4b)
    ("OCI-UPL-09", "no single-post: POST was answered with 202"),
    # the referrers API may be absent
    ("OCI-RFR-01", "no referrers: GET was answered with 404"),
    ("OCI-SUB-01", "no referrers: GET was answered with 404"),
    # deleting by tag may be refused with 400 or 405 (end-9)
    ("OCI-DEL-02", "no delete-tag: DELETE was answered with 400"),
]
SOUND = [
    *("OCI-API-03", "OCI-PULL-01", "OCI-PULL-03", "OCI-BLOB-01", "OCI-BLOB-04", "OCI-HEAD-01"),
    *("OCI-UPL-01", "OCI-UPL-05", "OCI-UPL-06", "OCI-UPL-08", "OCI-CHK-05", "OCI-CHK-06"),
    *("OCI-CHK-10", "OCI-CHK-12", "OCI-MAN-03", "OCI-MAN-04", "OCI-MNT-02", "OCI-DEL-04"),
    *("OCI-TAGS-02", "OCI-TAGS-10", "OCI-ERR-01"),
]


def sequential(campaign: Campaign) -> list[Any]:
    """Return the findings that no race is needed for."""
    return [row for row in campaign.document["findings"] if not row["case"].get("parallel")]


def test_the_sweep_alone_finds_at_least_fifteen_requirements_unmet(swept: Campaign) -> None:
    assert swept.ran.status == 1, swept.ran.err
    confirmed = {finding["requirement"] for finding in swept.document["findings"]}
    faulty = {name for name, outcome in swept.outcomes().items() if outcome in FAULTY}
    assert len(faulty & confirmed) >= 15
    assert faulty <= confirmed


def test_what_the_sweep_finds_is_small(swept: Campaign) -> None:
    big = [
        (finding["id"], finding["summary"], finding["requests"], finding["mutators"])
        for finding in sequential(swept)
        if finding["requests"] > 3 or finding["mutators"] > 1
    ]
    assert big == []


def test_what_the_sweep_finds_is_seen_every_time(swept: Campaign) -> None:
    assert {finding["reproduced"] for finding in sequential(swept)} == {"5/5"}


@pytest.mark.parametrize(("requirement", "outcome", "operation", "said"), TRUE_FINDINGS)
def test_a_known_fault_is_found(
    swept: Campaign, requirement: str, outcome: str, operation: str, said: str
) -> None:
    assert swept.outcomes()[requirement] == outcome
    found = swept.findings_of(requirement)
    assert [row for row in found if operation in row["signature"] and said in row["summary"]], found


@pytest.mark.parametrize(("requirement", "reason"), LEGAL)
def test_what_is_allowed_is_skipped_with_its_reason(
    swept: Campaign, requirement: str, reason: str
) -> None:
    rows = {row["requirement"]: row for row in swept.document["verdicts"]}
    assert (rows[requirement]["outcome"], rows[requirement]["reason"]) == ("skip", reason)


@pytest.mark.parametrize("requirement", SOUND)
def test_what_it_does_right_is_not_blamed(swept: Campaign, requirement: str) -> None:
    assert swept.outcomes()[requirement] == "pass", swept.findings_of(requirement)


def test_the_store_holds_what_was_printed(swept: Campaign) -> None:
    shown = regshape("verdicts", "show", "--json", folder=swept.folder)
    assert shown.json() == swept.document
    listed = regshape("verdicts", "list", "--json", folder=swept.folder).json()
    assert [row["id"] for row in listed] == [swept.document["campaign"]["id"]]
    assert listed[0]["ended_by"] == "done"
    with closing(sqlite3.connect(swept.folder / ".regshape" / "verdicts.sqlite")) as store:
        (count,) = store.execute("SELECT count(*) FROM findings").fetchone()
    assert count == len(swept.document["findings"])


def replayed(campaign: Campaign, finding: str) -> tuple[str, int, bool]:
    """Return the finding with the status of its replay and whether it says the same."""
    row = next(row for row in campaign.document["findings"] if row["id"] == finding)
    again = regshape("replay", finding, "--json", folder=campaign.folder)
    identities = {(v["requirement"], v["signature"]) for v in again.json()["violations"]}
    return finding, again.status, (row["requirement"], row["signature"]) in identities


@pytest.mark.parametrize("requirement", ["OCI-CHK-07", "OCI-REF-01", "OCI-TAGS-04"])
def test_the_replay_of_a_known_fault_fails_again(swept: Campaign, requirement: str) -> None:
    finding = swept.findings_of(requirement)[0]["id"]
    assert replayed(swept, finding) == (finding, 1, True)


@pytest.mark.slow
def test_the_replay_of_every_finding_of_the_sweep_fails_again(swept: Campaign) -> None:
    findings = [row["id"] for row in sequential(swept)]
    assert [replayed(swept, id_) for id_ in findings] == [(id_, 1, True) for id_ in findings]


@pytest.mark.slow
def test_the_search_finds_more_and_ends_in_time(searched: Campaign, swept: Campaign) -> None:
    document = searched.document
    assert (searched.ran.status, document["campaign"]["ended_by"]) == (1, "time")
    sure = {row["id"] for row in sequential(swept)}  # a race may be missed, or not seen twice
    assert sure <= {row["id"] for row in document["findings"]}
    assert document["campaign"]["cases"] > swept.document["campaign"]["cases"]
    swept_seconds = swept.document["campaign"]["seconds"]
    assert document["campaign"]["seconds"] < swept_seconds + 10 + 2
