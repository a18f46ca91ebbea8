"""Faults that only requests in parallel show: something is awaited between a look and an act.

The reference keeps everything in memory and awaits nothing; `Storage.wait` is what a disk, a
database or another server costs a real registry in the same place.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from http import HTTPStatus

import anyio
from starlette.types import Receive

from regshape.model import Defect
from regshape.protocols.oci.reference import Answer, Incoming, Reference, ReferenceOptions
from regshape.protocols.oci.reference.memory import Session, StoredManifest
from regshape.protocols.oci.reference.targets import MANIFEST, SESSION, TAGS, UPLOADS
from regshape.protocols.serving import RefusedError

STORAGE_SECONDS = 0.002


class Storage(Reference):
    """A registry whose storage takes a moment."""

    async def wait(self) -> None:
        """Wait for the storage."""
        await anyio.sleep(STORAGE_SECONDS)

    def is_push(self, request: Incoming) -> bool:
        """Return whether a request pushes a manifest."""
        return request.method == "PUT" and request.route == MANIFEST

    def is_delete(self, request: Incoming) -> bool:
        """Return whether a request deletes a manifest or a tag."""
        return request.method == "DELETE" and request.route == MANIFEST

    def is_closing(self, request: Incoming) -> bool:
        """Return whether a request closes an upload."""
        return request.method == "PUT" and request.route == SESSION


class TagIndexWrittenBack(Storage):
    """Keeps the tags in one index: reads it, changes it, and writes it back."""

    async def answer(self, request: Incoming, receive: Receive) -> Answer:
        """Write back what was read before the push, and the new tag."""
        if not self.is_push(request) or self.is_digest(request.reference):
            return await super().answer(request, receive)
        before = self.find_repository(request.name)
        index = dict(before.tags) if before is not None else {}
        await self.wait()
        answer = await super().answer(request, receive)
        repository = self.find_repository(request.name)
        if answer.status == HTTPStatus.CREATED and repository is not None:
            repository.tags = {**index, request.reference: repository.tags[request.reference]}
        return answer


class ManifestsWrittenBack(Storage):
    """Keeps what it knows of manifests in one file: reads it, adds to it, and writes it back."""

    async def answer(self, request: Incoming, receive: Receive) -> Answer:
        """Write back what was read before the push, and the new manifest."""
        before = self.find_repository(request.name)
        if not self.is_push(request) or before is None:
            return await super().answer(request, receive)
        kept = dict(before.manifests)
        await self.wait()
        answer = await super().answer(request, receive)
        digest = answer.headers.get("Docker-Content-Digest", "")
        if answer.status == HTTPStatus.CREATED:
            before.manifests = {**kept, digest: before.manifests[digest]}
        return answer


class ReferrersIndexWrittenBack(Storage):
    """Keeps the referrers of a subject in one document, which each push reads and writes back."""

    def __init__(self, options: ReferenceOptions | None = None) -> None:
        """Start with no document."""
        super().__init__(options)
        self.listed: dict[tuple[str, str], tuple[str, ...]] = {}

    async def answer(self, request: Incoming, receive: Receive) -> Answer:
        """Add a referrer to what the document held before the push."""
        answer = await super().answer(request, receive)
        subject = answer.headers.get("OCI-Subject")
        if self.is_push(request) and subject is not None:
            key = (request.name, subject)
            before = self.listed.get(key, ())
            await self.wait()
            self.listed[key] = (*before, answer.headers["Docker-Content-Digest"])
        return answer

    def referrers_of(self, name: str, digest: str) -> list[StoredManifest]:
        """Return what the document lists and is still there."""
        listed = self.listed.get((name, digest), ())
        return [item for item in super().referrers_of(name, digest) if item.digest in listed]


class TagBeforeManifest(Storage):
    """Points the tag at a manifest before the manifest is stored."""

    async def answer(self, request: Incoming, receive: Receive) -> Answer:
        """Take the pointer first, then the body."""
        repository = self.find_repository(request.name)
        tag = request.reference
        if self.is_push(request) and repository is not None and tag in repository.tags:
            before = repository.tags[tag]
            repository.tags[tag] = "sha256:" + "0" * 64
            await self.wait()
            answer = await super().answer(request, receive)
            if answer.status != HTTPStatus.CREATED:
                repository.tags[tag] = before
            return answer
        return await super().answer(request, receive)


class TagReplaced(Storage):
    """Moves a tag by removing it and setting it anew."""

    async def answer(self, request: Incoming, receive: Receive) -> Answer:
        """Remove the tag, wait, and store the manifest with it."""
        if self.is_push(request) and not self.is_digest(request.reference):
            repository = self.find_repository(request.name)
            if repository is not None:
                repository.tags.pop(request.reference, None)
                await self.wait()
        return await super().answer(request, receive)


class HeadersLookedUpAgain(Storage):
    """Reads a tag twice for one answer: for its headers, and for its body."""

    async def answer(self, request: Incoming, receive: Receive) -> Answer:
        """Return the headers of the first look with the body of the second."""
        first = await super().answer(request, receive)
        reading = request.route == MANIFEST and request.method == "GET"
        if not reading or first.status != HTTPStatus.OK:
            return first
        await self.wait()
        second = await super().answer(request, receive)
        return replace(second, headers=first.headers) if second.status == HTTPStatus.OK else second


class StagedUnderOneName(Storage):
    """Writes each manifest of a repository to one temporary file first, and moves it then."""

    def __init__(self, options: ReferenceOptions | None = None) -> None:
        """Start with no file."""
        super().__init__(options)
        self.staged: dict[str, bytes] = {}

    async def answer(self, request: Incoming, receive: Receive) -> Answer:
        """Store what stands in the file once the manifest was found to be good."""
        answer = await super().answer(request, receive)
        repository = self.find_repository(request.name)
        if not self.is_push(request) or repository is None or "Location" not in answer.headers:
            return answer
        digest = answer.headers["Docker-Content-Digest"]
        stored = repository.manifests[digest]
        self.staged[request.name] = stored.content
        await self.wait()
        content = self.staged[request.name]
        repository.manifests[digest] = replace(stored, content=content)
        return answer


class OffsetCheckedFirst(Storage):
    """Checks where a chunk begins, and appends it when the storage is ready."""

    async def answer(self, request: Incoming, receive: Receive) -> Answer:
        """Check against the size that the session had when the request came."""
        session = self.find_session(request.name, request.reference)
        if request.method != "PATCH" or session is None:
            return await super().answer(request, receive)
        begun = Session(session.id, session.repository, session.touched, size=session.size)
        try:
            body = await self.receive_body(request, receive)
            request = replace(request, body=body)
            self.check_chunk(begun, request)
            await self.wait()
            self.need_session(request.name, request.reference).append(body)
        except RefusedError as refused:
            return refused.answer
        return self.session_answer(HTTPStatus.ACCEPTED, session)


class ChunkWrittenBack(Storage):
    """Reads an upload, appends a chunk, and writes it back: the later of two chunks is left."""

    async def answer(self, request: Incoming, receive: Receive) -> Answer:
        """Put the new chunk after those that were there when the request came."""
        session = self.find_session(request.name, request.reference)
        if request.method != "PATCH" or session is None:
            return await super().answer(request, receive)
        chunks, size = list(session.chunks), session.size
        await self.wait()
        answer = await super().answer(request, receive)
        if answer.status == HTTPStatus.ACCEPTED:
            session.chunks = [*chunks, session.chunks[-1]]
            session.size = size + len(session.chunks[-1])
        return answer


class FinishedTwice(Storage):
    """Moves an upload to where blobs are without looking whether somebody else has done so."""

    async def answer(self, request: Incoming, receive: Receive) -> Answer:
        """Fail where the upload is gone by then."""
        session = self.find_session(request.name, request.reference)
        if not self.is_closing(request) or session is None:
            return await super().answer(request, receive)
        await self.wait()
        if session.id not in self.store.sessions:
            return Answer(HTTPStatus.INTERNAL_SERVER_ERROR)
        return await super().answer(request, receive)


class CancelledWhileFinished(Storage):
    """Cancels an upload by removing its file, even if that has become a blob in the meantime."""

    async def answer(self, request: Incoming, receive: Receive) -> Answer:
        """Remove what the upload was when the request came."""
        session = self.find_session(request.name, request.reference)
        if request.method != "DELETE" or session is None:
            return await super().answer(request, receive)
        await self.wait()
        answer = await super().answer(request, receive)
        repository = self.find_repository(request.name)
        if repository is not None and answer.status == HTTPStatus.NOT_FOUND:
            content = session.content()
            for digest in [key for key, blob in repository.blobs.items() if blob == content]:
                self.remove_blob(request.name, digest)
        return answer


class DuplicateRemoved(Storage):
    """Two uploads of one blob: each takes the other's file for a duplicate, and removes it."""

    def __init__(self, options: ReferenceOptions | None = None) -> None:
        """Start with no blob under way."""
        super().__init__(options)
        self.under_way: dict[tuple[str, str], int] = {}

    async def answer(self, request: Incoming, receive: Receive) -> Answer:
        """Remove the blob where another request was storing it."""
        digest = request.parameter("digest")
        if digest is None or request.route not in {UPLOADS, SESSION}:
            return await super().answer(request, receive)
        key = (request.name, digest)
        self.under_way[key] = self.under_way.get(key, 0) + 1
        await self.wait()
        answer = await super().answer(request, receive)
        self.under_way[key] -= 1
        if self.under_way[key] and answer.status == HTTPStatus.CREATED:
            await self.wait()
            self.remove_blob(request.name, digest)
        return answer


