"""Faults in uploading a blob in chunks."""

from __future__ import annotations

import re
from dataclasses import replace
from http import HTTPStatus

from regshape.model import Defect
from regshape.protocols.oci.reference import Answer, Incoming, Reference, RefusedError, Session

LOOSE_RANGE = re.compile(r"([0-9]+)-([0-9]+)")


class MinimumInWords(Reference):
    """Writes the smallest chunk for people to read."""

    def start_headers(self) -> dict[str, str]:
        """Return the minimum with its unit."""
        return {"OCI-Chunk-Min-Length": "5 MB"}


class RangeUnanchored(Reference):
    """Searches Content-Range for two numbers, whatever stands around them."""

    def parse_content_range(self, text: str) -> tuple[int, int] | None:
        """Return the first two numbers of a range, wherever they are."""
        found = LOOSE_RANGE.search(text)
        return None if found is None else (int(found[1]), int(found[2]))


class RangeLengthIgnored(Reference):
    """Looks at where a chunk begins and never at where it ends."""

    def check_range_length(self, positions: tuple[int, int], length: int) -> None:
        """Accept every length."""


class SmallLastChunkRefused(Reference):
    """Demands the smallest chunk of the last one too."""

    def finish_upload(self, request: Incoming) -> Answer:
        """Refuse a last chunk of less than eight bytes."""
        session = self.find_session(request.name, request.reference)
        if session is not None and session.size and 0 < len(request.body) < 8:  # noqa: PLR2004
            raise self.size_invalid("the chunk is too small")
        return super().finish_upload(request)


class ChunkAnswers204(Reference):
    """Answers a chunk with 204."""

    def append_chunk(self, request: Incoming) -> Answer:
        """Answer 204 where 202 is due."""
        return replace(super().append_chunk(request), status=HTTPStatus.NO_CONTENT)


class ChunkWithoutRange(Reference):
    """Takes a chunk and does not say how far the upload came."""

    def append_chunk(self, request: Incoming) -> Answer:
        """Answer without Range."""
        answer = super().append_chunk(request)
        headers = {key: value for key, value in answer.headers.items() if key != "Range"}
        return replace(answer, headers=headers)


class RangeCountsBytes(Reference):
    """Ends Range with the number of bytes, one past the last of them."""

    def end_of_range(self, session: Session) -> int:
        """Return how many bytes there are."""
        return session.size


class SecondChunkDiscarded(Reference):
    """Takes the first chunk of an upload and throws every further one away."""

    def append_chunk(self, request: Incoming) -> Answer:
        """Answer as usual, and keep what was there before."""
        session = self.need_session(request.name, request.reference)
        before = list(session.chunks)
        answer = super().append_chunk(request)
        if before:
            session.chunks = before
            session.size = sum(map(len, before))
            return self.session_answer(HTTPStatus.ACCEPTED, session)
        return answer


class ChunkOrderIgnored(Reference):
    """Appends a chunk wherever its Content-Range says that it begins."""

    def check_order(self, session: Session, start: int) -> None:
        """Accept every start."""


class EmptyRangeNegative(Reference):
    """Subtracts one from the length of a session in which nothing is yet."""

    def end_of_range(self, session: Session) -> int:
        """Return the position before the first byte."""
        return session.size - 1


class OldLocationForgotten(Reference):
    """Keeps the state of a session in its location, and knows only the newest."""

    def session_location(self, session: Session) -> str:
        """Return a location that changes with each chunk."""
        return f"{super().session_location(session)}?_state={session.size}"

    def get_session(self, request: Incoming) -> Answer:
        """Refuse a location of which the state is not that of the session."""
        session = self.find_session(request.name, request.reference)
        if session is not None and request.parameter("_state") != str(session.size):
            raise self.upload_invalid("the state does not match")
        return super().get_session(request)


class CloseNeedsContent(Reference):
    """Reads the last chunk before it looks whether there is one."""

    def finish_upload(self, request: Incoming) -> Answer:
        """Refuse a closing PUT without a body where chunks came before."""
        session = self.find_session(request.name, request.reference)
        if session is not None and session.size and not request.body:
            raise self.size_invalid("the request has no content")
        return super().finish_upload(request)


class LastChunkAtStart(Reference):
    """Writes the last chunk over the beginning of the finished blob."""

    def finish_upload(self, request: Incoming) -> Answer:
        """Overwrite after everything was verified."""
        session = self.need_session(request.name, request.reference)
        whole = session.content() + request.body
        answer = super().finish_upload(request)
        wrong = request.body + whole[len(request.body) :]
        self.store_blob(request.name, answer.headers["Docker-Content-Digest"], wrong)
        return answer


