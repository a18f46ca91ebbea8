"""Each planted fault in pushing blobs is found, told by its requirement, and shrunk."""

from __future__ import annotations

import pytest

from regshape.protocols.oci.defects import DEFECTS
from regshape.protocols.oci.defects.bad_chunks import BAD_CHUNKS
from regshape.protocols.oci.defects.bad_mounts import BAD_MOUNTS
from regshape.protocols.oci.defects.bad_sessions import BAD_SESSIONS
from tests.quality.hunt import Row, assert_found, hunt_by_search

# The defect, the requirement that tells of it, the minimal case and how many requests it takes.
ROWS: tuple[Row, ...] = (
    ("session-of-any-repository", "OCI-ISO-08", [("upload-status", {"foreign": True}, [])], 2),
    (
        "tombstones-kept",
        "OCI-UPL-09",
        [("delete-blob", {}, []), ("post-blob", {"want": "deleted"}, [])],
        4,
    ),
    ("open-answers-200", "OCI-UPL-01", [("open-upload", {}, [])], 1),
    ("open-without-location", "OCI-UPL-01", [("open-upload", {}, [])], 1),
    ("session-shared", "OCI-UPL-02", [("open-upload", {}, []), ("open-upload", {}, [])], 2),
    ("finish-location-of-session", "OCI-UPL-05", [("finish-upload", {}, [])], 2),
    ("empty-blob-refused", "OCI-UPL-05", [("finish-upload", {"size": 0}, [])], 2),
    ("empty-post-refused", "OCI-UPL-06", [("post-blob", {"size": 0}, [])], 1),
    ("cut-off-stored", "OCI-UPL-07", [("post-blob", {}, ["short-then-closed"])], 1),
    ("digest-unverified", "OCI-UPL-08", [("post-blob", {}, ["digest-wrong"])], 1),
    ("stored-before-verified", "OCI-UPL-08", [("finish-upload", {}, ["digest-wrong"])], 2),
    ("single-post-without-location", "OCI-UPL-09", [("post-blob", {}, [])], 1),
    ("single-post-not-stored", "OCI-UPL-09", [("post-blob", {}, [])], 1),
    ("digest-optional", "OCI-CHK-11", [("finish-upload", {}, ["digest-missing"])], 2),
    ("invalid-digest-404", "OCI-PUSH-04", [("post-blob", {}, ["digest-upper-case"])], 1),
    ("hint-unknown-fails", "OCI-CHK-01", [("open-upload", {"algorithm": "foo"}, [])], 1),
    ("cancel-answers-200", "OCI-CAN-01", [("cancel-upload", {}, [])], 2),
    ("cancelled-kept", "OCI-CAN-02", [("cancel-upload", {}, [])], 2),
    ("finished-kept", "OCI-CAN-02", [("upload-status", {"ended": "finish"}, [])], 3),
    ("minimum-in-words", "OCI-CHK-02", [("open-upload", {}, [])], 1),
    ("range-unanchored", "OCI-CHK-03", [("send-chunk", {}, ["content-range-unit-and-size"])], 2),
    (
        "range-length-ignored",
        "OCI-CHK-03",
        [("send-chunk", {}, ["content-range-longer-than-body"])],
        2,
    ),
    (
        "small-last-chunk-refused",
        "OCI-CHK-04",
        [("finish-upload", {"chunks": 1, "size": 1}, [])],
        3,
    ),
    ("chunk-answers-204", "OCI-CHK-05", [("send-chunk", {}, [])], 2),
    ("chunk-without-range", "OCI-CHK-05", [("send-chunk", {}, [])], 2),
    ("range-counts-bytes", "OCI-CHK-06", [("send-chunk", {}, [])], 2),
    ("second-chunk-discarded", "OCI-CHK-06", [("send-chunk", {"chunks": 1}, [])], 3),
    ("chunk-order-ignored", "OCI-CHK-07", [("send-chunk", {"order": "ahead"}, [])], 2),
    ("empty-range-negative", "OCI-CHK-08", [("upload-status", {}, [])], 2),
    (
        "old-location-forgotten",
        "OCI-CHK-09",
        [("upload-status", {"chunks": 1, "location": "oldest"}, [])],
        3,
    ),
    ("close-needs-content", "OCI-CHK-10", [("finish-upload", {"chunks": 1}, [])], 3),
    ("last-chunk-at-start", "OCI-CHK-12", [("finish-upload", {"chunks": 1, "size": 1}, [])], 3),
    (
        "last-order-ignored",
        "OCI-CHK-13",
        [("finish-upload", {"order": "ahead"}, [])],
        2,
    ),
    ("refused-chunk-kept", "OCI-CHK-14", [("send-chunk", {"order": "ahead"}, [])], 2),
    ("refused-chunk-ends-session", "OCI-CHK-14", [("send-chunk", {"order": "ahead"}, [])], 2),
    ("mount-location-of-upload", "OCI-MNT-01", [("mount-blob", {}, [])], 3),
    ("mount-not-done", "OCI-MNT-01", [("mount-blob", {}, [])], 3),
    (
        "mount-by-sha256",
        "OCI-MNT-01",
        [("finish-upload", {"repo": 1, "algorithm": "sha512"}, []), ("mount-blob", {}, [])],
        3,
    ),
    ("mount-needs-from", "OCI-MNT-02", [("mount-blob", {"from": "none"}, [])], 3),
    ("failed-mount-refused", "OCI-MNT-03", [("mount-blob", {"want": "missing"}, [])], 1),
)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
async def test_a_fault_is_found_and_shrunk(row: Row) -> None:
    await assert_found(row)


SEARCHED = (
    ("second-chunk-discarded", 1, 0, 3),
    ("old-location-forgotten", 1, 0, 3),
)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(("name", "steps", "mutators", "requests"), SEARCHED)
async def test_the_search_alone_shrinks_it_as_far(
    name: str, steps: int, mutators: int, requests: int, seed: int
) -> None:
    found = (await hunt_by_search(name, DEFECTS[name].requirements, seed)).found
    assert found is not None
    assert (len(found.case.steps), found.mutators) == (steps, mutators)
    assert found.requests <= requests + 1  # of the moves that show it a costlier one may stay


def test_every_fault_of_the_tables_has_a_row() -> None:
    assert [name for name, *_ in ROWS] == [
        defect.name
        for defect in (
            *BAD_SESSIONS,
            *BAD_CHUNKS,
            *BAD_MOUNTS,
        )
    ]
