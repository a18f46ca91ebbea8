from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping, Sequence

import anyio
import httpx
import pytest

from regshape.formats.digest import compute
from regshape.protocols.ori import package
from regshape.protocols.ori.reference.form import FORM_BYTES
from tests.conftest import Serve
from tests.protocols.ori.archives import manifest, packed, project, raw
from tests.protocols.ori.registries import ALICE, BOB, Registry, codes

PATH = "packages/acme/json/publish"
FORM = {"Content-Type": "multipart/form-data; boundary=edge"}


def form(*parts: tuple[str, bytes], end: bytes = b"--edge--\r\n") -> bytes:
    head = '--edge\r\nContent-Disposition: form-data; name="{}"\r\n\r\n'
    return b"".join(head.format(name).encode() + data + b"\r\n" for name, data in parts) + end


async def post(
    registry: Registry, body: bytes, headers: Mapping[str, str] = FORM
) -> httpx.Response:
    return await registry.post(PATH, content=body, headers=dict(headers))


async def assert_nothing_there(registry: Registry) -> None:
    assert codes(await registry.get("packages/acme/json/versions")) == (404, "PACKAGE_UNKNOWN")
    assert codes(await registry.get("packages/acme/json/1.0.0/download"))[0] == 404
    assert len(registry.reference.log) == 0
    assert registry.reference.shelf.scopes == {}


async def test_a_form_may_state_the_checksum_and_hold_what_nobody_knows() -> None:
    registry, data = Registry(), packed()
    body = form(("note", b"x" * 5000), ("package", data), ("checksum", compute(data).encode()))
    assert (await post(registry, body)).status_code == 201
    assert (await registry.get("packages/acme/json/1.0.0/download")).content == data


@pytest.mark.parametrize("size", [1, 7, 100])
async def test_a_form_may_come_in_pieces_of_any_size(size: int) -> None:
    registry = Registry()
    body = form(("other", b"\r\n--edg\r\n--edge-\r"), ("package", packed()))

    async def pieces() -> AsyncIterator[bytes]:
        for place in range(0, len(body), size):
            yield body[place : place + size]

    answer = await registry.post(PATH, content=pieces(), headers=FORM)
    assert answer.status_code == 201


BROKEN: Sequence[tuple[bytes, Mapping[str, str], tuple[int, str]]] = [
    (b"", FORM, (400, "FORM_INVALID")),
    (b"x", FORM, (400, "FORM_INVALID")),
    (form(), FORM, (400, "FORM_INVALID")),
    (form(("other", b"x")), FORM, (400, "FORM_INVALID")),
    (form(("package", packed()), ("package", packed())), FORM, (400, "FORM_INVALID")),
    (
        form(("package", packed()), ("checksum", b"1"), ("checksum", b"1")),
        FORM,
        (400, "FORM_INVALID"),
    ),
    (form(("package", packed()), end=b""), FORM, (400, "FORM_INVALID")),
    (form(("package", packed()))[:-6], FORM, (400, "FORM_INVALID")),
    (form(("package", packed()))[:100], FORM, (400, "FORM_INVALID")),
    (form(*[("x", b"")] * 101, ("package", packed())), FORM, (400, "FORM_INVALID")),
    (form(("package", packed())).replace(b"form-data", b"attachment"), FORM, (400, "FORM_INVALID")),
    (form(("package", packed())).replace(b'; name="package"', b""), FORM, (400, "FORM_INVALID")),
    (form(("package", packed())), {"Content-Type": "multipart/form-data"}, (400, "FORM_INVALID")),
    (
        form(("package", packed())),
        {"Content-Type": "multipart/form-data; boundary=other"},
        (400, "FORM_INVALID"),
    ),
    (form(("package", packed())), {"Content-Type": "application/json"}, (415, "TYPE_UNSUPPORTED")),
    (packed(), {"Content-Type": "application/octet-stream"}, (415, "TYPE_UNSUPPORTED")),
    (form(("package", packed())), {"Content-Type": ""}, (415, "TYPE_UNSUPPORTED")),
    (form(("package", packed()), ("checksum", b"sha256:0")), FORM, (422, "CHECKSUM_INVALID")),
    (form(("package", packed("@acme/other"))), FORM, (422, "NAME_MISMATCH")),
    (form(("package", packed()[:-1])), FORM, (422, "ARCHIVE_INVALID")),
    (form(("package", b"")), FORM, (422, "ARCHIVE_INVALID")),
    (form(("package", bytes(package.MOST_BYTES + 1))), FORM, (413, "TOO_LARGE")),
    (form(("other", bytes(FORM_BYTES)), ("package", packed())), FORM, (413, "TOO_LARGE")),
]


