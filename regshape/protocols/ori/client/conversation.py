"""Requests to one Ori registry: sent, redirected; answers accepted or refused.

The token goes to the registry's own origin only: the transport leaves it out of all else
(ORI-40). A request that changes something is never redirected, and never sent twice.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from regshape.errors import RegistryError, UsageError
from regshape.model import Exchange, Request
from regshape.protocols.http import next_link
from regshape.protocols.ori.client.ori_config import OriConfig
from regshape.protocols.ori.client.ori_refusals import ori_refusal
from regshape.protocols.ori.models import JSON
from regshape.transport.client import open_client
from regshape.transport.faults import fault
from regshape.transport.locations import Place, place_of, resolved
from regshape.transport.streaming import Flow, FlowError
from regshape.transport.throttle import MOST_TRIES, Throttle

ANSWER_LIMIT = 16 * 1024 * 1024
"""Longest document that is read, in bytes."""
REFUSAL_LIMIT = 64 * 1024
"""What is read of a refusal, in bytes."""
REDIRECTS = 5
"""Most redirects that are followed."""
_MOVED = frozenset({301, 302, 303, 307, 308})
_DONE = frozenset({200, 201, 202})

D = TypeVar("D", bound=BaseModel)


class Conversation:
    """A registry at a URL, and the way there; raises `UsageError` for a token that cannot be."""

    def __init__(self, config: OriConfig) -> None:
        _check_token(config.token)
        self._base = place_of(config.url)
        self._throttle = Throttle()
        self._client = open_client(
            config.url,
            tokens={"main": config.token} if config.token else None,
            insecure=config.insecure,
            ca_file=config.ca_file,
            deadline=config.timeout,
            inner=config.inner,
        )

    @property
    def url(self) -> str:
        """The registry's URL."""
        return self._base.url.rstrip("/")

    async def get(self, target: str, doing: str) -> Exchange:
        """Return the exchange of a GET; `doing` is how errors begin.

        Raises:
            AuthError, RegistryError, TransportError: it was not done.
        """
        return await self.ask(Request("GET", target), doing)

    async def document(self, kind: type[D], target: str, doing: str) -> D:
        """Return the document at a target; raises as `get` does, and where it is another."""
        return parsed(kind, await self.get(target, doing), doing)

    async def pages(self, target: str, doing: str) -> AsyncIterator[Exchange]:
        """Give the answer at a target, and the pages that follow (RFC 8288).

        Raises:
            RegistryError: the pages lead to another host, or in a circle.
        """
        place, seen = self._place(target), set[str]()
        while True:
            seen.add(place.url)
            exchange = await self._asked(place.request("GET"), place, doing)
            yield exchange
            link = next_link(exchange)
            if link is None:
                return
            place = resolved(place.url, link)
            if place.origin != self._base.origin:
                raise RegistryError(f"{doing}: the next page is on another host: {place.origin}")
            if place.url in seen:
                raise RegistryError(f"{doing}: the pages lead in a circle, at {place.target}")

    async def post(self, target: str, body: object, doing: str) -> Exchange:
        """Return the exchange of a POST of JSON, of nothing for None; raises as `get` does."""
        content = b"" if body is None else json.dumps(body).encode()
        headers = (("Content-Type", JSON),) if content else ()
        return await self.ask(Request("POST", target, headers=headers, body=content), doing)

    async def ask(self, request: Request, doing: str) -> Exchange:
        """Return the exchange of a request for a target of the registry; raises as `get` does."""
        return await self._asked(request, None, doing)

    async def _asked(self, request: Request, place: Place | None, doing: str) -> Exchange:
        async with self._flow(request, place, doing) as flow:
            body = await read(flow, ANSWER_LIMIT, doing)
        return replace(flow.exchange, answer=body)

    @asynccontextmanager
    async def flow(self, target: str, doing: str) -> AsyncIterator[Flow]:
        """Give an accepted answer to a GET whose body has not been read; raises as `get` does."""
        async with self._flow(Request("GET", target), None, doing) as flow:
            yield flow

    @asynccontextmanager
    async def _flow(self, request: Request, place: Place | None, doing: str) -> AsyncIterator[Flow]:
        async with AsyncExitStack() as stack:
            for _ in range(REDIRECTS + 1):
                flow = await self._answered(stack, request, place, doing)
                location = flow.exchange.header("location")
                if flow.exchange.status not in _MOVED or location is None:
                    break
                if request.method != "GET":
                    break
                await stack.aclose()
                here = place.url if place else self._place(request.target()).url
                place = resolved(here, location)
                request = place.request("GET")
            else:
                raise RegistryError(f"{doing}: more than {REDIRECTS} redirects")
            if flow.exchange.status not in _DONE:
                raise ori_refusal(replace(flow.exchange, answer=await _refused(flow)), doing)
            yield flow

    async def _answered(
        self, stack: AsyncExitStack, request: Request, place: Place | None, doing: str
    ) -> Flow:
        """Return an answer's head; a 429 that says when to come back is waited for."""
        for _ in range(MOST_TRIES):
            await self._throttle.wait()
            origin = place.origin if place else None
            try:
                flow = await stack.enter_async_context(self._client.open(request, origin=origin))
            except FlowError as error:
                raise fault(error.failure, doing) from error
            if not self._throttle.holds(flow.exchange):
                break
            await stack.aclose()
        return flow

    def _place(self, target: str) -> Place:
        return Place(self._base.origin, self._base.target.rstrip("/") + target)

    async def __aenter__(self) -> Conversation:
        """Return the conversation itself."""
        return self

    async def __aexit__(self, *raised: object) -> None:
        """Close all connections."""
        await self._client.__aexit__()


async def read(flow: Flow, limit: int, doing: str) -> bytes:
    """Return an answer's body; raises `RegistryError` where it is longer than the limit."""
    try:
        body = await flow.read(limit + 1)
    except FlowError as error:
        raise fault(error.failure, doing) from error
    if len(body) > limit:
        raise RegistryError(f"{doing}: the answer is longer than {limit} bytes")
    return body


def parsed(kind: type[D], exchange: Exchange, doing: str) -> D:
    """Return the document that an answer holds; raises `RegistryError` if it is none."""
    try:
        return kind.model_validate_json(exchange.answer)
    except ValidationError as error:
        raise RegistryError(f"{doing}: {misfit(kind.__name__, error)}") from error


def misfit(kind: str, error: ValidationError) -> str:
    """Return what is wrong with an answer, in words."""
    first: Any = error.errors(include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"]) or "the whole"
    return f"the answer is no {kind}: {field}: {first['msg']}"


async def _refused(flow: Flow) -> bytes:
    try:
        return await flow.read(REFUSAL_LIMIT)
    except FlowError:  # the status says enough
        return b""


def _check_token(token: str | None) -> None:
    if token is not None and not (token and all("!" <= char <= "~" for char in token)):
        raise UsageError("the token has characters that no token has: look for stray spaces in it")
