"""Tiles, against the examples that C2SP tlog-tiles prints, and against the tree they are of."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regshape.formats.merkle import (
    Tree,
    consistency_proof,
    consistent,
    included,
    inclusion_proof,
    leaf_hash,
    root,
)
from regshape.formats.tiles import (
    Tile,
    Tiled,
    bundle,
    content,
    entries_of,
    is_of,
    parse_path,
    tiles_of,
)


def test_an_index_is_written_as_the_document_shows() -> None:
    assert Tile(0, 1234067).path == "0/x001/x234/067"
    assert Tile(1, 0, 17).path == "1/000.p/17"
    assert Tile(None, 273, 112).path == "entries/273.p/112"


def test_a_tree_of_seventy_thousand_has_the_tiles_that_the_document_counts() -> None:
    counted = Counter((tile.level, tile.width) for tile in tiles_of(70_000))
    assert counted == {(0, 256): 273, (0, 112): 1, (1, 256): 1, (1, 17): 1, (2, 1): 1}
    assert list(tiles_of(256)) == [Tile(0, 0), Tile(1, 0, 1)]
    assert list(tiles_of(0)) == []


@given(st.integers(0, 63) | st.none(), st.integers(0, 10**10), st.integers(1, 256))
def test_a_path_is_read_as_it_was_written(level: int | None, index: int, width: int) -> None:
    tile = Tile(level, index, width)
    assert parse_path(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "", "0", "0/0", "0/00", "0/0000", "00/000", "64/000", "0/x000/000", "0/001/x000",
        "0/000.p/0", "0/000.p/256", "0/000.p/01", "0/000.p/", "0/000/", "-1/000",
        "0/\u0660\u0660\u0660",
        "entries/1", "0/000.p/300",
    ],
)  # fmt: skip
def test_what_is_no_path_of_a_tile_is_none(path: str) -> None:
    assert parse_path(path) is None


def test_a_tile_is_of_every_tree_that_is_large_enough() -> None:
    assert not is_of(Tile(0, 0, 5), 4)
    assert is_of(Tile(0, 0, 5), 5)
    assert is_of(Tile(0, 0, 5), 900)
    assert not is_of(Tile(1, 0, 1), 255)
    assert is_of(Tile(1, 0, 1), 256)
    assert is_of(Tile(None, 1, 3), 259)


@pytest.fixture(scope="module")
def tree() -> Tree:
    grown = Tree()
    for number in range(70_000):
        grown.append(leaf_hash(b"%d" % number))
    return grown


@pytest.mark.parametrize("size", [1, 255, 256, 257, 1000, 65_536, 70_000])
def test_a_tree_read_from_its_tiles_proves_the_same(tree: Tree, size: int) -> None:
    fetched: list[Tile] = []

    def fetch(tile: Tile) -> bytes:
        assert is_of(tile, size)
        fetched.append(tile)
        return content(tile, tree.node)

    read = Tiled(size, fetch)
    top = root(size, read.node)
    assert top == root(size, tree.node)
    for index in {0, size // 3, size - 1}:
        proof = inclusion_proof(index, size, read.node)
        assert included(tree.node(0, index), index, size, proof, top)
    older = size // 2
    proof = consistency_proof(older, size, read.node)
    assert consistent(older, size, root(older, tree.node), top, proof)
    assert len(fetched) == len(set(fetched)) <= 12


def test_a_tile_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match=r"tile 0/000.p/3 has 32 bytes, not 96"):
        root(3, Tiled(3, lambda _: bytes(32)).node)


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_a_bundle_gives_its_entries_back(entries: list[bytes]) -> None:
    assert entries_of(bundle(entries)) == entries


@pytest.mark.parametrize("data", [b"\x00", b"\x00\x02a", b"\x00\x01a\x00"])
def test_a_bundle_that_is_cut_off_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="ends inside entry"):
        entries_of(data)