@pytest.mark.parametrize("case", range(len(BROKEN)))
async def test_what_is_no_form_with_a_package_is_refused_and_leaves_nothing(case: int) -> None:
    registry = Registry()
    body, headers, expected = BROKEN[case]
    assert codes(await post(registry, body, headers)) == expected
    await assert_nothing_there(registry)


async def test_names_that_are_reserved_cannot_be_claimed() -> None:
    registry = Registry()
    data = raw({package.MANIFEST: manifest("@acme/std-x"), "src/a": b""})
    answer = await registry.publish("@acme/std-x", data=data)
    assert codes(answer) == (422, "NAME_RESERVED")
    assert answer.json()["errors"][0]["pointer"] == "oripk.toml#/project/name"


async def test_a_package_of_the_largest_size_is_taken() -> None:
    registry, noise = Registry(), os.urandom(package.MOST_BYTES - 4000)
    data = package.build({**project(), "src/noise": noise})
    assert 10_000_000 < len(data) <= package.MOST_BYTES
    assert (await registry.publish(data=data)).status_code == 201


async def test_a_version_is_published_once_yanked_or_not() -> None:
    registry, first = Registry(), packed()
    await registry.publish(data=first)
    again = packed(more="[features]\na = []\n")
    for data in (first, again):
        assert codes(await registry.publish(data=data)) == (409, "VERSION_EXISTS")
    await registry.post("packages/acme/json/1.0.0/yank")
    assert codes(await registry.publish(data=again)) == (409, "VERSION_EXISTS")
    assert (await registry.get("packages/acme/json/1.0.0/download")).content == first
    assert len(registry.reference.log) == 1


async def test_of_many_who_publish_one_version_one_does() -> None:
    registry, statuses = Registry(), []

    async def publish(data: bytes) -> None:
        statuses.append((await registry.publish(data=data)).status_code)

    async with anyio.create_task_group() as tasks:
        for number in range(12):
            noise = os.urandom(100_000 * (number % 2))  # some are checked in a thread, some not
            data = package.build({**project(), "src/n": noise})
            tasks.start_soon(publish, data)
    assert sorted(statuses) == [201] + [409] * 11
    assert len(registry.reference.log) == 1


async def test_a_dependency_is_here_with_the_checksum_of_the_lock() -> None:
    registry = Registry()
    needs = '[dependencies]\n"@acme/base" = "1.0.0"\n'
    base = packed("@acme/base")

    async def publish(checksum: str) -> httpx.Response:
        lock = f'[checksums]\n"@acme/base:1.0.0" = "{checksum}"\n'.encode()
        data = package.build({**project(more=needs), package.LOCK: lock})
        return await registry.publish(data=data)

    assert codes(await publish(compute(base))) == (422, "DEPENDENCY_UNKNOWN")
    await registry.publish("@acme/base", data=base)
    assert codes(await publish(compute(b""))) == (422, "DEPENDENCY_UNKNOWN")
    assert (await publish(compute(base))).status_code == 201
    metadata = (await registry.get("packages/acme/json/1.0.0/metadata")).json()
    assert metadata["dependencies"] == {"@acme/base": "1.0.0"}


async def test_who_is_first_owns_the_scope() -> None:
    registry = Registry()
    await registry.publish()
    for name in ("@acme/json", "@acme/other"):
        assert codes(await registry.publish(name, "2.0.0", token=BOB))[1] == "NOT_OWNER"
    assert (await registry.publish("@bobs/json", token=BOB)).status_code == 201
    assert await registry.versions() == ["1.0.0"]


async def test_an_upload_that_breaks_off_leaves_nothing(serve: Serve) -> None:
    registry, body = Registry(), form(("package", packed()))
    head = (
        f"POST /v1/{PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ALICE}\r\n"
        f"Content-Type: multipart/form-data; boundary=edge\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    async with serve(registry.reference.app) as url:
        host, _, port = url.removeprefix("http://").partition(":")
        for cut in (0, 50, len(body) - 1):
            async with await anyio.connect_tcp(host, int(port)) as stream:
                await stream.send(head + body[:cut])
        await anyio.sleep(0.05)
        await assert_nothing_there(registry)


async def test_a_form_that_is_too_large_gets_an_answer_over_a_socket(serve: Serve) -> None:
    registry = Registry()
    async with serve(registry.reference.app) as url, httpx.AsyncClient(base_url=url) as http:
        body = form(("package", bytes(30_000_000)))
        for headers in (FORM, {**FORM, "Authorization": f"Bearer {ALICE}"}):
            answer = await http.post(f"/v1/{PATH}", content=body, headers=dict(headers))
            assert answer.status_code == (413 if "Authorization" in headers else 401)
            assert "x-ratelimit-limit" in answer.headers
