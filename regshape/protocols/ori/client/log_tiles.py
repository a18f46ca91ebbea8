"""A tree that is computed from a registry's tiles, of which only those are fetched that it takes.

A log may forget a partial tile once the full one is there: that is then asked for in its place
(C2SP tlog-tiles, "Partial Tiles").
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import TypeAlias, TypeVar

from regshape.errors import LogError, NameUnknownError
from regshape.formats.merkle import Node
from regshape.formats.tiles import HASH_SIZE, WIDTH, Tile, Tiled, bundle, entries_of
from regshape.protocols.ori.client.conversation import Conversation

T = TypeVar("T")
Fetch: TypeAlias = Callable[[Tile], Awaitable[bytes]]
_DOING = "read the log"
_MOST_TILES = 4096
"""Tiles that one computation may take: far more than any proof does."""


class _MissingError(Exception):
    """Raised in a computation where a tile is not there yet."""

    def __init__(self, tile: Tile) -> None:
        super().__init__(tile.path)
        self.tile = tile


class LogTiles:
    """The tiles of a registry's log."""

    def __init__(self, conversation: Conversation) -> None:
        self._conversation = conversation

    async def computed(self, size: int, work: Callable[[Node], T]) -> T:
        """Return what a computation over the tree of that size comes to.

        Raises:
            LogError: a tile is not as long as it must be.
            RegistryError, TransportError: a tile could not be had.
        """
        tiles: dict[Tile, bytes] = {}
        for _ in range(_MOST_TILES):
            try:
                return work(Tiled(size, _from(tiles)).node)
            except _MissingError as missing:
                tiles[missing.tile] = await self._fetch(missing.tile)
            except ValueError as error:
                raise LogError(f"{_DOING}: {error}") from error
        raise LogError(f"{_DOING}: more than {_MOST_TILES} tiles are needed")

    async def entries(self, index: int, width: int) -> list[bytes]:
        """Return the entries of a bundle; raises as `computed` does."""
        tile = Tile(None, index, width)
        try:
            found = entries_of(await self._fetch(tile))
        except ValueError as error:
            raise LogError(f"{_DOING}: {tile.path}: {error}") from error
        if len(found) != width:
            raise LogError(f"{_DOING}: {tile.path} has {len(found)} entries, not {width}")
        return found

    async def _fetch(self, tile: Tile) -> bytes:
        full = replace(tile, width=WIDTH)
        for there in dict.fromkeys((tile, full)):
            try:
                content = await self._content(there)
            except NameUnknownError:
                continue
            return content if there == tile else _beginning(content, tile)
        raise LogError(f"{_DOING}: it has no tile {tile.path}, which its checkpoint needs")

    async def _content(self, tile: Tile) -> bytes:
        exchange = await self._conversation.get(f"/v1/log/tile/{tile.path}", _DOING)
        return exchange.answer


def _from(tiles: Mapping[Tile, bytes]) -> Callable[[Tile], bytes]:
    def fetch(tile: Tile) -> bytes:
        if tile not in tiles:
            raise _MissingError(tile)
        return tiles[tile]

    return fetch


def _beginning(full: bytes, tile: Tile) -> bytes:
    """Return what a partial tile would have been, from the full one."""
    if tile.level is not None:
        return full[: tile.width * HASH_SIZE]
    try:
        return bundle(entries_of(full)[: tile.width])
    except ValueError as error:
        raise LogError(f"{_DOING}: {tile.path}: {error}") from error
