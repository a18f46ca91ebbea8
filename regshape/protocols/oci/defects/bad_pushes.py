"""Faults in pushing manifests, their subjects and their tags."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from http import HTTPStatus

from regshape.formats import digest as digests
from regshape.model import Defect
from regshape.protocols.oci.models import IMAGE_INDEX, ErrorCode
from regshape.protocols.oci.reference import (
    Answer,
    Incoming,
    Reference,
    RefusedError,
    StoredManifest,
)
from regshape.protocols.oci.reference.documents import Document

MEBIBYTE = 1024 * 1024


class SubjectRequired(Reference):
    """Takes a subject for one more descriptor that has to be there."""

    def missing_references(self, name: str, document: Document) -> Iterator[str]:
        """Yield the subject too."""
        yield from super().missing_references(name, document)
        subject = self.subject(document)
        if subject is not None and self.find_manifest(name, subject) is None:
            yield subject


class SubjectRefused(Reference):
    """Validates manifests against a schema that is older than `subject`."""

    def flaw_of_type(self, document: Document, media_type: str) -> str | None:
        """Refuse a field that it does not know."""
        if "subject" in document:
            raise self.refusal(HTTPStatus.METHOD_NOT_ALLOWED, ErrorCode.UNSUPPORTED, "subject")
        return super().flaw_of_type(document, media_type)


class MissingPartsMiscoded(Reference):
    """Refuses a manifest for a missing layer with the code of a missing manifest."""

    def check_references(self, name: str, document: Document) -> None:
        """Refuse with the code of a pull."""
        for digest in self.missing_references(name, document):
            raise self.manifest_unknown(digest)


class ParametersKept(Reference):
    """Compares the whole Content-Type with the types that it supports."""

    def decide_content_type(self, header: str | None, document: Document) -> str:
        """Return the header as it came."""
        return header or super().decide_content_type(header, document)


class EmptyListRefused(Reference):
    """Tells an absent list from an empty one by its truth."""

    def flaw_of_shape(self, document: Document, *, is_index: bool) -> str | None:
        """Find no list where it is empty."""
        own = "manifests" if is_index else "layers"
        if not document.get(own):
            return f"{own} is missing"
        return super().flaw_of_shape(document, is_index=is_index)


class ManifestRewritten(Reference):
    """Stores what it parsed, written once more."""

    def stored_manifest(
        self, digest: str, content: bytes, media_type: str, document: Document
    ) -> StoredManifest:
        """Return the manifest with other bytes."""
        content = json.dumps(document, separators=(",", ":")).encode()
        return super().stored_manifest(digest, content, media_type, document)


class PushWithoutLocation(Reference):
    """Acknowledges a manifest without saying where it is."""

    def created_manifest(
        self, request: Incoming, manifest: StoredManifest, tags: Sequence[str]
    ) -> Answer:
        """Answer without Location."""
        answer = super().created_manifest(request, manifest, tags)
        headers = {key: value for key, value in answer.headers.items() if key != "Location"}
        return replace(answer, headers=headers)


class PushLocationWithoutName(Reference):
    """Puts the Location of a manifest together without the repository."""

    def created_manifest(
        self, request: Incoming, manifest: StoredManifest, tags: Sequence[str]
    ) -> Answer:
        """Answer with a path that leads nowhere."""
        answer = super().created_manifest(request, manifest, tags)
        where = f"/v2/manifests/{manifest.digest}"
        return replace(answer, headers={**answer.headers, "Location": where})


class PushAnswersOldDigest(Reference):
    """Reads the digest of a tag for the answer before the push moves the tag."""

    def put_manifest(self, request: Incoming) -> Answer:
        """Answer with the digest of what the tag named before."""
        before = self.find_manifest(request.name, request.reference)
        answer = super().put_manifest(request)
        if before is None:
            return answer
        return replace(answer, headers={**answer.headers, "Docker-Content-Digest": before.digest})


class PushAnswersOtherAlgorithm(Reference):
    """Answers every push with a sha256 digest, whatever the client computed."""

    def created_manifest(
        self, request: Incoming, manifest: StoredManifest, tags: Sequence[str]
    ) -> Answer:
        """Compute the digest once more."""
        answer = super().created_manifest(request, manifest, tags)
        digest = digests.compute(manifest.content)
        return replace(answer, headers={**answer.headers, "Docker-Content-Digest": digest})


class ManifestUnverified(Reference):
    """Stores a manifest under whatever digest the client claims."""

    def digest_of_push(self, reference: str, content: bytes) -> str:
        """Trust the client."""
        return reference if self.is_digest(reference) else digests.compute(content)


class RefusedManifestKept(Reference):
    """Stores a manifest under its own digest before it compares that with the one it came under."""

    def put_manifest(self, request: Incoming) -> Answer:
        """Write first, and refuse then."""
        digest = digests.compute(request.body)
        if self.is_digest(request.reference):
            kept = StoredManifest(digest, request.body, IMAGE_INDEX)
            self.store_manifest(request.name, kept, [])
        return super().put_manifest(request)


class RefusedPushTags(Reference):
    """Points the tag at a manifest before it looks whether the manifest is whole."""

    def put_manifest(self, request: Incoming) -> Answer:
        """Tag first, and refuse then."""
        if self.is_legal_tag(request.reference):
            digest = digests.compute(request.body)
            kept = StoredManifest(digest, request.body, IMAGE_INDEX)
            self.store_manifest(request.name, kept, [request.reference])
        return super().put_manifest(request)


class RefusedPushUntags(Reference):
    """Removes the tag to make room for the new manifest, which is then refused."""

    def put_manifest(self, request: Incoming) -> Answer:
        """Lose the tag where the push fails."""
        try:
            return super().put_manifest(request)
        except RefusedError:
            self.remove_tag(request.name, request.reference)
            raise


class FewTagsTaken(Reference):
    """Takes the first five tags of a push and says nothing of the others."""

    def wanted_tags(self, reference: str, given: Sequence[str]) -> list[str]:
        """Return at most five tags."""
        return super().wanted_tags(reference, given)[:5]


class LargeManifestIs400(Reference):
    """Refuses a manifest over the limit as if it were broken."""

    def body_limit(self, request: Incoming) -> int:
        """Read more than the limit, so as to answer in its own words."""
        return super().body_limit(request) * 16

    def read_manifest(self, request: Incoming) -> StoredManifest:
        """Refuse with 400 what is too large."""
        if len(request.body) > self.options.max_manifest:
            raise self.manifest_invalid("the manifest is too large")
        return super().read_manifest(request)


class ManifestLimitLow(Reference):
    """Allows manifests of one mebibyte."""

    def body_limit(self, request: Incoming) -> int:
        """Return the limit of any other document."""
        return min(super().body_limit(request), MEBIBYTE)


class TypesCompared(Reference):
    """Asserts that Content-Type and mediaType agree where it should refuse."""

    def flaw_of_type(self, document: Document, media_type: str) -> str | None:
        """Fail where they do not."""
        if document.get("mediaType", media_type) != media_type:
            raise ValueError(media_type)
        return super().flaw_of_type(document, media_type)


class SubjectUnanswered(Reference):
    """Lists referrers, and never says that it does."""

    def subject_headers(self, manifest: StoredManifest) -> dict[str, str]:
        """Return no OCI-Subject."""
        del manifest
        return {}


class SubjectAnsweredWithSelf(Reference):
    """Answers with the digest of the manifest where that of its subject is due."""

    def subject_headers(self, manifest: StoredManifest) -> dict[str, str]:
        """Return the wrong digest."""
        return dict.fromkeys(super().subject_headers(manifest), manifest.digest)


BAD_PUSHES: tuple[Defect, ...] = (
    Defect(
        "subject-required",
        "refuses a manifest whose subject is not there yet",
        ("OCI-PUSH-01",),
        SubjectRequired,
        kind="S",
    ),
    Defect(
        "subject-refused",
        "refuses every manifest that has a subject",
        ("OCI-PUSH-01",),
        SubjectRefused,
        "containers-roadmap#2783",
        kind="S",
    ),
    Defect(
        "missing-parts-miscoded",
        "refuses a manifest for a missing part with MANIFEST_UNKNOWN",
        ("OCI-PUSH-03",),
        MissingPartsMiscoded,
        kind="S",
    ),
    Defect(
        "parameters-kept",
        "refuses a Content-Type that has parameters",
        ("OCI-MAN-01",),
        ParametersKept,
        kind="S",
    ),
    Defect(
        "empty-list-refused",
        "refuses a manifest whose list is empty",
        ("OCI-MAN-02",),
        EmptyListRefused,
        "docker-adapter#356",
        kind="S",
    ),
    Defect(
        "manifest-rewritten",
        "stores a manifest in other bytes than it was pushed in",
        ("OCI-MAN-03", "OCI-PULL-03"),
        ManifestRewritten,
        kind="D",
    ),
    Defect(
        "push-without-location",
        "does not say where a pushed manifest is",
        ("OCI-MAN-04",),
        PushWithoutLocation,
        kind="S",
    ),
    Defect(
        "push-location-without-name",
        "says that a pushed manifest is where it is not",
        ("OCI-MAN-04",),
        PushLocationWithoutName,
        kind="Q",
    ),
    Defect(
        "push-answers-old-digest",
        "answers a push with the digest of what the tag named before",
        ("OCI-MAN-05",),
        PushAnswersOldDigest,
        kind="Q",
    ),
    Defect(
        "push-answers-other-algorithm",
        "answers a push by sha512 with a sha256 digest",
        ("OCI-MAN-05",),
        PushAnswersOtherAlgorithm,
        kind="S",
    ),
    Defect(
        "manifest-unverified",
        "stores a manifest under a digest that is not its own",
        ("OCI-MAN-06", "OCI-PULL-03"),
        ManifestUnverified,
        "nexspence#194",
        kind="S",
    ),
    Defect(
        "refused-manifest-kept",
        "keeps a manifest that it refused for its digest",
        ("OCI-MAN-06",),
        RefusedManifestKept,
        kind="Q",
    ),
    Defect(
        "refused-push-tags",
        "points a tag at a manifest that it refused",
        ("OCI-MAN-12",),
        RefusedPushTags,
        kind="Q",
    ),
    Defect(
        "refused-push-untags",
        "loses a tag over a push that it refused",
        ("OCI-MAN-12",),
        RefusedPushUntags,
        kind="Q",
    ),
    Defect(
        "few-tags-taken",
        "takes five tags of one push and drops the rest",
        ("OCI-MAN-07",),
        FewTagsTaken,
        kind="S",
    ),
    Defect(
        "large-manifest-400",
        "answers a manifest over its limit with 400",
        ("OCI-MAN-09",),
        LargeManifestIs400,
        "distribution#2340",
        kind="S",
    ),
    Defect(
        "manifest-limit-low",
        "refuses a manifest of four megabytes",
        ("OCI-MAN-10",),
        ManifestLimitLow,
        kind="S",
    ),
    Defect(
        "types-compared",
        "fails where Content-Type and mediaType disagree",
        ("OCI-MAN-11", "HTTP-03"),
        TypesCompared,
        kind="S",
    ),
    Defect(
        "subject-unanswered",
        "does not say that it knows a subject",
        ("OCI-SUB-01",),
        SubjectUnanswered,
        kind="S",
    ),
    Defect(
        "subject-answered-with-self",
        "names the manifest itself as its subject",
        ("OCI-SUB-01",),
        SubjectAnsweredWithSelf,
        kind="S",
    ),
)
