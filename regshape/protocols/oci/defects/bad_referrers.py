"""Faults in listing referrers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from regshape.model import Defect
from regshape.protocols.oci.models import IMAGE_MANIFEST, ErrorCode
from regshape.protocols.oci.reference import (
    Answer,
    Incoming,
    Reference,
    ReferenceOptions,
    StoredManifest,
)
from regshape.protocols.oci.reference.documents import Document


class BadSubjectNotFound(Reference):
    """Looks a subject up before it asks whether it is a digest."""

    def get_referrers(self, request: Incoming) -> Answer:
        """Answer GET of the referrers of what is no digest with 404."""
        digest = request.reference.partition(":")[2]
        if not digest.isalnum() or len(digest) not in (64, 128):
            raise self.manifest_unknown(request.reference)
        return super().get_referrers(request)


class SubjectAnsweredAlone(Reference):
    """Sends OCI-Subject, though the API that it stands for is not there yet."""

    def get_referrers(self, request: Incoming) -> Answer:
        """Answer GET of referrers as a route that is not there."""
        del request
        raise self.not_found()


class UnreferredNotFound(Reference):
    """Takes a manifest without referrers for one whose referrers are not known."""

    def referrers_of(self, name: str, digest: str) -> list[StoredManifest]:
        """Return the referrers of a digest; there has to be one of a manifest that is here."""
        found = super().referrers_of(name, digest)
        if not found and self.find_manifest(name, digest) is not None:
            raise self.refusal(HTTPStatus.NOT_FOUND, ErrorCode.MANIFEST_UNKNOWN, "no referrers")
        return found


class ReferrersAsJson(Reference):
    """Sends the list of referrers with the type of any JSON."""

    def get_referrers(self, request: Incoming) -> Answer:
        """Answer GET of the referrers."""
        answer = super().get_referrers(request)
        return replace(answer, headers={**answer.headers, "Content-Type": "application/json"})


class ReferrersOfAll(Reference):
    """Keeps one list of referrers for all repositories."""

    def referrers_of(self, name: str, digest: str) -> list[StoredManifest]:
        """Return the referrers of a digest, in whichever repository they are."""
        del name
        found: list[StoredManifest] = []
        for repository in self.store.repositories:
            found += super().referrers_of(repository, digest)
        return sorted(found, key=lambda manifest: manifest.digest)


class OneReferrerEach(Reference):
    """Keeps one referrer for each subject and artifact type: the last one."""

    def referrers_of(self, name: str, digest: str) -> list[StoredManifest]:
        """Return the referrers of a digest, one of each type."""
        found = super().referrers_of(name, digest)
        return list({manifest.artifact_type: manifest for manifest in found}.values())


class IndexTypedByItself(Reference):
    """Lists an index without artifactType with its media type."""

    def artifact_type(self, document: Document, media_type: str) -> str | None:
        """Return the artifact type of a referrer."""
        return super().artifact_type(document, media_type) or media_type


class ConfigTypeForgotten(Reference):
    """Lists an image without artifactType as one without a type."""

    def artifact_type(self, document: Document, media_type: str) -> str | None:
        """Return the artifact type that a referrer says that it has."""
        own: str | None = document.get("artifactType")
        del media_type
        return own


class AnnotationsLeftOut(Reference):
    """Lists referrers without their annotations."""

    def referrer(self, manifest: StoredManifest) -> dict[str, Any]:
        """Return the descriptor of a referrer."""
        return super().referrer(replace(manifest, annotations=None))


class SizeOfSubject(Reference):
    """Lists referrers with the size that their subject descriptor has."""

    def referrer(self, manifest: StoredManifest) -> dict[str, Any]:
        """Return the descriptor of a referrer."""
        subject = json.loads(manifest.content)["subject"]
        return {**super().referrer(manifest), "size": subject["size"]}


class ReferrersAsImages(Reference):
    """Lists every referrer as an image manifest, as most of them are."""

    def referrer(self, manifest: StoredManifest) -> dict[str, Any]:
        """Return the descriptor of a referrer."""
        return {**super().referrer(manifest), "mediaType": IMAGE_MANIFEST}


class ReferrersNull(Reference):
    """Lists no referrers as null, as a slice that was never made."""

    def referrers_index(self, page: Iterable[StoredManifest]) -> dict[str, Any]:
        """Return the index that lists referrers."""
        index = super().referrers_index(page)
        return {**index, "manifests": index["manifests"] or None}


class ReferrersLinkedWrong(Reference):
    """Lists one referrer a page, and links to the next page without a relation type."""

    def referrer_page(self, listed: Sequence[StoredManifest], cursor: str) -> list[StoredManifest]:
        """Return the first referrer after the cursor."""
        return super().referrer_page(listed, cursor)[:1]

    def link(self, path: str, *parameters: tuple[str, str]) -> str:
        """Return a Link with a parameter that is none of RFC 8288."""
        return super().link(path, *parameters).replace("rel=", "page=")


class ReferrersUnlinked(Reference):
    """Lists one referrer a page, and forgets to link to the next page."""

    def referrer_page(self, listed: Sequence[StoredManifest], cursor: str) -> list[StoredManifest]:
        """Return the first referrer after the cursor."""
        return super().referrer_page(listed, cursor)[:1]

    def get_referrers(self, request: Incoming) -> Answer:
        """Answer GET of the referrers without a Link."""
        answer = super().get_referrers(request)
        headers = {name: value for name, value in answer.headers.items() if name != "Link"}
        return replace(answer, headers=headers)


class FilterIgnored(Reference):
    """Ignores the artifactType that is asked for."""

    def wanted_types(self, request: Incoming) -> list[str]:
        """Return that all types are asked for."""
        del request
        return []


class FilterUntold(Reference):
    """Applies the filter, and does not say so."""

    def filter_headers(self, wanted: Sequence[str]) -> dict[str, str]:
        """Return no headers."""
        del wanted
        return {}


class FilterNotApplied(Reference):
    """Says that it applied a filter, and did not."""

    def filter_referrers(
        self, found: Sequence[StoredManifest], wanted: Sequence[str]
    ) -> list[StoredManifest]:
        """Return all referrers."""
        del wanted
        return list(found)


class DeletedReferrerListed(Reference):
    """Keeps the referrers of a subject in an index of its own, and does not clean it up."""

    def __init__(self, options: ReferenceOptions | None = None) -> None:
        """Start with an empty index."""
        super().__init__(options)
        self.index: dict[tuple[str, str], dict[str, StoredManifest]] = {}

    def store_manifest(self, name: str, manifest: StoredManifest, tags: Sequence[str]) -> None:
        """Keep a manifest, and add it to the index."""
        super().store_manifest(name, manifest, tags)
        if manifest.subject is not None:
            listed = self.index.setdefault((name, manifest.subject), {})
            listed[manifest.digest] = manifest

    def referrers_of(self, name: str, digest: str) -> list[StoredManifest]:
        """Return the referrers of a digest from the index."""
        listed: Mapping[str, StoredManifest] = self.index.get((name, digest), {})
        return [listed[key] for key in sorted(listed)]


class EmptyRepositoryNoContent(Reference):
    """Answers that there is no content where there is no repository to have referrers."""

    def get_referrers(self, request: Incoming) -> Answer:
        """Answer GET of the referrers, with 204 in a repository that is not there."""
        answer = super().get_referrers(request)
        if self.find_repository(request.name) is not None:
            return answer
        return Answer(HTTPStatus.NO_CONTENT)


BAD_REFERRERS: tuple[Defect, ...] = (
    Defect("bad-subject-not-found", "answers 404 for referrers of what is no digest",
        ("OCI-RFR-02",), BadSubjectNotFound, "quay#3071", kind="S"),
    Defect("subject-answered-alone", "sends OCI-Subject without the referrers API",
        ("OCI-SUB-02",), SubjectAnsweredAlone, "Docker Hub", kind="Q"),
    Defect("unreferred-not-found", "answers 404 for a manifest without referrers",
        ("OCI-RFR-01",), UnreferredNotFound, "artifactory (go-containerregistry#1962)", kind="S"),
    Defect("referrers-as-json", "sends the list of referrers as application/json",
        ("OCI-RFR-03",), ReferrersAsJson, kind="S"),
    Defect("referrers-of-all", "lists the referrers of other repositories",
        ("OCI-RFR-04",), ReferrersOfAll, kind="A"),
    Defect("one-referrer-each", "lists one referrer of each type",
        ("OCI-RFR-04",), OneReferrerEach, kind="Q"),
    Defect("referrers-unlinked", "lists the first page of referrers without a Link",
        ("OCI-RFR-04",), ReferrersUnlinked, kind="Q"),
    Defect("index-typed-by-itself", "lists an index with its media type as artifactType",
        ("OCI-RFR-05",), IndexTypedByItself, kind="Q"),
    Defect("config-type-forgotten", "lists an image without the type of its config",
        ("OCI-RFR-05",), ConfigTypeForgotten, kind="Q"),
    Defect("annotations-left-out", "lists referrers without annotations",
        ("OCI-RFR-06",), AnnotationsLeftOut, kind="Q"),
    Defect("size-of-subject", "lists referrers with the size of their subject",
        ("OCI-RFR-04",), SizeOfSubject, kind="Q"),
    Defect("referrers-as-images", "lists every referrer as an image manifest",
        ("OCI-RFR-04",), ReferrersAsImages, kind="Q"),
    Defect("referrers-null", "lists no referrers as null",
        ("OCI-RFR-07",), ReferrersNull, kind="S"),
    Defect("referrers-linked-wrong", "links to the next page of referrers without rel",
        ("OCI-RFR-08", "OCI-RFR-04"), ReferrersLinkedWrong, kind="Q"),
    Defect("filter-ignored", "lists referrers of all types whatever is asked for",
        ("OCI-RFR-09",), FilterIgnored, kind="Q"),
    Defect("filter-not-applied", "claims to have applied a filter",
        ("OCI-RFR-09", "OCI-RFR-04"), FilterNotApplied, kind="Q"),
    Defect("filter-untold", "applies a filter without OCI-Filters-Applied",
        ("OCI-RFR-10",), FilterUntold, kind="S"),
    Defect("deleted-referrer-listed", "lists a referrer that was deleted",
        ("OCI-RFR-13",), DeletedReferrerListed, kind="Q"),
    Defect("empty-repository-no-content", "answers 204 for referrers in an unknown repository",
        ("OCI-API-04",), EmptyRepositoryNoContent, kind="S"),
)  # fmt: skip
