from __future__ import annotations

import string
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import anyio
from hypothesis import given
from hypothesis import strategies as st

from regshape.formats import archive
from regshape.protocols.ori import package
from regshape.protocols.ori.models import NAME_LIMIT, is_package
from regshape.protocols.ori.package import PackageError
from tests.protocols.ori.archives import packed
from tests.protocols.ori.registries import Registry

ALLOWED = string.ascii_lowercase + string.digits + "-"
WHOLE = packed()
PLACES = st.integers(0, len(WHOLE) - 1)
PATHS = "v1 packages acme json 1.0.0 search log tile entries 000.p 1 versions download publish"
WORDS = st.sampled_from([*PATHS.split(), "%", "%00", "%ff", "..", "", "\xff", "@acme"])
HEADERS = st.sampled_from(
    [
        (b"authorization", b"Bearer alice"),
        (b"authorization", b"\xff\x00"),
        (b"content-type", b"multipart/form-data; boundary=edge"),
        (b"content-type", b'multipart/form-data; boundary="\xff'),
        (b"content-type", b"application/json"),
        (b"content-length", b"-1"),
        (b"if-none-match", b'*, "\xff'),
    ]
)


async def ask(registry: Registry, head: dict[str, Any], body: bytes) -> int:
    scope = {"type": "http", "path": "/", "client": ("127.0.0.1", 1), **head}
    answers = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        answers.append(message)

    await registry.reference.app(scope, receive, send)
    names = {name for name, _ in answers[0]["headers"]}
    assert {b"x-ratelimit-limit", b"x-ratelimit-remaining", b"x-ratelimit-reset"} <= names
    return int(answers[0]["status"])


@given(
    st.sampled_from(["GET", "HEAD", "POST", "DELETE", "\xff"]),
    st.lists(WORDS, max_size=7),
    st.binary(max_size=30),
    st.lists(HEADERS, max_size=4),
    st.binary(max_size=60)
    | st.just(b'--edge\r\ncontent-disposition: form-data; name="package"\r\n'),
)
def test_no_request_is_too_much(
    method: str, words: list[str], query: bytes, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    raw = "/".join(["", *words]).encode("latin-1")
    head = {"method": method, "raw_path": raw, "query_string": query, "headers": headers}
    status = anyio.run(ask, Registry(), head, body)
    assert status < HTTPStatus.INTERNAL_SERVER_ERROR


def without_checksums(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name: content for name, content in files.items() if name != package.CHECKSUM}


def assert_refused_or_the_same(data: bytes) -> None:
    try:
        found = package.check(data)
    except PackageError as refused:
        status = refused.status
    else:  # gzip says who packed it, and CHECKSUM has two ways to write a line
        assert without_checksums(found.files) == without_checksums(archive.unpack(WHOLE))
        return
    assert status == HTTPStatus.UNPROCESSABLE_ENTITY


@given(PLACES, st.integers(0, 255))
def test_an_archive_with_a_wrong_byte_is_refused_or_the_same(place: int, byte: int) -> None:
    assert_refused_or_the_same(WHOLE[:place] + bytes([byte]) + WHOLE[place + 1 :])


@given(st.sampled_from(sorted(archive.unpack(WHOLE))), PLACES, st.integers(0, 255))
def test_a_file_with_a_wrong_byte_is_refused_or_the_same(name: str, place: int, byte: int) -> None:
    files = archive.unpack(WHOLE)
    content = bytearray(files[name])
    content[place % len(content)] = byte
    assert_refused_or_the_same(archive.pack({**files, name: bytes(content)}))


@given(st.text(ALLOWED, min_size=1, max_size=40), st.text(ALLOWED, min_size=1, max_size=40))
def test_a_name_is_of_few_characters_and_does_not_begin_or_end_with_a_hyphen(
    scope: str, name: str
) -> None:
    full = f"@{scope}/{name}"
    plain = all(word == word.strip("-") for word in (scope, name))
    assert is_package(full) is (plain and len(full) <= NAME_LIMIT)


@given(st.text(min_size=1, max_size=10))
def test_no_other_character_is_in_a_name(text: str) -> None:
    if set(text) - set(ALLOWED):
        assert not is_package(f"@acme/a{text}a")
        assert not is_package(f"@a{text}a/json")
