import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import anyio
import httpx
import pytest
import uvicorn

from regshape.formats.digest import compute
from regshape.protocols.oci.reference import Reference

CONTENT = b"0123456789" * 1000
DIGEST = compute(CONTENT)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        yield opened


@asynccontextmanager
async def serve(reference: Reference, listener: socket.socket) -> AsyncIterator[str]:
    server = uvicorn.Server(uvicorn.Config(reference.app, log_level="warning", lifespan="off"))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve, [listener])
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True


async def exchange(address: str, *pieces: bytes) -> bytes:
    host, _, port = address.removeprefix("http://").partition(":")
    received = b""
    async with await anyio.connect_tcp(host, int(port)) as stream:
        for piece in pieces:
            await stream.send(piece)
        await stream.send_eof()
        with anyio.fail_after(5):
            async for piece in stream:
                received += piece
    return received


async def test_a_blob_travels_over_a_socket(listener: socket.socket) -> None:
    async with serve(Reference(), listener) as address, httpx.AsyncClient(base_url=address) as http:
        location = (await http.post("/v2/app/blobs/uploads/")).headers["location"]
        for start in range(0, len(CONTENT), 4000):
            chunk = CONTENT[start : start + 4000]
            headers = {"Content-Range": f"{start}-{start + len(chunk) - 1}"}
            assert (await http.patch(location, content=chunk, headers=headers)).status_code == 202
        assert (await http.put(f"{location}?digest={DIGEST}")).status_code == 201
        answer = await http.get(f"/v2/app/blobs/{DIGEST}")
        assert (answer.status_code, answer.content) == (200, CONTENT)
        answer = await http.head(f"/v2/app/blobs/{DIGEST}")
        assert (answer.headers["content-length"], answer.content) == ("10000", b"")
        answer = await http.get(f"/v2/app/blobs/{DIGEST}", headers={"Range": "bytes=10000-"})
        assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */10000")
        assert (await http.get("/v2/")).status_code == 200


async def test_a_body_that_ends_early_stores_nothing(listener: socket.socket) -> None:
    head = f"POST /v2/app/blobs/uploads/?digest={DIGEST} HTTP/1.1\r\nHost: r\r\nContent-Length: "
    async with serve(Reference(), listener) as address, httpx.AsyncClient(base_url=address) as http:
        for length in (len(CONTENT) + 1, 2 * len(CONTENT)):
            received = await exchange(address, f"{head}{length}\r\n\r\n".encode(), CONTENT)
            assert b" 201 " not in received
        assert (await http.get(f"/v2/app/blobs/{DIGEST}")).status_code == 404


async def test_an_answer_to_head_has_no_byte_of_a_body(listener: socket.socket) -> None:
    async with serve(Reference(), listener) as address:
        head = b"HEAD /v2/app/tags/list HTTP/1.1\r\nHost: r\r\n\r\n"
        received = await exchange(address, head)
    assert received.startswith(b"HTTP/1.1 404 ")
    assert received.endswith(b"\r\n\r\n")
    assert b"errors" not in received


async def test_a_large_body_is_refused_without_breaking_the_connection(
    listener: socket.socket,
) -> None:
    async with serve(Reference(), listener) as address, httpx.AsyncClient(base_url=address) as http:
        for _ in range(2):
            answer = await http.put("/v2/app/manifests/v1", content=b" " * 5_000_000)
            assert answer.status_code == 413
            assert answer.json()["errors"][0]["code"] == "SIZE_INVALID"


@pytest.mark.parametrize(
    ("target", "status"),
    [
        (b"/v2/app/manifests/%00", b"400"),
        (b"/v2/%ff/tags/list", b"400"),
        (b"/v2/../v2/", b"404"),
        (b"http://anywhere/v2/", b"200"),
        (b"*", b"404"),
    ],
)
async def test_raw_targets_reach_the_registry(
    listener: socket.socket, target: bytes, status: bytes
) -> None:
    async with serve(Reference(), listener) as address:
        received = await exchange(address, b"GET " + target + b" HTTP/1.1\r\nHost: r\r\n\r\n")
    assert received.split(b" ", 2)[1] == status
