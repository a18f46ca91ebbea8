"""Trees and proofs, against the RFCs' own example and against the definition written out."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regshape.formats.merkle import (
    EMPTY_ROOT,
    Tree,
    consistency_proof,
    consistent,
    included,
    inclusion_proof,
    leaf_hash,
    node_hash,
    root,
)


def tree_of(size: int) -> Tree:
    tree = Tree()
    for number in range(size):
        tree.append(leaf_hash(b"%d" % number))
    return tree


def naive(leaves: list[bytes]) -> bytes:
    """MTH as RFC 6962, 2.1 defines it."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    return node_hash(naive(leaves[:middle]), naive(leaves[middle:]))


def seven() -> tuple[Tree, dict[str, bytes]]:
    """The tree of seven leaves that RFC 6962, 2.1.3 draws, with the letters of its nodes."""
    tree = tree_of(7)
    names = dict(zip("abcdefj", (tree.node(0, number) for number in range(7)), strict=True))
    names["g"] = node_hash(names["a"], names["b"])
    names["h"] = node_hash(names["c"], names["d"])
    names["i"] = node_hash(names["e"], names["f"])
    names["k"] = node_hash(names["g"], names["h"])
    names["l"] = node_hash(names["i"], names["j"])
    return tree, names


def test_a_tree_without_leaves_has_the_hash_of_nothing() -> None:
    assert root(0, Tree().node) == EMPTY_ROOT == hashlib.sha256().digest()


@pytest.mark.parametrize(("index", "path"), [(0, "bhl"), (3, "cgl"), (4, "fjk"), (6, "ik")])
def test_the_audit_paths_are_those_of_the_rfc(index: int, path: str) -> None:
    tree, names = seven()
    assert inclusion_proof(index, 7, tree.node) == [names[letter] for letter in path]


@pytest.mark.parametrize(("old", "path"), [(3, "cdgl"), (4, "l"), (6, "ijk")])
def test_the_consistency_proofs_are_those_of_the_rfc(old: int, path: str) -> None:
    tree, names = seven()
    assert consistency_proof(old, 7, tree.node) == [names[letter] for letter in path]


@given(st.integers(0, 70))
def test_the_root_is_that_of_the_definition(size: int) -> None:
    tree = tree_of(size)
    assert root(size, tree.node) == naive([tree.node(0, number) for number in range(size)])


@given(st.integers(1, 70), st.data())
def test_every_leaf_is_shown_to_be_in_and_no_other(size: int, data: st.DataObject) -> None:
    tree = tree_of(size)
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, tree.node)
    top, leaf = root(size, tree.node), tree.node(0, index)
    assert included(leaf, index, size, proof, top)
    assert not included(leaf_hash(b"other"), index, size, proof, top)
    assert not included(leaf, index, size, [*proof, leaf], top)
    assert not included(leaf, index, size, proof, leaf_hash(b"other"))
    assert not included(leaf, size, size, proof, top)
    if proof:
        assert not included(leaf, index, size, proof[:-1], top)


@given(st.integers(1, 70), st.data())
def test_every_older_tree_is_shown_to_be_a_beginning_and_no_fork(
    size: int, data: st.DataObject
) -> None:
    tree, forked = tree_of(size), Tree()
    old = data.draw(st.integers(0, size))
    for number in range(size):
        forked.append(leaf_hash(b"%d" % number if number else b"forged"))
    proof = consistency_proof(old, size, tree.node)
    before, after = root(old, tree.node), root(size, tree.node)
    assert consistent(old, size, before, after, proof)
    if old > 0:
        assert not consistent(old, size, root(old, forked.node), after, proof)
    if 0 < old < size:
        assert not consistent(old, size, before, root(size, forked.node), proof)
        assert not consistent(old, size, before, after, proof[:-1])
        assert not consistent(old, size, before, after, [*proof, after])


def test_there_is_no_proof_of_what_is_not_there() -> None:
    with pytest.raises(ValueError, match="has no leaf 3"):
        inclusion_proof(3, 3, tree_of(3).node)
    with pytest.raises(ValueError, match="no beginning"):
        consistency_proof(4, 3, tree_of(4).node)
    assert not consistent(4, 3, b"", b"", [])
