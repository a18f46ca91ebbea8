"""Faults in pulling manifests and blobs by GET."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus

from regshape.model import Defect
from regshape.protocols.oci.models import DOCKER_MANIFEST_LIST, IMAGE_INDEX
from regshape.protocols.oci.reference import (
    Answer,
    Incoming,
    Reference,
    ReferenceOptions,
    StoredManifest,
)
from regshape.protocols.oci.reference.ranges import Slice


def _without(headers: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in names}


# manifests


class RetagDropsOld(Reference):
    """Collects a manifest as garbage as soon as its tag moves on, though its digest is in use."""

    def set_tag(self, name: str, tag: str, digest: str) -> None:
        """Point a tag at a manifest, and remove what it pointed at."""
        repository = self.make_repository(name)
        old = repository.tags.get(tag)
        super().set_tag(name, tag, digest)
        if old not in (None, *repository.tags.values()):
            repository.manifests.pop(str(old), None)


class StaleTag(Reference):
    """Remembers which manifest a tag named when it was first pulled, and never forgets it."""

    def __init__(self, options: ReferenceOptions | None = None) -> None:
        """Start with nothing remembered."""
        super().__init__(options)
        self.resolved: dict[tuple[str, str], str] = {}

    def get_manifest(self, request: Incoming) -> Answer:
        """Answer GET of a tag with the manifest that is remembered, if the tag is there at all."""
        found = self.find_manifest(request.name, request.reference)
        if found is None or self.is_digest(request.reference):
            return super().get_manifest(request)
        digest = self.resolved.setdefault((request.name, request.reference), found.digest)
        return super().get_manifest(replace(request, reference=digest))


class ManifestDigestUntold(Reference):
    """Sends the digest of a manifest on HEAD only, where clients are known to look for it."""

    def get_manifest(self, request: Incoming) -> Answer:
        """Answer GET without Docker-Content-Digest."""
        answer = super().get_manifest(request)
        if request.method == "HEAD":
            return answer
        return replace(answer, headers=_without(answer.headers, "Docker-Content-Digest"))


class ConvertedUnderOldDigest(Reference):
    """Converts an index for clients of old types, and keeps the digest of what was pushed."""

    def get_manifest(self, request: Incoming) -> Answer:
        """Answer with a Docker manifest list where Accept does not name an index."""
        answer = super().get_manifest(request)
        accept = request.header(b"accept") or "*/*"
        if IMAGE_INDEX in accept or "*" in accept:
            return answer
        body = answer.body.replace(IMAGE_INDEX.encode(), DOCKER_MANIFEST_LIST.encode())
        return replace(answer, body=body)


class ManifestTypeGuessed(Reference):
    """Serves every manifest as JSON, because that is what it is."""

    def manifest_headers(self, manifest: StoredManifest) -> dict[str, str]:
        """Return the headers of a manifest with the type of JSON."""
        return {**super().manifest_headers(manifest), "Content-Type": "application/json"}


class ManifestTypeWithCharset(Reference):
    """Lets the web framework add a charset to the type of a manifest."""

    def manifest_headers(self, manifest: StoredManifest) -> dict[str, str]:
        """Return the headers of a manifest with a charset."""
        headers = super().manifest_headers(manifest)
        return {**headers, "Content-Type": f"{manifest.media_type}; charset=utf-8"}


class BlobReadAsManifest(Reference):
    """Looks a digest up among all content of a repository, and parses what it finds."""

    def find_manifest(self, name: str, reference: str) -> StoredManifest | None:
        """Return the manifest, or fail on a blob that is none."""
        found = super().find_manifest(name, reference)
        content = None if found is not None else self.find_blob(name, reference)
        if content is None:
            return found
        document = self.parse_manifest(content) or {}
        return StoredManifest(reference, content, document["mediaType"])


class UnknownTagRefused(Reference):
    """Calls a tag that it does not know a bad request."""

    def get_manifest(self, request: Incoming) -> Answer:
        """Answer GET of a tag that is not there with 400."""
        repository = self.find_repository(request.name)
        known = repository is None or request.reference in repository.tags
        if known or self.is_digest(request.reference) or request.method == "HEAD":
            return super().get_manifest(request)
        raise self.manifest_invalid("no such tag")


class UnknownRepositoryRefused(Reference):
    """Calls a repository that it does not know a bad name."""

    def find_handler(self, request: Incoming) -> str:
        """Return the handler of a request, or refuse a GET in a repository that is not there."""
        handler = super().find_handler(request)
        pulls = handler in {"get_manifest", "get_blob"} and request.method == "GET"
        if pulls and self.find_repository(request.name) is None:
            raise self.name_invalid("no such repository")
        return handler


class AcceptDemanded(Reference):
    """Refuses who does not say what it accepts."""

    def get_manifest(self, request: Incoming) -> Answer:
        """Answer with 406 where there is no Accept."""
        if request.header(b"accept") is None:
            return Answer(HTTPStatus.NOT_ACCEPTABLE)
        return super().get_manifest(request)


class WildcardNotUnderstood(Reference):
    """Looks for its own types in Accept, and for nothing that stands for them."""

    def get_manifest(self, request: Incoming) -> Answer:
        """Answer with 406 where Accept names types, and none is that of the manifest."""
        answer = super().get_manifest(request)
        accept = request.header(b"accept")
        if accept is None or answer.headers["Content-Type"] in accept:
            return answer
        return Answer(HTTPStatus.NOT_ACCEPTABLE)


# blobs


class BlobDoubledByCache(Reference):
    """Fills its cache while it serves a blob, and appends to an entry that is full already."""

    def __init__(self, options: ReferenceOptions | None = None) -> None:
        """Start with an empty cache."""
        super().__init__(options)
        self.cached: dict[str, bytes] = {}

    def get_blob(self, request: Incoming) -> Answer:
        """Answer GET from the cache, and fill it."""
        answer = super().get_blob(request)
        if request.method != "GET" or answer.status != HTTPStatus.OK:
            return answer
        known = self.cached.get(request.reference, b"")
        self.cached[request.reference] = known + answer.body
        return replace(answer, body=known + answer.body)


class EmptyBlobNotFound(Reference):
    """Takes a blob without bytes for no blob."""

    def find_blob(self, name: str, digest: str) -> bytes | None:
        """Return the content of a blob, or None."""
        return super().find_blob(name, digest) or None


class BlobDigestUntold(Reference):
    """Sends the digest of a blob on HEAD only, where clients are known to look for it."""

    def get_blob(self, request: Incoming) -> Answer:
        """Answer GET without Docker-Content-Digest."""
        answer = super().get_blob(request)
        if request.method == "HEAD":
            return answer
        return replace(answer, headers=_without(answer.headers, "Docker-Content-Digest"))


class BlobDigestBare(Reference):
    """Names the hash of a blob without its algorithm."""

    def blob_headers(self, digest: str) -> dict[str, str]:
        """Return the headers of a blob."""
        bare = digest.partition(":")[2]
        return {**super().blob_headers(digest), "Docker-Content-Digest": bare}


class BlobOfAnyRepository(Reference):
    """Serves whatever blob is in the store, whoever asks in whichever repository."""

    def find_blob(self, name: str, digest: str) -> bytes | None:
        """Return the content of a blob of any repository."""
        every = (repository.blobs.get(digest) for repository in self.store.repositories.values())
        return next((content for content in every if content is not None), None)


class UnknownBlobRefused(Reference):
    """Asks the store for the size of a blob first, and calls what has none a bad request."""

    def get_blob(self, request: Incoming) -> Answer:
        """Answer GET of a blob that is not there with 400."""
        self.check_digest(request.reference)
        known = self.find_repository(request.name)
        if known is not None and request.reference not in known.blobs and request.method == "GET":
            raise self.digest_invalid("the blob has no size")
        return super().get_blob(request)


class RangeEndLeftOut(Reference):
    """Slices up to the last position of a range, and so without it."""

    def partial(self, content: bytes, chosen: Slice, headers: dict[str, str]) -> Answer:
        """Return a part of a blob, one byte short."""
        answer = super().partial(content, chosen, headers)
        return replace(answer, body=content[chosen.first : chosen.last])


class RangeAtEndServed(Reference):
    """Compares the first position with the size, and lets it be equal."""

    def select_range(self, positions: tuple[int | None, int | None], size: int) -> Slice | None:
        """Return the bytes that a range covers, none at all where it begins at the end."""
        if positions[0] == size:
            return Slice(size, size - 1)
        return super().select_range(positions, size)


class SuffixFromTheStart(Reference):
    """Reads `-7` as the range from 0 to 7."""

    def select_range(self, positions: tuple[int | None, int | None], size: int) -> Slice | None:
        """Return the bytes that a range covers; where there is no first position it is 0."""
        return super().select_range((positions[0] or 0, positions[1]), size)


BAD_PULLS: tuple[Defect, ...] = (
    Defect("retag-drops-old", "removes a manifest when its tag moves on",
        ("OCI-PULL-01",), RetagDropsOld, "forgejo (docker_assemble note)", kind="Q"),
    Defect("stale-tag", "serves what a tag named when it was first read",
        ("OCI-PULL-01", "OCI-MAN-03"), StaleTag, kind="Q"),
    Defect("manifest-digest-untold", "sends no digest with a manifest",
        ("OCI-PULL-02",), ManifestDigestUntold, kind="S"),
    Defect("converted-under-old-digest", "converts an index and keeps its digest",
        ("OCI-PULL-03",), ConvertedUnderOldDigest, "distribution#2395, quay#220", kind="D"),
    Defect("manifest-type-guessed", "serves every manifest as application/json",
        ("OCI-PULL-04", "OCI-HEAD-05"), ManifestTypeGuessed, kind="D"),
    Defect("manifest-type-with-charset", "adds a charset to a manifest's type",
        ("OCI-PULL-05",), ManifestTypeWithCharset, kind="S"),
    Defect("blob-read-as-manifest", "fails on the digest of a blob where a manifest is asked for",
        ("OCI-PULL-06",), BlobReadAsManifest, "distribution#3122", kind="Q"),
    Defect("unknown-tag-refused", "answers GET of an unknown tag with 400",
        ("OCI-PULL-06",), UnknownTagRefused, kind="S"),
    Defect("unknown-repository-refused", "answers a pull from an unknown repository with 400",
        ("OCI-PULL-07",), UnknownRepositoryRefused, kind="S"),
    Defect("accept-demanded", "answers 406 where there is no Accept",
        ("OCI-NEG-01",), AcceptDemanded, "kwctl#59", kind="S"),
    Defect("wildcard-not-understood", "answers 406 to Accept: */*",
        ("OCI-NEG-01",), WildcardNotUnderstood, "go-containerregistry#1962", kind="S"),
    Defect("blob-doubled-by-cache", "serves a blob twice over when it is read again",
        ("OCI-BLOB-01", "OCI-BLOB-03"), BlobDoubledByCache, "nexus-public#1016", kind="Q"),
    Defect("empty-blob-not-found", "does not find a blob without bytes",
        ("OCI-BLOB-01",), EmptyBlobNotFound, "zot#3642", kind="S"),
    Defect("blob-digest-untold", "sends no digest with a blob",
        ("OCI-BLOB-02",), BlobDigestUntold, kind="S"),
    Defect("blob-digest-bare", "names a blob's hash without its algorithm",
        ("OCI-BLOB-03",), BlobDigestBare, kind="S"),
    Defect("blob-of-any-repository", "serves a blob in repositories that do not have it",
        ("OCI-BLOB-04",), BlobOfAnyRepository, "openshift origin#9755", kind="A"),
    Defect("unknown-blob-refused", "answers GET of an unknown blob with 400",
        ("OCI-BLOB-04",), UnknownBlobRefused, "zot#3642", kind="S"),
    Defect("range-end-left-out", "leaves the last byte of a range out",
        ("OCI-BLOB-05",), RangeEndLeftOut, kind="S"),
    Defect("range-at-end-served", "serves a range that begins where the blob ends",
        ("OCI-BLOB-05",), RangeAtEndServed, "spegel#1422", kind="S"),
    Defect("suffix-from-the-start", "serves the first bytes where the last are asked for",
        ("OCI-BLOB-05",), SuffixFromTheStart, kind="S"),
)  # fmt: skip
