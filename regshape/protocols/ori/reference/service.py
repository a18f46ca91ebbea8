"""The registry as a whole: the way of a request from ASGI to a handler and back."""

from __future__ import annotations

from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from regshape.errors import StoreError
from regshape.protocols.ori.models import ErrorCode
from regshape.protocols.ori.package import PackageError
from regshape.protocols.ori.reference.journal import Journal
from regshape.protocols.ori.reference.log_handlers import Logging
from regshape.protocols.ori.reference.records import ReferenceOptions
from regshape.protocols.ori.reference.routes import ROUTES, Route, find_route, split_path
from regshape.protocols.ori.reference.traffic import Asked, Body
from regshape.protocols.serving import (
    Answer,
    DisconnectedError,
    RefusedError,
    TooLargeError,
    application,
    raw_path,
    send_answer,
)

BROKEN = "broken"
"""In place of a route's name: the path cannot be decoded."""


class Reference(Logging):
    """A conforming Ori registry.

    A fault is planted by composing a class in front of this one that overrides a method or two:
    `type("Planted", (Fault, Reference), {})`.
    """

    def __init__(
        self, options: ReferenceOptions | None = None, journal: Journal | None = None
    ) -> None:
        """Start with what the journal holds; without one, empty and in memory."""
        super().__init__(options, journal)
        self.app = application(self)
        """The registry as an ASGI application."""

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. Nothing happens where the client goes away before its body ends."""
        asked = self.read_head(scope, receive)
        try:
            answer = await self.answer(asked)
        except DisconnectedError:
            return
        await asked.body.drain()
        await self.send(send, self.finish(answer, asked))

    async def send(self, send: Send, answer: Answer) -> None:
        """Send a finished answer as it stands."""
        await send_answer(send, answer)

    def read_head(self, scope: Scope, receive: Receive) -> Asked:
        """Return the request, its body unread; from here on it counts for the rate limit."""
        headers = tuple(scope["headers"])
        token, refused = self.identify(headers)
        raw = raw_path(scope)
        route, words = self.find_route(raw)
        client = scope.get("client") or ("",)
        return Asked(
            method=scope["method"],
            path=raw.decode("latin-1"),
            route=route,
            words=words,
            query=self.parse_query(scope.get("query_string", b"")),
            headers=headers,
            body=Body(receive, headers),
            token=token,
            refused=refused,
            quota=self.count(token, client[0]),
        )

    def find_route(self, raw: bytes) -> tuple[str, dict[str, str]]:
        """Return the name of the route that a raw path leads to, with the words of the path."""
        steps = split_path(raw)
        return (BROKEN, {}) if steps is None else find_route(steps)

    def parse_query(self, raw: bytes) -> tuple[tuple[str, str], ...]:
        """Return the pairs of a query, decoded as forms are; what is no UTF-8 becomes U+FFFD."""
        return tuple(parse_qsl(raw.decode("latin-1"), keep_blank_values=True, errors="replace"))

    async def answer(self, asked: Asked) -> Answer:
        """Return the answer to a request: its head is judged before its body is read."""
        try:
            self.check_quota(asked)
            self.admit(asked)
            handler = getattr(self, self.find_handler(asked))
            answer: Answer = await handler(asked)
        except RefusedError as refused:
            return refused.answer
        except PackageError as error:
            return self.error(error.code, str(error), pointer=error.pointer)
        except TooLargeError:
            return self.error(ErrorCode.TOO_LARGE, "the body is too large")
        except StoreError:
            return self.error(ErrorCode.STORE_FAILED, "the registry cannot use its store")
        return answer

    def find_handler(self, asked: Asked) -> str:
        """Return the name of the handler, or refuse what has none."""
        if asked.route == BROKEN:
            raise self.refusal(ErrorCode.REQUEST_INVALID, "the path is not well escaped UTF-8")
        route = ROUTES.get(asked.route)
        if route is None:
            raise self.refusal(ErrorCode.ROUTE_UNKNOWN, "there is no such endpoint")
        method = "GET" if asked.method == "HEAD" else asked.method
        if method not in route.handlers:
            raise self.method_not_allowed(route)
        return route.handlers[method]

    def method_not_allowed(self, route: Route) -> RefusedError:
        """Return the refusal of a method, with those that are allowed (RFC 9110, 15.5.6)."""
        return self.refusal(
            ErrorCode.METHOD_NOT_ALLOWED,
            "the method is not allowed here",
            {"Allow": route.allowed},
        )
