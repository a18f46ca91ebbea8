"""Each planted fault that shows on the wire is found, told by its requirement, and shrunk."""

from __future__ import annotations

import pytest

from regshape.catalog import ReferenceSettings, find
from regshape.protocols.oci.defects.bad_wire import BAD_WIRE
from tests.conftest import Serve
from tests.quality.hunt import Row, assert_found, hunt_served, steps_of

ROWS: tuple[Row, ...] = (
    (
        "manifest-written-as-it-comes",
        "OCI-MAN-12",
        [("push-manifest", {}, ["short-then-closed"])],
        1,
    ),
    ("chunked-taken-for-empty", "OCI-UPL-06", [("post-blob", {}, ["chunked"])], 1),
    ("no-content-with-body", "HTTP-02", [("upload-status", {}, [])], 2),
    ("length-from-storage", "HTTP-02", [("get-blob", {"range": "bytes=-7"}, [])], 3),
    ("name-echoed", "HTTP-02", [("get-manifest", {}, ["reference-escaped-nul"])], 2),
)


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
async def test_a_fault_is_found_and_shrunk(row: Row) -> None:
    await assert_found(row)


async def test_what_came_of_a_cut_off_manifest_is_found_over_a_socket(serve: Serve) -> None:
    planted = ReferenceSettings(defects=("manifest-written-as-it-comes",))
    async with serve(find("oci").reference(planted)) as url:
        found = (await hunt_served(url, ("OCI-MAN-12",), deadline=2)).found
    assert found is not None
    assert steps_of(found) == [("push-manifest", {}, ["short-then-closed"])]


def test_every_fault_of_the_table_has_a_row() -> None:
    assert [name for name, *_ in ROWS] == [defect.name for defect in BAD_WIRE]
