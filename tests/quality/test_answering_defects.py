"""Each planted fault in what all answers share is found, told by its requirement, and shrunk."""

from __future__ import annotations

import pytest

from regshape.catalog import ReferenceSettings, find
from regshape.protocols.oci.defects.bad_answers import BAD_ANSWERS
from regshape.protocols.oci.defects.bad_http import BAD_HTTP
from tests.conftest import Serve
from tests.quality.hunt import Row, assert_found, hunt_served, hunt_silent, steps_of

TEN_TAGS = [f"t{number}" for number in range(10)]

# The defect, the requirement that tells of it, the minimal case and how many requests it takes.
ROWS: tuple[Row, ...] = (
    ("support-throttled", "OCI-API-03", [("ping", {}, [])], 1),
    ("other-methods-read", "OCI-API-01", [("discover-extensions", {}, ["method-post"])], 1),
    ("errors-bare", "OCI-ERR-01", [("get-manifest", {"want": "missing"}, [])], 1),
    ("errors-uncoded", "OCI-ERR-01", [("ping", {}, ["route-extension"])], 1),
    ("code-in-lower-case", "OCI-ERR-02", [("get-blob", {"want": "missing"}, [])], 1),
    ("code-of-its-own", "OCI-ERR-03", [("list-tags", {}, ["n-letters"])], 2),
    ("stack-shown", "OCI-ERR-04", [("get-manifest", {"want": "missing"}, [])], 1),
    ("message-structured", "OCI-ERR-04", [("get-manifest", {"want": "missing"}, [])], 1),
    ("throttled-without-end", "OCI-ERR-05", [("open-upload", {}, []), ("open-upload", {}, [])], 2),
    ("warning-dated", "OCI-WRN-01", [("list-catalog", {}, [])], 1),
    (
        "warning-for-each",
        "OCI-WRN-02",
        [("push-manifest", {"by": "digest", "tags": TEN_TAGS}, [])],
        1,
    ),
    ("extension-named-freely", "OCI-EXT-01", [("discover-extensions", {}, [])], 1),
    ("extension-unlocated", "OCI-EXT-02", [("discover-extensions", {}, [])], 1),
    ("extensions-answered", "OCI-EXT-03", [("ping", {}, ["route-extension"])], 1),
    ("errors-longer", "HTTP-02", [("get-manifest", {"want": "missing"}, [])], 1),
    ("errors-cut-off", "HTTP-02", [("send-chunk", {"order": "ahead"}, [])], 2),
    ("empty-manifest-fails", "HTTP-03", [("push-manifest", {}, ["json-text"])], 1),
    ("nesting-fails", "HTTP-03", [("push-manifest", {}, ["json-deep"])], 1),
    ("descriptors-trusted", "HTTP-03", [("push-manifest", {}, ["json-manifests-of-scalars"])], 1),
    ("catalog-unchallenged", "HTTP-04", [("list-catalog", {}, [])], 1),
    ("methods-untold", "HTTP-05", [("ping", {}, ["method-options"])], 1),
    ("status-of-its-own", "HTTP-06", [("ping", {}, ["method-options"])], 1),
)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
async def test_a_fault_is_found_and_shrunk(row: Row) -> None:
    await assert_found(row)


async def test_a_request_that_is_not_answered_is_found_and_shrunk() -> None:
    found = (await hunt_silent("uploads-deadlocked", ("HTTP-01",), deadline=0.2)).found
    assert found is not None
    assert steps_of(found) == [("open-upload", {}, []), ("open-upload", {}, [])]
    assert (found.requests, found.reproduced) == (2, (2, 2))
    assert found.seen_after <= 2000


async def test_a_server_that_is_gone_after_broken_framing_is_found(serve: Serve) -> None:
    reference = find("oci").reference(ReferenceSettings(defects=("wedged-by-cut-request",)))
    async with serve(reference) as url:
        found = (await hunt_served(url, ("HTTP-07",), deadline=0.25)).found
    assert found is not None
    assert steps_of(found) == [("post-blob", {}, ["short-then-closed"])]
    assert (found.requests, found.reproduced) == (1, (2, 2))


def test_every_fault_of_the_tables_has_a_row_or_a_test_of_its_own() -> None:
    own = {"uploads-deadlocked", "wedged-by-cut-request"}
    planted = [
        defect.name
        for defect in (
            *BAD_ANSWERS,
            *BAD_HTTP,
        )
    ]
    assert [name for name, *_ in ROWS] == [name for name in planted if name not in own]
