"""Blobs on their way: cut connections, registries that lie, and what is left behind."""

from __future__ import annotations

import os
import resource
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import anyio
import httpx
import pytest

from regshape import RegistryClient, TransportConfig
from regshape.errors import (
    BlobNotFoundError,
    BlobUploadInvalidError,
    BlobUploadUnknownError,
    DigestInvalidError,
    FileError,
    RegistryConnectionError,
    RegistryTimeoutError,
    UsageError,
)
from regshape.formats.digest import compute
from regshape.protocols.oci.client import upload_client
from regshape.protocols.oci.client.sources import Content, StreamSource
from regshape.protocols.oci.models import BlobUploadSession
from regshape.protocols.oci.reference import Reference, ReferenceOptions
from tests.transport.hostile import answering, serving

CONTENT = bytes(range(256)) * 64
CHUNK = 5000
Fault = Callable[[httpx.Request, int], str]


class Unreliable(httpx.AsyncBaseTransport):
    """Loses requests or answers, as `fault` says of the nth request of a method."""

    def __init__(self, reference: Reference, fault: Fault) -> None:
        self._inner = httpx.ASGITransport(reference.app)
        self._fault = fault
        self.seen: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        number = self.seen.count(request.method)
        self.seen.append(request.method)
        what = self._fault(request, number)
        if what == "lose request":
            raise httpx.ReadError("the connection broke")
        response = await self._inner.handle_async_request(request)
        if what == "lose answer":
            raise httpx.ReadError("the connection broke")
        return response


def client(inner: httpx.AsyncBaseTransport) -> RegistryClient:
    return RegistryClient(TransportConfig("http://registry", inner=inner))


def steady(_request: httpx.Request, _number: int) -> str:
    return ""


async def stream(content: bytes = CONTENT, size: int = 777) -> AsyncIterator[bytes]:
    for at in range(0, len(content), size):
        yield content[at : at + size]


def left_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


@pytest.fixture(autouse=True)
def _without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upload_client, "PAUSES", (0.0, 0.0, 0.0))


@pytest.mark.parametrize("what", ["lose request", "lose answer"])
@pytest.mark.parametrize("kind", ["bytes", "file", "stream"])
async def test_a_cut_chunk_is_sent_again_from_where_the_registry_has_it(
    tmp_path: Path, what: str, kind: str
) -> None:
    path = tmp_path / "blob"
    path.write_bytes(CONTENT)
    contents: dict[str, Content] = {"bytes": CONTENT, "file": path, "stream": stream()}
    reference = Reference()

    def fault(request: httpx.Request, number: int) -> str:
        return what if request.method == "PATCH" and number in (1, 2) else ""

    inner = Unreliable(reference, fault)
    async with client(inner) as registry:
        stored = await registry.blobs.upload("app", contents[kind], chunked=True, chunk_size=CHUNK)
    assert stored.digest == compute(CONTENT)
    assert reference.store.repositories["app"].blobs == {stored.digest: CONTENT}
    assert inner.seen.count("GET") == 2
    assert inner.seen.count("POST") == 1


async def test_an_upload_that_never_gets_on_ends_with_the_fault() -> None:
    def fault(request: httpx.Request, number: int) -> str:
        return "lose request" if request.method == "PATCH" and number else ""

    inner = Unreliable(Reference(), fault)
    async with client(inner) as registry:
        with pytest.raises(RegistryConnectionError, match="upload to app: the connection broke"):
            await registry.blobs.upload("app", CONTENT, chunked=True, chunk_size=CHUNK)
    assert inner.seen.count("PATCH") == 1 + 1 + len(upload_client.PAUSES)


@pytest.mark.parametrize("kind", ["bytes", "stream"])
async def test_a_killed_upload_goes_on_from_what_it_was_last_told(kind: str) -> None:
    told: list[BlobUploadSession] = []
    reference = Reference()

    def fault(request: httpx.Request, number: int) -> str:
        return "lose request" if request.method in ("PATCH", "GET") and number != 0 else ""

    async with client(Unreliable(reference, fault)) as registry:
        with pytest.raises(RegistryConnectionError):
            await registry.blobs.upload(
                "app", CONTENT, chunked=True, chunk_size=CHUNK, progress=told.append
            )
    kept = BlobUploadSession.model_validate_json(told[-1].to_json())
    assert kept.offset == CHUNK
    inner = Unreliable(reference, steady)
    async with client(inner) as registry:
        content = CONTENT if kind == "bytes" else stream()
        stored = await registry.blobs.upload("app", content, chunk_size=CHUNK, resume=kept)
    assert stored.digest == compute(CONTENT)
    assert reference.store.repositories["app"].blobs == {stored.digest: CONTENT}
    assert inner.seen == ["GET", "PATCH", "PATCH", "PATCH", "PUT"]


