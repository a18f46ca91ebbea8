"""Faults in what all answers share: support, methods, errors, warnings, extensions."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any, Final

from regshape.model import Defect
from regshape.protocols.oci.models import ErrorCode
from regshape.protocols.oci.reference import (
    Answer,
    Incoming,
    Reference,
    ReferenceOptions,
    RefusedError,
    Session,
    StoredManifest,
    targets,
)
from regshape.protocols.oci.reference.answers import NO_HEADERS
from regshape.protocols.oci.reference.targets import Target

FREE_SIGN_INS: Final = 2


class SupportThrottled(Reference):
    """Counts GET /v2/ as a try to sign in, and calls the third one a bad request."""

    def __init__(self, options: ReferenceOptions | None = None) -> None:
        """Start with no tries."""
        super().__init__(options)
        self.tries = 0

    def get_support(self, request: Incoming) -> Answer:
        """Answer GET /v2/, as often as one may sign in."""
        self.tries += 1
        if self.tries > FREE_SIGN_INS:
            raise self.refusal(HTTPStatus.BAD_REQUEST, ErrorCode.TOOMANYREQUESTS, "try later")
        return super().get_support(request)


class OtherMethodsRead(Reference):
    """Answers every method that it does not know as it answers GET."""

    def find_handler(self, request: Incoming) -> str:
        """Return the handler of the method, or that of GET."""
        try:
            return super().find_handler(request)
        except RefusedError as refused:
            if refused.answer.status != HTTPStatus.METHOD_NOT_ALLOWED:
                raise
            return super().find_handler(replace(request, method="GET"))


class ErrorsBare(Reference):
    """Sends one error as it is, not in a list of errors."""

    def errors(
        self, status: int, entries: list[dict[str, Any]], headers: Mapping[str, str] = NO_HEADERS
    ) -> Answer:
        """Return an answer with the first error."""
        return self.json_answer(status, entries[0], headers)


class ErrorsUncoded(Reference):
    """Leaves the code out where a route is not known, because there is none for it."""

    def not_found(self) -> RefusedError:
        """Return the refusal of a path that is no route."""
        return RefusedError(self.errors(HTTPStatus.NOT_FOUND, [{"message": "page not found"}]))


class CodeInLowerCase(Reference):
    """Writes the code of an unknown blob as it is written in the source."""

    def blob_unknown(self, digest: str) -> RefusedError:
        """Return the refusal of a blob that is not here."""
        entries = [{"code": "blob_unknown", "message": "blob unknown", "detail": digest}]
        return RefusedError(self.errors(HTTPStatus.NOT_FOUND, entries))


class CodeOfItsOwn(Reference):
    """Invents a code for a page size that is none."""

    def list_refusal(self, message: str) -> RefusedError:
        """Return the refusal of a parameter of a listing."""
        entries = [{"code": "PAGINATION_NUMBER_INVALID", "message": message}]
        return RefusedError(self.errors(HTTPStatus.BAD_REQUEST, entries))


class StackShown(Reference):
    """Tells where in the source a tag was found not to be there."""

    def manifest_unknown(self, reference: str) -> RefusedError:
        """Return the refusal of a manifest that is not here."""
        try:
            raise KeyError(reference)
        except KeyError:
            message = traceback.format_exc()
        return self.refusal(HTTPStatus.NOT_FOUND, ErrorCode.MANIFEST_UNKNOWN, message)


class MessageStructured(Reference):
    """Sends the parts of a message for the client to put together."""

    def manifest_unknown(self, reference: str) -> RefusedError:
        """Return the refusal of a manifest that is not here."""
        message = {"text": "{reference} is unknown", "reference": reference}
        entries = [{"code": str(ErrorCode.MANIFEST_UNKNOWN), "message": message}]
        return RefusedError(self.errors(HTTPStatus.NOT_FOUND, entries))


class ThrottledWithoutEnd(Reference):
    """Allows one upload at a time in a repository, and does not say when to try again."""

    def open_session(self, name: str, algorithm: str | None) -> Session:
        """Open a session, unless the repository has one."""
        if any(session.repository == name for session in self.store.sessions.values()):
            raise self.refusal(
                HTTPStatus.TOO_MANY_REQUESTS, ErrorCode.TOOMANYREQUESTS, "too many uploads"
            )
        return super().open_session(name, algorithm)


class WarningDated(Reference):
    """Warns of the catalogue as HTTP does, with its own name and a date."""

    def get_catalog(self, request: Incoming) -> Answer:
        """Answer GET of the repositories with a warning."""
        answer = super().get_catalog(request)
        text = '299 registry.example "deprecated" "Wed, 21 Oct 2015 07:28:00 GMT"'
        return replace(answer, headers={**answer.headers, "Warning": text})


class WarningForEach(Reference):
    """Warns of each tag of a push at length, and of none of them briefly."""

    def created_manifest(
        self, request: Incoming, manifest: StoredManifest, tags: Sequence[str]
    ) -> Answer:
        """Return 201 with a warning for each tag."""
        answer = super().created_manifest(request, manifest, tags)
        if not tags:
            return answer
        terms = "a tag may be moved by whoever may push to this repository; " * 8
        warnings = ", ".join(f'299 - "{tag}: {terms}"' for tag in tags)
        return replace(answer, headers={**answer.headers, "Warning": warnings})


class ExtensionNamedFreely(Reference):
    """Names an extension as people call it."""

    def extensions(self) -> list[dict[str, Any]]:
        """Return what the discovery of extensions lists."""
        return [{**item, "name": "OCI discovery"} for item in super().extensions()]


class ExtensionUnlocated(Reference):
    """Lists an extension without its endpoints."""

    def extensions(self) -> list[dict[str, Any]]:
        """Return what the discovery of extensions lists."""
        listed = super().extensions()
        return [{"name": item["name"], "url": item["url"]} for item in listed]


class ExtensionsAnswered(Reference):
    """Hands every path with an underscore to the discovery of extensions."""

    def find_target(self, raw: bytes) -> Target:
        """Return the route of a path, that of extensions where it is not known."""
        target = super().find_target(raw)
        if target.route == targets.UNKNOWN and b"/_" in raw:
            return Target(targets.DISCOVER)
        return target


BAD_ANSWERS: tuple[Defect, ...] = (
    Defect("support-throttled", "answers 400 to GET /v2/ when it was asked twice",
        ("OCI-API-03",), SupportThrottled, kind="Q"),
    Defect("other-methods-read", "answers unknown methods as GET",
        ("OCI-API-01",), OtherMethodsRead, kind="S"),
    Defect("errors-bare", "sends an error without the list around it",
        ("OCI-ERR-01",), ErrorsBare, "artifact-keeper#3110, trow#52", kind="S"),
    Defect("errors-uncoded", "sends an error without a code",
        ("OCI-ERR-01",), ErrorsUncoded, kind="S"),
    Defect("code-in-lower-case", "writes an error code in lower case",
        ("OCI-ERR-02",), CodeInLowerCase, kind="S"),
    Defect("code-of-its-own", "sends an error code that is in no table",
        ("OCI-ERR-03",), CodeOfItsOwn, "distribution (PAGINATION_NUMBER_INVALID)", kind="S"),
    Defect("stack-shown", "sends a stack trace in an error",
        ("OCI-ERR-04",), StackShown, kind="S"),
    Defect("message-structured", "sends a message that is no text",
        ("OCI-ERR-04",), MessageStructured, kind="S"),
    Defect("throttled-without-end", "answers 429 without Retry-After",
        ("OCI-ERR-05",), ThrottledWithoutEnd, "pulp#1212", kind="Q"),
    Defect("warning-dated", "sends a Warning with agent and date",
        ("OCI-WRN-01",), WarningDated, kind="S"),
    Defect("warning-for-each", "sends more than 4096 bytes of warnings",
        ("OCI-WRN-02",), WarningForEach, kind="S"),
    Defect("extension-named-freely", "lists an extension with a name that is none",
        ("OCI-EXT-01",), ExtensionNamedFreely, kind="S"),
    Defect("extension-unlocated", "lists an extension without endpoints",
        ("OCI-EXT-02",), ExtensionUnlocated, kind="S"),
    Defect("extensions-answered", "answers every path with an underscore",
        ("OCI-EXT-03",), ExtensionsAnswered, kind="S"),
)  # fmt: skip
