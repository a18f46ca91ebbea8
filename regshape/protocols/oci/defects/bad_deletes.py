"""Faults in deleting tags, manifests and blobs."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

from regshape.model import Defect
from regshape.protocols.oci.reference import (
    Answer,
    Incoming,
    Reference,
    ReferenceOptions,
    StoredManifest,
)


class MissingDeleted(Reference):
    """Deletes whatever is asked for in a repository that is not there."""

    def delete_manifest(self, request: Incoming) -> Answer:
        """Answer DELETE in a repository that is not there with 202."""
        if self.find_repository(request.name) is None:
            self.check_pulled_reference(request.reference)
            return Answer(HTTPStatus.ACCEPTED)
        return super().delete_manifest(request)


class UntagNoContent(Reference):
    """Answers DELETE of a tag as any other REST API would."""

    def delete_manifest(self, request: Incoming) -> Answer:
        """Answer DELETE of a tag with 204."""
        answer = super().delete_manifest(request)
        if self.is_digest(request.reference):
            return answer
        return Answer(HTTPStatus.NO_CONTENT)


class UntaggedStillServed(Reference):
    """Remembers which manifest a tag named when it was pulled, and forgets only on a push."""

    def __init__(self, options: ReferenceOptions | None = None) -> None:
        """Start with nothing remembered."""
        super().__init__(options)
        self.pulled: dict[tuple[str, str], str] = {}

    def set_tag(self, name: str, tag: str, digest: str) -> None:
        """Point a tag at a manifest, and forget what it named before."""
        self.pulled.pop((name, tag), None)
        super().set_tag(name, tag, digest)

    def get_manifest(self, request: Incoming) -> Answer:
        """Answer GET of a tag with the manifest that it named when it was pulled."""
        tag = (request.name, request.reference)
        found = self.find_manifest(*tag)
        if found is not None and not self.is_digest(request.reference):
            self.pulled[tag] = found.digest
        return super().get_manifest(replace(request, reference=self.pulled.get(tag, tag[1])))


class SiblingsUntagged(Reference):
    """Deletes a tag by deleting all tags of its manifest."""

    def remove_tag(self, name: str, tag: str) -> bool:
        """Remove a tag, and those that name the same manifest."""
        manifest = self.find_manifest(name, tag)
        for sibling in [] if manifest is None else self.tags_of(name, manifest.digest):
            super().remove_tag(name, sibling)
        return manifest is not None


class UntagDeletesManifest(Reference):
    """Deletes the manifest with its tag."""

    def remove_tag(self, name: str, tag: str) -> bool:
        """Remove a tag and what it names."""
        manifest = self.find_manifest(name, tag)
        removed = super().remove_tag(name, tag)
        if manifest is not None:
            self.remove_manifest(name, manifest.digest)
        return removed


class TaggedKept(Reference):
    """Refuses to delete a manifest that has a tag."""

    def remove_manifest(self, name: str, digest: str) -> bool:
        """Remove a manifest, or refuse it where a tag names it."""
        if self.tags_of(name, digest):
            raise self.manifest_invalid("the manifest has a tag")
        return super().remove_manifest(name, digest)


class TagOutlivesManifest(Reference):
    """Keeps a manifest under each of its tags, and deletes the one under its digest."""

    def __init__(self, options: ReferenceOptions | None = None) -> None:
        """Start with no tags."""
        super().__init__(options)
        self.tagged: dict[tuple[str, str], StoredManifest] = {}

    def set_tag(self, name: str, tag: str, digest: str) -> None:
        """Keep the manifest under a tag."""
        super().set_tag(name, tag, digest)
        self.tagged[name, tag] = self.make_repository(name).manifests[digest]

    def remove_tag(self, name: str, tag: str) -> bool:
        """Remove a tag and the manifest under it."""
        removed = super().remove_tag(name, tag)
        return self.tagged.pop((name, tag), None) is not None or removed

    def tags_of(self, name: str, digest: str) -> list[str]:
        """Return that a manifest has no tags: they are kept apart."""
        return []

    def find_manifest(self, name: str, reference: str) -> StoredManifest | None:
        """Return the manifest under a tag or digest, or None."""
        if self.is_digest(reference):
            return super().find_manifest(name, reference)
        return self.tagged.get((name, reference))


class TagsDangle(Reference):
    """Deletes a manifest, and leaves its tags pointing nowhere."""

    def tags_of(self, name: str, digest: str) -> list[str]:
        """Return no tags: the one who asks is about to delete them."""
        return []


class EmptyBlobKept(Reference):
    """Takes a blob without bytes for none when it is to be deleted."""

    def remove_blob(self, name: str, digest: str) -> bool:
        """Remove a blob; return whether it was there."""
        return bool(self.find_blob(name, digest)) and super().remove_blob(name, digest)


class DeletedBlobCached(Reference):
    """Clears what a cache knows of a blob on DELETE, but not which repositories have seen it."""

    def __init__(self, options: ReferenceOptions | None = None) -> None:
        """Start with empty caches."""
        super().__init__(options)
        self.descriptors: dict[str, bytes] = {}
        self.linked: set[tuple[str, str]] = set()

    def find_blob(self, name: str, digest: str) -> bytes | None:
        """Return the content of a blob, from the caches if these know it."""
        if (name, digest) in self.linked and digest in self.descriptors:
            return self.descriptors[digest]
        content = super().find_blob(name, digest)
        if content is not None:
            self.linked.add((name, digest))
            self.descriptors[digest] = content
        return content

    def remove_blob(self, name: str, digest: str) -> bool:
        """Remove a blob from this repository, and its content from the cache."""
        self.descriptors.pop(digest, None)
        return super().remove_blob(name, digest)


class BlobDeletedLater(Reference):
    """Marks a blob for the next collection of garbage, and serves it until then."""

    def remove_blob(self, name: str, digest: str) -> bool:
        """Return whether the blob is there."""
        return self.find_blob(name, digest) is not None


class MissingBlobDeleted(Reference):
    """Deletes blobs as files, with the option that says nothing of those that are not there."""

    def remove_blob(self, name: str, digest: str) -> bool:
        """Remove a blob, if it is there."""
        super().remove_blob(name, digest)
        return True


class DisabledNotFound(Reference):
    """Takes the route of DELETE away where deletion is disabled."""

    def delete_blob(self, request: Incoming) -> Answer:
        """Answer DELETE of a blob as a route that is not there."""
        if not self.options.delete:
            raise self.not_found()
        return super().delete_blob(request)


class BlobDeletedEverywhere(Reference):
    """Deletes a blob from the store that all repositories share."""

    def remove_blob(self, name: str, digest: str) -> bool:
        """Remove a blob from every repository."""
        removed = super().remove_blob(name, digest)
        for repository in list(self.store.repositories):
            super().remove_blob(repository, digest)
        return removed


class MountByReference(Reference):
    """Mounts a blob by noting where it is, and loses it with its source."""

    def __init__(self, options: ReferenceOptions | None = None) -> None:
        """Start without mounts."""
        super().__init__(options)
        self.sources: dict[tuple[str, str], str] = {}

    def mount(self, source: str, name: str, digest: str) -> bool:
        """Note where a blob is mounted from."""
        if source != name and self.find_blob(source, digest) is not None:
            self.sources[name, digest] = source
        return super().mount(source, name, digest)

    def remove_blob(self, name: str, digest: str) -> bool:
        """Remove a blob, or the note of where it is."""
        self.sources.pop((name, digest), None)
        return super().remove_blob(name, digest)

    def find_blob(self, name: str, digest: str) -> bytes | None:
        """Return the content of a blob, from where it was mounted."""
        content = super().find_blob(name, digest)
        source = self.sources.get((name, digest))
        return content if source is None else super().find_blob(source, digest)


BAD_DELETES: tuple[Defect, ...] = (
    Defect("missing-deleted", "answers 202 to a DELETE in a repository that is not there",
        ("OCI-DEL-05",), MissingDeleted, kind="S"),
    Defect("untag-no-content", "answers 204 to a DELETE of a tag",
        ("OCI-DEL-01",), UntagNoContent, kind="S"),
    Defect("untagged-still-served", "serves a deleted tag that was pulled before",
        ("OCI-DEL-02",), UntaggedStillServed, kind="Q"),
    Defect("siblings-untagged", "deletes the other tags of a manifest, too",
        ("OCI-DEL-03",), SiblingsUntagged, "artifact-keeper#1776", kind="Q"),
    Defect("untag-deletes-manifest", "deletes a manifest with its tag",
        ("OCI-DEL-03",), UntagDeletesManifest, kind="Q"),
    Defect("tagged-kept", "refuses to delete a manifest that has a tag",
        ("OCI-DEL-04",), TaggedKept, kind="Q"),
    Defect("tag-outlives-manifest", "serves a deleted manifest by its tag",
        ("OCI-DEL-06",), TagOutlivesManifest, kind="Q"),
    Defect("tags-dangle", "lists the tags of a deleted manifest",
        ("OCI-TAGS-09",), TagsDangle, "distribution#3191", kind="Q"),
    Defect("empty-blob-kept", "does not delete a blob without bytes",
        ("OCI-DEL-07",), EmptyBlobKept, kind="Q"),
    Defect("deleted-blob-cached", "serves a deleted blob once it was read elsewhere",
        ("OCI-DEL-12",), DeletedBlobCached, "CVE-2026-35172", kind="Q"),
    Defect("blob-deleted-later", "serves a blob after its DELETE",
        ("OCI-DEL-12",), BlobDeletedLater, kind="Q"),
    Defect("missing-blob-deleted", "answers 202 to a DELETE of a blob that is not there",
        ("OCI-DEL-08",), MissingBlobDeleted, kind="S"),
    Defect("disabled-not-found", "answers 404 where deletion is disabled",
        ("OCI-DEL-09",), DisabledNotFound, kind="S"),
    Defect("blob-deleted-everywhere", "deletes a blob from all repositories",
        ("OCI-DEL-10",), BlobDeletedEverywhere, kind="A"),
    Defect("mount-by-reference", "loses a mounted blob with its source",
        ("OCI-DEL-10",), MountByReference, kind="Q"),
)  # fmt: skip
