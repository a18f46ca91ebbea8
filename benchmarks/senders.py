"""Clients that send the scripts of a mix: a bare socket loop, the wire, httpx.AsyncClient, wrk."""

from __future__ import annotations

import asyncio  # no anyio here: the bare loop is the measure of what any library adds
import re
import shutil
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import anyio
import httpx

from benchmarks.mix import Mix, Script, Shot, location_of
from regshape.transport.wire import WireTransport

BODILESS = frozenset({204, 304})
FASTEST = 8000
"""Requests a second that nobody reaches here."""


@dataclass(slots=True)
class Sample:
    """What one measurement gave; `cpu` is that of this process, `server` that of the registry."""

    requests: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    server: float = 0.0
    same_status: int = 0

    @property
    def rate(self) -> float:
        return self.requests / self.seconds if self.seconds else 0.0

    @property
    def cpu_each(self) -> float:
        """Microseconds of CPU a request."""
        return self.cpu / self.requests * 1e6 if self.requests else 0.0

    @property
    def server_each(self) -> float:
        """Microseconds of the server's CPU a request."""
        return self.server / self.requests * 1e6 if self.requests else 0.0


class Sender(ABC):
    """Sends one request and returns status and Location; one per worker or one for all."""

    @abstractmethod
    async def shoot(self, shot: Shot, target: bytes) -> tuple[int, bytes]: ...

    @abstractmethod
    async def aclose(self) -> None: ...

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()


class Wire(Sender):
    """`regshape.transport.wire` alone."""

    def __init__(self, url: str, _concurrency: int) -> None:
        self._url = httpx.URL(url)
        self._wire = WireTransport()

    async def shoot(self, shot: Shot, target: bytes) -> tuple[int, bytes]:
        stream = httpx.ByteStream(shot.body)
        extensions = {"target": target}
        request = httpx.Request(
            shot.method, self._url, headers=shot.headers, stream=stream, extensions=extensions
        )
        response = await self._wire.handle_async_request(request)
        await response.aread()
        return response.status_code, location_of(response.headers.get("location"))

    async def aclose(self) -> None:
        await self._wire.aclose()


class Httpx(Sender):
    """`httpx.AsyncClient`, with its own pool of as many connections as there are workers."""

    def __init__(self, url: str, concurrency: int) -> None:
        self._url = httpx.URL(url)
        limits = httpx.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
        self._client = httpx.AsyncClient(limits=limits, timeout=60, trust_env=False)

    async def shoot(self, shot: Shot, target: bytes) -> tuple[int, bytes]:
        request = httpx.Request(
            shot.method,
            self._url,
            headers=shot.headers,
            content=shot.body or None,
            extensions={"target": target},
        )
        response = await self._client.send(request)
        return response.status_code, location_of(response.headers.get("location"))

    async def aclose(self) -> None:
        await self._client.aclose()


