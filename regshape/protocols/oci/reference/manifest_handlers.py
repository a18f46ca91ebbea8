"""Manifests: pulling, pushing and deleting them by tag and by digest (end-3, end-7, end-9)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from http import HTTPStatus

from regshape.formats import digest as digests
from regshape.protocols.oci.models import FOREIGN_LAYER_TYPES, ErrorCode, is_tag
from regshape.protocols.oci.reference.blob_handlers import Blobs
from regshape.protocols.oci.reference.documents import Document, Documents
from regshape.protocols.oci.reference.memory import StoredManifest
from regshape.protocols.oci.reference.messages import Incoming
from regshape.protocols.serving import Answer, RefusedError


class Manifests(Documents, Blobs):
    """The part of the registry that keeps manifests and tags."""

    def get_manifest(self, request: Incoming) -> Answer:
        """Answer GET and HEAD, whatever `Accept` says (spec.md, "Pulling manifests")."""
        self.check_pulled_reference(request.reference)
        manifest = self.find_manifest(request.name, request.reference)
        if manifest is None:
            raise self.manifest_unknown(request.reference)
        headers = self.manifest_headers(manifest)
        self.check_conditions(request, self.etag(manifest.digest))
        if self.is_unmodified(request, self.etag(manifest.digest)):
            return Answer(HTTPStatus.NOT_MODIFIED, headers)
        return Answer(HTTPStatus.OK, headers, manifest.content)

    def put_manifest(self, request: Incoming) -> Answer:
        """Answer PUT: check everything first, store then (spec.md, "Pushing Manifests")."""
        self.check_manifest_reference(request.reference)
        tags = self.wanted_tags(request.reference, request.parameters("tag"))
        self.check_put_conditions(request)
        manifest = self.read_manifest(request)
        own = [] if self.is_digest(request.reference) else [request.reference]
        self.store_manifest(request.name, manifest, [*own, *tags])
        return self.created_manifest(request, manifest, tags)

    def delete_manifest(self, request: Incoming) -> Answer:
        """Answer DELETE of a tag or a manifest (spec.md, "Content Management")."""
        self.check_delete_enabled("GET, HEAD, PUT")
        self.check_pulled_reference(request.reference)
        self.need_repository(request.name)
        self.check_conditions(request, self.current_etag(request))
        remove = self.remove_manifest if self.is_digest(request.reference) else self.remove_tag
        if not remove(request.name, request.reference):
            raise self.manifest_unknown(request.reference)
        return Answer(HTTPStatus.ACCEPTED)

    # references

    def is_digest(self, reference: str) -> bool:
        """Return whether a reference is meant as a digest: no tag holds a colon."""
        return ":" in reference

    def check_manifest_reference(self, reference: str) -> None:
        """Refuse with 400 what is neither a supported digest nor a tag."""
        if self.is_digest(reference):
            self.check_digest(reference)
        elif not self.is_legal_tag(reference):
            raise self.manifest_invalid("the reference is neither a tag nor a digest")

    def check_pulled_reference(self, reference: str) -> None:
        """Refuse what names no manifest: 400 for a broken digest, 404 for what is no tag."""
        if self.is_digest(reference):
            self.check_digest(reference)
        elif not self.is_legal_tag(reference):
            raise self.manifest_unknown(reference)

    def is_legal_tag(self, tag: str) -> bool:
        """Return whether the text is a tag."""
        return is_tag(tag)

    def wanted_tags(self, reference: str, given: Sequence[str]) -> list[str]:
        """Return the tags of `?tag=`, once each, or refuse too many or an illegal one.

        They count on a push by digest only (spec.md, "Pushing Manifests").
        """
        if not self.is_digest(reference):
            return []
        if len(given) > self.options.max_tags:
            raise self.refusal(
                HTTPStatus.REQUEST_URI_TOO_LONG, ErrorCode.UNSUPPORTED, "too many tags at once"
            )
        if not all(self.is_legal_tag(tag) for tag in given):
            raise self.manifest_invalid("a tag parameter is no tag")
        return list(dict.fromkeys(given))

    def find_manifest(self, name: str, reference: str) -> StoredManifest | None:
        """Return the manifest that a tag or digest of this repository names, or None."""
        repository = self.find_repository(name)
        if repository is None:
            return None
        if self.is_digest(reference):
            return repository.manifests.get(reference)
        digest = repository.tags.get(reference)
        return None if digest is None else repository.manifests.get(digest)

    def current_etag(self, request: Incoming) -> str | None:
        """Return the entity tag of what a request's reference names now, or None."""
        present = self.find_manifest(request.name, request.reference)
        return None if present is None else self.etag(present.digest)

    # pushing

    def check_put_conditions(self, request: Incoming) -> None:
        """Refuse with 412 a push whose `If-Match` or `If-None-Match` does not hold."""
        etag = self.current_etag(request)
        self.check_conditions(request, etag)
        if etag is not None and self.is_unmodified(request, etag):
            raise self.refusal(
                HTTPStatus.PRECONDITION_FAILED, ErrorCode.DENIED, "the manifest is there already"
            )

    def read_manifest(self, request: Incoming) -> StoredManifest:
        """Return the pushed manifest, or refuse one that is broken or refers to what is missing."""
        digest = self.digest_of_push(request.reference, request.body)
        document = self.parse_manifest(request.body)
        if document is None:
            raise self.manifest_invalid("the manifest is no JSON object")
        media_type = self.decide_content_type(request.header(b"content-type"), document)
        flaw = self.flaw(document, media_type)
        if flaw is not None:
            raise self.manifest_invalid(flaw)
        self.check_references(request.name, document)
        return self.stored_manifest(digest, request.body, media_type, document)

    def digest_of_push(self, reference: str, content: bytes) -> str:
        """Return the digest to store a push under, or refuse one that is not the content's."""
        if not self.is_digest(reference):
            return digests.compute(content)
        if not digests.matches(reference, content):
            raise self.digest_invalid("the digest is not that of the manifest")
        return reference

    def check_references(self, name: str, document: Document) -> None:
        """Refuse with 404 a manifest whose config, layers or children are not in the repository."""
        missing = dict.fromkeys(self.missing_references(name, document))
        if missing:
            message = "manifest references a manifest or blob unknown to registry"
            code = str(ErrorCode.MANIFEST_BLOB_UNKNOWN)
            entries = [
                {"code": code, "message": message, "detail": {"digest": digest}}
                for digest in missing
            ]
            raise RefusedError(self.errors(HTTPStatus.NOT_FOUND, entries))

    def missing_references(self, name: str, document: Document) -> Iterator[str]:
        """Yield the digests that a manifest needs and the repository lacks; never the subject."""
        needed = [document["config"]] if "config" in document else []
        for descriptor in (*needed, *document.get("layers", ())):
            digest = descriptor["digest"]
            if self.find_blob(name, digest) is None and not self.is_foreign(descriptor):
                yield digest
        for descriptor in document.get("manifests", ()):
            if not self.is_known(name, descriptor["digest"]):
                yield descriptor["digest"]

    def is_foreign(self, descriptor: Document) -> bool:
        """Return whether a layer is one that clients leave where it is."""
        return descriptor["mediaType"] in FOREIGN_LAYER_TYPES

    def is_known(self, name: str, digest: str) -> bool:
        """Return whether the repository holds a child of an index, as a manifest or as a blob."""
        if self.find_manifest(name, digest) is not None:
            return True
        return self.find_blob(name, digest) is not None

    def stored_manifest(
        self, digest: str, content: bytes, media_type: str, document: Document
    ) -> StoredManifest:
        """Return the manifest as it is kept: its very bytes, and what referrers are listed with."""
        subject = self.subject(document)
        if subject is None:
            return StoredManifest(digest, content, media_type)
        artifact_type = self.artifact_type(document, media_type)
        annotations = self.annotations(document)
        return StoredManifest(digest, content, media_type, subject, artifact_type, annotations)

    def store_manifest(self, name: str, manifest: StoredManifest, tags: Sequence[str]) -> None:
        """Keep a manifest and point the tags at it."""
        self.make_repository(name).manifests[manifest.digest] = manifest
        for tag in tags:
            self.set_tag(name, tag, manifest.digest)

    def set_tag(self, name: str, tag: str, digest: str) -> None:
        """Point a tag at a manifest; what it pointed at stays."""
        self.make_repository(name).tags[tag] = digest

    # deleting

    def remove_tag(self, name: str, tag: str) -> bool:
        """Remove a tag, not its manifest; return whether it was there."""
        repository = self.find_repository(name)
        if repository is None or repository.tags.pop(tag, None) is None:
            return False
        self.forget_if_empty(repository)
        return True

    def remove_manifest(self, name: str, digest: str) -> bool:
        """Remove a manifest and every tag that points at it; return whether it was there."""
        repository = self.find_repository(name)
        if repository is None or repository.manifests.pop(digest, None) is None:
            return False
        for tag in self.tags_of(name, digest):
            self.remove_tag(name, tag)
        self.forget_if_empty(repository)
        return True

    def tags_of(self, name: str, digest: str) -> list[str]:
        """Return the tags that point at a manifest."""
        repository = self.find_repository(name)
        tags = {} if repository is None else repository.tags
        return [tag for tag, target in tags.items() if target == digest]

    # answers

    def manifest_headers(self, manifest: StoredManifest) -> dict[str, str]:
        """Return the headers of a pulled manifest."""
        return {
            "Content-Type": manifest.media_type,
            "Docker-Content-Digest": manifest.digest,
            "ETag": self.etag(manifest.digest),
        }

    def created_manifest(
        self, request: Incoming, manifest: StoredManifest, tags: Sequence[str]
    ) -> Answer:
        """Return 201 with where the manifest can be pulled, its subject and its new tags."""
        headers = {
            "Location": self.location(request.name, "manifests", request.reference),
            "Docker-Content-Digest": manifest.digest,
        }
        headers |= self.subject_headers(manifest)
        if tags:
            headers["OCI-Tag"] = ", ".join(tags)
        return Answer(HTTPStatus.CREATED, headers)

    def subject_headers(self, manifest: StoredManifest) -> dict[str, str]:
        """Return `OCI-Subject` where the manifest has one and referrers are supported."""
        if manifest.subject is None or not self.options.referrers:
            return {}
        return {"OCI-Subject": manifest.subject}

    def manifest_unknown(self, reference: str) -> RefusedError:
        """Return the refusal of a manifest that is not here."""
        return self.refusal(
            HTTPStatus.NOT_FOUND,
            ErrorCode.MANIFEST_UNKNOWN,
            "manifest unknown to registry",
            detail={"reference": reference[:200]},
        )

    def manifest_invalid(self, message: str) -> RefusedError:
        """Return the refusal of a manifest that is none."""
        return self.refusal(HTTPStatus.BAD_REQUEST, ErrorCode.MANIFEST_INVALID, message)
