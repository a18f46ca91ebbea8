"""The registry as a whole: its routes, and the way of a request from ASGI to a handler and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Final

from starlette.types import Receive, Scope, Send

from regshape.protocols.oci.models import ErrorCode, is_name
from regshape.protocols.oci.reference import targets
from regshape.protocols.oci.reference.memory import ReferenceOptions
from regshape.protocols.oci.reference.messages import Incoming, parse_query, read_body
from regshape.protocols.oci.reference.targets import Target
from regshape.protocols.oci.reference.token_auth import Auth
from regshape.protocols.oci.reference.upload_handlers import Uploads
from regshape.protocols.serving import (
    Answer,
    DisconnectedError,
    RefusedError,
    TooLargeError,
    application,
    raw_path,
    send_answer,
)

ROUTES: Mapping[str, Mapping[str, str]] = {
    targets.PING: {"GET": "get_support"},
    targets.TOKEN: {"GET": "get_token"},
    targets.CATALOG: {"GET": "get_catalog"},
    targets.DISCOVER: {"GET": "get_extensions"},
    targets.DISCOVER_IN: {"GET": "get_repository_extensions"},
    targets.BLOB: {"GET": "get_blob", "DELETE": "delete_blob"},
    targets.UPLOADS: {"POST": "start_upload"},
    targets.SESSION: {
        "GET": "get_session",
        "PATCH": "append_chunk",
        "PUT": "finish_upload",
        "DELETE": "cancel_upload",
    },
    targets.MANIFEST: {
        "GET": "get_manifest",
        "PUT": "put_manifest",
        "DELETE": "delete_manifest",
    },
    targets.TAGS: {"GET": "get_tags"},
    targets.REFERRERS: {"GET": "get_referrers"},
}
"""The name of the handler by route and method; HEAD goes where GET goes."""

NAMELESS: Final = frozenset({targets.PING, targets.TOKEN, targets.CATALOG, targets.DISCOVER})
WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})


class Reference(Uploads, Auth):
    """A conforming OCI registry in memory.

    A fault is planted by composing a class in front of this one that overrides a method or two:
    `type("Planted", (Fault, Reference), {})`.

    Source: distribution-spec, `spec.md`; image-spec where manifests are concerned; RFC 9110 where
    both are silent.
    """

    def __init__(self, options: ReferenceOptions | None = None) -> None:
        """Start an empty registry."""
        super().__init__(options)
        self.app = application(self)
        """The registry as an ASGI application."""

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Nothing happens where the client goes away before its body ends."""
        request = self.read_head(scope)
        try:
            answer = await self.answer(request, receive)
        except DisconnectedError:
            return
        await self.send(send, self.finish(answer, request))

    async def send(self, send: Send, answer: Answer) -> None:
        """Send a finished answer as it stands."""
        await send_answer(send, answer)

    def read_head(self, scope: Scope) -> Incoming:
        """Return the request without its body."""
        raw = raw_path(scope)
        target = self.find_target(raw)
        return Incoming(
            method=scope["method"],
            route=target.route,
            name=target.name,
            reference=target.reference,
            path=raw.decode("latin-1"),
            query=parse_query(scope.get("query_string", b"")),
            headers=tuple(scope["headers"]),
            scheme=scope.get("scheme", "http"),
        )

    def find_target(self, raw: bytes) -> Target:
        """Return the route that a raw path leads to."""
        components = targets.split_path(raw)
        return Target(targets.BROKEN) if components is None else targets.find_target(components)

    async def answer(self, request: Incoming, receive: Receive) -> Answer:
        """Return the answer to a request: its head is judged before its body is read."""
        try:
            handler = self.find_handler(request)
            if request.method in WITH_BODY:
                body = await self.receive_body(request, receive)
                request = replace(request, body=body)
            answer: Answer = getattr(self, handler)(request)
        except RefusedError as refused:
            return refused.answer
        return answer

    def find_handler(self, request: Incoming) -> str:
        """Return the name of the handler, or refuse what has none or is not allowed."""
        if request.route == targets.BROKEN:
            raise self.name_invalid("the path is not well escaped UTF-8")
        if not self.has_route(request.route):
            raise self.not_found()
        if request.route != targets.TOKEN:
            self.authorize(request)
        self.check_name(request)
        methods = ROUTES[request.route]
        method = "GET" if request.method == "HEAD" else request.method
        if method not in methods:
            raise self.method_not_allowed(request, methods)
        return methods[method]

    def has_route(self, route: str) -> bool:
        """Return whether there is such a route; that of tokens is there with Bearer only."""
        return route in ROUTES and (route != targets.TOKEN or self.options.auth == "bearer")

    def check_name(self, request: Incoming) -> None:
        """Refuse with 400 what is no repository's name (spec.md, "Pulling manifests")."""
        if request.route not in NAMELESS and not self.is_legal_name(request.name):
            raise self.name_invalid("invalid repository name")

    def is_legal_name(self, name: str) -> bool:
        """Return whether the text is a repository's name of at most 255 characters."""
        return is_name(name)

    async def receive_body(self, request: Incoming, receive: Receive) -> bytes:
        """Return the body, or refuse one that is too large or not as long as it claims."""
        limit = self.body_limit(request)
        claimed = self.claimed_length(request)
        if claimed is not None and claimed > limit:
            raise self.body_too_large()
        try:
            body = await read_body(receive, limit)
        except TooLargeError:
            raise self.body_too_large() from None
        self.check_length(claimed, body)
        return body

    def body_limit(self, request: Incoming) -> int:
        """Return how many bytes the body of a request may have."""
        if request.route == targets.MANIFEST:
            return self.options.max_manifest
        return self.options.max_blob

    def claimed_length(self, request: Incoming) -> int | None:
        """Return the `Content-Length`, or None; a chunked body has none (RFC 9112, 6.3)."""
        text = request.header(b"content-length")
        if text is None or request.header(b"transfer-encoding") is not None:
            return None
        length = self.parse_count(text)
        if length is None:
            raise self.size_invalid("Content-Length is no number")
        return length

    def check_length(self, claimed: int | None, body: bytes) -> None:
        """Refuse with 400 a body that is not as long as its `Content-Length`."""
        if claimed is not None and claimed != len(body):
            raise self.size_invalid("the body is not as long as its Content-Length")

    def get_support(self, request: Incoming) -> Answer:
        """Answer GET `/v2/` (spec.md, "Determining Support")."""
        del request
        headers = {"Docker-Distribution-Api-Version": "registry/2.0"}
        return self.json_answer(HTTPStatus.OK, {}, headers)

    # refusals

    def method_not_allowed(self, request: Incoming, methods: Mapping[str, str]) -> RefusedError:
        """Return the refusal of a method, with those that are allowed (RFC 9110, 15.5.6)."""
        del request
        allowed = [name for known in methods for name in _with_head(known)]
        return self.refusal(
            HTTPStatus.METHOD_NOT_ALLOWED,
            ErrorCode.UNSUPPORTED,
            "the method is not allowed here",
            {"Allow": ", ".join(allowed)},
        )

    def not_found(self) -> RefusedError:
        """Return the refusal of a path that is no route."""
        return self.refusal(
            HTTPStatus.NOT_FOUND, ErrorCode.UNSUPPORTED, "there is no such endpoint"
        )

    def name_invalid(self, message: str) -> RefusedError:
        """Return the refusal of a name that is none."""
        return self.refusal(HTTPStatus.BAD_REQUEST, ErrorCode.NAME_INVALID, message)

    def size_invalid(self, message: str) -> RefusedError:
        """Return the refusal of a body of the wrong length."""
        return self.refusal(HTTPStatus.BAD_REQUEST, ErrorCode.SIZE_INVALID, message)

    def body_too_large(self) -> RefusedError:
        """Return the refusal of a body over the limit."""
        return self.refusal(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE, ErrorCode.SIZE_INVALID, "the body is too large"
        )


def _with_head(method: str) -> tuple[str, ...]:
    return ("GET", "HEAD") if method == "GET" else (method,)
