from __future__ import annotations

from regshape.formats import merkle, tiles
from regshape.formats.digest import compute
from regshape.formats.notes import Checkpoint, new_signer, open_note, parse_checkpoint
from regshape.formats.tiles import Tile, Tiled
from regshape.protocols.ori.reference.transparency import TransparencyLog
from tests.protocols.ori.archives import packed
from tests.protocols.ori.registries import Registry


def opened(registry: Registry, note: str) -> Checkpoint:
    return parse_checkpoint(open_note(note, [registry.reference.log.signer.verifier]))


async def test_what_was_published_can_be_proven_to_be_in_the_log() -> None:
    registry, seen = Registry(), []
    for minor in range(5):
        data = packed(version=f"1.{minor}.0")
        await registry.publish(data=data)
        text = (await registry.get(f"log/lookup/acme/json/1.{minor}.0")).text
        index, record, note = text.split("\n", 1)[0], *text.split("\n", 1)[1].split("\n\n", 1)
        assert (index, record) == (str(minor), f"@acme/json 1.{minor}.0 {compute(data)}")
        state = opened(registry, note)
        assert state.size == minor + 1
        assert (await registry.get("log/checkpoint")).text == note
        seen.append(state)
        tree = await tiled(registry, state)
        proof = merkle.inclusion_proof(minor, state.size, tree.node)
        leaf = merkle.leaf_hash(f"{record}\n".encode())
        assert merkle.included(leaf, minor, state.size, proof, state.root)
    last = seen[-1]
    tree = await tiled(registry, last)
    for old in seen:
        proof = merkle.consistency_proof(old.size, last.size, tree.node)
        assert merkle.consistent(old.size, last.size, old.root, last.root, proof)


async def tiled(registry: Registry, state: Checkpoint) -> Tiled:
    fetched = {}
    for tile in tiles.tiles_of(state.size):
        answer = await registry.get(f"log/tile/{tile.path}")
        assert answer.headers["content-type"] == "application/octet-stream"
        fetched[tile] = answer.content
    return Tiled(state.size, fetched.__getitem__)


async def test_a_checkpoint_is_of_an_empty_log_too() -> None:
    registry = Registry()
    state = opened(registry, (await registry.get("log/checkpoint")).text)
    assert state == Checkpoint("ori.localhost", 0, merkle.EMPTY_ROOT)


async def test_a_bundle_has_the_records() -> None:
    registry = Registry()
    await registry.publish()
    answer = await registry.get("log/tile/entries/000.p/1")
    assert tiles.entries_of(answer.content) == registry.reference.log.records
    for path in ("entries/000", "entries/000.p/2", "entries/001.p/1", "1/000.p/1", "00/000.p/1"):
        assert (await registry.get(f"log/tile/{path}")).status_code == 404


def test_tiles_of_a_log_that_has_grown_past_them_stay() -> None:
    log = TransparencyLog(new_signer("log.example"))
    early = {}
    for number in range(600):
        log.append(b"%d\n" % number)
        if number in (3, 255, 300):
            for tile in tiles.tiles_of(number + 1):
                early[tile] = log.tile(tile)
            early[Tile(None, 0, min(256, number + 1))] = log.tile(
                Tile(None, 0, min(256, number + 1))
            )
    assert None not in early.values()
    assert early == {tile: log.tile(tile) for tile in early}
    assert tiles.entries_of(log.tile(Tile(None, 2, 88)) or b"") == log.records[512:]
