"""Blobs: asked for, read, stored in files, uploaded, mounted and deleted; never held whole."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from regshape.errors import DigestInvalidError, RegistryError
from regshape.formats.digest import Verifier
from regshape.formats.landing import landing
from regshape.model import Exchange, Request
from regshape.protocols.oci import calls
from regshape.protocols.oci.client import names
from regshape.protocols.oci.client.manifest_tasks import DELETED
from regshape.protocols.oci.client.session import Part, Task
from regshape.protocols.oci.client.sources import Content
from regshape.protocols.oci.client.telemetry import track_scenario, track_time
from regshape.protocols.oci.client.upload_client import (
    CHUNK,
    Plan,
    Progress,
    Upload,
    opened_session,
)
from regshape.protocols.oci.models import OCTETS, BlobUploadSession, Descriptor
from regshape.transport.faults import fault
from regshape.transport.streaming import Flow, FlowError

GET_LIMIT = 64 * 1024 * 1024
"""Longest blob that `get` returns, in bytes."""
_OK = frozenset({200})
_MOUNTED, _OPENED = 201, 202
Taken = Callable[[int, int | None], None]
"""Told of a download: how many bytes have come, and of how many."""


class BlobClient(Part):
    """The blobs of a registry."""

    @track_time
    async def head(self, repository: str, digest: str) -> Descriptor:
        """Return what a registry says of a blob.

        Raises:
            BlobNotFoundError: there is none.
            RegistryError: it does not say how long it is.
        """
        task = _task("HEAD", repository, digest)
        exchange = await self._session.call(task)
        length = exchange.header("content-length") or ""
        if not length.isdecimal():
            raise RegistryError(f"{task.doing}: the registry does not say how long it is")
        return _described(digest, int(length), exchange.header("content-type"))

    @track_time
    async def get(self, repository: str, digest: str, limit: int = GET_LIMIT) -> bytes:
        """Return a blob of at most `limit` bytes, verified.

        Raises:
            BlobNotFoundError: there is none.
            DigestInvalidError: what came has another digest.
            RegistryError: it is longer.
        """
        parts: list[bytes] = []
        left = limit
        async with self.open(repository, digest) as pieces:
            async for piece in pieces:
                left -= len(piece)
                if left < 0:
                    raise RegistryError(f"the blob {digest} is longer than {limit} bytes")
                parts.append(piece)
        return b"".join(parts)

    @asynccontextmanager
    async def open(
        self, repository: str, digest: str, taken: Taken | None = None
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """Give the bytes of a blob as they come; the last one has passed once all are verified.

        Raises:
            BlobNotFoundError: there is none.
            DigestInvalidError: at the end, what came has another digest.
        """
        task = _task("GET", repository, digest)
        async with self._session.flow(task) as flow:
            yield _verified(flow, Verifier(digest), task, taken)

    @track_time
    async def download(
        self, repository: str, digest: str, path: Path, taken: Taken | None = None
    ) -> Descriptor:
        """Store a blob in a file, which is there under its name only once it is verified.

        Raises:
            BlobNotFoundError: there is none.
            DigestInvalidError: what came has another digest.
            FileError: the file cannot be written.
        """
        count = 0
        async with self.open(repository, digest, taken) as pieces, landing(path) as write:
            async for piece in pieces:
                count += len(piece)
                await write(piece)
        return _described(digest, count, None)

    @track_scenario("blob upload")
    @track_time
    async def upload(  # noqa: PLR0913 - how an upload can be done
        self,
        repository: str,
        content: Content,
        digest: str | None = None,
        *,
        chunked: bool = False,
        chunk_size: int = CHUNK,
        resume: BlobUploadSession | None = None,
        progress: Progress | None = None,
    ) -> Descriptor:
        """Store a blob, and return what describes it; its digest is verified on the way.

        In one PUT, unless `chunked`, or it comes once from a stream without `digest` or size: then
        in chunks, each of which is sent again from where the registry has it if a connection is
        cut. `progress` is told after each step of the session; what it was last told goes on with
        an upload that was killed, given as `resume` with the same content from its beginning.

        Args:
            repository: where it goes.
            content: bytes, a file's path, or an asynchronous iterable of bytes.
            digest: what it must have; without one it has sha256.
            chunked: whether to send it in chunks.
            chunk_size: bytes of a chunk; more where the registry wants more.
            resume: an upload under way.
            progress: is told of the session.

        Raises:
            DigestInvalidError: the content has another digest.
            BlobUploadUnknownError: the upload to resume has ended.
        """
        plan = Plan(names.repository(repository), content, digest, chunk_size, progress)
        upload = Upload(self._session, plan)
        if resume is not None:
            return await upload.resume(resume)
        return await (upload.in_chunks() if chunked else upload.at_once())

    @track_scenario("blob mount")
    @track_time
    async def mount(
        self,
        repository: str,
        digest: str,
        source: str,
        *,
        fall_back: bool = True,
        progress: Progress | None = None,
    ) -> bool:
        """Make a blob of one repository one of another; returns whether without copying it.

        Where the registry does not mount, it is read and uploaded, unless `fall_back` is off.

        Raises:
            BlobNotFoundError: the source has none.
        """
        exchange, url = await self._asked_to_mount(repository, digest, source)
        if exchange.status == _MOUNTED:
            return True
        opened = opened_session(exchange, url)
        if not fall_back:
            await Upload(self._session, Plan(repository, b"")).cancel(opened)
            return False
        size = (await self.head(source, digest)).size
        async with self.open(source, digest) as pieces:
            plan = Plan(repository, pieces, digest, progress=progress, size=size)
            await Upload(self._session, plan).at_once(opened)
        return False

    async def _asked_to_mount(
        self, repository: str, digest: str, source: str
    ) -> tuple[Exchange, str]:
        parts = {"name": names.repository(repository)}
        query = (
            ("mount", calls.escape(names.digest(digest))),
            ("from", calls.escape(names.repository(source))),
        )
        scopes = (names.scope(repository, names.PUSH), names.scope(source, names.PULL))
        task = Task(
            "mount-blob",
            Request("POST", calls.UPLOADS, parts, query),
            names.described("mount of the blob", repository, digest),
            frozenset({_MOUNTED, _OPENED}),
            " ".join(scopes),
        )
        return await self._session.call(task), self._session.url_of(task)

    @track_time
    async def delete(self, repository: str, digest: str) -> None:
        """Delete a blob.

        Raises:
            BlobNotFoundError: there is none.
            UnsupportedError: the registry does not delete.
        """
        task = _task("DELETE", repository, digest)
        await self._session.call(task)


def _task(method: str, repository: str, digest: str) -> Task:
    name, doing, expect, actions = _WAYS[method]
    parts = {"name": names.repository(repository), "reference": names.digest(digest)}
    return Task(
        name,
        Request(method, calls.BLOB, parts),
        names.described(doing, repository, digest),
        expect,
        names.scope(repository, actions),
    )


_WAYS = {
    "GET": ("get-blob", "blob of", _OK, names.PULL),
    "HEAD": ("head-blob", "blob of", _OK, names.PULL),
    "DELETE": ("delete-blob", "deletion of the blob", DELETED, names.DELETE),
}


def _described(digest: str, size: int, media_type: str | None) -> Descriptor:
    return Descriptor(media_type=media_type or OCTETS, digest=digest, size=size)


async def _verified(
    flow: Flow, verifier: Verifier, task: Task, taken: Taken | None
) -> AsyncGenerator[bytes, None]:
    length = flow.exchange.header("content-length") or ""
    total = int(length) if length.isdecimal() else None
    count = 0
    try:
        async for piece in flow.pieces():
            verifier.update(piece)
            count += len(piece)
            if taken is not None:
                taken(count, total)
            yield piece
    except FlowError as error:
        raise fault(error.failure, task.doing) from error
    if not verifier.is_met():
        raise DigestInvalidError(
            f"{task.doing}: what came has the digest {verifier.digest()}, {count} bytes"
        )
