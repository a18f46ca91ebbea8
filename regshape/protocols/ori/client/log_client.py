"""The transparency log, believed only as far as it is proved (ORI-55, ORI-56, decision 18).

A checkpoint counts if the log's key has signed it and if the last one that was seen is shown to be
its beginning; a version counts if its record is shown to be in the tree of such a checkpoint.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from regshape.errors import LogError, LogForkError, NameUnknownError, UsageError
from regshape.formats import merkle
from regshape.formats.merkle import Node, Tree, leaf_hash
from regshape.formats.notes import (
    Checkpoint,
    NoteError,
    Verifier,
    open_note,
    parse_checkpoint,
    parse_verifier,
)
from regshape.formats.tiles import WIDTH
from regshape.protocols.ori.client.conversation import Conversation
from regshape.protocols.ori.client.log_memory import LogMemory, Remembered
from regshape.protocols.ori.client.log_tiles import LogTiles
from regshape.protocols.ori.models import is_checksum, is_package, is_version, log_record

_LOOKUP = re.compile(r"(0|[1-9][0-9]{0,18})\n(.+\n)\n((?s:.+))")


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint with the note in which it came."""

    note: str
    checkpoint: Checkpoint

    @property
    def root(self) -> str:
        """The root hash as the note has it, in base64."""
        return base64.b64encode(self.checkpoint.root).decode()


@dataclass(frozen=True, slots=True)
class Witnessed:
    """What was seen of a log: its key, its checkpoint, and the one seen before, if there was one.

    `is_key_new` says that nobody had said which key to trust: this is the first that was seen.
    """

    key: str
    now: Signed
    before: Signed | None
    is_key_new: bool


@dataclass(frozen=True, slots=True)
class Vouched:
    """A version whose checksum the log vouches for."""

    package: str
    version: str
    checksum: str
    index: int
    seen: Witnessed


@dataclass(frozen=True, slots=True)
class _Trust:
    """Whom to believe: the key, what is remembered, and the checkpoint in it."""

    verifier: Verifier
    memory: Remembered | None
    last: Signed | None
    is_key_new: bool

    def signed(self, note: str) -> Signed:
        """Return the checkpoint of a note; raises `LogError` if the key has not signed it."""
        try:
            checkpoint = parse_checkpoint(open_note(note, [self.verifier]))
        except NoteError as error:
            raise LogError(
                f"the log's checkpoint: {error} (trusted key: {self.verifier})"
            ) from error
        if self.last and checkpoint.origin != self.last.checkpoint.origin:
            raise LogError(
                f"the log's checkpoint is that of {checkpoint.origin!r}, "
                f"not of {self.last.checkpoint.origin!r} as before"
            )
        return Signed(note, checkpoint)


