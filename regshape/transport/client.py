"""Sends model requests and returns exchanges, whatever the peer does."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType

import httpx

from regshape import __version__
from regshape.errors import UsageError
from regshape.model import Exchange, Failure, Identity, Mutator, Request
from regshape.transport.auth import PING, AuthTransport, Credentials
from regshape.transport.capturing import CapturingTransport, Observe
from regshape.transport.failures import failure_of
from regshape.transport.mutating import (
    Apply,
    Lines,
    MutatingTransport,
    build,
    lines,
    octets,
    retargeted,
)
from regshape.transport.streaming import Flow, Outflow, broken
from regshape.transport.throttle import MOST_TRIES, Throttle
from regshape.transport.wire import WireTransport

DEADLINE = 10.0
"""Longest time of one exchange, in seconds."""
BODY_LIMIT = 16 * 1024 * 1024
"""Longest body that is read, in bytes."""
_WITH_LENGTH = frozenset({"POST", "PUT", "PATCH"})


class Client:
    """A registry's URL, and the way to it: auth, mutators, capture, wire.

    Args:
        url: the registry; its path, if it has one, stands before every target.
        inner: the transport that sends.
        apply: what mutators do (`regshape.mutators.apply.apply`); None if none is ever given.
        credentials: for this origin only.
        other: those of a second identity.
        tokens: bearer tokens that identities were given beforehand.
        retry: whether a 401 is answered with a new token; never for requests that are judged.
        deadline: longest time of one exchange, in seconds.
        body_limit: longest body that is read, in bytes.
        rules: mutators for every request.
        observe: is given every exchange, those for tokens too; these hold secrets.

    Raises:
        UsageError: the URL is none.
    """

    def __init__(  # noqa: PLR0913 - one parameter for each thing that the chain is made of
        self,
        url: str,
        inner: httpx.AsyncBaseTransport,
        *,
        apply: Apply | None = None,
        credentials: Credentials | None = None,
        other: Credentials | None = None,
        tokens: Mapping[Identity, str] | None = None,
        retry: bool = False,
        deadline: float = DEADLINE,
        body_limit: int = BODY_LIMIT,
        rules: Sequence[Mutator] = (),
        observe: Observe | None = None,
    ) -> None:
        self._url = _base_url(url)
        self._prefix = self._url.raw_path.decode("latin-1").rstrip("/")
        self._inner = inner
        self._needs_url = not isinstance(inner, WireTransport)
        self._front = (
            (b"Host", self._url.netloc),
            (b"User-Agent", f"regshape/{__version__}".encode("ascii")),
        )
        self._deadline = deadline
        capturing = CapturingTransport(inner, body_limit, deadline, observe)
        self._chain: httpx.AsyncBaseTransport = capturing
        if apply is not None:
            self._chain = MutatingTransport(capturing, apply, rules)
        self._auth = AuthTransport(
            self._chain,
            credentials,
            url,
            fetch=capturing,
            retry=retry,
            other=other,
            tokens=tokens,
        )
        self._chain = self._auth
        self._throttle = Throttle()

    @property
    def url(self) -> str:
        """The registry's URL."""
        return str(self._url)

    async def discover(self, target: str = PING) -> Failure | str | None:
        """Learn how the registry authenticates, from the answer to a GET of the target.

        Returns the scheme (`basic`, `bearer`, None for none), or why there was no answer. Without
        this it happens before the first request, if there are credentials.
        """
        try:
            return await self._auth.discover(target)
        except httpx.HTTPError as error:
            return failure_of(error)

    async def send(
        self,
        request: Request,
        mutators: Sequence[Mutator] = (),
        scope: str | None = None,
        *,
        fresh: bool = False,
        identity: Identity = "main",
        patient: bool = True,
    ) -> Exchange:
        """Send a request and return its exchange; whatever the peer does, nothing is raised.

        Args:
            request: what to send; Host, User-Agent and a true Content-Length are added if absent.
            mutators: what to break, in order.
            scope: what a token must allow, such as `repository:name:pull,push`.
            fresh: whether to open a connection for it, in place of one that was used before.
            identity: as whom it is sent.
            patient: whether a 429 that says when to come back is waited for, and the request
                then sent again.
        """
        how: dict[str, object] = {"identity": identity}
        if mutators:
            how["mutators"] = tuple(mutators)
        if scope is not None:
            how["scope"] = scope
        if fresh:
            how["fresh"] = True
        if not patient:
            return await self._exchange(request, how)
        for _ in range(MOST_TRIES):
            await self._throttle.wait()
            exchange = await self._exchange(request, how)
            if not self._throttle.holds(exchange):
                break
        return exchange

    async def _exchange(self, request: Request, how: Mapping[str, object]) -> Exchange:
        exchanges: list[Exchange] = []
        outgoing = self._outgoing(request)
        outgoing.extensions.update(how)
        outgoing.extensions["exchanges"] = exchanges
        try:
            await self._chain.handle_async_request(outgoing)
        except httpx.HTTPError as error:
            if not exchanges:
                failure = failure_of(error)
                headers = request.headers
                target = self._prefix + request.target()
                exchanges.append(
                    Exchange(request.method, target, headers, request.body, failure=failure)
                )
        return exchanges[-1]

    @asynccontextmanager
    async def open(
        self,
        request: Request,
        content: Outflow | None = None,
        mutators: Sequence[Mutator] = (),
        scope: str | None = None,
        *,
        origin: str | None = None,
        operation: str = "",
    ) -> AsyncIterator[Flow]:
        """Send a request with bodies that flow; the deadline is for each wait, not for the whole.

        Args:
            request: what to send.
            content: a body that flows, in place of the request's; where mutators are to break the
                request it is read whole first.
            mutators: what to break, in order.
            scope: what a token must allow.
            origin: where to send it in place of the registry's URL, whose path it then has not.
            operation: what it is for, as whoever observes is to be told.

        Raises:
            FlowError: there is no answer, or it ends early.
        """
        base = self._url if origin is None else _base_url(origin)
        outgoing = self._flowing(request, content, base, "" if origin else self._prefix)
        outgoing.extensions["operation"] = operation
        if mutators:
            outgoing.extensions["mutators"] = tuple(mutators)
        if scope is not None:
            outgoing.extensions["scope"] = scope
        try:
            response = await self._chain.handle_async_request(outgoing)
        except httpx.HTTPError as error:
            broken(error)
        try:
            yield Flow(outgoing.extensions["exchanges"][-1], response)
        finally:
            await response.aclose()

    def _flowing(
        self, request: Request, content: Outflow | None, base: httpx.URL, prefix: str
    ) -> httpx.Request:
        target = octets(prefix + request.target())
        waits = dict.fromkeys(("connect", "read", "write"), self._deadline)
        extensions: dict[str, object] = {
            "request": request,
            "target": target,
            "prefix": prefix,
            "exchanges": [],
            "flow": True,
            "timeout": waits,
            "fresh": content is not None,  # it cannot be sent again where a connection was stale
        }
        headers = [(b"Host", base.netloc), self._front[1], *lines(request)]
        size = len(request.body) if content is None else content.size
        if size or request.method in _WITH_LENGTH:
            headers.append((b"Content-Length", b"%d" % size))
        outgoing = build(request, headers, retargeted(base, target), extensions)
        if content is not None:
            outgoing.stream = content
        return outgoing

    def _outgoing(self, request: Request) -> httpx.Request:
        target = octets(request.target())
        if self._prefix and target.startswith(b"/"):
            target = self._prefix.encode("latin-1") + target
        url = retargeted(self._url, target) if self._needs_url else self._url
        extensions: dict[str, object] = {
            "request": request,
            "target": target,
            "prefix": self._prefix,
        }
        return build(request, self._headers(request), url, extensions)

    def _headers(self, request: Request) -> Lines:
        given = lines(request)
        names = {name.lower() for name, _ in given}
        front = [line for line in self._front if line[0].lower() not in names]
        if (request.body or request.method in _WITH_LENGTH) and not names & _FRAMING:
            given.append((b"Content-Length", b"%d" % len(request.body)))
        return front + given

    async def __aenter__(self) -> Client:
        """Return the client itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> None:
        """Close all connections."""
        await self._inner.aclose()


_FRAMING = frozenset({b"content-length", b"transfer-encoding"})


def open_client(  # noqa: PLR0913 - what the command line can say about a target
    url: str,
    credentials: Credentials | None = None,
    *,
    other: Credentials | None = None,
    tokens: Mapping[Identity, str] | None = None,
    insecure: bool = False,
    ca_file: Path | None = None,
    deadline: float = DEADLINE,
    body_limit: int = BODY_LIMIT,
    inner: httpx.AsyncBaseTransport | None = None,
    apply: Apply | None = None,
    retry: bool = False,
    rules: Sequence[Mutator] = (),
    observe: Observe | None = None,
) -> Client:
    """Return a client for a registry; use it in `async with`.

    Args:
        url: the registry, `http` or `https`.
        credentials: for this origin only.
        other: those of a second identity.
        tokens: bearer tokens that identities were given beforehand.
        insecure: whether certificates go unchecked.
        ca_file: the certificates to trust, PEM.
        deadline: longest time of one exchange, in seconds.
        body_limit: longest body that is read, in bytes.
        inner: another transport in place of the wire, such as `httpx.ASGITransport`.
        apply: what mutators do.
        retry: whether a 401 is answered with a new token.
        rules: mutators for every request.
        observe: is given every exchange.

    Raises:
        UsageError: the URL is none, or the CA file cannot be read.
    """
    return Client(
        url,
        inner or WireTransport(_tls(ca_file, insecure=insecure)),
        apply=apply,
        credentials=credentials,
        other=other,
        tokens=tokens,
        retry=retry,
        deadline=deadline,
        body_limit=body_limit,
        rules=rules,
        observe=observe,
    )


def _base_url(url: str) -> httpx.URL:
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL as error:
        raise UsageError(f"{url!r} is no URL: {error}") from error
    if parsed.scheme not in ("http", "https") or not parsed.host:
        raise UsageError(f"{url!r} is no http:// or https:// URL")
    return parsed


def _tls(ca_file: Path | None, *, insecure: bool) -> ssl.SSLContext | None:
    if insecure:
        unchecked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        unchecked.check_hostname = False
        unchecked.verify_mode = ssl.CERT_NONE
        return unchecked
    if ca_file is None:
        return None
    try:
        return ssl.create_default_context(cafile=ca_file)
    except OSError as error:
        raise UsageError(f"the CA file {ca_file} cannot be used: {error}") from error