async def test_an_upload_that_has_ended_cannot_go_on() -> None:
    kept = BlobUploadSession(upload_url="http://registry/v2/app/blobs/uploads/none", offset=3)
    async with client(Unreliable(Reference(), steady)) as registry:
        with pytest.raises(BlobUploadUnknownError):
            await registry.blobs.upload("app", CONTENT, resume=kept)


async def test_an_upload_that_the_registry_gave_up_begins_anew() -> None:
    reference = Reference()

    def fault(request: httpx.Request, number: int) -> str:
        if request.method == "PATCH" and number == 1:
            reference.store.sessions.clear()
            return "lose request"
        return ""

    inner = Unreliable(reference, fault)
    async with client(inner) as registry:
        stored = await registry.blobs.upload("app", CONTENT, chunked=True, chunk_size=CHUNK)
    assert reference.store.repositories["app"].blobs == {stored.digest: CONTENT}
    assert inner.seen.count("POST") == 2


async def test_chunks_are_as_long_as_the_registry_wants_at_least() -> None:
    inner = Unreliable(Reference(ReferenceOptions(chunk_min_length=9000)), steady)
    async with client(inner) as registry:
        await registry.blobs.upload("app", stream(), chunk_size=CHUNK)
    assert inner.seen == ["POST", "PATCH", "PATCH", "PUT"]


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
@pytest.mark.parametrize("chunked", [True, False])
async def test_content_of_another_digest_is_not_stored(algorithm: str, *, chunked: bool) -> None:
    reference = Reference()
    digest = compute(b"other", algorithm)
    async with client(Unreliable(reference, steady)) as registry:
        with pytest.raises(DigestInvalidError, match="the content has the digest"):
            await registry.blobs.upload("app", CONTENT, digest, chunked=chunked)
        if chunked:
            assert not reference.store.sessions
        right = compute(CONTENT, algorithm)
        assert (await registry.blobs.upload("app", CONTENT, right)).digest == right
        assert await registry.blobs.get("app", right) == CONTENT
    assert set(reference.store.repositories["app"].blobs) == {right}


async def test_an_empty_blob_is_a_blob() -> None:
    async with client(Unreliable(Reference(), steady)) as registry:
        for chunked in (True, False):
            stored = await registry.blobs.upload("app", b"", chunked=chunked)
            assert await registry.blobs.get("app", stored.digest) == b""


async def test_a_missing_file_is_named_before_anything_is_sent(tmp_path: Path) -> None:
    inner = Unreliable(Reference(), steady)
    async with client(inner) as registry:
        with pytest.raises(UsageError, match="blob: cannot be read: No such file"):
            await registry.blobs.upload("app", tmp_path / "blob")
    assert inner.seen == []


@pytest.mark.parametrize("mounts", [True, False])
async def test_a_mount_falls_back_to_copying(*, mounts: bool) -> None:
    reference = Reference(ReferenceOptions(mount=mounts))
    async with client(Unreliable(reference, steady)) as registry:
        stored = await registry.blobs.upload("one", CONTENT)
        assert await registry.blobs.mount("two", stored.digest, "one") is mounts
        assert await registry.blobs.get("two", stored.digest) == CONTENT
        if not mounts:
            before = len(reference.store.sessions)
            assert not await registry.blobs.mount("three", stored.digest, "one", fall_back=False)
            assert len(reference.store.sessions) == before
        with pytest.raises(BlobNotFoundError):
            await registry.blobs.mount("two", compute(b"none"), "one")


async def test_a_stream_can_be_read_on_past_what_is_held() -> None:
    source = StreamSource(stream(), None)
    assert await source.fill(0, 1000) == 1000
    first = b"".join([piece async for piece in source.pieces(0, 3000)])
    assert first == CONTENT[:3000]
    assert await source.fill(3000, 10) == 10
    assert b"".join([piece async for piece in source.pieces(3000, 99999)]) == CONTENT[3000:]