class LogClient:
    """A registry's log; raises `UsageError` for a key that is none."""

    def __init__(
        self, conversation: Conversation, memory: LogMemory, log_key: str | None = None
    ) -> None:
        self._conversation = conversation
        self._memory = memory
        self._tiles = LogTiles(conversation)
        try:
            self._pinned = parse_verifier(log_key) if log_key else None
        except NoteError as error:
            raise UsageError(f"the log's key is none: {error}") from error

    async def witness(self) -> Witnessed:
        """Return the log's checkpoint once it is known to go on from the last one; remember it.

        Raises:
            LogForkError: it does not: the log has two histories.
            LogError: it is not signed by the key that is trusted, or its tiles do not fit it.
            RegistryError, TransportError, FileError: it could not be had, or not be remembered.
        """
        trust = await self._trust()
        exchange = await self._conversation.get("/v1/log/checkpoint", "read the log's checkpoint")
        seen = trust.signed(_text(exchange.answer))
        await self._check_onward(trust, seen)
        return await self._remembered(trust, seen)

    async def vouch(self, package: str, version: str, checksum: str) -> Vouched:
        """Return what the log has on a version, if that is this checksum; raises as `witness`."""
        trust = await self._trust()
        doing = f"look {package}@{version} up in the log"
        target = f"/v1/log/lookup/{package.removeprefix('@')}/{version}"
        exchange = await self._conversation.get(target, doing)
        index, record, note = _looked_up(_text(exchange.answer), doing)
        seen = trust.signed(note)
        await self._check_onward(trust, seen)
        if record.encode() != log_record(package, version, checksum):
            raise LogError(
                f"{doing}: it has {record.strip()[:200]!r} there, and not the checksum {checksum}"
            )
        await self._check_included(record.encode(), index, seen.checkpoint, doing)
        return Vouched(package, version, checksum, index, await self._remembered(trust, seen))

    async def entries(self, checkpoint: Checkpoint) -> list[str]:
        """Return every record of the log, once all of them hash to the checkpoint's tree.

        Raises:
            LogError: they do not, one of them is no record, or a version is there twice.
            RegistryError, TransportError: they could not be had.
        """
        tree, records, seen = Tree(), list[str](), dict[str, int]()
        for begin in range(0, checkpoint.size, WIDTH):
            width = min(WIDTH, checkpoint.size - begin)
            for entry in await self._tiles.entries(begin // WIDTH, width):
                index = tree.append(leaf_hash(entry))
                record = _record(entry, index)
                first = seen.setdefault(record.rpartition(" ")[0], index)
                if first != index:
                    raise LogError(
                        f"the log has {record!r} in entry {index}, and before in {first}"
                    )
                records.append(record)
        if merkle.root(len(tree), tree.node) != checkpoint.root:
            raise LogError(
                f"the log's {checkpoint.size} entries do not hash to its checkpoint: "
                "what it shows is not what it has signed"
            )
        return records

    async def _trust(self) -> _Trust:
        memory = self._memory.read()
        if self._pinned is not None:
            return _Trust(self._pinned, memory, _last(memory), is_key_new=False)
        if memory is not None:
            return _Trust(_key(memory.key), memory, _last(memory), is_key_new=False)
        return _Trust(await self._shown_key(), None, None, is_key_new=True)

    async def _shown_key(self) -> Verifier:
        try:
            exchange = await self._conversation.get("/v1/log/key", "read the log's key")
        except NameUnknownError as error:
            raise LogError("the registry does not show its log's key: give --log-key") from error
        return _key(_text(exchange.answer).strip())

    async def _check_onward(self, trust: _Trust, seen: Signed) -> None:
        if trust.last is None:
            return
        if seen.checkpoint.size < trust.last.checkpoint.size:
            raise self._forked(
                trust.last,
                seen,
                f"the log went back from {trust.last.checkpoint.size} entries "
                f"to {seen.checkpoint.size}",
            )
        await self._check_consistent(trust.last, seen)

    async def _check_consistent(self, one: Signed, other: Signed) -> None:
        """Raise `LogForkError` unless the smaller of two trees is the larger one's beginning."""
        older, newer = sorted((one, other), key=lambda signed: signed.checkpoint.size)
        old, new = older.checkpoint, newer.checkpoint
        if old.size == new.size:
            is_same, fits = old.root == new.root, True
        else:
            beginning, fits = await self._tiles.computed(new.size, _Beginning(old.size, new))
            is_same = beginning == old.root
        if not fits:
            raise LogError(
                f"the log's tiles do not hash to its checkpoint of {new.size} entries, "
                f"so that nothing shows that it goes on from the {old.size} seen before"
            )
        if not is_same:
            what = f"the log's {new.size} entries do not begin with the {old.size} seen before"
            raise self._forked(one, other, what)

    def _forked(self, kept: Signed, seen: Signed, what: str) -> LogForkError:
        path = self._memory.keep_evidence(kept.note, seen.note)
        where = f"; both signed checkpoints are kept in {path}" if path else ""
        return LogForkError(f"{what}: do not trust this registry{where}", kept.note, seen.note)

    async def _check_included(
        self, record: bytes, index: int, checkpoint: Checkpoint, doing: str
    ) -> None:
        size = checkpoint.size
        if index >= size:
            raise LogError(f"{doing}: entry {index} is not in its checkpoint of {size} entries")
        proof = await self._tiles.computed(
            size, lambda node: merkle.inclusion_proof(index, size, node)
        )
        if not merkle.included(leaf_hash(record), index, size, proof, checkpoint.root):
            raise LogError(f"{doing}: the proof does not lead from entry {index} to its checkpoint")

    async def _remembered(self, trust: _Trust, seen: Signed) -> Witnessed:
        """Remember a checkpoint, unless another process has meanwhile come further."""
        memory, last = trust.memory, trust.last
        after = Remembered(
            registry=self._conversation.url, key=str(trust.verifier), checkpoint=seen.note
        )
        while not self._memory.replace(memory, after):
            memory = self._memory.read()
            last = _last(memory)
            if last is not None:
                await self._check_consistent(last, seen)
                if last.checkpoint.size > seen.checkpoint.size:
                    break
        return Witnessed(str(trust.verifier), seen, trust.last, trust.is_key_new)


@dataclass(frozen=True, slots=True)
class _Beginning:
    """Computes the root of a tree's first `old` leaves, and whether that fits the whole tree."""

    old: int
    new: Checkpoint

    def __call__(self, node: Node) -> tuple[bytes, bool]:
        root = merkle.root(self.old, node)
        proof = merkle.consistency_proof(self.old, self.new.size, node)
        return root, merkle.consistent(self.old, self.new.size, root, self.new.root, proof)


def _last(memory: Remembered | None) -> Signed | None:
    if memory is None:
        return None
    # It was checked before it was remembered, by a key that may not be the one of today.
    text = memory.checkpoint.rpartition("\n\n")[0] + "\n"
    try:
        return Signed(memory.checkpoint, parse_checkpoint(text))
    except NoteError as error:
        raise LogError(f"the checkpoint that is remembered is none: {error}") from error


def _key(text: str) -> Verifier:
    try:
        return parse_verifier(text)
    except NoteError as error:
        raise LogError(f"the log's key is none: {error}") from error


def _text(answer: bytes) -> str:
    try:
        return answer.decode()
    except UnicodeDecodeError as error:
        raise LogError("what the log answers is not UTF-8") from error


def _looked_up(text: str, doing: str) -> tuple[int, str, str]:
    """Return index, record and checkpoint of a lookup, one behind the other."""
    found = _LOOKUP.fullmatch(text)
    if found is None:
        raise LogError(f"{doing}: the answer is no index, record and checkpoint")
    return int(found[1]), found[2], found[3]


def _record(entry: bytes, index: int) -> str:
    """Return an entry as the record that it must be, without the newline at its end."""
    words = entry.decode(errors="replace").removesuffix("\n").split(" ")
    fits = len(words) == 3 and is_package(words[0]) and is_version(words[1])  # noqa: PLR2004
    if not fits or not is_checksum(words[2]) or entry != log_record(*words):
        raise LogError(f"the log's entry {index} is no record of a version: {entry[:200]!r}")
    return " ".join(words)
