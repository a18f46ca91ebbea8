"""Freedoms in how an answer looks: each class is a conforming registry that uses one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from regshape.formats import digest as digests
from regshape.protocols.oci.models import ErrorCode
from regshape.protocols.oci.reference.memory import Session, StoredManifest
from regshape.protocols.oci.reference.messages import Incoming
from regshape.protocols.oci.reference.ranges import parse_range
from regshape.protocols.oci.reference.registry import Reference
from regshape.protocols.serving import Answer, RefusedError

NO_HEADERS: Mapping[str, str] = {}


class LexicalOrder(Reference):
    """Leaves case out, and puts tags that differ in nothing else in either order."""

    def folded(self, tag: str) -> str:
        """Return the tag as it is compared."""
        return tag.lower()

    def order_tags(self, tags: Iterable[str]) -> list[str]:
        """Return tags in that order."""
        return sorted(sorted(tags, reverse=True), key=self.folded)

    def tag_page(self, ordered: Sequence[str], count: int | None, last: str) -> list[str]:
        """Return the entries after `last` in that order."""
        start = sum(self.folded(tag) <= self.folded(last) for tag in ordered)
        if last in ordered:
            start = list(ordered).index(last) + 1
        return list(ordered[start:] if count is None else ordered[start : start + count])


class UpperCaseOrder(LexicalOrder):
    """Compares in upper case, where `_` comes after all letters."""

    def folded(self, tag: str) -> str:
        """Return the tag as it is compared."""
        return tag.upper()


class TextErrors(Reference):
    """Tells errors in plain text."""

    kind = "text/plain; charset=utf-8"

    def errors(
        self, status: int, entries: list[dict[str, Any]], headers: Mapping[str, str] = NO_HEADERS
    ) -> Answer:
        """Return an error without the envelope."""
        return Answer(status, {"Content-Type": self.kind, **headers}, b"<html>no</html>")


class EmptyErrors(Reference):
    """Says JSON of a body that is not there."""

    def errors(
        self, status: int, entries: list[dict[str, Any]], headers: Mapping[str, str] = NO_HEADERS
    ) -> Answer:
        """Return an error without the envelope."""
        return Answer(status, {"Content-Type": "application/json", **headers})


class LegacyCodes(Reference):
    """Has error codes of old."""

    def manifest_invalid(self, message: str) -> RefusedError:
        """Return the refusal of a manifest."""
        answer = super().manifest_invalid(message).answer
        return RefusedError(
            replace(answer, body=answer.body.replace(b"MANIFEST_INVALID", b"TAG_INVALID"))
        )


class NothingFound(Reference):
    """Answers 404 where it could say that a reference or a name is none."""

    def finish(self, answer: Answer, request: Incoming) -> Answer:
        """Return the answer with its framing."""
        methods = {"GET", "HEAD", "DELETE"} if self.options.delete else {"GET", "HEAD"}
        reading = request.method in methods and request.reference
        if answer.status == HTTPStatus.BAD_REQUEST and reading and request.route != "referrers":
            answer = replace(answer, status=HTTPStatus.NOT_FOUND)
        return super().finish(answer, request)


class NoRangeOfNothing(Reference):
    """Says no Range of an empty session."""

    def session_headers(self, session: Session) -> dict[str, str]:
        """Return the headers of a session."""
        headers = super().session_headers(session)
        if not session.size:
            del headers["Range"]
        return headers


class OtherDigest(Reference):
    """Names manifests by the digest of another algorithm than the client does."""

    def manifest_headers(self, manifest: StoredManifest) -> dict[str, str]:
        """Return the headers of a manifest."""
        digest = digests.compute(manifest.content, "sha512")
        return {**super().manifest_headers(manifest), "Docker-Content-Digest": digest}


class RelativeLinks(Reference):
    """Links relative to the request, among links of other relations."""

    def link(self, path: str, *parameters: tuple[str, str]) -> str:
        """Return a `Link` header."""
        here = path.rpartition("/")[2]
        return f'<first>; rel="first"; title="a, <b>; c", {super().link(here, *parameters)}'


class UpperCaseTypes(Reference):
    """Writes media types in upper case."""

    def finish(self, answer: Answer, request: Incoming) -> Answer:
        """Return the answer with its framing."""
        headers = {
            key: value.upper() if key == "Content-Type" else value
            for key, value in answer.headers.items()
        }
        return super().finish(replace(answer, headers=headers), request)


class NoRanges(Reference):
    """Serves blobs whole only."""

    def blob_answer(self, request: Incoming, content: bytes, headers: dict[str, str]) -> Answer:
        """Answer GET of a blob."""
        return Answer(HTTPStatus.OK, headers, content)


class InvalidRangesRefused(Reference):
    """Refuses a Range that is none."""

    def blob_answer(self, request: Incoming, content: bytes, headers: dict[str, str]) -> Answer:
        """Answer GET of a blob."""
        asked = request.header(b"range") or ""
        if asked.startswith("bytes") and "," not in asked and parse_range(asked) is None:
            raise self.refusal(HTTPStatus.BAD_REQUEST, ErrorCode.UNSUPPORTED, "invalid Range")
        return super().blob_answer(request, content, headers)


class LastMustBeThere(Reference):
    """Refuses a `last` that is no tag."""

    def tag_page(self, ordered: Sequence[str], count: int | None, last: str) -> list[str]:
        """Return the entries after `last` in that order."""
        if last and last not in ordered:
            raise self.list_refusal("there is no such tag")
        return super().tag_page(ordered, count, last)


class Warns(Reference):
    """Warns with every answer."""

    def finish(self, answer: Answer, request: Incoming) -> Answer:
        """Return the answer with its framing."""
        warning = '299 - "a, b", 299 - "c \\"d\\""'
        return super().finish(
            replace(answer, headers={**answer.headers, "Warning": warning}), request
        )


class AbsoluteLocations(Reference):
    """Names its host in every Location."""

    def finish(self, answer: Answer, request: Incoming) -> Answer:
        """Return the answer with its framing."""
        where = answer.headers.get("Location", "")
        if where.startswith("/"):
            where = f"{request.scheme}://{self.host(request)}{where}"
            answer = replace(answer, headers={**answer.headers, "Location": where})
        return super().finish(answer, request)


class MoreHeaders(Reference):
    """Says more than anybody asks for."""

    def finish(self, answer: Answer, request: Incoming) -> Answer:
        """Return the answer with its framing."""
        more = {
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store, max-age=0",
            "Strict-Transport-Security": "max-age=31536000",
            "Vary": "Accept",
            "X-Request-Id": '"0", a=b; c',
        }
        return super().finish(replace(answer, headers={**more, **answer.headers}), request)


OF_ANSWERS: tuple[type[Reference], ...] = (
    LexicalOrder,
    UpperCaseOrder,
    TextErrors,
    EmptyErrors,
    LegacyCodes,
    NothingFound,
    NoRangeOfNothing,
    OtherDigest,
    RelativeLinks,
    UpperCaseTypes,
    NoRanges,
    InvalidRangesRefused,
    LastMustBeThere,
    Warns,
    AbsoluteLocations,
    MoreHeaders,
)
