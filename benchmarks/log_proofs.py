"""What the transparency log of an Ori registry costs as it grows: its proofs, and its keeper."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from regshape.formats import merkle
from regshape.formats.digest import compute
from regshape.formats.merkle import Node
from regshape.formats.notes import new_signer
from regshape.model import Exchange
from regshape.protocols.ori import calls
from regshape.protocols.ori.client.conversation import Conversation
from regshape.protocols.ori.client.log_tiles import LogTiles
from regshape.protocols.ori.client.ori_config import OriConfig
from regshape.protocols.ori.models import log_record
from regshape.protocols.ori.operations.log_reads import checkpoint_of
from regshape.protocols.ori.reference.transparency import TransparencyLog

ORIGIN = "ori.localhost"


@dataclass(frozen=True)
class Proofs:
    """Means over several proofs of a kind; sizes are bytes, the time is milliseconds."""

    entries: int
    what: str
    hashes: float
    most_hashes: int
    proof_bytes: float
    tiles: float
    tile_bytes: float
    milliseconds: float


@dataclass(frozen=True)
class Growth:
    """What the registry does for an entry: microseconds to append it, and to sign anew."""

    entries: int
    append: float
    sign: float


def record(number: int) -> bytes:
    return log_record("@benchmark/package", f"1.{number}.0", compute(str(number).encode()))


class Counting(Conversation):
    """A conversation that counts what it gets."""

    def __init__(self, url: str) -> None:
        super().__init__(OriConfig(url))
        self.count = self.size = 0

    async def get(self, target: str, doing: str) -> Exchange:
        exchange = await super().get(target, doing)
        self.count, self.size = self.count + 1, self.size + len(exchange.answer)
        return exchange


@dataclass(frozen=True)
class Told:
    """One proof: its hashes, the tiles that it took and their bytes, and milliseconds."""

    hashes: int
    tiles: int
    size: int
    milliseconds: float


async def told(
    way: Counting, size: int, prove: Callable[[Node], list[bytes]], holds: Callable[..., bool]
) -> Told:
    way.count = way.size = 0
    began = time.perf_counter()
    proof = await LogTiles(way).computed(size, prove)
    assert holds(proof)
    milliseconds = (time.perf_counter() - began) * 1000
    return Told(len(proof), way.count, way.size, milliseconds)


def proofs_of(entries: int, what: str, all_told: Sequence[Told]) -> Proofs:
    hashes = [one.hashes for one in all_told]
    return Proofs(
        entries,
        what,
        statistics.fmean(hashes),
        max(hashes),
        statistics.fmean(hashes) * 32,
        statistics.fmean(one.tiles for one in all_told),
        statistics.fmean(one.size for one in all_told),
        statistics.fmean(one.milliseconds for one in all_told),
    )


async def proofs(url: str, entries: int, samples: int) -> list[Proofs]:
    """Prove random entries, and random earlier states, against the served checkpoint."""
    chance, tree = random.Random(entries), merkle.Tree()
    for number in range(entries):
        tree.append(merkle.leaf_hash(record(number)))
    way = Counting(url)
    checkpoint = checkpoint_of((await way.get(calls.CHECKPOINT, "read the log")).answer)
    assert checkpoint is not None
    size, root = checkpoint.size, checkpoint.root
    inclusions, consistencies = [], []
    for _ in range(samples):
        index = chance.randrange(entries)
        leaf = merkle.leaf_hash(record(index))
        prove = partial(merkle.inclusion_proof, index, size)
        holds = partial(_included, leaf, index, size, root)
        inclusions.append(await told(way, size, prove, holds))
        old = chance.randrange(1, entries)
        prove = partial(merkle.consistency_proof, old, size)
        holds = partial(merkle.consistent, old, size, merkle.root(old, tree.node), root)
        consistencies.append(await told(way, size, prove, holds))
    await way.__aexit__()
    return [
        proofs_of(entries, "inclusion", inclusions),
        proofs_of(entries, "consistency", consistencies),
    ]


def _included(leaf: bytes, index: int, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    return merkle.included(leaf, index, size, proof, root)


def growth(entries: int, more: int = 200) -> Growth:
    """Return what appending to a log costs, and what signing it after each entry does."""
    signer = new_signer(ORIGIN)
    records = [record(number) for number in range(entries)]
    began = time.perf_counter()
    log = TransparencyLog(signer, records)
    append = (time.perf_counter() - began) / entries
    began = time.perf_counter()
    for number in range(more):
        log.append(record(entries + number))
        log.checkpoint()
    return Growth(entries, append * 1e6, (time.perf_counter() - began) / more * 1e6)
