"""Tiles: the hashes of a Merkle tree as static files (C2SP tlog-tiles, "Merkle Tree").

A tile holds up to 256 whole subtrees of one height side by side; level L of tiles holds the
subtrees over 256**L leaves each.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from regshape.formats.merkle import Node, node_hash

WIDTH = 256
"""Hashes in a full tile."""

HEIGHT = 8
"""Levels of the tree from the hashes of a tile to the one over all of them."""

HASH_SIZE = 32
"""Bytes of a hash."""

_LARGEST_LEVEL = 63
_PATH = re.compile(
    r"(?P<level>entries|0|[1-9][0-9]?)/(?P<index>(?:x[0-9]{3}/)*[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True, slots=True)
class Tile:
    """Which tile: its level, None for a bundle of entries, its index, and how many it holds."""

    level: int | None
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Its path below `tile/`, with three digits a step, and its width where it is partial."""
        level = "entries" if self.level is None else str(self.level)
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"{level}/{_steps(self.index)}{partial}"


def _steps(index: int) -> str:
    digits = str(index)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    steps = [digits[place : place + 3] for place in range(0, len(digits), 3)]
    return "/".join((*(f"x{step}" for step in steps[:-1]), steps[-1]))


def parse_path(path: str) -> Tile | None:
    """Return the tile of a path below `tile/`, or None where the path is of none."""
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    level = None if found["level"] == "entries" else int(found["level"])
    index = int(found["index"].replace("x", "").replace("/", ""))
    width = WIDTH if found["width"] is None else int(found["width"])
    tile = Tile(level, index, width)
    right = (level or 0) <= _LARGEST_LEVEL and width <= WIDTH and tile.path == path
    return tile if right else None


def tiles_of(size: int) -> Iterator[Tile]:
    """Yield every tile of hashes of a tree of that size, the partial ones too."""
    level, count = 0, size
    while count:
        yield from (Tile(level, index) for index in range(count // WIDTH))
        if count % WIDTH:
            yield Tile(level, count // WIDTH, count % WIDTH)
        level, count = level + 1, count // WIDTH


def is_of(tile: Tile, size: int) -> bool:
    """Return whether a tree of that size, or one that it grew from, has the tile."""
    return tile.index * WIDTH + tile.width <= size >> (HEIGHT * (tile.level or 0))


def content(tile: Tile, node: Node) -> bytes:
    """Return the bytes of a tile of hashes, from a tree that has it."""
    level = HEIGHT * (tile.level or 0)
    start = tile.index * WIDTH
    return b"".join(node(level, start + place) for place in range(tile.width))


def bundle(entries: Iterable[bytes]) -> bytes:
    """Return entries as a bundle: each behind its length in two bytes ("Log entries")."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def entries_of(data: bytes) -> list[bytes]:
    """Return the entries of a bundle.

    Raises:
        ValueError: it ends inside an entry.
    """
    found: list[bytes] = []
    place = 0
    while place < len(data):
        length = int.from_bytes(data[place : place + 2], "big")
        entry = data[place + 2 : place + 2 + length]
        if place + 2 > len(data) or len(entry) < length:
            raise ValueError(f"a bundle of entries ends inside entry {len(found)}")
        found.append(entry)
        place += 2 + length
    return found


class Tiled:
    """A tree that is read from its tiles, each of which is fetched once.

    What it says is worth as much as the tiles: hold a root that is computed from it against a
    signed checkpoint before anything else.
    """

    def __init__(self, size: int, fetch: Callable[[Tile], bytes]) -> None:
        self._size = size
        self._fetch = fetch
        self._tiles: dict[Tile, Sequence[bytes]] = {}

    def node(self, level: int, index: int) -> bytes:
        """Return the hash of a whole subtree.

        Raises:
            ValueError: a tile is not as long as it must be.
        """
        of, above = divmod(level, HEIGHT)
        first = index << above
        hashes = self._hashes(self._tile(of, first // WIDTH))
        start = first % WIDTH
        return _over(hashes[start : start + (1 << above)])

    def _tile(self, level: int, index: int) -> Tile:
        there = self._size >> (HEIGHT * level)
        return Tile(level, index, min(WIDTH, there - index * WIDTH))

    def _hashes(self, tile: Tile) -> Sequence[bytes]:
        if tile not in self._tiles:
            data = self._fetch(tile)
            if len(data) != tile.width * HASH_SIZE:
                raise ValueError(
                    f"tile {tile.path} has {len(data)} bytes, not {tile.width * HASH_SIZE}"
                )
            places = range(0, len(data), HASH_SIZE)
            self._tiles[tile] = [data[place : place + HASH_SIZE] for place in places]
        return self._tiles[tile]


def _over(hashes: Sequence[bytes]) -> bytes:
    if len(hashes) == 1:
        return hashes[0]
    pairs = zip(hashes[::2], hashes[1::2], strict=True)
    return _over([node_hash(left, right) for left, right in pairs])
