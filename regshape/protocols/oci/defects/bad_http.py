"""Faults in what every HTTP server owes: an answer, its framing, its status."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Final, Never

import anyio
from starlette.types import Receive

from regshape.model import Defect
from regshape.protocols.oci.models import ErrorCode
from regshape.protocols.oci.reference import (
    Answer,
    Incoming,
    Reference,
    ReferenceOptions,
    RefusedError,
)
from regshape.protocols.oci.reference.documents import Document
from regshape.protocols.serving import DisconnectedError

PATIENCE: Final = 0.6
"""Seconds that a server waits for the rest of a body."""


async def _wait_in_vain(receive: Receive) -> Never:
    """Wait until the client loses patience."""
    while (await receive())["type"] != "http.disconnect":
        pass
    raise DisconnectedError


class UploadsDeadlocked(Reference):
    """Takes the lock of a repository when an upload begins, and waits for it at the next one."""

    async def answer(self, request: Incoming, receive: Receive) -> Answer:
        """Return the answer to a request, if the lock is ever free."""
        busy = any(one.repository == request.name for one in self.store.sessions.values())
        if request.route == "uploads" and busy:
            await _wait_in_vain(receive)
        return await super().answer(request, receive)


class ErrorsLonger(Reference):
    """Ends an error with a new line after its length was counted."""

    def finish(self, answer: Answer, request: Incoming) -> Answer:
        """Return the answer with its framing, and an error with a new line."""
        finished = super().finish(answer, request)
        if answer.status != HTTPStatus.NOT_FOUND or not finished.body:
            return finished
        return replace(finished, body=finished.body + b"\n")


class ErrorsCutOff(Reference):
    """Sends the head of an error, and forgets its body."""

    def finish(self, answer: Answer, request: Incoming) -> Answer:
        """Return the answer with its framing, and an error without its body."""
        finished = super().finish(answer, request)
        if answer.status != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            return finished
        return replace(finished, body=b"")


class EmptyManifestFails(Reference):
    """Reads a manifest as JSON without asking whether it is any."""

    def parse_manifest(self, content: bytes) -> Document | None:
        """Return the JSON object that the content is."""
        document = json.loads(content)
        return document if isinstance(document, dict) else None


class NestingFails(Reference):
    """Expects that JSON may be malformed, and not that it may be too deep."""

    def parse_manifest(self, content: bytes) -> Document | None:
        """Return the JSON object that the content is, or None."""
        try:
            document = json.loads(content.decode("utf-8"))
        except ValueError:
            return None
        return document if isinstance(document, dict) else None


class DescriptorsTrusted(Reference):
    """Looks into what is listed as a descriptor without asking whether it is an object."""

    def flaw_of_descriptor(self, descriptor: object) -> str | None:
        """Return what is wrong with a descriptor, or None."""
        return super().flaw_of_descriptor({**descriptor})  # type: ignore[dict-item]


class CatalogUnchallenged(Reference):
    """Demands an administrator for the catalogue, and does not say how to become one."""

    def get_catalog(self, request: Incoming) -> Answer:
        """Answer GET of the repositories with 401."""
        raise self.refusal(HTTPStatus.UNAUTHORIZED, ErrorCode.UNAUTHORIZED, "for administrators")


class MethodsUntold(Reference):
    """Refuses a method without listing those that there are."""

    def method_not_allowed(self, request: Incoming, methods: Mapping[str, str]) -> RefusedError:
        """Return the refusal of a method."""
        answer = super().method_not_allowed(request, methods).answer
        headers = {name: value for name, value in answer.headers.items() if name != "Allow"}
        return RefusedError(replace(answer, headers=headers))


class StatusOfItsOwn(Reference):
    """Denies methods that nobody uses with a status that nobody knows."""

    def method_not_allowed(self, request: Incoming, methods: Mapping[str, str]) -> RefusedError:
        """Return the refusal of a method, 999 where no route has it."""
        refused = super().method_not_allowed(request, methods)
        if request.method in {"GET", "POST", "PUT", "PATCH", "DELETE"}:
            return refused
        return RefusedError(replace(refused.answer, status=999))


class WedgedByCutRequest(Reference):
    """Serves no one else while it waits for the rest of a body, though the client has gone."""

    def __init__(self, options: ReferenceOptions | None = None) -> None:
        """Start with no one to wait for."""
        super().__init__(options)
        self.busy = anyio.Lock()

    async def answer(self, request: Incoming, receive: Receive) -> Answer:
        """Return the answer to a request, once those before it are whole or given up."""
        async with self.busy:
            try:
                return await super().answer(request, receive)
            except DisconnectedError:
                await anyio.sleep(PATIENCE)
                raise


BAD_HTTP: tuple[Defect, ...] = (
    Defect("uploads-deadlocked", "does not answer while another upload is under way",
        ("HTTP-01",), UploadsDeadlocked, kind="Q"),
    Defect("errors-longer", "sends errors that are longer than their Content-Length",
        ("HTTP-02",), ErrorsLonger, "forgejo#8070", kind="W"),
    Defect("errors-cut-off", "sends an error without the body that it announces",
        ("HTTP-02",), ErrorsCutOff, "forgejo#8070", kind="W"),
    Defect("empty-manifest-fails", "fails on a manifest that is no JSON",
        ("HTTP-03",), EmptyManifestFails, "docker-adapter#356", kind="S"),
    Defect("nesting-fails", "fails on a manifest that is nested too deep",
        ("HTTP-03",), NestingFails, kind="S"),
    Defect("descriptors-trusted", "fails on a descriptor that is no object",
        ("HTTP-03",), DescriptorsTrusted, kind="S"),
    Defect("catalog-unchallenged", "answers 401 without WWW-Authenticate",
        ("HTTP-04",), CatalogUnchallenged, kind="A"),
    Defect("methods-untold", "answers 405 without Allow",
        ("HTTP-05",), MethodsUntold, kind="S"),
    Defect("status-of-its-own", "answers with the status 999",
        ("HTTP-06",), StatusOfItsOwn, kind="S"),
    Defect("wedged-by-cut-request", "serves nothing for a while when a request was cut off",
        ("HTTP-07",), WedgedByCutRequest, kind="W"),
)  # fmt: skip
