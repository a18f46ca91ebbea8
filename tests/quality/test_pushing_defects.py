"""Each planted fault in pushing manifests is found, told by its requirement, and shrunk."""

from __future__ import annotations

import pytest

from regshape.protocols.oci.defects import DEFECTS
from regshape.protocols.oci.defects.bad_pushes import BAD_PUSHES
from tests.quality.hunt import Row, assert_found, hunt_by_search

TEN_TAGS = [f"t{number}" for number in range(10)]

# The defect, the requirement that tells of it, the minimal case and how many requests it takes.
ROWS: tuple[Row, ...] = (
    ("subject-required", "OCI-PUSH-01", [("push-manifest", {"shape": "referrer"}, [])], 1),
    ("subject-refused", "OCI-PUSH-01", [("push-manifest", {"shape": "referrer"}, [])], 1),
    (
        "missing-parts-miscoded",
        "OCI-PUSH-03",
        [("push-manifest", {"shape": "image-missing"}, [])],
        1,
    ),
    ("parameters-kept", "OCI-MAN-01", [("push-manifest", {}, ["content-type-parameters"])], 1),
    ("empty-list-refused", "OCI-MAN-02", [("push-manifest", {}, [])], 1),
    ("manifest-rewritten", "OCI-MAN-03", [("push-manifest", {"shape": "odd"}, [])], 1),
    ("push-without-location", "OCI-MAN-04", [("push-manifest", {}, [])], 1),
    ("push-location-without-name", "OCI-MAN-04", [("push-manifest", {}, [])], 1),
    ("push-answers-old-digest", "OCI-MAN-05", [("push-manifest", {"shape": "index-child"}, [])], 2),
    (
        "push-answers-other-algorithm",
        "OCI-MAN-05",
        [("push-manifest", {"by": "digest", "algorithm": "sha512"}, [])],
        1,
    ),
    (
        "manifest-unverified",
        "OCI-MAN-06",
        [("push-manifest", {"by": "digest"}, ["digest-wrong"])],
        1,
    ),
    (
        "refused-manifest-kept",
        "OCI-MAN-06",
        [("push-manifest", {"by": "digest"}, ["digest-wrong"])],
        1,
    ),
    ("refused-push-tags", "OCI-MAN-12", [("push-manifest", {"shape": "image-missing"}, [])], 1),
    (
        "refused-push-untags",
        "OCI-MAN-12",
        [("push-manifest", {}, []), ("push-manifest", {"shape": "image-missing"}, [])],
        2,
    ),
    (
        "few-tags-taken",
        "OCI-MAN-07",
        [("push-manifest", {"tags": TEN_TAGS}, [])],
        1,
    ),
    ("large-manifest-400", "OCI-MAN-09", [("push-manifest", {"shape": "huge"}, [])], 1),
    ("manifest-limit-low", "OCI-MAN-10", [("push-manifest", {"shape": "big"}, [])], 1),
    ("types-compared", "OCI-MAN-11", [("push-manifest", {}, ["content-type-image"])], 1),
    (
        "subject-unanswered",
        "OCI-SUB-01",
        [("push-manifest", {"shape": "referrer-image"}, [])],
        3,
    ),
    ("subject-answered-with-self", "OCI-SUB-01", [("push-manifest", {"shape": "referrer"}, [])], 1),
)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
async def test_a_fault_is_found_and_shrunk(row: Row) -> None:
    await assert_found(row)


SEARCHED = (
    ("missing-parts-miscoded", 1, 0, 1),
    ("push-answers-old-digest", 1, 0, 2),
)


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize(("name", "steps", "mutators", "requests"), SEARCHED)
async def test_the_search_alone_shrinks_it_as_far(
    name: str, steps: int, mutators: int, requests: int, seed: int
) -> None:
    found = (await hunt_by_search(name, DEFECTS[name].requirements, seed)).found
    assert found is not None
    assert (len(found.case.steps), found.mutators, found.requests) == (steps, mutators, requests)


def test_every_fault_of_the_tables_has_a_row() -> None:
    assert [name for name, *_ in ROWS] == [defect.name for defect in (*BAD_PUSHES,)]