class MountLinkedLater(Storage):
    """Answers a mount once the source was found, and makes the link from what is there then."""

    async def answer(self, request: Incoming, receive: Receive) -> Answer:
        """Link what the source holds after the look."""
        answer = await super().answer(request, receive)
        digest, source = request.parameter("mount"), request.parameter("from")
        if answer.status == HTTPStatus.CREATED and digest and source:
            await self.wait()
            if self.find_blob(source, digest) is None:
                self.remove_blob(request.name, digest)
        return answer


class DeletedTwice(Storage):
    """Looks whether a manifest is there, and fails where it is gone when it is removed."""

    async def answer(self, request: Incoming, receive: Receive) -> Answer:
        """Fail where another request was faster."""
        there = self.find_manifest(request.name, request.reference) is not None
        if not self.is_delete(request) or not there:
            return await super().answer(request, receive)
        await self.wait()
        if self.find_manifest(request.name, request.reference) is None:
            return Answer(HTTPStatus.INTERNAL_SERVER_ERROR)
        return await super().answer(request, receive)


class TagsCollectedFirst(Storage):
    """Collects the tags of a manifest, and removes them with it, wherever they point by then."""

    async def answer(self, request: Incoming, receive: Receive) -> Answer:
        """Remove the tags that the manifest had when the request came, and no other."""
        if not self.is_delete(request) or not self.is_digest(request.reference):
            return await super().answer(request, receive)
        tags = self.tags_of(request.name, request.reference)
        await self.wait()
        return await self.remove(request, receive, tags)

    async def remove(self, request: Incoming, receive: Receive, tags: list[str]) -> Answer:
        """Delete the manifest and these tags."""
        answer = await super().answer(request, receive)
        repository = self.find_repository(request.name)
        for tag in tags if answer.status == HTTPStatus.ACCEPTED else ():
            if repository is not None:
                repository.tags.pop(tag, None)
        return answer


