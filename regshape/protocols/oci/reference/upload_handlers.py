"""Uploads of blobs: sessions, chunks, single requests, mounts (end-4, end-5, end-6, end-11 to 14).

A refused request leaves its session as it was, and alive.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus
from itertools import islice
from typing import Final
from uuid import uuid4

from regshape.formats import digest as digests
from regshape.protocols.oci.models import ErrorCode
from regshape.protocols.oci.reference.blob_handlers import Blobs
from regshape.protocols.oci.reference.memory import Session
from regshape.protocols.oci.reference.messages import Incoming
from regshape.protocols.serving import Answer, RefusedError

EXPIRED_AT_ONCE: Final = 8
_CONTENT_RANGE = re.compile(r"([0-9]+)-([0-9]+)")
_MOST_DIGITS: Final = 4000  # Python reads no longer integers; no blob is that long either


class Uploads(Blobs):
    """The part of the registry that takes blobs."""

    def start_upload(self, request: Incoming) -> Answer:
        """Answer POST: mount, take a blob in one request, or open a session (end-4, end-11)."""
        algorithm = self.hinted_algorithm(request.parameters("digest-algorithm"))
        mounted = self.mount_answer(request)
        if mounted is not None:
            return mounted
        given = request.parameters("digest")
        if given and self.options.single_post:
            return self.single_post(request, given)
        session = self.open_session(request.name, algorithm)
        return self.session_answer(HTTPStatus.ACCEPTED, session, self.start_headers())

    def append_chunk(self, request: Incoming) -> Answer:
        """Answer PATCH: a chunk, streamed or with its range (end-5)."""
        session = self.need_session(request.name, request.reference)
        self.check_chunk(session, request)
        session.append(request.body)
        return self.session_answer(HTTPStatus.ACCEPTED, session)

    def finish_upload(self, request: Incoming) -> Answer:
        """Answer PUT: the final chunk, if any, and the digest of the whole (end-6)."""
        session = self.need_session(request.name, request.reference)
        digest = self.expected_digest(request.parameters("digest"))
        self.check_chunk(session, request)
        content = session.content() + request.body
        self.verify_digest(content, digest)
        self.store_blob(request.name, digest, content)
        self.close_session(session)
        return self.created_blob(request.name, digest)

    def get_session(self, request: Incoming) -> Answer:
        """Answer GET: where the session stands (end-13)."""
        session = self.need_session(request.name, request.reference)
        return self.session_answer(HTTPStatus.NO_CONTENT, session)

    def cancel_upload(self, request: Incoming) -> Answer:
        """Answer DELETE: the session is gone (end-14)."""
        self.close_session(self.need_session(request.name, request.reference))
        return Answer(HTTPStatus.NO_CONTENT)

    # mounting and single requests

    def mount_answer(self, request: Incoming) -> Answer | None:
        """Return 201 if the request asks for a mount that can be made, else None."""
        wanted = request.parameter("mount")
        if wanted is None or not self.options.mount or not digests.is_valid(wanted):
            return None
        for source in self.mount_sources(request, wanted, request.parameter("from")):
            if self.mount(source, request.name, wanted):
                return self.created_blob(request.name, wanted)
        return None

    def mount_sources(self, request: Incoming, digest: str, source: str | None) -> Iterator[str]:
        """Yield the repositories that a blob may be mounted from: none that is not readable."""
        names = self.holders(digest) if source is None else [source]
        return (name for name in names if self.may_read(request, name))

    def holders(self, digest: str) -> list[str]:
        """Return the repositories that have a blob, whoever may read them."""
        return [
            name for name in self.store.repositories if self.find_blob(name, digest) is not None
        ]

    def mount(self, source: str, name: str, digest: str) -> bool:
        """Make a blob of one repository one of another too; return whether it was there."""
        content = self.find_blob(source, digest)
        if content is None:
            return False
        self.store_blob(name, digest, content)
        return True

    def single_post(self, request: Incoming, given: list[str]) -> Answer:
        """Take a whole blob in one POST (spec.md, "Single POST")."""
        digest = self.expected_digest(given)
        self.check_single_range(request)
        self.verify_digest(request.body, digest)
        self.store_blob(request.name, digest, request.body)
        return self.created_blob(request.name, digest)

    # decisions

    def hinted_algorithm(self, hints: list[str]) -> str | None:
        """Return the algorithm that a session is for, or refuse one that is not supported."""
        if any(hint not in digests.ALGORITHMS for hint in hints):
            raise self.digest_invalid("the digest algorithm is not supported")
        return hints[0] if hints else None

    def expected_digest(self, given: list[str]) -> str:
        """Return the one digest that a request names, or refuse with 400."""
        if len(given) != 1:
            raise self.digest_invalid("the digest parameter has to be given once")
        self.check_digest(given[0])
        return given[0]

    def verify_digest(self, content: bytes, digest: str) -> None:
        """Refuse with 400 content that has another digest."""
        if not digests.matches(digest, content):
            raise self.digest_invalid("the digest is not that of the uploaded content")

    def parse_content_range(self, text: str) -> tuple[int, int] | None:
        """Return the first and last position of `<start>-<end>`, or None if it is malformed."""
        found = _CONTENT_RANGE.fullmatch(text)
        if found is None or len(text) > _MOST_DIGITS:
            return None
        first, last = int(found[1]), int(found[2])
        return (first, last) if first <= last else None

    def check_chunk(self, session: Session, request: Incoming) -> None:
        """Refuse a chunk whose range is malformed, out of order, or not as long as its body.

        The order comes first: 416 is what spec.md asks for, whatever else is wrong.
        """
        self.check_size(session.size + len(request.body))
        text = request.header(b"content-range")
        if text is None:
            return
        positions = self.parse_content_range(text)
        if positions is None:
            raise self.upload_invalid("Content-Range has to be <start>-<end>")
        self.check_order(session, positions[0])
        self.check_range_length(positions, len(request.body))

    def check_single_range(self, request: Incoming) -> None:
        """Refuse a range that does not cover the whole of a blob sent at once."""
        text = request.header(b"content-range")
        if text is None:
            return
        positions = self.parse_content_range(text)
        if positions is None or positions[0] != 0:
            raise self.upload_invalid("Content-Range has to cover the whole blob")
        self.check_range_length(positions, len(request.body))

    def check_range_length(self, positions: tuple[int, int], length: int) -> None:
        """Refuse with 400 a range that is not as long as its chunk."""
        if positions[1] - positions[0] + 1 != length:
            raise self.refusal(
                HTTPStatus.BAD_REQUEST,
                ErrorCode.SIZE_INVALID,
                "Content-Range is not as long as the chunk",
            )

    def check_order(self, session: Session, start: int) -> None:
        """Refuse with 416 a chunk that does not begin where the last one ended."""
        if start != session.size:
            raise self.refusal(
                HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE,
                ErrorCode.BLOB_UPLOAD_INVALID,
                "the chunk does not begin where the last one ended",
                self.session_headers(session),
            )

    def check_size(self, size: int) -> None:
        """Refuse with 413 a blob that passes the limit."""
        if size > self.options.max_blob:
            raise self.refusal(
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE, ErrorCode.SIZE_INVALID, "the blob is too large"
            )

    # sessions

    def open_session(self, name: str, algorithm: str | None) -> Session:
        """Open a session of that repository, and forget those that nobody has used for long."""
        self.expire_sessions()
        session = Session(self.session_id(), name, self.now(), algorithm)
        self.store.sessions[session.id] = session
        return session

    def session_id(self) -> str:
        """Return a new unique id (spec.md: it MUST contain a UUID)."""
        return str(uuid4())

    def expire_sessions(self) -> None:
        """Remove the sessions whose lifetime is over, and the oldest where there are too many."""
        sessions = self.store.sessions
        oldest = self.now() - self.options.session_lifetime
        for session in list(islice(sessions.values(), EXPIRED_AT_ONCE)):
            if session.touched > oldest and len(sessions) < self.options.max_sessions:
                return
            self.close_session(session)

    def find_session(self, name: str, session_id: str) -> Session | None:
        """Return the open session of that repository, or None."""
        session = self.store.sessions.get(session_id)
        return session if session is not None and session.repository == name else None

    def need_session(self, name: str, session_id: str) -> Session:
        """Return the open session, or refuse with 404."""
        session = self.find_session(name, session_id)
        if session is None:
            raise self.refusal(
                HTTPStatus.NOT_FOUND,
                ErrorCode.BLOB_UPLOAD_UNKNOWN,
                "blob upload unknown to registry",
            )
        self.touch_session(session)
        return session

    def touch_session(self, session: Session) -> None:
        """Note that a session is in use: it moves to the end of those that expire."""
        session.touched = self.now()
        if self.store.sessions.pop(session.id, None) is not None:
            self.store.sessions[session.id] = session

    def close_session(self, session: Session) -> None:
        """Remove a session that is finished, cancelled or over."""
        self.store.sessions.pop(session.id, None)

    def end_of_range(self, session: Session) -> int:
        """Return the position of the last uploaded byte; 0 in an empty session, too."""
        return max(session.size - 1, 0)

    # answers

    def start_headers(self) -> dict[str, str]:
        """Return what an opened session tells beside where it is."""
        minimum = self.options.chunk_min_length
        return {} if minimum is None else {"OCI-Chunk-Min-Length": str(minimum)}

    def session_location(self, session: Session) -> str:
        """Return where the next request of a session goes; it never changes."""
        return self.location(session.repository, "blobs/uploads", session.id)

    def session_headers(self, session: Session) -> dict[str, str]:
        """Return the headers that say where a session is and how far it came."""
        return {
            "Location": self.session_location(session),
            "Range": f"0-{self.end_of_range(session)}",
            "Docker-Upload-UUID": session.id,
        }

    def session_answer(
        self, status: int, session: Session, more: dict[str, str] | None = None
    ) -> Answer:
        """Return an answer that says where a session is and how far it came."""
        return Answer(status, {**self.session_headers(session), **(more or {})})

    def created_blob(self, name: str, digest: str) -> Answer:
        """Return 201 with where the blob can be pulled."""
        where = self.location(name, "blobs", digest)
        return Answer(HTTPStatus.CREATED, {"Location": where, "Docker-Content-Digest": digest})

    def upload_invalid(self, message: str) -> RefusedError:
        """Return the refusal of a malformed chunk."""
        return self.refusal(HTTPStatus.BAD_REQUEST, ErrorCode.BLOB_UPLOAD_INVALID, message)
