"""Uploads of blobs: in one PUT, or in chunks that survive a cut connection.

A chunk is acknowledged by the Range of its answer; what was not is sent again from there
(spec.md, "Pushing a blob in chunks").
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from functools import partial

import anyio

from regshape.errors import (
    BlobNotFoundError,
    BlobUploadInvalidError,
    DigestInvalidError,
    RegistryError,
    TransportError,
    UsageError,
)
from regshape.model import Exchange, Headers, Request
from regshape.protocols.oci import calls
from regshape.protocols.oci.client import names
from regshape.protocols.oci.client.session import Session, Task
from regshape.protocols.oci.client.sources import Content, RunningDigest, digest_of, source_of
from regshape.protocols.oci.models import OCTETS, BlobUploadSession, Descriptor
from regshape.transport.locations import place_of, resolved
from regshape.transport.streaming import Outflow

CHUNK = 5 * 1024 * 1024
"""Bytes of a chunk."""
PAUSES = (0.05, 0.2, 1.0, 3.0)
"""Seconds before each time that a registry is asked what it has of a chunk that was cut."""
_UNSATISFIABLE = 416
_RANGE = re.compile(r"(?:bytes=)?0-(\d+)")
_TYPE: tuple[str, str] = ("Content-Type", OCTETS)
Progress = Callable[[BlobUploadSession], None]
"""Told of an upload under way after each of its steps."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is uploaded where; `size` is that of a stream, if it is known."""

    repository: str
    content: Content
    digest: str | None = None
    chunk_size: int = CHUNK
    progress: Progress | None = None
    size: int | None = None

    def __post_init__(self) -> None:
        if self.digest is not None:
            names.digest(self.digest)
        if self.chunk_size < 1:
            raise UsageError(f"a chunk has at least one byte, not {self.chunk_size}")


