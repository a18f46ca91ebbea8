"""Records every exchange as it was on the wire, whole or not, and reads answers with a bound."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import anyio
import httpx

from regshape.model import PLAIN, Exchange, Failure, Frame, Headers, Mutator
from regshape.transport.failures import AnswerError, TooLargeError, failure_of
from regshape.transport.streaming import Inflow, Outflow


@dataclass(frozen=True, slots=True)
class Observed:
    """An exchange, the origin that it was with, what it was for, and what had broken it.

    `operation` is what the request's `extensions["operation"]` says; nothing if it was for a token.
    """

    exchange: Exchange
    origin: str
    operation: str
    mutators: Sequence[Mutator]


Observe: TypeAlias = Callable[[Observed], None]


class CapturingTransport(httpx.AsyncBaseTransport):
    """Reads each answer to its end and appends the exchange to `extensions["exchanges"]`.

    Content codings are left alone, so that a body is never longer than what was sent.

    Args:
        inner: the transport that sends.
        limit: longest body that is read, in bytes; what is beyond is a failure `too-large`.
        deadline: longest time of an exchange, in seconds; then it is a failure `timeout`.
        observe: is given every exchange, those for tokens too, which hold secrets.
    """

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        limit: int,
        deadline: float,
        observe: Observe | None = None,
    ) -> None:
        self._inner = inner
        self._limit = limit
        self._deadline = deadline
        self._observe = observe

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return the answer, read; raises what the inner transport raises."""
        if "flow" in request.extensions:
            return await self._pass_on(request)
        capture = _Capture(time.perf_counter())
        error: httpx.HTTPError | None = None
        with anyio.move_on_after(self._deadline) as scope:
            try:
                await self._read(request, capture)
            except httpx.HTTPError as caught:
                error = caught
        if scope.cancelled_caught:
            what = "the answer did not end" if capture.response else "no answer came"
            error = httpx.ReadTimeout(f"{what} within {self._deadline:g} s")
        exchanges = request.extensions.get("exchanges")
        if exchanges is not None or self._observe is not None:
            self._note(request, exchanges, capture.exchange(request, error))
        if error is not None:
            raise error
        response = capture.response
        if response is None:
            raise httpx.ReadError("the exchange was cancelled")
        response.stream = httpx.ByteStream(capture.body())
        return response

    def _note(
        self, request: httpx.Request, exchanges: list[Exchange] | None, exchange: Exchange
    ) -> None:
        if exchanges is not None:
            exchanges.append(exchange)
        if self._observe is not None:
            url, extensions = request.url, request.extensions
            origin = f"{url.scheme}://{url.netloc.decode('ascii')}"
            mutators = extensions.get("mutators", ())
            self._observe(Observed(exchange, origin, extensions.get("operation", ""), mutators))

    async def _pass_on(self, request: httpx.Request) -> httpx.Response:
        """Send a request whose bodies flow; its exchange is complete when the answer is closed."""
        capture = _Capture(time.perf_counter())

        def note(first: bytes, count: int, error: httpx.HTTPError | None) -> None:
            capture.chunks.append(first)
            exchange = replace(
                capture.exchange(request, error),
                body_length=_flowing_length(request),
                answer_length=count if count > len(first) else None,
            )
            self._note(request, None, exchange)

        try:
            response = capture.response = await self._inner.handle_async_request(request)
        except httpx.HTTPError as error:
            note(b"", 0, error)
            raise
        request.extensions["exchanges"].append(capture.exchange(request, None))
        if isinstance(response.stream, httpx.AsyncByteStream):
            response.stream = Inflow(response.stream, note)
        return response

    async def _read(self, request: httpx.Request, capture: _Capture) -> None:
        response = capture.response = await self._inner.handle_async_request(request)
        stream = response.stream
        if isinstance(stream, httpx.ByteStream):
            capture.chunks.extend(stream)
            capture.size = sum(map(len, capture.chunks))
        else:
            await self._read_stream(response, capture)
        if capture.size > self._limit:
            surplus = capture.size - self._limit
            capture.chunks[-1] = capture.chunks[-1][:-surplus]
            raise TooLargeError(f"the answer's body is longer than {self._limit} bytes")

    async def _read_stream(self, response: httpx.Response, capture: _Capture) -> None:
        stream = response.stream
        if not isinstance(stream, httpx.AsyncByteStream):
            raise httpx.StreamError("the inner transport must be asynchronous")
        try:
            async for chunk in stream:
                capture.chunks.append(chunk)
                capture.size += len(chunk)
                if capture.size > self._limit:
                    break
        finally:
            await stream.aclose()


class _Capture:
    """What has come of an answer so far."""

    __slots__ = ("chunks", "response", "size", "started")

    def __init__(self, started: float) -> None:
        self.started = started
        self.response: httpx.Response | None = None
        self.chunks: list[bytes] = []
        self.size = 0

    def body(self) -> bytes:
        chunks = self.chunks
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)

    def exchange(self, request: httpx.Request, error: httpx.HTTPError | None) -> Exchange:
        extensions = request.extensions
        now = time.perf_counter()
        response = self.response
        failure = None if error is None else failure_of(error)
        target: bytes = extensions.get("target") or request.url.raw_path
        frame: Frame = extensions.get("frame", PLAIN)
        status, reason, answer = None, "", self._raw(request, error)
        answer_headers: Headers = ()
        if response is not None:
            status = response.status_code
            reason = _text(response.extensions.get("reason_phrase", b""))
            answer_headers = _lowered(response.headers)
            answer = self.body()
            failure = failure or _excess(request, response)
        return Exchange(
            method=request.method,
            target=_text(target),
            headers=_shown(request),
            body=_payload(request, frame),
            status=status,
            reason=reason,
            answer_headers=answer_headers,
            answer=answer,
            failure=failure,
            seconds=now - extensions.get("sent", self.started),
            version=frame.version,
            ending=frame.ending,
        )

    def _raw(self, request: httpx.Request, error: httpx.HTTPError | None) -> bytes:
        if isinstance(error, AnswerError) and error.received:
            return error.received
        return b"".join(request.extensions.get("received", ()))


def _text(octets: bytes) -> str:
    return octets.decode("latin-1")


def _lowered(headers: httpx.Headers) -> Headers:
    return tuple(
        (name.lower().decode("latin-1"), value.decode("latin-1")) for name, value in headers.raw
    )


def _shown(request: httpx.Request) -> Headers:
    """Return the request's headers without the secrets that authentication has put there."""
    pairs = tuple(
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw
    )
    if "secret" not in request.extensions:
        return pairs
    literal = {mutator.value for mutator in request.extensions.get("mutators", ())}
    return tuple(
        (name, _redacted(value))
        if name.strip().lower() == "authorization" and value not in literal
        else (name, value)
        for name, value in pairs
    )


def _redacted(value: str) -> str:
    scheme, space, _ = value.partition(" ")
    return f"{scheme} ***" if space else "***"


def _payload(request: httpx.Request, frame: Frame) -> bytes:
    if frame.payload is not None:
        return frame.payload
    stream = request.stream
    return b"".join(stream) if isinstance(stream, httpx.ByteStream) else b""


def _flowing_length(request: httpx.Request) -> int | None:
    return request.stream.size if isinstance(request.stream, Outflow) else None


def _excess(request: httpx.Request, response: httpx.Response) -> Failure | None:
    count = response.extensions.get("excess")
    if not count:
        return None
    answer = f"the {response.status_code} answer to {request.method}"
    return Failure("malformed", f"{count} bytes follow the end of {answer}")