class NewTagsDangle(Storage):
    """Deletes a manifest with the tags that it had, and forgets those that it got meanwhile."""

    async def answer(self, request: Incoming, receive: Receive) -> Answer:
        """Put back the tags that were set after the look."""
        if not self.is_delete(request) or not self.is_digest(request.reference):
            return await super().answer(request, receive)
        tags = self.tags_of(request.name, request.reference)
        await self.wait()
        later = set(self.tags_of(request.name, request.reference)).difference(tags)
        answer = await super().answer(request, receive)
        for tag in later if answer.status == HTTPStatus.ACCEPTED else ():
            self.make_repository(request.name).tags[tag] = request.reference
        return answer


class ListRebuilt(Storage):
    """Keeps a list of tags beside them, which each push clears and fills again."""

    def __init__(self, options: ReferenceOptions | None = None) -> None:
        """Start with no list to fill."""
        super().__init__(options)
        self.rebuilding: Counter[str] = Counter()

    async def answer(self, request: Incoming, receive: Receive) -> Answer:
        """Clear the list, and fill it when the push is done."""
        if request.route == TAGS and self.rebuilding[request.name]:
            return await self.cleared(request, receive)
        answer = await super().answer(request, receive)
        if self.is_push(request) and answer.status == HTTPStatus.CREATED:
            self.rebuilding[request.name] += 1
            await self.wait()
            self.rebuilding[request.name] -= 1
        return answer

    async def cleared(self, request: Incoming, receive: Receive) -> Answer:
        """Answer from the list while it is empty."""
        repository = self.find_repository(request.name)
        if repository is None:
            return await super().answer(request, receive)
        tags, repository.tags = repository.tags, {}
        try:
            return await super().answer(request, receive)
        finally:
            repository.tags = tags


