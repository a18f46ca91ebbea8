"""A server of bare sockets that keeps every byte that arrives, and answers as it is told."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeAlias

Answer: TypeAlias = Callable[[bytes], bytes | None]
"""What is sent for a request, its bytes given; None closes the connection without a word."""

IDLE_SECONDS = 5.0
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)


def answer(status: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class Recorder:
    """What arrived, one item for each request, in the order in which they came."""

    url: str
    requests: list[bytes] = field(default_factory=list)
    closing: bool = False
    """Whether the connection ends with each answer."""

    @property
    def address(self) -> str:
        return self.url.removeprefix("http://")

    def heads(self) -> list[list[str]]:
        return [raw.partition(b"\r\n\r\n")[0].decode().split("\r\n") for raw in self.requests]

    def bodies(self) -> list[bytes]:
        return [raw.partition(b"\r\n\r\n")[2] for raw in self.requests]


@contextmanager
def recording(reply: Answer) -> Iterator[Recorder]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        recorder = Recorder(f"http://127.0.0.1:{listener.getsockname()[1]}")
        thread = threading.Thread(target=_accept, args=(listener, recorder, reply), daemon=True)
        thread.start()
        yield recorder
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _accept(listener: socket.socket, recorder: Recorder, reply: Answer) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_serve, args=(connection, recorder, reply), daemon=True).start()


def _serve(connection: socket.socket, recorder: Recorder, reply: Answer) -> None:
    with connection:
        connection.settimeout(IDLE_SECONDS)
        rest = b""
        while True:
            try:
                request, rest = _read(connection, rest)
            except OSError:
                return
            if not request.startswith((b"GET", b"HEAD", b"PUT", b"POST", b"PATCH", b"DELETE")):
                return  # nothing at all, or somebody who tries whether this is TLS
            recorder.requests.append(request)
            said = reply(request)
            if said is None:
                return
            connection.sendall(said)
            if recorder.closing:
                return


def _read(connection: socket.socket, data: bytes) -> tuple[bytes, bytes]:
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return data, b""
        data += more
        if data.startswith(b"\x16"):
            return data, b""
    head, _, body = data.partition(b"\r\n\r\n")
    found = LENGTH.search(head + b"\r\n")
    length = int(found.group(1)) if found else 0
    while len(body) < length:
        more = connection.recv(65536)
        if not more:
            break
        body += more
    return head + b"\r\n\r\n" + body[:length], body[length:]
