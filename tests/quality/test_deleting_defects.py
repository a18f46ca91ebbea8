"""Each planted fault in deletes is found, told by its requirement, and shrunk."""

from __future__ import annotations

import pytest

from regshape.protocols.oci.defects.bad_deletes import BAD_DELETES
from tests.quality.hunt import Row, assert_found, hunt, steps_of

# The defect, the requirement that tells of it, the minimal case and how many requests it takes.
ROWS: tuple[Row, ...] = (
    ("missing-deleted", "OCI-DEL-05", [("delete-manifest", {"repo": "absent"}, [])], 1),
    ("untag-no-content", "OCI-DEL-01", [("delete-tag", {}, [])], 2),
    ("untagged-still-served", "OCI-DEL-02", [("push-manifest", {}, []), ("delete-tag", {}, [])], 2),
    ("siblings-untagged", "OCI-DEL-03", [("delete-tag", {"sibling": True}, [])], 3),
    ("untag-deletes-manifest", "OCI-DEL-03", [("delete-tag", {}, [])], 2),
    ("tagged-kept", "OCI-DEL-04", [("delete-manifest", {}, [])], 2),
    ("tag-outlives-manifest", "OCI-DEL-06", [("delete-manifest", {}, [])], 2),
    ("tags-dangle", "OCI-TAGS-09", [("delete-manifest", {}, []), ("list-tags", {}, [])], 4),
    (
        "empty-blob-kept",
        "OCI-DEL-07",
        [("finish-upload", {"size": 0}, []), ("delete-blob", {}, [])],
        3,
    ),
    (
        "deleted-blob-cached",
        "OCI-DEL-12",
        [("mount-blob", {}, []), ("delete-blob", {}, []), ("get-blob", {"want": "deleted"}, [])],
        5,
    ),
    ("blob-deleted-later", "OCI-DEL-12", [("delete-blob", {}, [])], 3),
    (
        "missing-blob-deleted",
        "OCI-DEL-08",
        [("push-manifest", {}, []), ("delete-blob", {"want": "missing"}, [])],
        2,
    ),
    ("blob-deleted-everywhere", "OCI-DEL-10", [("mount-blob", {}, []), ("delete-blob", {}, [])], 4),
    (
        "mount-by-reference",
        "OCI-DEL-10",
        [("mount-blob", {}, []), ("delete-blob", {"repo": 1}, [])],
        4,
    ),
)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
async def test_a_fault_is_found_and_shrunk(row: Row) -> None:
    await assert_found(row)


async def test_a_delete_is_refused_in_the_right_way_where_it_is_disabled() -> None:
    found = (await hunt("disabled-not-found", ("OCI-DEL-09",), delete=False)).found
    assert found is not None
    assert steps_of(found) == [("delete-blob", {}, [])]
    assert (found.requests, found.reproduced) == (3, (2, 2))


def test_every_fault_of_the_tables_has_a_row_or_a_test_of_its_own() -> None:
    own = {"disabled-not-found"}
    planted = [defect.name for defect in (*BAD_DELETES,)]
    assert [name for name, *_ in ROWS] == [name for name in planted if name not in own]
