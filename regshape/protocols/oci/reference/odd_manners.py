"""Freedoms in what a registry does: each class is a conforming one that uses one."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from time import monotonic
from typing import Any, TypeAlias

from regshape.formats.digest import compute
from regshape.protocols.oci.models import IMAGE_CONFIG, ErrorCode
from regshape.protocols.oci.reference.memory import ReferenceOptions, Session, StoredManifest
from regshape.protocols.oci.reference.messages import Incoming
from regshape.protocols.oci.reference.registry import Reference
from regshape.protocols.serving import Answer, RefusedError

CONTENT = frozenset({"blob", "manifest", "tags"})
Doomed: TypeAlias = tuple[str, str, str]
"""What is to be deleted: its kind, repository and reference."""


class StatefulLocations(Reference):
    """Has a new location for each chunk, with a query; the old ones can only be asked."""

    def session_location(self, session: Session) -> str:
        """Return where the next request of a session goes."""
        return f"{super().session_location(session)}?_state={session.size}&x=%7B"

    def append_chunk(self, request: Incoming) -> Answer:
        """Answer PATCH."""
        self.check_state(request)
        return super().append_chunk(request)

    def finish_upload(self, request: Incoming) -> Answer:
        """Answer PUT."""
        self.check_state(request)
        return super().finish_upload(request)

    def check_state(self, request: Incoming) -> None:
        """Refuse an old location, with the status that distribution has for it."""
        session = self.need_session(request.name, request.reference)
        if request.parameter("_state") != str(session.size):
            raise self.refusal(
                HTTPStatus.NOT_FOUND, ErrorCode.BLOB_UPLOAD_INVALID, "an old location"
            )


class KeepsWhatIsInUse(Reference):
    """Refuses to delete what a manifest refers to, as zot does."""

    def check_unused(self, name: str, digest: str) -> None:
        """Refuse to delete what is in use."""
        repository = self.find_repository(name)
        others = repository.manifests.values() if repository is not None else ()
        if any(digest.encode() in manifest.content for manifest in others):
            raise self.refusal(
                HTTPStatus.METHOD_NOT_ALLOWED, ErrorCode.DENIED, "in use", {"Allow": "GET"}
            )

    def remove_manifest(self, name: str, digest: str) -> bool:
        """Remove a manifest that is not in use."""
        repository = self.find_repository(name)
        if repository is not None and digest in repository.manifests:
            self.check_unused(name, digest)
        return super().remove_manifest(name, digest)

    def remove_blob(self, name: str, digest: str) -> bool:
        """Remove a blob that is not in use."""
        self.check_unused(name, digest)
        return super().remove_blob(name, digest)


class RepositoryByUpload(Reference):
    """A repository exists from the first upload on, and for ever."""

    def open_session(self, name: str, algorithm: str | None) -> Session:
        """Open a session, and make its repository."""
        self.make_repository(name)
        return super().open_session(name, algorithm)

    def forget_if_empty(self, repository: Any) -> None:
        """Keep the repository."""


class LengthRequired(Reference):
    """Takes no body without a Content-Length."""

    def claimed_length(self, request: Incoming) -> int | None:
        """Return the length, which has to be there."""
        if request.header(b"transfer-encoding") is not None:
            raise self.refusal(
                HTTPStatus.LENGTH_REQUIRED, ErrorCode.SIZE_INVALID, "Content-Length is required"
            )
        return super().claimed_length(request)


class SubjectsOfImagesOnly(Reference):
    """Processes no subject of an index."""

    def subject(self, document: Any) -> str | None:
        """Return the subject of an image."""
        return None if "manifests" in document else super().subject(document)


class MalformedEndsSession(Reference):
    """Gives an upload up on any refusal but that of the order of chunks."""

    def append_chunk(self, request: Incoming) -> Answer:
        """Answer PATCH."""
        try:
            return super().append_chunk(request)
        except RefusedError as refused:
            self.give_up(request, refused)
            raise

    def finish_upload(self, request: Incoming) -> Answer:
        """Answer PUT."""
        try:
            return super().finish_upload(request)
        except RefusedError as refused:
            self.give_up(request, refused)
            raise

    def give_up(self, request: Incoming, refused: RefusedError) -> None:
        """Close the session of a refused request."""
        if refused.answer.status != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            self.store.sessions.pop(request.reference, None)


class UnknownParametersRefused(Reference):
    """Refuses parameters that it does not know."""

    def find_handler(self, request: Incoming) -> str:
        """Return the name of the handler, or refuse."""
        if any(key.startswith("x-") for key, _ in request.query):
            raise self.refusal(HTTPStatus.BAD_REQUEST, ErrorCode.UNSUPPORTED, "unknown parameter")
        return super().find_handler(request)


class PartsNotNeeded(Reference):
    """Accepts manifests whatever is missing."""

    def check_references(self, name: str, document: Any) -> None:
        """Accept whatever is missing."""


class ConfigsRead(Reference):
    """Reads the config of an image, which must then be one."""

    def flaw(self, document: Any, media_type: str) -> str | None:
        """Return what is wrong with a manifest or its config."""
        found = super().flaw(document, media_type)
        config = document.get("config") if found is None else None
        if config is not None and config["mediaType"] == IMAGE_CONFIG:
            return "the config is none"
        return found


class NoCancel(Reference):
    """Cancels no upload."""

    def cancel_upload(self, request: Incoming) -> Answer:
        """Answer DELETE of a session."""
        raise self.method_not_allowed(request, {"GET": ""})


class Sha256Only(Reference):
    """Supports one algorithm."""

    def check_digest(self, text: str) -> None:
        """Refuse other algorithms."""
        if text.startswith("sha512"):
            raise self.digest_invalid("not supported")
        super().check_digest(text)

    def hinted_algorithm(self, hints: list[str]) -> str | None:
        """Return the algorithm, or refuse it."""
        if "sha512" in hints:
            raise self.digest_invalid("not supported")
        return super().hinted_algorithm(hints)


class KeptBySha256Too(Reference):
    """Finds what was pushed under another digest by its SHA-256 too, as distribution does."""

    def store_blob(self, name: str, digest: str, content: bytes) -> None:
        """Store the content twice, if the digest is of another algorithm."""
        super().store_blob(name, digest, content)
        canonical = compute(content)
        if canonical != digest:
            super().store_blob(name, canonical, content)


class ChunksNeedRanges(Reference):
    """Takes chunks with their range only."""

    def append_chunk(self, request: Incoming) -> Answer:
        """Answer PATCH."""
        if request.header(b"content-range") is None:
            raise self.upload_invalid("Content-Range is required")
        return super().append_chunk(request)


class TagsNotDeleted(Reference):
    """Deletes manifests, and with them their tags, but no tag alone."""

    def delete_manifest(self, request: Incoming) -> Answer:
        """Answer DELETE of a manifest or tag."""
        if not self.is_digest(request.reference):
            raise self.refusal(HTTPStatus.BAD_REQUEST, ErrorCode.UNSUPPORTED, "by digest only")
        return super().delete_manifest(request)


class BlobsMoved(Reference):
    """Sends who wants a blob to where it is served from, which a signature opens."""

    def get_blob(self, request: Incoming) -> Answer:
        """Answer GET with a redirect, and HEAD at once."""
        answer = super().get_blob(request)
        moved = request.parameter("signature") is not None
        if answer.status != HTTPStatus.OK or request.method == "HEAD" or moved:
            return answer
        where = f"{request.path}?signature=1%2B&x"
        return Answer(HTTPStatus.TEMPORARY_REDIRECT, {"Location": where})


class DeletesRefused(Reference):
    """Answers 400 where deletion is disabled."""

    def check_delete_enabled(self, allowed: str) -> None:
        """Refuse with 400."""
        if not self.options.delete:
            raise self.refusal(
                HTTPStatus.BAD_REQUEST, ErrorCode.UNSUPPORTED, "nothing is deleted here"
            )


class MissingFirst(Reference):
    """Says that a repository is not there before it asks who wants to know."""

    def authorize(self, request: Incoming) -> None:
        """Refuse reads with 404 where there is no such repository, then as usual."""
        guarded = self.options.auth != "none" and self.is_legal_name(request.name)
        if guarded and request.method in {"GET", "HEAD"} and request.route in CONTENT:
            self.need_repository(request.name)
        super().authorize(request)


class LateDeletes(Reference):
    """Accepts a DELETE at once and carries it out later, as 202 allows (RFC 9110, 15.3.3)."""

    delay = 0.3

    def __init__(self, options: ReferenceOptions | None = None) -> None:
        """Start an empty registry with nothing to delete."""
        super().__init__(options)
        self.due: dict[Doomed, float] = {}

    def find_handler(self, request: Incoming) -> str:
        """Carry out what is due first."""
        now = monotonic()
        for doomed in [item for item, due in self.due.items() if due <= now]:
            self.carry_out(doomed)
        return super().find_handler(request)

    def carry_out(self, doomed: Doomed) -> None:
        """Delete at once what was to be deleted later."""
        if self.due.pop(doomed, None) is None:
            return
        kind, name, reference = doomed
        if kind == "tag":
            super().remove_tag(name, reference)
        elif kind == "blob":
            super().remove_blob(name, reference)
        else:
            for tag in self.tags_of(name, reference):
                super().remove_tag(name, tag)
            super().remove_manifest(name, reference)

    def remove_tag(self, name: str, tag: str) -> bool:
        """Remove a tag later."""
        repository = self.find_repository(name)
        return self.doom("tag", name, tag, repository is not None and tag in repository.tags)

    def remove_manifest(self, name: str, digest: str) -> bool:
        """Remove a manifest and its tags later."""
        repository = self.find_repository(name)
        there = repository is not None and digest in repository.manifests
        return self.doom("manifest", name, digest, there)

    def remove_blob(self, name: str, digest: str) -> bool:
        """Remove a blob later."""
        return self.doom("blob", name, digest, self.find_blob(name, digest) is not None)

    def doom(self, kind: str, name: str, reference: str, there: bool) -> bool:  # noqa: FBT001
        """Note what is to be deleted; return whether it is there."""
        if there:
            self.due.setdefault((kind, name, reference), monotonic() + self.delay)
        return there

    def store_manifest(self, name: str, manifest: StoredManifest, tags: Sequence[str]) -> None:
        """Store what is pushed after its deletion anew."""
        self.carry_out(("manifest", name, manifest.digest))
        super().store_manifest(name, manifest, tags)

    def set_tag(self, name: str, tag: str, digest: str) -> None:
        """Point a tag that is pushed after its deletion."""
        self.carry_out(("tag", name, tag))
        super().set_tag(name, tag, digest)

    def store_blob(self, name: str, digest: str, content: bytes) -> None:
        """Store what is pushed after its deletion anew."""
        self.carry_out(("blob", name, digest))
        super().store_blob(name, digest, content)


OF_MANNERS: tuple[type[Reference], ...] = (
    StatefulLocations,
    KeepsWhatIsInUse,
    RepositoryByUpload,
    LengthRequired,
    SubjectsOfImagesOnly,
    MalformedEndsSession,
    UnknownParametersRefused,
    PartsNotNeeded,
    ConfigsRead,
    NoCancel,
    Sha256Only,
    KeptBySha256Too,
    ChunksNeedRanges,
    TagsNotDeleted,
    BlobsMoved,
    DeletesRefused,
    MissingFirst,
    LateDeletes,
)
