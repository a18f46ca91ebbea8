from __future__ import annotations

import socket
import ssl

import anyio
import pytest
import trustme

from regshape.transport.link import connect, has_leftovers, resolve
from tests.transport.hostile import closing, serving, silent


async def test_the_next_address_is_tried_if_one_refuses() -> None:
    async with serving(silent) as peer:
        dead = (int(socket.AF_INET), ("127.0.0.1", 9))
        link = await connect([dead, *await resolve("127.0.0.1", peer.port)])
        assert link.is_quiet()
        await link.aclose()


async def test_no_address_is_an_error() -> None:
    with pytest.raises(OSError, match="no address"):
        await connect([])


async def test_a_closed_connection_is_not_quiet() -> None:
    async with serving(closing) as peer:
        link = await connect(await resolve("localhost", peer.port))
        await link.send(b"\r\n\r\n")
        with pytest.raises(anyio.EndOfStream):
            await link.receive()
        assert not link.is_quiet()
        link.close()


def test_leftovers_of_a_tls_session_are_noticed() -> None:
    authority = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("h").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ours = client.wrap_bio(down, up, server_hostname="h")
    theirs = server.wrap_bio(up, down, server_side=True)
    for side in (ours, theirs, ours, theirs):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    assert not has_leftovers(ours)
    theirs.write(b"more")
    assert has_leftovers(ours)
    down.write(b"no TLS at all")
    assert has_leftovers(ours)