class _Peer(asyncio.Protocol):
    """A connection that finds the end of an answer with as little work as can be."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.closed = False
        self._data = b""
        self._bodiless = False
        self._done: asyncio.Future[bytes] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, _exc: Exception | None) -> None:
        self.closed = True
        self._finish(self._data)

    def ask(self, data: bytes, *, bodiless: bool) -> asyncio.Future[bytes]:
        assert self.transport is not None
        self._data, self._bodiless = b"", bodiless
        self._done = asyncio.get_running_loop().create_future()
        self.transport.write(data)
        return self._done

    def data_received(self, data: bytes) -> None:
        self._data += data
        end = self._data.find(b"\r\n\r\n")
        if end >= 0 and self._is_whole(self._data[:end].lower(), len(self._data) - end - 4):
            self._finish(self._data[: end + 2])

    def _is_whole(self, head: bytes, body: int) -> bool:
        if self._bodiless or int(head[9:12]) in BODILESS:
            return True
        length = _LENGTH.search(head)
        if length is not None:
            return body >= int(length[1])
        return self._data.endswith(b"0\r\n\r\n")

    def _finish(self, head: bytes) -> None:
        if self._done is not None and not self._done.done():
            self._done.set_result(head)


_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)")
_LOCATION = re.compile(rb"\r\nlocation: ([^\r]*)", re.IGNORECASE)


class Bare(Sender):
    """asyncio sockets, requests as bytes, answers searched for their end and nothing else."""

    def __init__(self, url: str, _concurrency: int) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._idle: list[_Peer] = []

    async def shoot(self, shot: Shot, target: bytes) -> tuple[int, bytes]:
        lines = b"".join([b"%s: %s\r\n" % pair for pair in shot.headers])
        data = b"%s %s HTTP/1.1\r\n%s\r\n%s" % (shot.method.encode(), target, lines, shot.body)
        peer = await self._peer()
        head = await peer.ask(data, bodiless=shot.method == "HEAD")
        if not peer.closed and b"\r\nConnection: close" not in head:
            self._idle.append(peer)
        elif peer.transport is not None:
            peer.transport.close()
        location = _LOCATION.search(head)
        return int(head[9:12] or b"0"), location_of(location[1] if location else None)

    async def _peer(self) -> _Peer:
        while self._idle:
            peer = self._idle.pop()
            if not peer.closed:
                return peer
        _, peer = await asyncio.get_running_loop().create_connection(_Peer, self._host, self._port)
        return peer

    async def aclose(self) -> None:
        for peer in self._idle:
            if peer.transport is not None:
                peer.transport.close()


@dataclass
class Shooting:
    """Workers that send scripts until time is up."""

    sender: Sender
    scripts: Iterator[Script]
    until: float
    sample: Sample = field(default_factory=Sample)

    async def work(self) -> None:
        for script in self.scripts:
            locations: list[bytes] = []
            for shot in script:
                if time.perf_counter() >= self.until:
                    return
                await self._one(shot, locations)

    async def _one(self, shot: Shot, locations: list[bytes]) -> None:
        status, location = 0, b""
        try:
            status, location = await self.sender.shoot(shot, shot.target(locations))
        except httpx.HTTPError:
            status = 0  # an answer that ends early: recorded with its status, of no status here
        locations.append(location or shot.location)
        self.sample.requests += 1
        self.sample.same_status += status == shot.status


def enough(mix: Mix, seconds: float) -> list[Script]:
    """Return scripts for that time, made before it begins to run."""
    size = sum(map(len, mix.scripts))
    passes = 1 + round(seconds * FASTEST / size)
    first = time.time_ns() // 1000 % 16**8  # other repositories than in any run before
    return [script for number in range(passes) for script in mix.renamed(first + number)]


async def measure(sender: Sender, mix: Mix, concurrency: int, seconds: float) -> Sample:
    """Return what a sender does in that time, with so many scripts at once."""
    scripts = enough(mix, seconds)
    async with sender:
        began, cpu = time.perf_counter(), time.process_time()
        shooting = Shooting(sender, iter(scripts), began + seconds)
        async with anyio.create_task_group() as group:
            for _ in range(concurrency):
                group.start_soon(shooting.work)
        shooting.sample.seconds = time.perf_counter() - began
        shooting.sample.cpu = time.process_time() - cpu
    return shooting.sample


def wrk(url: str, concurrency: int, seconds: float) -> float | None:
    """Return the requests a second of wrk for GET /v2/, None where it is not installed."""
    program = shutil.which("wrk")
    if program is None:
        return None
    words = [f"-t{min(2, concurrency)}", f"-c{concurrency}", f"-d{max(1, round(seconds))}s"]
    done = subprocess.run(  # noqa: S603 - the program that the package installs
        [program, *words, f"{url}/v2/"], capture_output=True, text=True, check=True, timeout=60
    )
    found = re.search(r"Requests/sec:\s*([\d.]+)", done.stdout)
    return float(found[1]) if found else None
