"""The log of all versions: a Merkle tree that only grows, its checkpoint a signed note."""

from __future__ import annotations

from collections.abc import Iterable

from regshape.formats import merkle, tiles
from regshape.formats.notes import Checkpoint, Signer, sign
from regshape.formats.tiles import Tile


class TransparencyLog:
    """The log in memory (C2SP tlog-tiles and tlog-checkpoint, decision 18)."""

    def __init__(self, signer: Signer, records: Iterable[bytes] = ()) -> None:
        self.signer = signer
        self.tree = merkle.Tree()
        self.records: list[bytes] = []
        self._checkpoint: tuple[int, str] | None = None
        for record in records:
            self.append(record)

    def __len__(self) -> int:
        return len(self.records)

    def append(self, record: bytes) -> int:
        """Add a record, and return its index."""
        self.records.append(record)
        return self.tree.append(merkle.leaf_hash(record))

    def checkpoint(self) -> str:
        """Return the signed checkpoint of the log as it is now."""
        size = len(self)
        if self._checkpoint is None or self._checkpoint[0] != size:
            state = Checkpoint(self.signer.name, size, merkle.root(size, self.tree.node))
            self._checkpoint = size, sign(state.text(), self.signer)
        return self._checkpoint[1]

    def tile(self, tile: Tile) -> bytes | None:
        """Return the bytes of a tile or bundle, or None where the log has not grown that far."""
        if not tiles.is_of(tile, len(self)):
            return None
        if tile.level is not None:
            return tiles.content(tile, self.tree.node)
        start = tile.index * tiles.WIDTH
        return tiles.bundle(self.records[start : start + tile.width])