class Upload:
    """One upload of one blob."""

    def __init__(self, session: Session, plan: Plan) -> None:
        self._session = session
        self._plan = plan
        self._source = source_of(plan.content, plan.size)
        algorithm = plan.digest.partition(":")[0] if plan.digest else "sha256"
        self._digest = RunningDigest(algorithm)
        self._least = 1

    async def at_once(self, opened: BlobUploadSession | None = None) -> Descriptor:
        """Upload in one PUT where size and digest are known before; else in chunks."""
        plan, size = self._plan, self._source.size
        if size is None or not (plan.digest or self._source.can_rewind):
            return await self.in_chunks()
        digest = plan.digest or await digest_of(self._source, "sha256")
        state = opened or await self._open()
        state = self._told(state.model_copy(update={"digest": digest, "total_size": size}))
        content = Outflow(partial(self._proven, state, digest, size), size)
        await self._finish(state, digest, content)
        return Descriptor(media_type=OCTETS, digest=digest, size=size)

    async def in_chunks(self) -> Descriptor:
        """Upload in chunks."""
        return await self._go_on(self._told(await self._open()))

    async def resume(self, state: BlobUploadSession) -> Descriptor:
        """Go on with an upload, from where the registry has it."""
        state = self._told(await self._status(state))
        async for _ in self._hashed(0, state.offset):
            pass
        if self._digest.count < state.offset:
            raise UsageError(f"the content ends before byte {state.offset}: it is another one")
        return await self._go_on(state)

    async def cancel(self, state: BlobUploadSession) -> None:
        """Give an upload up."""
        await self._session.call(self._task(state, "cancel-upload", "DELETE", {200, 202, 204}))

    async def _go_on(self, state: BlobUploadSession) -> Descriptor:
        chunk = max(self._plan.chunk_size, self._least)
        failures = 0
        while count := await self._source.fill(state.offset, chunk):
            before = state.offset
            try:
                state = await self._send(state, count)
            except (TransportError, RegistryError) as error:
                failures += 1
                if failures > len(PAUSES) or not _can_recover(error):
                    raise
                state = await self._recovered(state, error)
            failures = 0 if state.offset > before else failures
            state = self._told(state)
        return await self._end(state)

    async def _end(self, state: BlobUploadSession) -> Descriptor:
        digest = self._digest.digest()
        if self._plan.digest not in (None, digest):
            await self.cancel(state)
            raise self._mismatch(digest)
        try:
            await self._finish(state, digest, None)
        except TransportError:
            if not await self._is_there(digest):
                raise
        return Descriptor(media_type=OCTETS, digest=digest, size=state.offset)

    def _mismatch(self, digest: str) -> DigestInvalidError:
        return DigestInvalidError(
            f"{self._doing()}: the content has the digest {digest}, not {self._plan.digest}"
        )

    def _told(self, state: BlobUploadSession) -> BlobUploadSession:
        if self._plan.progress is not None:
            self._plan.progress(state)
        return state

    # --- requests -----------------------------------------------------------------------------

    async def _open(self) -> BlobUploadSession:
        parts = {"name": self._plan.repository}
        request = Request("POST", calls.UPLOADS, parts)
        task = Task("open-upload", request, self._doing(), frozenset({202}), self._scope())
        exchange = await self._session.call(task)
        least = exchange.header("oci-chunk-min-length") or ""
        self._least = int(least) if least.isdecimal() else 1
        opened = opened_session(exchange, self._session.url_of(task))
        known = {"total_size": self._source.size, "digest": self._plan.digest}
        return opened.model_copy(update=known)

    async def _send(self, state: BlobUploadSession, count: int) -> BlobUploadSession:
        start, stop = state.offset, state.offset + count
        headers: Headers = (_TYPE, ("Content-Range", f"{start}-{stop - 1}"))
        content = Outflow(partial(self._hashed, start, stop), count)
        task = self._task(state, "send-chunk", "PATCH", {202, 204}, headers, content)
        exchange = await self._session.call(task)
        reached = _reached(exchange)
        if reached is None or reached == 0:
            reached = stop
        if not start <= reached <= stop:
            raise BlobUploadInvalidError(
                f"{self._doing()}: the registry has {reached} bytes, of {stop} that it was sent"
            )
        return _moved(state, exchange, reached)

    async def _status(self, state: BlobUploadSession) -> BlobUploadSession:
        task = self._task(state, "upload-status", "GET", {204, 200})
        exchange = await self._session.call(task)
        reached = _reached(exchange)
        # A session without any byte says 0-0 too, for want of a better range.
        if reached is None or (reached == 1 and state.offset == 0):
            reached = 0
        return _moved(state, exchange, reached)

    async def _recovered(
        self, state: BlobUploadSession, error: TransportError | RegistryError
    ) -> BlobUploadSession:
        """Return the session as the registry has it, or a new one where it has given it up."""
        for pause in PAUSES:
            await anyio.sleep(pause)
            try:
                return await self._status(state)
            except TransportError:
                continue
            except RegistryError:
                if not self._source.can_rewind:
                    raise error from None
                return await self._open()
        raise error

    async def _finish(self, state: BlobUploadSession, digest: str, content: Outflow | None) -> None:
        place = place_of(state.upload_url)
        request = place.request("PUT", (_TYPE,), f"digest={calls.escape(digest)}")
        doing, scope = self._doing(), self._scope()
        done = frozenset({201, 204})
        task = Task("finish-upload", request, doing, done, scope, place, content)
        stored = (await self._session.call(task)).header("docker-content-digest")
        if stored not in (None, digest):
            raise DigestInvalidError(f"{doing}: the registry stored {stored}, not {digest}")

    async def _is_there(self, digest: str) -> bool:
        parts = {"name": self._plan.repository, "reference": digest}
        request = Request("HEAD", calls.BLOB, parts)
        task = Task("head-blob", request, self._doing(), frozenset({200}), self._scope())
        try:
            await self._session.call(task)
        except BlobNotFoundError:
            return False
        return True

    def _task(
        self,
        state: BlobUploadSession,
        operation: str,
        method: str,
        expect: set[int],
        headers: Headers = (),
        content: Outflow | None = None,
    ) -> Task:
        place = place_of(state.upload_url)
        request = place.request(method, headers)
        return Task(operation, request, self._doing(), expect, self._scope(), place, content)

    def _doing(self) -> str:
        return names.described("upload to", self._plan.repository)

    def _scope(self) -> str:
        return names.scope(self._plan.repository, names.PUSH)

    # --- content ------------------------------------------------------------------------------

    async def _hashed(self, start: int, stop: int) -> AsyncIterator[bytes]:
        async for piece in self._source.pieces(start, stop):
            self._digest.update(start, piece)
            start += len(piece)
            yield piece

    async def _proven(
        self, state: BlobUploadSession, digest: str, size: int
    ) -> AsyncIterator[bytes]:
        """Give the content; the last piece only if all of it has the digest that was given."""
        held = b""
        count = 0
        given = self._plan.digest is not None
        pieces = self._hashed(0, size) if given else self._source.pieces(0, size)
        async for piece in pieces:
            if held:
                yield held
            count += len(piece)
            self._told(state.model_copy(update={"offset": count}))
            held = piece
        if given and self._digest.digest() != digest:
            raise self._mismatch(self._digest.digest())
        if held:
            yield held


def opened_session(exchange: Exchange, asked: str) -> BlobUploadSession:
    """Return the session that a 202 has opened; raises `RegistryError` if it says not where."""
    location = exchange.header("location")
    if location is None:
        raise RegistryError("the registry opened an upload and does not say where (no Location)")
    place = resolved(asked, location)
    named = exchange.header("docker-upload-uuid")
    last = place.target.partition("?")[0].rpartition("/")[2]
    return BlobUploadSession(upload_url=place.url, session_id=named or last)


def _moved(state: BlobUploadSession, exchange: Exchange, offset: int) -> BlobUploadSession:
    location = exchange.header("location")
    url = resolved(state.upload_url, location).url if location else state.upload_url
    return state.model_copy(update={"upload_url": url, "offset": offset})


def _reached(exchange: Exchange) -> int | None:
    match = _RANGE.fullmatch(exchange.header("range") or "")
    return int(match[1]) + 1 if match else None


def _can_recover(error: TransportError | RegistryError) -> bool:
    return isinstance(error, TransportError) or error.status_code == _UNSATISFIABLE