# --- registries that lie --------------------------------------------------------------------------


def blob_answer(body: bytes, length: int) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length + body


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (blob_answer(b"something else", 14), DigestInvalidError),
        (blob_answer(CONTENT, len(CONTENT) + 1), RegistryConnectionError),
        (blob_answer(CONTENT, len(CONTENT) - 1), DigestInvalidError),
        (b"HTTP/1.1 200 OK\r\n\r\n" + CONTENT[:-1], DigestInvalidError),
        (b"no HTTP at all\r\n\r\n", RegistryConnectionError),
        (b"", RegistryConnectionError),
    ],
)
async def test_what_a_lying_registry_sends_leaves_nothing_behind(
    tmp_path: Path, answer: bytes, kind: type[Exception]
) -> None:
    path = tmp_path / "blob"
    path.write_bytes(b"what was here before")
    async with (
        serving(answering(answer, close=True)) as peer,
        RegistryClient(TransportConfig(peer.url)) as registry,
    ):
        with pytest.raises(kind, match=f"blob of app@{compute(CONTENT)}"):
            await registry.blobs.download("app", compute(CONTENT), path)
    assert path.read_bytes() == b"what was here before"
    assert left_in(tmp_path) == ["blob"]


async def test_a_download_that_is_cancelled_leaves_nothing_behind(tmp_path: Path) -> None:
    answer = blob_answer(CONTENT, len(CONTENT) + 1)
    async with (
        serving(answering(answer)) as peer,
        RegistryClient(TransportConfig(peer.url)) as registry,
    ):
        came: list[int] = []
        with anyio.move_on_after(0.5):
            await registry.blobs.download(
                "app", compute(CONTENT), tmp_path / "blob", lambda count, _: came.append(count)
            )
    assert came[-1] == len(CONTENT)
    assert left_in(tmp_path) == []


async def test_a_registry_that_stops_is_not_waited_for(tmp_path: Path) -> None:
    answer = blob_answer(CONTENT, len(CONTENT) + 1)
    async with serving(answering(answer)) as peer:
        config = TransportConfig(peer.url, timeout=0.3)
        async with RegistryClient(config) as registry:
            with pytest.raises(RegistryTimeoutError):
                await registry.blobs.download("app", compute(CONTENT), tmp_path / "blob")
    assert left_in(tmp_path) == []


async def test_a_missing_folder_is_named_and_a_pipe_stays_one(
    tmp_path: Path,
) -> None:
    reference = Reference()
    async with client(Unreliable(reference, steady)) as registry:
        stored = await registry.blobs.upload("app", CONTENT)
        with pytest.raises(FileError, match="blob: cannot be written: No such file"):
            await registry.blobs.download("app", stored.digest, tmp_path / "none" / "blob")
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        await registry.blobs.download("app", stored.digest, pipe)
        assert os.read(reader, len(CONTENT)) == CONTENT
        os.close(reader)
        assert left_in(tmp_path) == ["pipe"]


async def test_a_disk_that_is_full_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    async with client(Unreliable(Reference(), steady)) as registry:
        stored = await registry.blobs.upload("app", CONTENT)
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
        try:
            with pytest.raises(FileError, match="blob: cannot be written: File too large"):
                await registry.blobs.download("app", stored.digest, tmp_path / "blob")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert left_in(tmp_path) == []


async def test_a_registry_that_claims_more_than_it_was_sent_is_not_believed() -> None:
    opened = b"HTTP/1.1 202 Accepted\r\nLocation: /v2/app/blobs/uploads/1?a=%2F&b\r\n"
    answer = opened + b"Range: 0-99999\r\nContent-Length: 0\r\n\r\n"
    async with (
        serving(answering(answer)) as peer,
        RegistryClient(TransportConfig(peer.url)) as registry,
    ):
        with pytest.raises(BlobUploadInvalidError, match="has 100000 bytes, of 10"):
            await registry.blobs.upload("app", b"0123456789", chunked=True)
    assert b"PATCH /v2/app/blobs/uploads/1?a=%2F&b HTTP/1.1\r\n" in peer.everything
