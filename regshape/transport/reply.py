"""One exchange on a connection: a request goes out, and h11 judges what comes back."""

from __future__ import annotations

import time
from collections.abc import AsyncIterable, Callable, Mapping, MutableMapping
from typing import Any, NoReturn, TypeAlias

import anyio
import h11
import httpx

from regshape.transport.connection import Connection
from regshape.transport.failures import (
    FOREIGN_ERRORS,
    AbandonedError,
    MalformedAnswerError,
    translated,
)
from regshape.transport.head import Outgoing

Limits: TypeAlias = Mapping[str, float | None]
"""httpx's timeouts: seconds for `connect`, `read`, `write`."""

INTERIM_LIMIT = 16
"""Most 1xx answers before the final one."""
_SAFE_METHODS = frozenset({b"GET", b"HEAD", b"OPTIONS"})
_SWITCHING_PROTOCOLS = 101
SLOW_OCTETS = 5
"""How many of the last bytes a slow request sends one by one."""
SLOW_SECONDS = 0.1
"""Pause before each of them."""
IDLE_SECONDS = 0.5
"""How long a request that is not whole stays open without another byte."""
_RECEIVE_SIZE = 65536
_FLOW_SIZE = 1024 * 1024


class Answer(httpx.AsyncByteStream):
    """One exchange on a connection, and the body of its answer as an httpx stream."""

    def __init__(
        self,
        connection: Connection,
        message: Outgoing,
        give_back: Callable[[Connection], None],
        limits: Limits,
    ) -> None:
        self._connection: Connection | None = connection
        self._judge = connection.judge
        self._stream = connection.stream
        self._message = message
        self._give_back = give_back
        self._limits = limits
        self._received: list[bytes] = []
        self._ready = b""
        self._error: Exception | None = None
        self._eof = False
        self._facts: MutableMapping[str, Any] = {}
        self._refused = False
        self._was_reused = connection.reused and message.sound
        self._receive_size = _RECEIVE_SIZE

    @property
    def may_retry(self) -> bool:
        """Whether a failure can only mean that the peer had closed an idle connection.

        A request of which every byte was sent may have had its effect: it is repeated only if its
        method is safe (RFC 9110 section 9.2.2).
        """
        return self.may_be_stale and self._may_repeat

    @property
    def may_be_stale(self) -> bool:
        """Whether the peer may have closed the connection before it had the request."""
        return self._was_reused and not self._received

    @property
    def _may_repeat(self) -> bool:
        message = self._message
        if message.pieces is not None:
            return False  # they come once
        return self._refused or message.method in _SAFE_METHODS

    async def begin(self, extensions: MutableMapping[str, Any]) -> httpx.Response:
        """Send the request and read the head of the answer; `extensions` are the request's.

        They are given the time of sending (`sent`, of `time.perf_counter`) and the raw bytes of
        the head as they come (`received`), for those who want to know after a timeout.
        """
        extensions["sent"] = time.perf_counter()
        extensions["received"] = self._received
        if "flow" in extensions:
            self._receive_size = _FLOW_SIZE
        try:
            await self._send()
            event = await self._head()
            if self._message.ending == "leave":
                self._reset("once the answer had begun")
            # What came with the head is read at once: most bodies end here, without another wait.
            self._ready = self._pull()
        except FOREIGN_ERRORS as error:
            self._drop()
            raise translated(error, b"".join(self._received)) from error
        except BaseException:
            self._drop()
            raise
        return self._response(event)

    def _response(self, event: h11.Response | h11.InformationalResponse) -> httpx.Response:
        whole = self._connection is None and self._error is None
        response = httpx.Response(
            event.status_code,
            headers=event.headers.raw_items(),
            stream=httpx.ByteStream(self._ready) if whole else self,
            extensions={
                "http_version": b"HTTP/" + event.http_version,
                "reason_phrase": bytes(event.reason),
                **self._facts,
            },
        )
        self._facts = response.extensions
        return response

    async def _send(self) -> None:
        message = self._message
        self._judge.send(message.equivalent)
        self._judge.send(_END)
        try:
            if message.pieces is not None:
                await self._pass_on(message.data, message.pieces)
            elif self._limits:
                with anyio.fail_after(self._limits.get("write")):
                    await self._write()
            else:
                await self._write()
        except FOREIGN_ERRORS:
            # The peer may have answered before it closed: reading will tell.
            self._refused = True
        if message.ending in {"fin", "rst", "idle"}:
            await self._end_badly(message.ending)

    async def _write(self) -> None:
        if self._message.ending == "slow":
            await self._trickle(self._message.data + self._message.rest)
            return
        await self._stream.send(self._message.data)
        if self._message.rest:
            await self._stream.send(self._message.rest)

    async def _trickle(self, data: bytes) -> None:
        """Send the last bytes one by one, unless the peer does not wait for them."""
        connection = self._connection
        await self._stream.send(data[:-SLOW_OCTETS])
        for octet in data[-SLOW_OCTETS:]:
            await anyio.sleep(SLOW_SECONDS)
            if connection is None or not connection.link.is_quiet():
                return
            await self._stream.send(bytes((octet,)))

    async def _pass_on(self, head: bytes, pieces: AsyncIterable[bytes]) -> None:
        """Send a body as it comes; each piece has the time that there is for writing."""
        limit = self._limits.get("write")
        connection = self._connection
        await self._stream.send(head)
        async for piece in pieces:
            with anyio.fail_after(limit):
                await self._stream.send(piece)
            if connection is not None and connection.link.is_cut:
                return

    async def _end_badly(self, ending: str) -> None:
        connection = self._connection
        if connection is None:
            return
        if ending == "rst":
            self._reset("before it was whole")
        if ending == "idle":
            await anyio.sleep(IDLE_SECONDS)
        try:
            await connection.link.send_eof()
        except OSError:
            return

    def _reset(self, when: str) -> NoReturn:
        if self._connection is not None:
            self._connection.link.reset()
        raise AbandonedError(f"this side reset the connection {when}, as the mutator asks")

    async def _head(self) -> h11.Response | h11.InformationalResponse:
        judge = self._judge
        interim = 0
        event: object = h11.NEED_DATA
        while True:
            if event is h11.NEED_DATA:
                self._received.append(await self._receive())
                judge.receive_data(self._received[-1])
            elif isinstance(event, h11.Response):
                return event
            elif isinstance(event, h11.InformationalResponse):
                if event.status_code == _SWITCHING_PROTOCOLS:
                    return event
                interim += 1
                if interim > INTERIM_LIMIT:
                    raise self._malformed(f"more than {INTERIM_LIMIT} interim answers")
            else:
                raise self._malformed(f"unexpected {type(event).__name__}")
            event = judge.next_event()

    def _malformed(self, why: str) -> MalformedAnswerError:
        return MalformedAnswerError(f"the answer is malformed: {why}", b"".join(self._received))

    async def _receive(self) -> bytes:
        if not self._limits:
            return await self._stream.receive(self._receive_size)
        with anyio.fail_after(self._limits.get("read")):
            return await self._stream.receive(self._receive_size)

    def _pull(self) -> bytes:
        """Return the body bytes that have come; keeps an error for later if bytes precede it."""
        parts: list[bytes] = []
        next_event = self._judge.next_event
        try:
            while True:
                event = next_event()
                if isinstance(event, h11.Data):
                    parts.append(event.data)
                elif event is h11.NEED_DATA:
                    break
                else:
                    self._finish()
                    break
        except h11.RemoteProtocolError as error:
            self._error = translated(error)
            self._drop()
        return b"".join(parts)

    def __aiter__(self) -> Answer:
        """Return itself: the body can be read once."""
        return self

    async def __anext__(self) -> bytes:
        """Return the next bytes of the body."""
        while not self._ready:
            if self._error is not None:
                raise self._error
            if self._connection is None:
                raise StopAsyncIteration
            await self._read_on()
        ready, self._ready = self._ready, b""
        return ready

    async def _read_on(self) -> None:
        try:
            self._judge.receive_data(await self._receive())
        except anyio.EndOfStream:
            self._eof = True
            self._judge.receive_data(b"")
        except FOREIGN_ERRORS as error:
            self._drop()
            raise translated(error, answering=True) from error
        except BaseException:
            self._drop()
            raise
        self._ready = self._pull()

    def _finish(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        judge = self._judge
        excess, ended = judge.trailing_data
        if excess and self._message.sound:
            self._facts["excess"] = len(excess)
        unsent = self._refused or connection.link.is_cut
        if excess or ended or unsent or not self._message.sound or not _is_done(judge):
            connection.link.close()
            return
        judge.start_next_cycle()
        self._give_back(connection)

    def _drop(self) -> None:
        if self._connection is not None:
            self._connection.link.close()
            self._connection = None

    async def aclose(self) -> None:
        """Close the connection, unless the whole answer has been read."""
        self._drop()


_END = h11.EndOfMessage()


def _is_done(judge: h11.Connection) -> bool:
    return judge.our_state is h11.DONE and judge.their_state is h11.DONE
