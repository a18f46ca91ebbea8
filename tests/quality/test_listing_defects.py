"""Each planted fault in lists is found, told by its requirement, and shrunk."""

from __future__ import annotations

import pytest

from regshape.protocols.oci.defects.bad_lists import BAD_LISTS
from regshape.protocols.oci.defects.bad_referrers import BAD_REFERRERS
from tests.quality.hunt import Row, assert_found

# The defect, the requirement that tells of it, the minimal case and how many requests it takes.
ROWS: tuple[Row, ...] = (
    (
        "reads-make-repositories",
        "OCI-TAGS-10",
        [("get-manifest", {"repo": "absent"}, []), ("list-tags", {"repo": "absent"}, [])],
        2,
    ),
    ("missing-list-empty", "OCI-TAGS-10", [("list-tags", {"repo": "absent"}, [])], 1),
    ("zero-is-no-limit", "OCI-TAGS-06", [("list-tags", {"n": 0}, [])], 2),
    (
        "tagless-not-found",
        "OCI-TAGS-01",
        [("push-manifest", {"by": "digest"}, []), ("list-tags", {"tags": 0}, [])],
        2,
    ),
    ("tags-null", "OCI-TAGS-02", [("list-tags", {"n": 0}, [])], 2),
    ("list-named-short", "OCI-TAGS-02", [("list-tags", {}, [])], 2),
    ("tags-unordered", "OCI-TAGS-03", [("list-tags", {"tags": 2}, [])], 3),
    ("tags-by-version", "OCI-TAGS-03", [("list-tags", {"tags": 2}, [])], 3),
    ("page-one-too-long", "OCI-TAGS-04", [("list-tags", {"tags": 2, "n": 1}, [])], 3),
    ("page-size-ignored", "OCI-TAGS-04", [("list-tags", {"tags": 2, "n": 1}, [])], 3),
    ("page-cut-short", "OCI-TAGS-04", [("list-tags", {"tags": 2, "n": "count"}, [])], 3),
    ("link-unrelated", "OCI-TAGS-05", [("list-tags", {"tags": 2, "n": 1}, [])], 3),
    ("newest-first", "OCI-TAGS-07", [("list-tags", {"tags": 2, "n": 1}, [])], 3),
    ("last-included", "OCI-TAGS-08", [("list-tags", {"last": "first"}, [])], 2),
    ("last-has-to-exist", "OCI-TAGS-08", [("list-tags", {"last": "between"}, [])], 2),
    ("last-needs-n", "OCI-TAGS-08", [("list-tags", {"last": "first"}, [])], 2),
    ("link-skips-one", "OCI-TAGS-09", [("list-tags", {"tags": 2, "n": 1, "walk": True}, [])], 3),
    ("link-to-itself", "OCI-TAGS-09", [("list-tags", {"tags": 2, "n": 1, "walk": True}, [])], 3),
    ("number-unchecked", "OCI-TAGS-11", [("list-tags", {}, ["n-letters"])], 2),
    ("list-cached", "OCI-DEL-02", [("list-tags", {"tags": 2}, []), ("delete-tag", {}, [])], 4),
    (
        "bad-subject-not-found",
        "OCI-RFR-02",
        [("list-referrers", {}, ["reference-short-digest"])],
        2,
    ),
    (
        "subject-answered-alone",
        "OCI-SUB-02",
        [("push-manifest", {"shape": "referrer"}, []), ("list-referrers", {}, [])],
        2,
    ),
    ("unreferred-not-found", "OCI-RFR-01", [("list-referrers", {"subject": "manifest"}, [])], 2),
    ("referrers-as-json", "OCI-RFR-03", [("list-referrers", {}, [])], 1),
    (
        "referrers-of-all",
        "OCI-RFR-04",
        [
            ("push-manifest", {"shape": "referrer", "subject": "elsewhere", "repo": 1}, []),
            ("list-referrers", {"subject": "manifest"}, []),
        ],
        3,
    ),
    (
        "one-referrer-each",
        "OCI-RFR-04",
        [
            ("push-manifest", {"shape": "referrer", "subject": "present"}, []),
            ("push-manifest", {"shape": "referrer", "subject": "present", "which": 1}, []),
            ("list-referrers", {}, []),
        ],
        4,
    ),
    (
        "referrers-unlinked",
        "OCI-RFR-04",
        [
            ("push-manifest", {"shape": "referrer", "subject": "present"}, []),
            ("push-manifest", {"shape": "referrer", "subject": "present", "which": 1}, []),
            ("list-referrers", {}, []),
        ],
        4,
    ),
    (
        "index-typed-by-itself",
        "OCI-RFR-05",
        [("push-manifest", {"shape": "referrer", "artifact": ""}, []), ("list-referrers", {}, [])],
        2,
    ),
    (
        "config-type-forgotten",
        "OCI-RFR-05",
        [
            ("push-manifest", {"shape": "referrer-image", "artifact": ""}, []),
            ("list-referrers", {}, []),
        ],
        4,
    ),
    (
        "annotations-left-out",
        "OCI-RFR-06",
        [("push-manifest", {"shape": "referrer"}, []), ("list-referrers", {}, [])],
        2,
    ),
    (
        "size-of-subject",
        "OCI-RFR-04",
        [("push-manifest", {"shape": "referrer"}, []), ("list-referrers", {}, [])],
        2,
    ),
    (
        "referrers-as-images",
        "OCI-RFR-04",
        [("push-manifest", {"shape": "referrer"}, []), ("list-referrers", {}, [])],
        2,
    ),
    ("referrers-null", "OCI-RFR-07", [("list-referrers", {}, [])], 1),
    (
        "referrers-linked-wrong",
        "OCI-RFR-08",
        [
            ("push-manifest", {"shape": "referrer", "subject": "present"}, []),
            ("push-manifest", {"shape": "referrer", "subject": "present", "which": 1}, []),
            ("list-referrers", {}, []),
        ],
        4,
    ),
    (
        "filter-ignored",
        "OCI-RFR-09",
        [
            ("push-manifest", {"shape": "referrer"}, []),
            ("list-referrers", {"filter": "application/x+none"}, []),
        ],
        2,
    ),
    (
        "filter-not-applied",
        "OCI-RFR-09",
        [
            ("push-manifest", {"shape": "referrer"}, []),
            ("list-referrers", {"filter": "application/x+none"}, []),
        ],
        2,
    ),
    (
        "filter-untold",
        "OCI-RFR-10",
        [
            ("push-manifest", {"shape": "referrer"}, []),
            ("list-referrers", {"filter": "application/x+none"}, []),
        ],
        2,
    ),
    (
        "deleted-referrer-listed",
        "OCI-RFR-13",
        [
            ("push-manifest", {"shape": "referrer"}, []),
            ("delete-manifest", {}, []),
            ("list-referrers", {}, []),
        ],
        3,
    ),
    ("empty-repository-no-content", "OCI-API-04", [("list-referrers", {}, [])], 1),
)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
async def test_a_fault_is_found_and_shrunk(row: Row) -> None:
    await assert_found(row)


def test_every_fault_of_the_tables_has_a_row() -> None:
    assert [name for name, *_ in ROWS] == [
        defect.name
        for defect in (
            *BAD_LISTS,
            *BAD_REFERRERS,
        )
    ]
