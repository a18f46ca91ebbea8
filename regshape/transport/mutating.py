"""Breaks requests on their way out, after authentication and before they are recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TypeAlias

import httpx

from regshape.model import PLAIN, Mutator, Request

Apply: TypeAlias = Callable[[Sequence[Mutator], Request], Request]
"""`regshape.mutators.apply.apply`, or the like of it."""


class MutatingTransport(httpx.AsyncBaseTransport):
    """Applies `extensions["mutators"]`, after the fixed rules, to each request.

    `extensions["request"]` (a `regshape.model.Request`) tells the parts of the target; without it
    they are not known. A request that nothing breaks is passed on as it is.

    Args:
        inner: the transport that sends.
        apply: what mutators do.
        rules: mutators for every request.
    """

    def __init__(
        self, inner: httpx.AsyncBaseTransport, apply: Apply, rules: Sequence[Mutator] = ()
    ) -> None:
        self._inner = inner
        self._apply = apply
        self._rules = tuple(rules)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Break the request and send it."""
        mutators = (*self._rules, *request.extensions.get("mutators", ()))
        if mutators:
            request = self._broken(request, mutators, await known(request))
        return await self._inner.handle_async_request(request)

    def _broken(
        self, request: httpx.Request, mutators: Sequence[Mutator], model: Request
    ) -> httpx.Request:
        broken = self._apply(mutators, model)
        target = request.extensions.get("prefix", "") + broken.target()
        extensions = {
            **request.extensions,
            "mutators": mutators,
            "target": octets(target) or b"/",
            "frame": broken.frame,
        }
        url = retargeted(request.url, extensions["target"])
        return build(broken, lines(broken), url, extensions)


Lines: TypeAlias = list[tuple[bytes, bytes]]
"""Header lines, as httpx takes them."""


def lines(request: Request) -> Lines:
    """Return the headers of a request as octets."""
    return [(octets(name), octets(value)) for name, value in request.headers]


def build(
    request: Request, headers: Lines, url: httpx.URL, extensions: dict[str, object]
) -> httpx.Request:
    """Return a request as an httpx request to which httpx has added nothing."""
    if request.frame is not PLAIN:
        extensions["frame"] = request.frame
    outgoing = httpx.Request(
        request.method,
        url,
        headers=headers,
        stream=httpx.ByteStream(_content(request)),
        extensions=extensions,
    )
    outgoing.method = request.method  # httpx makes it upper case
    return outgoing


def _content(request: Request) -> bytes:
    """Return the body, or half of one that was cut short.

    The wire lays out the frame's payload itself; an application in this process has only the body.
    """
    frame, body = request.frame, request.body
    if frame.ending == "keep" or frame.payload is None:
        return body
    return body[: min(len(frame.payload), len(body) // 2)]


async def known(request: httpx.Request) -> Request:
    """Return an httpx request as a model request, its headers as they stand now."""
    headers = tuple(
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw
    )
    model: Request | None = request.extensions.get("request")
    if model is not None:
        # Who breaks a body that flows must have it whole.
        body = model.body if isinstance(request.stream, httpx.ByteStream) else await request.aread()
        return replace(model, headers=headers, body=body)
    target = (request.extensions.get("target") or request.url.raw_path).decode("latin-1")
    path, mark, query = target.partition("?")
    pairs = tuple(_pair(text) for text in query.split("&")) if mark else ()
    return Request(request.method, path, {}, pairs, headers, await request.aread())


def _pair(text: str) -> tuple[str, str | None]:
    key, sign, value = text.partition("=")
    return (key, value if sign else None)


def retargeted(url: httpx.URL, target: bytes) -> httpx.URL:
    """Return the URL with another target, or unchanged if no URL can carry that target."""
    if not target.startswith(b"/"):
        return url
    try:
        return url.copy_with(raw_path=target)
    except (httpx.InvalidURL, ValueError):
        return url


def octets(text: str) -> bytes:
    """Return the bytes that a text stands for: one a character, or UTF-8 if that cannot be."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
