"""Faults in pushing a blob whole: how a session begins and ends, and the single POST."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

from regshape.formats import digest as digests
from regshape.model import Defect
from regshape.protocols.oci.reference import Answer, Incoming, Reference, ReferenceOptions, Session


class OpenAnswers200(Reference):
    """Answers a POST that opens a session with the status of a plain success."""

    def start_upload(self, request: Incoming) -> Answer:
        """Answer 200 where 202 is due."""
        answer = super().start_upload(request)
        accepted = answer.status == HTTPStatus.ACCEPTED
        return replace(answer, status=HTTPStatus.OK) if accepted else answer


class OpenWithoutLocation(Reference):
    """Leaves it to the client to put the location together from Docker-Upload-UUID."""

    def start_upload(self, request: Incoming) -> Answer:
        """Answer without Location."""
        answer = super().start_upload(request)
        if answer.status != HTTPStatus.ACCEPTED:
            return answer
        return replace(answer, headers=_without(answer, "Location"))


class SessionShared(Reference):
    """Keeps one session for each repository: a second client joins the upload of the first."""

    def open_session(self, name: str, algorithm: str | None) -> Session:
        """Return the session that is open already."""
        for session in self.store.sessions.values():
            if session.repository == name:
                return session
        return super().open_session(name, algorithm)


class FinishLocationOfSession(Reference):
    """Answers the closing PUT with the location of the session, which is gone by then."""

    def finish_upload(self, request: Incoming) -> Answer:
        """Return the Location that the request came to."""
        answer = super().finish_upload(request)
        return replace(answer, headers={**answer.headers, "Location": request.path})


class EmptyBlobRefused(Reference):
    """Takes a closing PUT that leaves nothing to store for one whose content was forgotten."""

    def verify_digest(self, content: bytes, digest: str) -> None:
        """Refuse empty content."""
        if not content:
            raise self.size_invalid("there is no content")
        super().verify_digest(content, digest)


class EmptyPostRefused(Reference):
    """Takes a single POST without a body for a mistake, though a blob may be empty."""

    def single_post(self, request: Incoming, given: list[str]) -> Answer:
        """Refuse an empty body."""
        if not request.body:
            raise self.size_invalid("a single POST needs a body")
        return super().single_post(request, given)


class CutOffStored(Reference):
    """Verifies the digest where a body reaches its end, which one that is cut off never does."""

    cut_off = False

    def check_length(self, claimed: int | None, body: bytes) -> None:
        """Take note that the body ended early, and go on."""
        self.cut_off = claimed is not None and len(body) < claimed
        if not self.cut_off:
            super().check_length(claimed, body)

    def verify_digest(self, content: bytes, digest: str) -> None:
        """Verify only what came to its end."""
        if not self.cut_off:
            super().verify_digest(content, digest)


class SessionOfAnyRepository(Reference):
    """Looks a session up by its id, and takes the repository from the path."""

    def find_session(self, name: str, session_id: str) -> Session | None:
        """Return the open session of that id, as if it were one of the repository."""
        session = self.store.sessions.get(session_id)
        return session if session is not None and name else None


class TombstonesKept(Reference):
    """Marks a blob as deleted, and does not take the mark away when it is pushed again."""

    def __init__(self, options: ReferenceOptions | None = None) -> None:
        """Start without a mark."""
        super().__init__(options)
        self.marked: set[tuple[str, str]] = set()

    def remove_blob(self, name: str, digest: str) -> bool:
        """Remove a blob and mark it."""
        removed = super().remove_blob(name, digest)
        if removed:
            self.marked.add((name, digest))
        return removed

    def find_blob(self, name: str, digest: str) -> bytes | None:
        """Return the content of a blob that is not marked."""
        return None if (name, digest) in self.marked else super().find_blob(name, digest)


class DigestUnverified(Reference):
    """Stores a blob under whatever digest the client claims."""

    def verify_digest(self, content: bytes, digest: str) -> None:
        """Trust the client."""


class StoredBeforeVerified(Reference):
    """Stores the blob of a closing PUT first and verifies it then, without taking it back."""

    def finish_upload(self, request: Incoming) -> Answer:
        """Write the blob before anything is checked."""
        session = self.find_session(request.name, request.reference)
        digest = request.parameter("digest") or ""
        if session is not None and digests.is_valid(digest):
            self.store_blob(request.name, digest, session.content() + request.body)
        return super().finish_upload(request)


class SinglePostWithoutLocation(Reference):
    """Answers a single POST that pushed without saying where the blob is."""

    def single_post(self, request: Incoming, given: list[str]) -> Answer:
        """Answer without Location."""
        answer = super().single_post(request, given)
        return replace(answer, headers=_without(answer, "Location"))


class SinglePostNotStored(Reference):
    """Acknowledges a single POST and throws its body away."""

    def single_post(self, request: Incoming, given: list[str]) -> Answer:
        """Verify the content, and forget to keep it."""
        digest = self.expected_digest(given)
        self.verify_digest(request.body, digest)
        return self.created_blob(request.name, digest)


class DigestOptional(Reference):
    """Computes the digest itself where the closing PUT has none."""

    def expected_digest(self, given: list[str]) -> str:
        """Let an absent digest pass, to be computed later."""
        return super().expected_digest(given) if any(given) else ""

    def verify_digest(self, content: bytes, digest: str) -> None:
        """Verify only a digest that was given."""
        if digest:
            super().verify_digest(content, digest)


class InvalidDigestIs404(Reference):
    """Looks an unusable digest up before it is validated, and says that it is not there."""

    def expected_digest(self, given: list[str]) -> str:
        """Answer 404 to a digest that is none."""
        if len(given) == 1 and not digests.is_valid(given[0]):
            raise self.blob_unknown(given[0])
        return super().expected_digest(given)


class HintUnknownFails(Reference):
    """Looks the hinted algorithm up in a table that has only those that are supported."""

    def hinted_algorithm(self, hints: list[str]) -> str | None:
        """Fail with a KeyError on any other."""
        lengths = [digests.ALGORITHMS[hint] for hint in hints]
        return hints[0] if lengths else None


class CancelAnswers200(Reference):
    """Answers the cancelling of an upload with 200."""

    def cancel_upload(self, request: Incoming) -> Answer:
        """Answer 200 where 204 is due."""
        return replace(super().cancel_upload(request), status=HTTPStatus.OK)


class CancelledKept(Reference):
    """Acknowledges the cancelling of an upload, and leaves it to the nightly clean-up."""

    def cancel_upload(self, request: Incoming) -> Answer:
        """Answer 204 and change nothing."""
        self.need_session(request.name, request.reference)
        return Answer(HTTPStatus.NO_CONTENT)


class FinishedKept(Reference):
    """Leaves a session open after the PUT that closes it."""

    def finish_upload(self, request: Incoming) -> Answer:
        """Put the session back."""
        session = self.need_session(request.name, request.reference)
        answer = super().finish_upload(request)
        self.store.sessions[session.id] = session
        return answer


def _without(answer: Answer, name: str) -> dict[str, str]:
    return {key: value for key, value in answer.headers.items() if key != name}


BAD_SESSIONS: tuple[Defect, ...] = (
    Defect(
        "session-of-any-repository",
        "finds an upload under the name of another repository",
        ("OCI-ISO-08",),
        SessionOfAnyRepository,
        "artifact-keeper#1317",
        kind="Q",
    ),
    Defect(
        "tombstones-kept",
        "does not find a blob that was deleted and pushed again",
        ("OCI-UPL-09", "OCI-BLOB-01"),
        TombstonesKept,
        kind="Q",
    ),
    Defect(
        "open-answers-200",
        "answers a POST that opens a session with 200",
        ("OCI-UPL-01", "OCI-API-04"),
        OpenAnswers200,
        kind="S",
    ),
    Defect(
        "open-without-location",
        "opens a session and does not say where",
        ("OCI-UPL-01",),
        OpenWithoutLocation,
        kind="S",
    ),
    Defect(
        "session-shared",
        "gives two uploads to one repository the same session",
        ("OCI-UPL-02",),
        SessionShared,
        kind="Q",
    ),
    Defect(
        "finish-location-of-session",
        "sends who pushed a blob to the session instead of the blob",
        ("OCI-UPL-05", "OCI-CHK-12"),
        FinishLocationOfSession,
        "go-containerregistry#1661",
        kind="Q",
    ),
    Defect(
        "empty-blob-refused",
        "refuses a blob without content",
        ("OCI-UPL-05", "OCI-UPL-06"),
        EmptyBlobRefused,
        "zot#3642",
        kind="S",
    ),
    Defect(
        "empty-post-refused",
        "refuses a single POST of a blob without content",
        ("OCI-UPL-06",),
        EmptyPostRefused,
        "zot#3642",
        kind="S",
    ),
    Defect(
        "cut-off-stored",
        "stores what came of a blob whose push was cut off",
        ("OCI-UPL-07",),
        CutOffStored,
        kind="W",
    ),
    Defect(
        "digest-unverified",
        "stores a blob under a digest that is not its own",
        ("OCI-UPL-08",),
        DigestUnverified,
        "nexspence#194",
        kind="S",
    ),
    Defect(
        "stored-before-verified",
        "keeps a blob that it refused for its digest",
        ("OCI-UPL-08",),
        StoredBeforeVerified,
        kind="Q",
    ),
    Defect(
        "single-post-without-location",
        "does not say where the blob of a single POST is",
        ("OCI-UPL-09",),
        SinglePostWithoutLocation,
        kind="S",
    ),
    Defect(
        "single-post-not-stored",
        "acknowledges a single POST without keeping the blob",
        ("OCI-UPL-09",),
        SinglePostNotStored,
        "distribution#3230",
        kind="S",
    ),
    Defect(
        "digest-optional",
        "closes a session without a digest",
        ("OCI-CHK-11",),
        DigestOptional,
        kind="S",
    ),
    Defect(
        "invalid-digest-404",
        "answers a push with an unusable digest as if it were a pull",
        ("OCI-PUSH-04",),
        InvalidDigestIs404,
        kind="S",
    ),
    Defect(
        "hint-unknown-fails",
        "fails on a digest-algorithm that it does not know",
        ("OCI-CHK-01", "HTTP-03"),
        HintUnknownFails,
        kind="S",
    ),
    Defect(
        "cancel-answers-200",
        "answers the cancelling of an upload with 200",
        ("OCI-CAN-01", "OCI-API-04"),
        CancelAnswers200,
        kind="S",
    ),
    Defect(
        "cancelled-kept",
        "leaves a session open that was cancelled",
        ("OCI-CAN-02",),
        CancelledKept,
        kind="Q",
    ),
    Defect(
        "finished-kept",
        "leaves a session open that was closed",
        ("OCI-CAN-02",),
        FinishedKept,
        kind="Q",
    ),
)
