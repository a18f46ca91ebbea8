"""What each action of each target puts on the wire, byte for byte."""

from __future__ import annotations

import anyio
import anyio.lowlevel
import pytest
from anyio.abc import SocketStream

from regshape import __version__
from regshape.model import Mutator, Request
from regshape.mutators.apply import TABLE, apply
from regshape.transport.client import open_client
from regshape.transport.reply import SLOW_OCTETS, SLOW_SECONDS
from tests.transport.hostile import EMPTY, Script, serving

REQUEST = Request(
    "PUT",
    "/v2/{name}/u/{session}/{reference}",
    {"name": "ab/cd", "session": "s1s2", "reference": "sha256:aabb"},
    (("n", "12"), ("last", "xy")),
    (("Content-Type", "a/b"), ("Authorization", "Basic abcdefgh"), ("X-A", "abcd")),
    b'{"a":[1,2]}',
)
PLAIN = (
    b"PUT /v2/ab/cd/u/s1s2/sha256:aabb?n=12&last=xy HTTP/1.1\r\n"
    b"Host: HOST\r\n"
    b"User-Agent: AGENT\r\n"
    b"Content-Type: a/b\r\n"
    b"Authorization: Basic abcdefgh\r\n"
    b"X-A: abcd\r\n"
    b"Content-Length: 11\r\n"
    b"\r\n"
    b'{"a":[1,2]}'
)

PATH = b"/v2/ab/cd/u/s1s2/sha256:aabb"
BODY = b'{"a":[1,2]}'
LENGTH = b"Content-Length: 11\r\n"
CODED = b"\r\n\r\nb\r\n" + BODY + b"\r\n0\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"

Change = tuple[bytes, bytes]
"""What of the plain request is replaced, by what."""

