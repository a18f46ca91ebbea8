"""Faults in HEAD of manifests and blobs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus

from regshape.model import Defect
from regshape.protocols.oci.reference import Answer, Incoming, Reference


def _without(headers: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in names}


class HeadByDigestOnly(Reference):
    """Resolves tags in GET, and forgets to do so in HEAD."""

    def get_manifest(self, request: Incoming) -> Answer:
        """Answer HEAD of a tag as if it were not there."""
        if request.method == "HEAD" and not self.is_digest(request.reference):
            raise self.manifest_unknown(request.reference)
        return super().get_manifest(request)


class HeadWithoutDigest(Reference):
    """Adds the digest where it writes the body, and so not on HEAD."""

    def finish(self, answer: Answer, request: Incoming) -> Answer:
        """Return the answer with its framing, and on HEAD without its digest."""
        finished = super().finish(answer, request)
        if request.method != "HEAD":
            return finished
        return replace(finished, headers=_without(finished.headers, "Docker-Content-Digest"))


class HeadCountsNothing(Reference):
    """Takes the body of an answer to HEAD off first, and counts what is left then."""

    def finish(self, answer: Answer, request: Incoming) -> Answer:
        """Return the answer with its framing."""
        if request.method == "HEAD":
            answer = replace(answer, body=b"")
        return super().finish(answer, request)


class HeadManifestUnsized(Reference):
    """Streams manifests, and so does not know their size on HEAD."""

    def finish(self, answer: Answer, request: Incoming) -> Answer:
        """Return the answer with its framing, but for HEAD of a manifest."""
        finished = super().finish(answer, request)
        if request.method != "HEAD" or request.route != "manifest":
            return finished
        return replace(finished, headers=_without(finished.headers, "Content-Length"))


class HeadFindsEverything(Reference):
    """Answers HEAD of a blob before it asks whether the blob is there."""

    def get_blob(self, request: Incoming) -> Answer:
        """Answer HEAD of whatever has a digest with 200."""
        if request.method == "HEAD" and self.find_blob(request.name, request.reference) is None:
            self.check_digest(request.reference)
            return Answer(HTTPStatus.OK, self.blob_headers(request.reference))
        return super().get_blob(request)


class HeadInParts(Reference):
    """Applies Range to HEAD, too."""

    def blob_answer(self, request: Incoming, content: bytes, headers: dict[str, str]) -> Answer:
        """Return the whole blob or a part, whatever the method."""
        return super().blob_answer(replace(request, method="GET"), content, headers)


class HeadOfOctets(Reference):
    """Answers HEAD of a manifest as it does that of a blob."""

    def get_manifest(self, request: Incoming) -> Answer:
        """Answer HEAD with the type of blobs."""
        answer = super().get_manifest(request)
        if request.method == "GET":
            return answer
        return replace(
            answer, headers={**answer.headers, "Content-Type": "application/octet-stream"}
        )


BAD_HEADS: tuple[Defect, ...] = (
    Defect("head-by-digest-only", "answers HEAD of a tag with 404",
        ("OCI-HEAD-01",), HeadByDigestOnly, "nexus (registry-cli#14)", kind="D"),
    Defect("head-without-digest", "sends no digest on HEAD",
        ("OCI-HEAD-02",), HeadWithoutDigest, kind="D"),
    Defect("head-counts-nothing", "says on HEAD that the length is 0",
        ("OCI-HEAD-03",), HeadCountsNothing, "nora#337", kind="D"),
    Defect("head-manifest-unsized", "sends no Content-Length on HEAD of a manifest",
        ("OCI-HEAD-03",), HeadManifestUnsized, "harbor#13740", kind="D"),
    Defect("head-finds-everything", "answers HEAD of a blob that is not there with 200",
        ("OCI-HEAD-04",), HeadFindsEverything, kind="D"),
    Defect("head-in-parts", "answers HEAD with Range with 206",
        ("OCI-HEAD-05",), HeadInParts, "spegel#660", kind="D"),
    Defect("head-of-octets", "answers HEAD of a manifest with the type of blobs",
        ("OCI-HEAD-05",), HeadOfOctets, kind="D"),
)  # fmt: skip
