"""What every part of the reference registry stands on: its state, its errors, its last word.

A handler returns an `Answer`, or raises what `refusal` returns. `finish` sees every answer before
it leaves. Whatever checks and writes does so without awaiting, so no two requests interleave.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from regshape.protocols.oci.models import JSON, ErrorCode
from regshape.protocols.oci.reference.memory import ReferenceOptions, Repository, Store
from regshape.protocols.oci.reference.messages import Incoming, has_no_length
from regshape.protocols.serving import Answer, RefusedError

NO_HEADERS: Mapping[str, str] = {}


class Answers:
    """State, errors and finishing: the part that all other parts extend."""

    def __init__(self, options: ReferenceOptions | None = None) -> None:
        """Start an empty registry."""
        self.options = options or ReferenceOptions()
        self.store = Store()

    # answers

    def error(
        self,
        status: int,
        code: ErrorCode,
        message: str,
        headers: Mapping[str, str] = NO_HEADERS,
        detail: object = None,
    ) -> Answer:
        """Return an error in the envelope of the specification (spec.md, "Error Codes")."""
        entry: dict[str, Any] = {"code": str(code), "message": message}
        if detail is not None:
            entry["detail"] = detail
        return self.errors(status, [entry], headers)

    def errors(
        self, status: int, entries: list[dict[str, Any]], headers: Mapping[str, str] = NO_HEADERS
    ) -> Answer:
        """Return an answer whose envelope holds several errors."""
        return self.json_answer(status, {"errors": entries}, headers)

    def refusal(
        self,
        status: int,
        code: ErrorCode,
        message: str,
        headers: Mapping[str, str] = NO_HEADERS,
        detail: object = None,
    ) -> RefusedError:
        """Return the exception that ends a handler with an error."""
        return RefusedError(self.error(status, code, message, headers, detail))

    def json_answer(
        self, status: int, document: object, headers: Mapping[str, str] = NO_HEADERS
    ) -> Answer:
        """Return a JSON answer, `application/json` unless the headers say otherwise."""
        body = json.dumps(document, separators=(",", ":")).encode()
        return Answer(status, {"Content-Type": JSON, **headers}, body)

    def finish(self, answer: Answer, request: Incoming) -> Answer:
        """Return the answer with its framing: `Content-Length`, and no body where none belongs.

        Source: RFC 9110, 8.6 and 9.3.2. Nothing touches an answer after this.
        """
        headers = dict(answer.headers)
        if not has_no_length(answer.status):
            headers["Content-Length"] = str(len(answer.body))
        if request.method == "HEAD" and answer.body:
            return Answer(answer.status, headers)
        return replace(answer, headers=headers)

    # what is there

    def now(self) -> float:
        """Return the monotonic time in seconds."""
        return time.monotonic()

    def find_repository(self, name: str) -> Repository | None:
        """Return the repository, or None where nothing was acknowledged in it or all is deleted."""
        return self.store.repositories.get(name)

    def need_repository(self, name: str) -> Repository:
        """Return the repository, or refuse with 404 (spec.md, "Pushing Manifests")."""
        repository = self.find_repository(name)
        if repository is None:
            raise self.refusal(
                HTTPStatus.NOT_FOUND,
                ErrorCode.NAME_UNKNOWN,
                "repository name not known to registry",
            )
        return repository

    def make_repository(self, name: str) -> Repository:
        """Return the repository, made if it is not there."""
        return self.store.repositories.setdefault(name, Repository(name))

    def forget_if_empty(self, repository: Repository) -> None:
        """Remove a repository in which nothing is left."""
        if repository.is_empty():
            self.store.repositories.pop(repository.name, None)

    def may_read(self, request: Incoming, name: str) -> bool:
        """Return whether whoever asks may pull from that repository."""
        del request, name
        return True

    # headers

    def location(self, name: str, route: str, reference: str) -> str:
        """Return the path of something in a repository, relative to the host."""
        return f"/v2/{name}/{route}/{reference}"

    def etag(self, digest: str) -> str:
        """Return the strong entity tag of content with that digest."""
        return f'"{digest}"'

    def link(self, path: str, *parameters: tuple[str, str]) -> str:
        """Return a `Link` header to the next page (RFC 5988)."""
        pairs = (f"{key}={quote(value, safe='')}" for key, value in parameters)
        return f'<{path}?{"&".join(pairs)}>; rel="next"'

    # conditions

    def check_conditions(self, request: Incoming, etag: str | None) -> None:
        """Refuse with 412 what `If-Match` forbids (RFC 9110, 13.1.1); None: nothing is there."""
        wanted = request.header(b"if-match")
        if wanted is not None and not self.is_listed(etag, wanted, weak=False):
            raise self.refusal(
                HTTPStatus.PRECONDITION_FAILED, ErrorCode.DENIED, "the If-Match condition is false"
            )

    def is_listed(self, etag: str | None, header: str, *, weak: bool) -> bool:
        """Return whether a list of entity tags holds this one, or is `*` and there is one."""
        if etag is None:
            return False
        listed = [item.strip() for item in header.split(",")]
        if weak:
            listed = [item.removeprefix("W/") for item in listed]
        return etag in listed or listed == ["*"]

    def is_unmodified(self, request: Incoming, etag: str) -> bool:
        """Return whether `If-None-Match` names what the client has already (RFC 9110, 13.1.2)."""
        known = request.header(b"if-none-match")
        return known is not None and self.is_listed(etag, known, weak=True)