# target, action, key, value, and the changes that this makes to the bytes.
ROWS: list[tuple[str, str, str | None, str | int | None, list[Change]]] = [
    ("method", "replace", None, "FROB", [(b"PUT", b"FROB")]),
    ("method", "remove", None, None, [(b"PUT ", b" ")]),
    ("method", "append", None, " X", [(b"PUT", b"PUT X")]),
    ("method", "corrupt", None, None, [(b"PUT", b"PxT")]),
    ("method", "truncate", None, 2, [(b"PUT", b"PU")]),
    ("method", "case", None, "lower", [(b"PUT", b"put")]),
    ("method", "swap", None, None, [(b"PUT", b"POST")]),
    ("name", "replace", None, "..", [(b"ab/cd", b"..")]),
    ("name", "remove", None, None, [(b"ab/cd", b"")]),
    ("name", "append", None, "/", [(b"ab/cd", b"ab/cd/")]),
    ("name", "corrupt", None, None, [(b"ab/cd", b"abxcd")]),
    ("name", "truncate", None, 2, [(b"ab/cd", b"ab")]),
    ("name", "duplicate", None, "/", [(b"ab/cd", b"ab/cd/ab/cd")]),
    ("name", "case", None, None, [(b"ab/cd", b"AB/CD")]),
    ("name", "fill", None, 300, [(b"ab/cd", b"ab/cd" + b"a" * 295)]),
    ("name", "swap", "session", None, [(b"ab/cd/u/s1s2", b"s1s2/u/ab/cd")]),
    ("reference", "replace", None, "%zz", [(b"sha256:aabb", b"%zz")]),
    ("reference", "remove", None, None, [(b"sha256:aabb", b"")]),
    ("reference", "append", None, "\xe9", [(b"aabb", b"aabb\xe9")]),
    ("reference", "corrupt", None, None, [(b"sha256:aabb", b"sha25x:aabb")]),
    ("reference", "truncate", None, None, [(b"sha256:aabb", b"sha25")]),
    ("reference", "duplicate", None, None, [(b"sha256:aabb", b"sha256:aabbsha256:aabb")]),
    ("reference", "case", None, "upper", [(b"sha256:aabb", b"SHA256:AABB")]),
    ("reference", "fill", None, 129, [(b"sha256:aabb", b"sha256:aabb" + b"a" * 118)]),
    ("reference", "swap", "name", None, [
        (b"ab/cd", b"sha256:aabb"), (b"/sha256:aabb?", b"/ab/cd?"),
    ]),
    ("session", "replace", None, "x", [(b"s1s2", b"x")]),
    ("session", "remove", None, None, [(b"s1s2", b"")]),
    ("session", "append", None, "x", [(b"s1s2", b"s1s2x")]),
    ("session", "corrupt", None, None, [(b"s1s2", b"s1x2")]),
    ("session", "truncate", None, None, [(b"s1s2", b"s1")]),
    ("session", "duplicate", None, None, [(b"s1s2", b"s1s2s1s2")]),
    ("session", "case", None, None, [(b"s1s2", b"S1S2")]),
    ("session", "fill", None, 7, [(b"s1s2", b"s1s2aaa")]),
    ("session", "swap", "name", None, [(b"ab/cd/u/s1s2", b"s1s2/u/ab/cd")]),
    ("route", "replace", "/v2", "/v1", [(b"/v2/", b"/v1/")]),
    ("route", "replace", None, "/x", [(PATH, b"/x")]),
    ("route", "remove", None, None, [(b"/sha256:aabb", b"")]),
    ("route", "append", None, "/", [(b"aabb", b"aabb/")]),
    ("route", "corrupt", None, None, [(b"/u/", b"/x/")]),
    ("route", "truncate", None, 2, [(b"/u/s1s2/sha256:aabb", b"")]),
    ("route", "case", None, None, [(b"/v2/", b"/V2/"), (b"/u/", b"/U/")]),
    ("route", "duplicate", None, None, [(b"sha256:aabb", b"sha256:aabb/sha256:aabb")]),
    ("route", "swap", None, None, [(b"s1s2/sha256:aabb", b"sha256:aabb/s1s2")]),
    ("route", "insert", None, "x", [(b"/v2/", b"/v2/x/")]),
    ("route", "absolute", None, None, [(b"/v2/", b"http://HOST/v2/")]),
    ("path", "replace", None, "*", [(PATH, b"*")]),
    ("path", "remove", None, None, [(b"/sha256:aabb", b"")]),
    ("path", "append", None, " x", [(b"aabb", b"aabb x")]),
    ("path", "corrupt", None, None, [(b"sha256:", b"sha25x:")]),
    ("path", "truncate", None, 1, [(PATH, b"/v2")]),
    ("path", "case", None, "x", [(PATH, PATH.upper())]),
    ("path", "duplicate", None, None, [(b"sha256:aabb", b"sha256:aabb/sha256:aabb")]),
    ("path", "swap", None, None, [(b"s1s2/sha256:aabb", b"sha256:aabb/s1s2")]),
    ("path", "insert", "/v2/ab", "x", [(b"/v2/ab", b"/v2/ab/x")]),
    ("path", "absolute", None, "https", [(b"/v2/", b"https://HOST/v2/")]),
    ("path", "fill", None, 9, [(PATH, b"a" * 9)]),
    ("query", "replace", "n", None, [(b"n=12", b"n")]),
    ("query", "remove", None, None, [(b"?n=12&last=xy", b"")]),
    ("query", "append", "n", "%00", [(b"n=12", b"n=12%00")]),
    ("query", "corrupt", "n", None, [(b"n=12", b"n=1x")]),
    ("query", "truncate", "n", None, [(b"n=12", b"n=1")]),
    ("query", "case", "last", None, [(b"xy", b"XY")]),
    ("query", "fill", "last", 5, [(b"xy", b"aaaaa")]),
    ("query", "duplicate", "n", "-1", [(b"xy", b"xy&n=-1")]),
    ("query", "swap", "n", "last", [(b"n=12&last=xy", b"n=xy&last=12")]),
    ("header", "replace", "x-a", "\x01\xe9", [(b"X-A: abcd", b"x-a: \x01\xe9")]),
    ("header", "remove", "X-A", None, [(b"X-A: abcd\r\n", b"")]),
    ("header", "skip", "X-A", None, [(b"X-A: abcd\r\n", b"")]),
    ("header", "append", "X-A", "\n b", [(b"abcd\r", b"abcd\n b\r")]),
    ("header", "corrupt", "X-A", None, [(b"abcd\r", b"abxd\r")]),
    ("header", "truncate", "X-A", 0, [(b"X-A: abcd", b"X-A: ")]),
    ("header", "duplicate", "X-A", "e", [(LENGTH, LENGTH + b"X-A: e\r\n")]),
    ("header", "swap", "X-A", "Content-Type", [(b"a/b", b"abcd"), (b"X-A: abcd", b"X-A: a/b")]),
    ("header", "repeat", "X", 2, [(LENGTH, LENGTH + b"X-0: x\r\nX-1: x\r\n")]),
    ("header", "fill", "X-A", 9000, [(b"X-A: abcd", b"X-A: " + b"a" * 9000)]),
    ("header", "case", "X-A", "lower", [(b"X-A", b"x-a")]),
    ("header", "rename", "X-A", "X-A ", [(b"X-A:", b"X-A :")]),
    ("content_type", "replace", None, "", [(b"a/b", b"")]),
    ("content_type", "remove", None, None, [(b"Content-Type: a/b\r\n", b"")]),
    ("content_type", "skip", None, None, [(b"Content-Type: a/b\r\n", b"")]),
    ("content_type", "append", None, "; x", [(b"a/b", b"a/b; x")]),
    ("content_type", "corrupt", None, None, [(b"a/b", b"axb")]),
    ("content_type", "truncate", None, None, [(b"a/b", b"a")]),
    ("content_type", "duplicate", None, None, [(LENGTH, LENGTH + b"Content-Type: a/b\r\n")]),
    ("content_type", "fill", None, 4, [(b"a/b", b"aaaa")]),
    ("content_type", "case", None, None, [(b"a/b", b"A/B")]),
    ("body", "replace", None, "abc", [(BODY, b"abc"), (b"h: 11", b"h: 3")]),
    ("body", "append", None, 2, [(BODY, BODY + b"\0\0"), (b"h: 11", b"h: 13")]),
    ("body", "truncate", None, 4, [(BODY, BODY[:4]), (b"h: 11", b"h: 4")]),
    ("body", "corrupt", None, 0, [(BODY, b"z" + BODY[1:])]),
    ("body", "remove", None, None, [(BODY, b""), (b"h: 11", b"h: 0")]),
    ("body", "skip", None, None, [(BODY, b""), (b"h: 11", b"h: 0")]),
    ("body", "duplicate", None, None, [(BODY, BODY * 2), (b"h: 11", b"h: 22")]),
    ("body", "swap", None, None, [(BODY, b'[1,2]}{"a":')]),
    ("body", "json-set", "/a/0", '"2"', [(BODY, b'{"a":["2",2]}'), (b"h: 11", b"h: 13")]),
    ("body", "json-remove", "/a/1", None, [(BODY, b'{"a":[1]}'), (b"h: 11", b"h: 9")]),
    ("digest", "replace", "algorithm", "md5", [(b"sha256:aabb", b"md5:aabb")]),
    ("digest", "remove", None, None, [(b"sha256:aabb", b"")]),
    ("digest", "append", None, " ", [(b"aabb", b"aabb ")]),
    ("digest", "corrupt", None, None, [(b"aabb", b"aab0")]),
    ("digest", "truncate", None, 1, [(b"aabb", b"a")]),
    ("digest", "case", None, None, [(b"aabb", b"AABB")]),
    ("digest", "swap", None, None, [(b"aabb", b"bbaa")]),
    ("auth", "replace", None, "Bearer x", [(b"Basic abcdefgh", b"Bearer x")]),
    ("auth", "remove", None, None, [(b"Authorization: Basic abcdefgh\r\n", b"")]),
    ("auth", "skip", None, None, [(b"Authorization: Basic abcdefgh\r\n", b"")]),
    ("auth", "duplicate", None, "x", [(LENGTH, LENGTH + b"Authorization: x\r\n")]),
    ("auth", "append", None, ",", [(b"abcdefgh", b"abcdefgh,")]),
    ("auth", "corrupt", None, None, [(b"abcdefgh", b"abcdxfgh")]),
    ("auth", "truncate", None, None, [(b"abcdefgh", b"abcd")]),
    ("auth", "case", None, "lower", [(b"Basic", b"basic")]),
    ("auth", "scheme", None, "Digest", [(b"Basic", b"Digest")]),
    ("auth", "swap", None, None, [(b"Basic", b"Bearer")]),
    ("frame", "replace", None, "+3", [(b"h: 11", b"h: +3")]),
    ("frame", "remove", None, None, [(LENGTH, b"")]),
    ("frame", "duplicate", None, None, [(LENGTH, LENGTH + b"Content-Length: 12\r\n")]),
    ("frame", "truncate", None, 3, [(BODY, BODY[:3])]),
    ("frame", "append", None, "\0\xff", [(BODY, BODY + b"\0\xff")]),
    ("frame", "chunked", None, 6, [
        (LENGTH, CHUNKED), (BODY, b"6\r\n" + BODY[:6] + b"\r\n5\r\n" + BODY[6:] + b"\r\n0\r\n\r\n"),
    ]),
    ("frame", "corrupt", None, None, [
        (LENGTH, CHUNKED), (BODY, b"xyz\r\n" + BODY + b"\r\n0\r\n\r\n"),
    ]),
    ("frame", "unterminated", None, None, [(LENGTH, CHUNKED), (BODY, b"b\r\n" + BODY + b"\r\n")]),
    ("frame", "both", None, None, [(LENGTH, CHUNKED + LENGTH), (b"\r\n\r\n" + BODY, CODED)]),
    ("frame", "obfuscate", None, "x", [
        (LENGTH, b"Transfer-Encoding: x\r\n"), (b"\r\n\r\n" + BODY, CODED),
    ]),
    ("frame", "version", None, "HTTP/1.0", [(b"HTTP/1.1", b"HTTP/1.0")]),
    ("frame", "trailer", None, None, [
        (LENGTH, CHUNKED),
        (BODY, b"b\r\n" + BODY + b"\r\n0\r\nX-RegShape-Trailer: 1\r\n\r\n"),
    ]),
    ("frame", "extension", None, None, [
        (LENGTH, CHUNKED), (BODY, b"b;x=y\r\n" + BODY + b"\r\n0;x=y\r\n\r\n"),
    ]),
    ("frame", "content", None, None, []),
    ("frame", "idle", None, None, [(BODY, b"")]),
    ("frame", "preface", None, None, [
        (PLAIN, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\x04\0\0\0\0\0"),
    ]),
    ("frame", "hello", None, None, [
        (b"PUT", b"\x16\x03\x01\0\x2d\x01\0\0\x29\x03\x03" + bytes(38) + b"PUT"),
    ]),
    ("frame", "fill", "X-A", 3, [(b"abcd\r\n", b"aaa\r\n")]),
]  # fmt: skip


def expecting(length: int) -> Script:
    """Return a script that answers once so many bytes have come."""

    async def script(stream: SocketStream, seen: bytearray) -> None:
        while len(seen) < length:
            seen += await stream.receive()
        await stream.send(EMPTY)

    return script


async def whole_body(stream: SocketStream, seen: bytearray) -> None:
    while not seen.endswith(BODY):
        seen += await stream.receive()
    await stream.send(EMPTY)


@pytest.mark.parametrize(
    ("target", "action", "key", "value", "changes"),
    ROWS,
    ids=[f"{row[0]}-{row[1]}" for row in ROWS],
)
async def test_an_action_changes_these_bytes_and_no_others(
    target: str, action: str, key: str | None, value: str | int | None, changes: list[Change]
) -> None:
    expected = PLAIN
    for old, new in changes:
        assert expected.count(old) >= 1
        expected = expected.replace(old, new, 1)
    # The real host is as long for every port of five digits; the script needs the length.
    length = len(expected) + expected.count(b"HOST") * (len("127.0.0.1:12345") - 4)
    length += expected.count(b"AGENT") * (len(f"regshape/{__version__}") - len("AGENT"))
    async with (
        serving(expecting(length - 1)) as peer,
        open_client(peer.url, apply=apply, deadline=1) as client,
    ):
        exchange = await client.send(REQUEST, [Mutator("m", target, action, key, value)])
        assert exchange.failure is None, exchange.failure
        with anyio.fail_after(1):
            while len(peer.everything) < length - 1:
                await anyio.lowlevel.checkpoint()
    host = f"127.0.0.1:{peer.port}".encode()
    sent = peer.everything.replace(host, b"HOST")
    assert sent.replace(f"regshape/{__version__}".encode(), b"AGENT") == expected


def test_every_entry_of_the_table_is_tried() -> None:
    assert {(row[0], row[1]) for row in ROWS} | {("frame", "leave"), ("frame", "slow")} == set(
        TABLE
    )


async def test_one_who_leaves_resets_once_the_answer_has_begun() -> None:
    async with (
        serving(expecting(len(PLAIN))) as peer,
        open_client(peer.url, apply=apply, deadline=1) as client,
    ):
        exchange = await client.send(REQUEST, [Mutator("m", "frame", "leave")])
    assert exchange.failure is not None
    assert (exchange.failure.kind, exchange.ending) == ("reset", "leave")
    assert peer.everything.endswith(BODY)


async def test_a_slow_body_takes_its_time() -> None:
    async with (
        serving(whole_body) as peer,
        open_client(peer.url, apply=apply, deadline=2) as client,
    ):
        exchange = await client.send(REQUEST, [Mutator("m", "frame", "slow")])
    assert exchange.failure is None
    assert exchange.seconds >= SLOW_OCTETS * SLOW_SECONDS


async def test_a_reset_leaves_no_answer() -> None:
    rst = Mutator("m", "frame", "truncate", "rst")
    async with (
        serving(expecting(10_000)) as peer,
        open_client(peer.url, apply=apply, deadline=1) as client,
    ):
        exchange = await client.send(REQUEST, [rst])
    assert exchange.failure is not None
    assert exchange.failure.kind == "reset"
    assert exchange.body == BODY[:5]
