"""The transparency log: checkpoints, lookups, and proofs from the tiles.

Sources: C2SP tlog-tiles and tlog-checkpoint; the lookup is like that of Go's sumdb (decision 18).
"""

from __future__ import annotations

import binascii
from collections.abc import Callable, Generator
from typing import TypeVar

from regshape.formats import merkle
from regshape.formats.notes import Checkpoint, NoteError, parse_checkpoint
from regshape.formats.tiles import WIDTH, Tile, Tiled
from regshape.model import Call, Exchange, Play, Request, Step
from regshape.protocols.ori import calls
from regshape.protocols.ori.facts import LogFacts
from regshape.protocols.ori.operations.publish_steps import lookup, need_version
from regshape.protocols.ori.state import State

T = TypeVar("T")
MOST_TILES = 16
OK = 200
Proof = Generator[Call, Exchange, str]


def look_up(state: State, step: Step) -> Play:
    """GET the lookup of a version, and prove from the tiles that the log has it."""
    package = state.package(step.arguments)
    version = yield from need_version(state, package, step.arguments.get("which", 0))
    if version is None:
        return
    call = lookup(state, package, version, mutators=step.mutators)
    if call is None:
        return
    exchange = yield call
    found = read_lookup(exchange)
    if found is None or step.mutators:
        return
    index, record, checkpoint = found
    inclusion = yield from _included(record, index, checkpoint, call)
    consistency = yield from _consistent(state, checkpoint, call)
    facts = LogFacts(package.full, version=version, inclusion=inclusion, consistency=consistency)
    yield calls.call(
        "get-checkpoint", Request("GET", calls.CHECKPOINT), facts, (), "readback", call
    )


def get_checkpoint(state: State, step: Step) -> Play:
    """GET the checkpoint, and prove that it continues the one seen before."""
    if not state.space.can("log"):
        return
    call = calls.call("get-checkpoint", Request("GET", calls.CHECKPOINT), LogFacts(), step.mutators)
    exchange = yield call
    checkpoint = read_checkpoint(exchange)
    if checkpoint is None or step.mutators:
        return
    consistency = yield from _consistent(state, checkpoint, call)
    facts = LogFacts(consistency=consistency)
    yield calls.call(
        "get-checkpoint", Request("GET", calls.CHECKPOINT), facts, (), "readback", call
    )


def get_tile(state: State, step: Step) -> Play:
    """GET the first tile of hashes, as wide as the checkpoint says that it is."""
    if not state.space.can("log"):
        return
    request = Request("GET", calls.CHECKPOINT)
    exchange = yield calls.call("get-checkpoint", request, LogFacts(), role="setup")
    checkpoint = read_checkpoint(exchange)
    if checkpoint is None or not checkpoint.size:
        return
    tile = Tile(0, 0, min(WIDTH, checkpoint.size))
    request = Request("GET", calls.TILE, {"tile": tile.path})
    yield calls.call("get-tile", request, LogFacts(), step.mutators)


def read_checkpoint(exchange: Exchange) -> Checkpoint | None:
    """Return the checkpoint of an answer; its signature is for who knows the key."""
    if exchange.status != OK or exchange.failure is not None:
        return None
    return checkpoint_of(exchange.answer)


def checkpoint_of(note: bytes) -> Checkpoint | None:
    """Return the checkpoint that a signed note holds, or None where it is none."""
    try:
        text, blank, _ = note.decode().rpartition("\n\n")
        return parse_checkpoint(f"{text}\n") if blank else None
    except (UnicodeDecodeError, NoteError, binascii.Error):
        return None


def read_lookup(exchange: Exchange) -> tuple[int, str, Checkpoint] | None:
    """Return the index, the record and the checkpoint of a lookup, or None where it is none."""
    if exchange.status != OK or exchange.failure is not None:
        return None
    first, _, rest = exchange.answer.partition(b"\n")
    record, blank, note = rest.partition(b"\n\n")
    checkpoint = checkpoint_of(note)
    if not first.isdigit() or not blank or checkpoint is None:
        return None
    return int(first), record.decode("utf-8", "replace") + "\n", checkpoint


def _included(record: str, index: int, checkpoint: Checkpoint, cause: Call) -> Proof:
    if index >= checkpoint.size:
        return f"the index {index} is not below the size {checkpoint.size}"

    def prove(node: merkle.Node) -> bool:
        proof = merkle.inclusion_proof(index, checkpoint.size, node)
        leaf = merkle.leaf_hash(record.encode())
        return merkle.included(leaf, index, checkpoint.size, proof, checkpoint.root)

    return (yield from _proved(prove, checkpoint.size, cause))


def _consistent(state: State, checkpoint: Checkpoint, cause: Call) -> Proof:
    old, state.checkpoint = state.checkpoint, (checkpoint.size, checkpoint.root)
    if old is None:
        return ""
    if checkpoint.size < old[0]:
        return f"the log had {old[0]} entries and has {checkpoint.size}"
    if checkpoint.size == old[0]:
        return "right" if checkpoint.root == old[1] else "two roots over as many entries"

    def prove(node: merkle.Node) -> bool:
        proof = merkle.consistency_proof(old[0], checkpoint.size, node)
        return merkle.consistent(old[0], checkpoint.size, old[1], checkpoint.root, proof)

    return (yield from _proved(prove, checkpoint.size, cause))


class _MissingError(LookupError):
    """Raised for a tile that was not fetched yet."""

    def __init__(self, tile: Tile) -> None:
        self.tile = tile


def _proved(prove: Callable[[merkle.Node], bool], size: int, cause: Call) -> Proof:
    """Fetch what tiles a proof needs; return `right`, or what was wrong, or nothing if not told."""
    known: dict[Tile, bytes] = {}

    def fetch(tile: Tile) -> bytes:
        if tile not in known:
            raise _MissingError(tile)
        return known[tile]

    for _ in range(MOST_TILES):
        try:
            return "right" if prove(Tiled(size, fetch).node) else "the proof does not hold"
        except ValueError as error:
            return str(error)
        except _MissingError as missing:
            tile = missing.tile
        request = Request("GET", calls.TILE, {"tile": tile.path})
        exchange = yield calls.call("get-tile", request, LogFacts(), (), "readback", cause)
        if exchange.status != OK or exchange.failure is not None:
            return "" if exchange.status != 404 else f"there is no {tile.path}"  # noqa: PLR2004
        known[tile] = exchange.answer
    return ""
