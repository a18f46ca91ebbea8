"""Merkle trees over SHA-256, their proofs and the checks of these (RFC 6962, 2.1; RFC 9162, 2.1).

A tree is only ever read through its whole subtrees: `node(level, index)` is the hash over the
2**level leaves from index * 2**level on. Where they are kept, in memory or in tiles, is the
caller's business.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import TypeAlias

Node: TypeAlias = Callable[[int, int], bytes]

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""The hash of a tree without leaves (RFC 6962, 2.1)."""


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of a leaf (RFC 6962, 2.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash over two subtrees (RFC 6962, 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """A tree in memory that only grows; every whole subtree is hashed once."""

    def __init__(self) -> None:
        self._levels: list[list[bytes]] = [[]]

    def __len__(self) -> int:
        return len(self._levels[0])

    def append(self, leaf: bytes) -> int:
        """Add the hash of a leaf, and return its index."""
        index = place = len(self)
        self._levels[0].append(leaf)
        level = 0
        while place % 2:
            leaf = node_hash(self._levels[level][place - 1], leaf)
            level, place = level + 1, place // 2
            if level == len(self._levels):
                self._levels.append([])
            self._levels[level].append(leaf)
        return index

    def node(self, level: int, index: int) -> bytes:
        """Return the hash of a whole subtree; raises `IndexError` where there is none."""
        return self._levels[level][index]


def root(size: int, node: Node) -> bytes:
    """Return the hash of the tree of the first `size` leaves."""
    return _hash(0, size, node) if size else EMPTY_ROOT


def inclusion_proof(index: int, size: int, node: Node) -> list[bytes]:
    """Return the proof that a leaf is in the tree of that size (RFC 6962, 2.1.1).

    Raises:
        ValueError: the tree has no such leaf.
    """
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    return _path(index, 0, size, node)


def consistency_proof(old: int, size: int, node: Node) -> list[bytes]:
    """Return the proof that the tree of `old` leaves is the beginning of a larger one (2.1.2).

    Raises:
        ValueError: the older tree is the larger, or a size is negative.
    """
    if not 0 <= old <= size:
        raise ValueError(f"a tree of {old} leaves is no beginning of one of {size}")
    if old in (0, size):
        return []
    return _subproof(old, 0, size, node, known=True)


def included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], tree: bytes) -> bool:
    """Return whether a proof shows the leaf in the tree with that root (RFC 9162, 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    place, last, found = index, size - 1, leaf
    for item in proof:
        if last == 0:
            return False
        if place % 2 or place == last:
            found = node_hash(item, found)
            while place % 2 == 0 and place:
                place, last = place // 2, last // 2
        else:
            found = node_hash(found, item)
        place, last = place // 2, last // 2
    return last == 0 and found == tree


def consistent(
    old: int, size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Return whether a proof shows one tree as the beginning of the other (RFC 9162, 2.1.4.2)."""
    if not 0 <= old <= size:
        return False
    if old == size:
        return old_root == new_root and not proof
    if old == 0:
        return old_root == EMPTY_ROOT and not proof
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    place, last = old - 1, size - 1
    while place % 2:
        place, last = place // 2, last // 2
    return _climb(place, last, path) == (old_root, new_root)


def _climb(place: int, last: int, path: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """Return the roots of both trees that a consistency proof leads to, None for a bad length."""
    old = new = path[0]
    for item in path[1:]:
        if last == 0:
            return None
        if place % 2 or place == last:
            old, new = node_hash(item, old), node_hash(item, new)
            while place % 2 == 0 and place:
                place, last = place // 2, last // 2
        else:
            new = node_hash(new, item)
        place, last = place // 2, last // 2
    return (old, new) if last == 0 else None


def _split(width: int) -> int:
    """Return the largest power of two below the width."""
    return 1 << ((width - 1).bit_length() - 1)


def _hash(start: int, end: int, node: Node) -> bytes:
    width = end - start
    if width & (width - 1) == 0:
        level = width.bit_length() - 1
        return node(level, start >> level)
    middle = start + _split(width)
    return node_hash(_hash(start, middle, node), _hash(middle, end, node))


def _path(index: int, start: int, end: int, node: Node) -> list[bytes]:
    if end - start == 1:
        return []
    middle = start + _split(end - start)
    if index < middle:
        return [*_path(index, start, middle, node), _hash(middle, end, node)]
    return [*_path(index, middle, end, node), _hash(start, middle, node)]


def _subproof(old: int, start: int, end: int, node: Node, *, known: bool) -> list[bytes]:
    """Return SUBPROOF of RFC 6962, 2.1.2; `known`: the verifier has the hash of this subtree."""
    if old == end:
        return [] if known else [_hash(start, end, node)]
    middle = start + _split(end - start)
    if old <= middle:
        return [*_subproof(old, start, middle, node, known=known), _hash(middle, end, node)]
    return [*_subproof(old, middle, end, node, known=False), _hash(start, middle, node)]
