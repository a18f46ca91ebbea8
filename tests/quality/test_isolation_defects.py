"""Each planted fault in who may do what is found, told by its requirement, and shrunk."""

from __future__ import annotations

import pytest

from regshape.protocols.oci.defects.bad_rights import BAD_RIGHTS
from tests.quality.hunt import Row, assert_found

ROWS: tuple[Row, ...] = (
    ("mount-unchecked", "OCI-MNT-04", [("mount-as", {}, [])], 3),
    ("digest-is-secret", "OCI-ISO-03", [("read-as", {"what": "blob"}, [])], 3),
    ("catalog-of-all", "OCI-ISO-06", [("read-as", {"what": "catalog"}, [])], 2),
    ("session-is-enough", "OCI-ISO-04", [("session-as", {}, [])], 2),
    ("session-under-any-name", "OCI-ISO-04", [("session-as", {"at": "own"}, [])], 2),
    (
        "head-unguarded",
        "OCI-ISO-01",
        [("read-as", {"who": "anonymous", "head": True}, [])],
        2,
    ),
    (
        "delete-unguarded",
        "OCI-ISO-02",
        [("write-as", {"who": "anonymous", "what": "delete-tag"}, [])],
        2,
    ),
    (
        "referrers-unguarded",
        "OCI-ISO-05",
        [("read-as", {"who": "anonymous", "what": "referrers"}, [])],
        2,
    ),
    ("any-grant-will-do", "OCI-ISO-03", [("read-as", {"scope": "own"}, [])], 2),
    ("second-scope-unchecked", "OCI-ISO-03", [("read-as", {"scope": "both"}, [])], 2),
    ("pull-token-pushes", "OCI-ISO-07", [("exceed-scope", {}, [])], 2),
    (
        "answers-shared",
        "OCI-ISO-01",
        [("push-manifest", {}, []), ("read-as", {"who": "anonymous"}, [])],
        2,
    ),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
async def test_a_fault_is_found_and_shrunk(row: Row) -> None:
    await assert_found(row)


def test_every_fault_of_the_table_has_a_row() -> None:
    assert [name for name, *_ in ROWS] == [defect.name for defect in BAD_RIGHTS]
