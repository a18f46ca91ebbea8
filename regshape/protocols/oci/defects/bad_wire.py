"""Faults that show on the wire: in requests that are not whole, and in how answers are framed."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from urllib.parse import unquote_to_bytes

from starlette.types import Message, Receive

from regshape.formats import digest as digests
from regshape.model import Defect
from regshape.protocols.oci.reference import Answer, Incoming, Reference, RefusedError
from regshape.protocols.oci.reference.memory import Session, StoredManifest
from regshape.protocols.oci.reference.targets import MANIFEST
from regshape.protocols.serving import DisconnectedError


class ManifestWrittenAsItComes(Reference):
    """Writes a manifest under its tag as it comes in, and never comes to the end of some."""

    async def receive_body(self, request: Incoming, receive: Receive) -> bytes:
        """Return the body; what came of one that was cut off stands under the tag."""
        came: list[bytes] = []

        async def noting() -> Message:
            message = await receive()
            came.append(message.get("body", b""))
            return message

        try:
            return await super().receive_body(request, noting)
        except (DisconnectedError, RefusedError):
            self.keep(request, b"".join(came))
            raise

    def keep(self, request: Incoming, content: bytes) -> None:
        """Leave under the tag what came of a manifest."""
        if not content or request.route != MANIFEST or not self.is_legal_tag(request.reference):
            return
        kind = request.header(b"content-type") or ""
        manifest = StoredManifest(digests.compute(content), content, kind)
        self.store_manifest(request.name, manifest, [request.reference])


class ChunkedTakenForEmpty(Reference):
    """Reads as many bytes of a body as its Content-Length says: none where there is no such."""

    async def receive_body(self, request: Incoming, receive: Receive) -> bytes:
        """Return the body as far as it was announced."""
        body = await super().receive_body(request, receive)
        return body[: int(request.header(b"content-length") or 0)]


class NoContentWithBody(Reference):
    """Ends every answer without a body of its own with an empty JSON object, a 204 too."""

    def session_answer(
        self, status: int, session: Session, more: dict[str, str] | None = None
    ) -> Answer:
        """Return an answer that says where a session is and how far it came."""
        return replace(super().session_answer(status, session, more), body=b"{}")


class LengthFromStorage(Reference):
    """Passes on the length that the storage told beside its own, which differs in a range."""

    def get_blob(self, request: Incoming) -> Answer:
        """Answer GET of a blob, or of a part of it."""
        answer = super().get_blob(request)
        content = self.find_blob(request.name, request.reference) or b""
        if answer.status != HTTPStatus.PARTIAL_CONTENT:
            return answer
        return replace(answer, headers={**answer.headers, "content-length": str(len(content))})


class NameEchoed(Reference):
    """Names the repository in a header of each refusal, decoded as it was for the look-up."""

    def finish(self, answer: Answer, request: Incoming) -> Answer:
        """Return the answer with its framing, and a refusal with what was asked for."""
        finished = super().finish(answer, request)
        if answer.status < HTTPStatus.BAD_REQUEST:
            return finished
        path = unquote_to_bytes(request.path).decode("latin-1")
        return replace(finished, headers={**finished.headers, "X-Requested": path})


BAD_WIRE: tuple[Defect, ...] = (
    Defect("manifest-written-as-it-comes", "leaves what came of a cut-off manifest under its tag",
        ("OCI-MAN-12",), ManifestWrittenAsItComes, kind="W"),
    Defect("chunked-taken-for-empty", "reads nothing of a body in chunked coding",
        ("OCI-UPL-06", "OCI-UPL-05", "OCI-CHK-05"), ChunkedTakenForEmpty, kind="W"),
    Defect("no-content-with-body", "sends a body with a 204",
        ("HTTP-02",), NoContentWithBody, kind="W"),
    Defect("length-from-storage", "says two lengths of a part of a blob",
        ("HTTP-02",), LengthFromStorage, kind="W"),
    Defect("name-echoed", "copies control characters of the path into a header",
        ("HTTP-02",), NameEchoed, kind="W"),
)  # fmt: skip
