"""Each planted fault in names, pulls and HEAD is found and shrunk."""

from __future__ import annotations

import pytest

from regshape.protocols.oci.defects.bad_heads import BAD_HEADS
from regshape.protocols.oci.defects.bad_names import BAD_NAMES
from regshape.protocols.oci.defects.bad_pulls import BAD_PULLS
from tests.quality.hunt import Row, assert_found

# The defect, the requirement that tells of it, the minimal case and how many requests it takes.
ROWS: tuple[Row, ...] = (
    ("name-unanchored", "OCI-NAME-01", [("open-upload", {}, ["name-upper-case"])], 1),
    ("name-without-doubles", "OCI-NAME-01", [("open-upload", {}, ["name-two-underscores"])], 1),
    ("name-too-long-for-files", "OCI-NAME-02", [("open-upload", {}, ["name-long-256"])], 1),
    ("bad-digest-as-tag", "OCI-REF-01", [("push-manifest", {}, ["reference-garbage-digest"])], 1),
    ("bad-digest-crashes", "OCI-REF-01", [("get-manifest", {}, ["reference-garbage-digest"])], 2),
    ("tag-one-too-long", "OCI-TAG-01", [("push-manifest", {}, ["tag-129-characters"])], 1),
    ("tag-unanchored", "OCI-TAG-01", [("push-manifest", {}, ["tag-129-characters"])], 1),
    ("tag-case-folded", "OCI-TAG-01", [("get-manifest", {"twin": True}, [])], 2),
    (
        "retag-drops-old",
        "OCI-PULL-01",
        [
            ("push-manifest", {}, []),
            ("push-manifest", {}, []),
            ("get-manifest", {"by": "digest", "which": 1}, []),
        ],
        3,
    ),
    ("stale-tag", "OCI-PULL-01", [("push-manifest", {}, []), ("push-manifest", {}, [])], 2),
    ("manifest-digest-untold", "OCI-PULL-02", [("push-manifest", {}, [])], 1),
    ("converted-under-old-digest", "OCI-PULL-03", [("get-manifest", {}, ["accept-other"])], 2),
    ("manifest-type-guessed", "OCI-PULL-04", [("push-manifest", {}, [])], 1),
    ("manifest-type-with-charset", "OCI-PULL-05", [("push-manifest", {}, [])], 1),
    ("blob-read-as-manifest", "OCI-PULL-06", [("get-manifest", {"want": "blob"}, [])], 3),
    (
        "unknown-tag-refused",
        "OCI-PULL-06",
        [("push-manifest", {}, []), ("get-manifest", {"want": "missing"}, [])],
        2,
    ),
    ("unknown-repository-refused", "OCI-PULL-07", [("get-manifest", {"want": "missing"}, [])], 1),
    ("accept-demanded", "OCI-NEG-01", [("get-manifest", {}, ["accept-absent"])], 2),
    ("wildcard-not-understood", "OCI-NEG-01", [("get-manifest", {}, ["accept-all"])], 2),
    ("blob-doubled-by-cache", "OCI-BLOB-01", [("finish-upload", {}, []), ("get-blob", {}, [])], 3),
    ("empty-blob-not-found", "OCI-BLOB-01", [("get-blob", {"size": 0}, [])], 3),
    ("blob-digest-untold", "OCI-BLOB-02", [("finish-upload", {}, [])], 2),
    ("blob-digest-bare", "OCI-BLOB-03", [("finish-upload", {}, [])], 2),
    (
        "blob-of-any-repository",
        "OCI-BLOB-04",
        [("push-manifest", {}, []), ("get-blob", {"want": "elsewhere"}, [])],
        4,
    ),
    (
        "unknown-blob-refused",
        "OCI-BLOB-04",
        [("push-manifest", {}, []), ("get-blob", {"want": "missing"}, [])],
        2,
    ),
    ("range-end-left-out", "OCI-BLOB-05", [("get-blob", {"range": "bytes=-7"}, [])], 3),
    ("range-at-end-served", "OCI-BLOB-05", [("get-blob", {"range": "bytes={size}-"}, [])], 3),
    ("suffix-from-the-start", "OCI-BLOB-05", [("get-blob", {"range": "bytes=-7"}, [])], 3),
    ("head-by-digest-only", "OCI-HEAD-01", [("head-manifest", {}, [])], 2),
    ("head-without-digest", "OCI-HEAD-02", [("head-manifest", {}, [])], 2),
    ("head-counts-nothing", "OCI-HEAD-03", [("head-manifest", {}, [])], 2),
    ("head-manifest-unsized", "OCI-HEAD-03", [("head-manifest", {}, [])], 2),
    ("head-finds-everything", "OCI-HEAD-04", [("head-blob", {"want": "missing"}, [])], 1),
    ("head-in-parts", "OCI-HEAD-05", [("head-blob", {"range": "bytes=5-9"}, [])], 3),
    ("head-of-octets", "OCI-HEAD-05", [("head-manifest", {}, [])], 2),
)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
async def test_a_fault_is_found_and_shrunk(row: Row) -> None:
    await assert_found(row)


def test_every_fault_of_the_tables_has_a_row() -> None:
    assert [name for name, *_ in ROWS] == [
        defect.name
        for defect in (
            *BAD_NAMES,
            *BAD_PULLS,
            *BAD_HEADS,
        )
    ]