class LastOrderIgnored(Reference):
    """Never looks at the Content-Range of a closing PUT."""

    def finish_upload(self, request: Incoming) -> Answer:
        """Drop the header and go on."""
        kept = tuple(pair for pair in request.headers if pair[0] != b"content-range")
        return super().finish_upload(replace(request, headers=kept))


class RefusedChunkKept(Reference):
    """Writes a chunk to its file before it finds that the chunk is out of order."""

    def check_order(self, session: Session, start: int) -> None:
        """Leave a few bytes of what is refused."""
        try:
            super().check_order(session, start)
        except RefusedError:
            session.append(b"left")
            raise


class RefusedChunkEndsSession(Reference):
    """Gives an upload up at the first chunk that is out of order."""

    def check_order(self, session: Session, start: int) -> None:
        """Close the session of a chunk that is refused."""
        try:
            super().check_order(session, start)
        except RefusedError:
            self.close_session(session)
            raise


BAD_CHUNKS: tuple[Defect, ...] = (
    Defect(
        "minimum-in-words",
        "advertises the smallest chunk as text",
        ("OCI-CHK-02",),
        MinimumInWords,
        kind="S",
    ),
    Defect(
        "range-unanchored",
        "accepts a Content-Range with anything around it",
        ("OCI-CHK-03",),
        RangeUnanchored,
        kind="S",
    ),
    Defect(
        "range-length-ignored",
        "accepts a Content-Range that is longer or shorter than the chunk",
        ("OCI-CHK-03",),
        RangeLengthIgnored,
        kind="S",
    ),
    Defect(
        "small-last-chunk-refused",
        "refuses a last chunk that is smaller than the others may be",
        ("OCI-CHK-04",),
        SmallLastChunkRefused,
        kind="Q",
    ),
    Defect(
        "chunk-answers-204",
        "answers a chunk with 204",
        ("OCI-CHK-05", "OCI-API-04"),
        ChunkAnswers204,
        "pulp_container#2199",
        kind="S",
    ),
    Defect(
        "chunk-without-range",
        "does not say how far an upload came",
        ("OCI-CHK-05",),
        ChunkWithoutRange,
        "gitea#34792",
        kind="Q",
    ),
    Defect(
        "range-counts-bytes",
        "says one byte more than it received",
        ("OCI-CHK-06", "OCI-CHK-08"),
        RangeCountsBytes,
        kind="Q",
    ),
    Defect(
        "second-chunk-discarded",
        "keeps the first chunk only",
        ("OCI-CHK-06",),
        SecondChunkDiscarded,
        "containers-roadmap#2831",
        kind="Q",
    ),
    Defect(
        "chunk-order-ignored",
        "appends chunks whatever their Content-Range",
        ("OCI-CHK-07", "OCI-CHK-13"),
        ChunkOrderIgnored,
        "distribution#3141",
        kind="Q",
    ),
    Defect(
        "empty-range-negative",
        "says 0--1 of a session in which nothing is yet",
        ("OCI-CHK-08",),
        EmptyRangeNegative,
        "zot#3983",
        kind="Q",
    ),
    Defect(
        "old-location-forgotten",
        "answers for the newest location of a session only",
        ("OCI-CHK-09",),
        OldLocationForgotten,
        kind="Q",
    ),
    Defect(
        "close-needs-content",
        "refuses a closing PUT without a last chunk",
        ("OCI-CHK-10",),
        CloseNeedsContent,
        kind="Q",
    ),
    Defect(
        "last-chunk-at-start",
        "stores the chunks of a blob in another order than it verified",
        ("OCI-CHK-12", "OCI-UPL-05"),
        LastChunkAtStart,
        "nexus-public#1016",
        kind="Q",
    ),
    Defect(
        "last-order-ignored",
        "closes a session with a chunk that is out of order",
        ("OCI-CHK-13",),
        LastOrderIgnored,
        kind="Q",
    ),
    Defect(
        "refused-chunk-kept",
        "keeps what it refused of an upload",
        ("OCI-CHK-14",),
        RefusedChunkKept,
        kind="Q",
    ),
    Defect(
        "refused-chunk-ends-session",
        "loses an upload over a chunk that it refused",
        ("OCI-CHK-14",),
        RefusedChunkEndsSession,
        kind="Q",
    ),
)
