"""The transparency log as static files, and where in it a version is (decision 18)."""

from __future__ import annotations

from http import HTTPStatus

from regshape.formats import tiles
from regshape.protocols.ori.models import OCTETS, TEXT, ErrorCode
from regshape.protocols.ori.reference.package_handlers import FOR_EVER
from regshape.protocols.ori.reference.records import Release
from regshape.protocols.ori.reference.search_handlers import Finding
from regshape.protocols.ori.reference.traffic import Asked
from regshape.protocols.serving import Answer


class Logging(Finding):
    """The part of the registry that others hold it to its word with."""

    async def get_key(self, asked: Asked) -> Answer:
        """Answer with the key that signs the log, for who trusts the first one that is seen."""
        del asked
        text = f"{self.log.signer.verifier}\n"
        return Answer(
            HTTPStatus.OK, {"Content-Type": TEXT, "Cache-Control": "no-cache"}, text.encode()
        )

    async def get_checkpoint(self, asked: Asked) -> Answer:
        """Answer with the signed state of the log (tlog-tiles, "Checkpoints")."""
        del asked
        headers = {"Content-Type": TEXT, "Cache-Control": "no-cache"}
        return Answer(HTTPStatus.OK, headers, self.checkpoint().encode())

    async def get_tile(self, asked: Asked) -> Answer:
        """Answer with a tile of hashes, or a bundle of records (tlog-tiles, "Merkle Tree")."""
        tile = tiles.parse_path(asked.words["tile"])
        content = None if tile is None else self.log.tile(tile)
        if content is None:
            raise self.refusal(ErrorCode.TILE_UNKNOWN, "the log has no such tile")
        return Answer(HTTPStatus.OK, {"Content-Type": OCTETS, "Cache-Control": FOR_EVER}, content)

    async def look_up(self, asked: Asked) -> Answer:
        """Answer with index and record of a version, and a checkpoint of a log that has it.

        The form is that of a lookup of Go's checksum database: number, record, empty line, note.
        """
        release = self.need_release(asked)
        text = f"{self.index(release)}\n{self.record(release).decode()}\n{self.checkpoint()}"
        return Answer(
            HTTPStatus.OK, {"Content-Type": TEXT, "Cache-Control": "no-cache"}, text.encode()
        )

    def checkpoint(self) -> str:
        """Return the signed checkpoint that is shown."""
        return self.log.checkpoint()

    def index(self, release: Release) -> int:
        """Return the index of a version in the log."""
        return release.log_index

    def record(self, release: Release) -> bytes:
        """Return the record of a version in the log."""
        return self.log.records[release.log_index]
