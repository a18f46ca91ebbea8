"""Blobs: pulling them whole or in part, and deleting them (end-2, end-10)."""

from __future__ import annotations

from http import HTTPStatus

from regshape.formats import digest as digests
from regshape.protocols.oci.models import OCTETS, ErrorCode
from regshape.protocols.oci.reference.answers import Answers
from regshape.protocols.oci.reference.messages import Incoming
from regshape.protocols.oci.reference.ranges import Slice, clamp, parse_range
from regshape.protocols.serving import Answer, RefusedError


class Blobs(Answers):
    """The part of the registry that serves blobs."""

    def get_blob(self, request: Incoming) -> Answer:
        """Answer GET and HEAD of a blob (spec.md, "Pulling blobs")."""
        self.check_digest(request.reference)
        content = self.find_blob(request.name, request.reference)
        if content is None:
            raise self.blob_unknown(request.reference)
        headers = self.blob_headers(request.reference)
        self.check_conditions(request, self.etag(request.reference))
        if self.is_unmodified(request, self.etag(request.reference)):
            return Answer(HTTPStatus.NOT_MODIFIED, headers)
        return self.blob_answer(request, content, headers)

    def delete_blob(self, request: Incoming) -> Answer:
        """Answer DELETE of a blob (spec.md, "Deleting Blobs")."""
        self.check_delete_enabled("GET, HEAD")
        self.check_digest(request.reference)
        self.need_repository(request.name)
        here = self.find_blob(request.name, request.reference) is not None
        self.check_conditions(request, self.etag(request.reference) if here else None)
        if not self.remove_blob(request.name, request.reference):
            raise self.blob_unknown(request.reference)
        return Answer(HTTPStatus.ACCEPTED)

    # decisions

    def check_digest(self, text: str) -> None:
        """Refuse with 400 what is no digest of a supported algorithm."""
        if not digests.is_valid(text):
            raise self.digest_invalid("not a digest of an algorithm that this registry supports")

    def check_delete_enabled(self, allowed: str) -> None:
        """Refuse with 405 where deletion is disabled; `allowed` are the methods that are left."""
        if not self.options.delete:
            raise self.refusal(
                HTTPStatus.METHOD_NOT_ALLOWED,
                ErrorCode.UNSUPPORTED,
                "deletion is disabled",
                {"Allow": allowed},
            )

    def find_blob(self, name: str, digest: str) -> bytes | None:
        """Return the content of a blob of this repository, or None."""
        repository = self.find_repository(name)
        return None if repository is None else repository.blobs.get(digest)

    def store_blob(self, name: str, digest: str, content: bytes) -> None:
        """Keep a blob whose digest has been verified."""
        self.make_repository(name).blobs[digest] = content

    def remove_blob(self, name: str, digest: str) -> bool:
        """Remove a blob from this repository only; return whether it was there."""
        repository = self.find_repository(name)
        if repository is None or repository.blobs.pop(digest, None) is None:
            return False
        self.forget_if_empty(repository)
        return True

    # ranges

    def blob_answer(self, request: Incoming, content: bytes, headers: dict[str, str]) -> Answer:
        """Return the whole blob, or the part that a GET asks for."""
        header = request.header(b"range")
        if header is None or request.method != "GET" or not self.range_applies(request):
            return Answer(HTTPStatus.OK, headers, content)
        positions = parse_range(header)
        if positions is None or (positions[0] is None and positions[1] and not content):
            return Answer(HTTPStatus.OK, headers, content)
        chosen = self.select_range(positions, len(content))
        if chosen is None:
            return self.unsatisfiable(len(content))
        return self.partial(content, chosen, headers)

    def range_applies(self, request: Incoming) -> bool:
        """Return whether `If-Range` is absent or names this content (RFC 9110, 13.1.5)."""
        condition = request.header(b"if-range")
        return condition is None or condition.strip() == self.etag(request.reference)

    def select_range(self, positions: tuple[int | None, int | None], size: int) -> Slice | None:
        """Return the bytes that a single range covers, or None if it cannot be satisfied."""
        return clamp(positions[0], positions[1], size)

    def partial(self, content: bytes, chosen: Slice, headers: dict[str, str]) -> Answer:
        """Return a part of a blob (RFC 9110, 15.3.7)."""
        where = f"bytes {chosen.first}-{chosen.last}/{len(content)}"
        part = content[chosen.first : chosen.last + 1]
        return Answer(HTTPStatus.PARTIAL_CONTENT, {**headers, "Content-Range": where}, part)

    def unsatisfiable(self, size: int) -> Answer:
        """Return the refusal of a range that covers nothing (RFC 9110, 15.5.17)."""
        return self.error(
            HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
            ErrorCode.SIZE_INVALID,
            "the range covers no byte of the blob",
            {"Content-Range": f"bytes */{size}"},
        )

    # answers

    def blob_headers(self, digest: str) -> dict[str, str]:
        """Return the headers of a pulled blob."""
        return {
            "Content-Type": OCTETS,
            "Docker-Content-Digest": digest,
            "ETag": self.etag(digest),
            "Accept-Ranges": "bytes",
        }

    def blob_unknown(self, digest: str) -> RefusedError:
        """Return the refusal of a blob that is not here."""
        return self.refusal(
            HTTPStatus.NOT_FOUND,
            ErrorCode.BLOB_UNKNOWN,
            "blob unknown to registry",
            detail={"digest": digest},
        )

    def digest_invalid(self, message: str) -> RefusedError:
        """Return the refusal of a digest that is none, or that is not the content's."""
        return self.refusal(HTTPStatus.BAD_REQUEST, ErrorCode.DIGEST_INVALID, message)