BAD_RACES: tuple[Defect, ...] = (
    Defect("tag-index-written-back", "loses one of two tags that are pushed at the same time",
        ("OCI-RACE-02",), TagIndexWrittenBack, "zot#4337", kind="C"),
    Defect("manifests-written-back", "loses one of two manifests pushed at the same time",
        ("OCI-RACE-03", "OCI-RACE-02"), ManifestsWrittenBack, "zot#4337", kind="C"),
    Defect("tags-collected-first", "deletes with a manifest the tag that was moved from it",
        ("OCI-RACE-02",), TagsCollectedFirst, "distribution#3191", kind="C"),
    Defect("referrers-written-back", "loses one of two referrers pushed at the same time",
        ("OCI-RACE-08",), ReferrersIndexWrittenBack, "zot#4337", kind="C"),
    Defect("tag-before-manifest", "does not find a tag while it is moved",
        ("OCI-RACE-04",), TagBeforeManifest, kind="C"),
    Defect("tag-replaced", "removes a tag before it sets it anew",
        ("OCI-RACE-04",), TagReplaced, "nora#653", kind="C"),
    Defect("headers-of-another", "serves the body of one manifest with the headers of another",
        ("OCI-RACE-04",), HeadersLookedUpAgain, "distribution#2395", kind="C"),
    Defect("staged-under-one-name", "stores a manifest under the digest of another",
        ("OCI-RACE-04",), StagedUnderOneName, "nexus-public#1016", kind="C"),
    Defect("offset-checked-first", "takes two chunks for the same offset",
        ("OCI-RACE-06",), OffsetCheckedFirst, "Floundr#1", kind="C"),
    Defect("chunk-written-back", "acknowledges two chunks and keeps the later",
        ("OCI-RACE-06",), ChunkWrittenBack, "containers-roadmap#2831", kind="C"),
    Defect("finished-twice", "fails where an upload is finished twice at the same time",
        ("OCI-RACE-01",), FinishedTwice, "pulp#1212", kind="C"),
    Defect("cancelled-while-finished", "removes the blob of an upload that is being cancelled",
        ("OCI-RACE-05",), CancelledWhileFinished, kind="C"),
    Defect("duplicate-removed", "loses a blob that is pushed twice at the same time",
        ("OCI-RACE-05",), DuplicateRemoved, "zot#4337", kind="C"),
    Defect("mount-linked-later", "loses a mounted blob whose source is deleted meanwhile",
        ("OCI-RACE-05",), MountLinkedLater, kind="C"),
    Defect("deleted-twice", "fails where a manifest is deleted twice at the same time",
        ("OCI-RACE-01",), DeletedTwice, "distribution#3191", kind="C"),
    Defect("new-tags-dangle", "lists a tag that was pushed while its manifest was deleted",
        ("OCI-RACE-07",), NewTagsDangle, "distribution#3191", kind="C"),
    Defect("list-rebuilt", "lists no tags while one is pushed",
        ("OCI-RACE-09",), ListRebuilt, kind="C"),
)  # fmt: skip
