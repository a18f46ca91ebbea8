from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regshape.formats.digest import compute
from regshape.protocols.oci.reference import Reference, ReferenceOptions
from tests.protocols.oci.pushing import connect

UPLOADS = "/v2/team/app/blobs/uploads/"
CONTENT = b"0123456789"
DIGEST = compute(CONTENT)


@pytest.fixture
async def registry() -> AsyncIterator[httpx.AsyncClient]:
    async with connect(Reference()) as client:
        yield client


async def open_session(client: httpx.AsyncClient, where: str = UPLOADS) -> str:
    answer = await client.post(where)
    assert answer.status_code == 202
    return str(answer.headers["location"])


async def patch(client: httpx.AsyncClient, session: str, chunk: bytes, start: int) -> int:
    headers = {"Content-Range": f"{start}-{start + len(chunk) - 1}"}
    return (await client.patch(session, content=chunk, headers=headers)).status_code


async def pulled(client: httpx.AsyncClient, digest: str = DIGEST, name: str = "team/app") -> bytes:
    answer = await client.get(f"/v2/{name}/blobs/{digest}")
    assert answer.status_code == 200
    return answer.content


def code(answer: httpx.Response) -> str:
    assert answer.headers["content-type"] == "application/json"
    (error,) = answer.json()["errors"]
    return str(error["code"])


async def test_a_session_is_opened_at_a_path_of_its_own(registry: httpx.AsyncClient) -> None:
    locations = {await open_session(registry) for _ in range(5)}
    assert len(locations) == 5
    assert all(location.startswith(UPLOADS) for location in locations)


async def test_a_session_is_opened_without_the_last_slash_too(registry: httpx.AsyncClient) -> None:
    session = await open_session(registry, UPLOADS.rstrip("/"))
    assert (await registry.get(session)).status_code == 204


async def test_chunks_in_order_make_the_blob(registry: httpx.AsyncClient) -> None:
    session = await open_session(registry)
    assert await patch(registry, session, CONTENT[:4], 0) == 202
    answer = await registry.patch(session, content=CONTENT[4:7])
    assert (answer.status_code, answer.headers["range"]) == (202, "0-6")
    answer = await registry.put(
        f"{session}?digest={DIGEST}", content=CONTENT[7:], headers={"Content-Range": "7-9"}
    )
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v2/team/app/blobs/{DIGEST}"
    assert answer.headers["docker-content-digest"] == DIGEST
    assert await pulled(registry) == CONTENT


async def test_the_status_of_a_session_tells_how_far_it_came(registry: httpx.AsyncClient) -> None:
    session = await open_session(registry)
    for expected in ("0-0", "0-3"):
        answer = await registry.get(session)
        assert (answer.status_code, answer.headers["range"]) == (204, expected)
        assert answer.headers["location"] == session
        assert "content-length" not in answer.headers
        await patch(registry, session, CONTENT[:4], 0)


@pytest.mark.parametrize(
    "text",
    ["3-", "-5", "3-x", "bytes 0-3/4", "bytes=0-3", "5-3", "+0-3", "", "0--3", "\u0660-\u0663"],
)
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
async def test_a_malformed_content_range_is_refused_and_changes_nothing(
    registry: httpx.AsyncClient, method: str, text: str
) -> None:
    session = await open_session(registry)
    await patch(registry, session, CONTENT[:2], 0)
    answer = await registry.request(
        method,
        f"{session}?digest={DIGEST}",
        content=CONTENT[2:],
        headers=[(b"Content-Range", text.encode())],
    )
    assert (answer.status_code, code(answer)) == (400, "BLOB_UPLOAD_INVALID")
    assert (await registry.get(session)).headers["range"] == "0-1"


@pytest.mark.parametrize("text", ["0-2", "0-4", "0-" + "9" * 30])
async def test_a_range_of_another_length_is_refused(registry: httpx.AsyncClient, text: str) -> None:
    session = await open_session(registry)
    answer = await registry.patch(session, content=b"0123", headers={"Content-Range": text})
    assert (answer.status_code, code(answer)) == (400, "SIZE_INVALID")
    assert (await registry.get(session)).headers["range"] == "0-0"


async def test_a_range_of_more_digits_than_python_reads_is_refused(
    registry: httpx.AsyncClient,
) -> None:
    session = await open_session(registry)
    answer = await registry.patch(
        session, content=b"0123", headers={"Content-Range": "0-" + "9" * 5000}
    )
    assert answer.status_code == 400


async def test_two_content_ranges_are_refused(registry: httpx.AsyncClient) -> None:
    session = await open_session(registry)
    headers = [("Content-Range", "0-3"), ("Content-Range", "0-3")]
    assert (await registry.patch(session, content=b"0123", headers=headers)).status_code == 400


@pytest.mark.parametrize("text", ["0-7", "1-8", "3-10", "100-107", "3-4", "0-9"])
@pytest.mark.parametrize("method", ["PATCH", "PUT"])
async def test_a_chunk_out_of_order_is_refused_with_where_the_session_is(
    registry: httpx.AsyncClient, method: str, text: str
) -> None:
    session = await open_session(registry)
    await patch(registry, session, CONTENT[:2], 0)
    answer = await registry.request(
        method,
        f"{session}?digest={DIGEST}",
        content=CONTENT[2:],
        headers={"Content-Range": text},
    )
    assert (answer.status_code, code(answer)) == (416, "BLOB_UPLOAD_INVALID")
    assert (answer.headers["location"], answer.headers["range"]) == (session, "0-1")
    finished = await registry.put(f"{session}?digest={DIGEST}", content=CONTENT[2:])
    assert finished.status_code == 201


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?digest=",
        "?digest=garbage",
        "?digest=%zz",
        "?digest=%00",
        "?digest=%ff",
        f"?digest={DIGEST}&digest={DIGEST}",
        f"?digest={DIGEST.upper()}",
        f"?digest={compute(b'other')}",
        "?digest=md5:" + "a" * 32,
    ],
)
async def test_a_refused_finish_leaves_the_session_as_it_was(
    registry: httpx.AsyncClient, query: str
) -> None:
    session = await open_session(registry)
    await patch(registry, session, CONTENT[:4], 0)
    answer = await registry.put(session + query, content=CONTENT[4:])
    assert (answer.status_code, code(answer)) == (400, "DIGEST_INVALID")
    assert (await registry.get(session)).headers["range"] == "0-3"
    assert (await registry.head(f"/v2/team/app/blobs/{DIGEST}")).status_code == 404
    answer = await registry.put(f"{session}?digest={DIGEST}", content=CONTENT[4:])
    assert answer.status_code == 201


@pytest.mark.parametrize("end", ["DELETE", "PUT"])
async def test_a_session_that_ended_is_gone(registry: httpx.AsyncClient, end: str) -> None:
    session = await open_session(registry)
    answer = await registry.request(
        end, f"{session}?digest={DIGEST}", content=CONTENT if end == "PUT" else b""
    )
    assert answer.status_code == (201 if end == "PUT" else 204)
    for method in ("GET", "PATCH", "PUT", "DELETE"):
        answer = await registry.request(method, f"{session}?digest={DIGEST}")
        assert (answer.status_code, code(answer)) == (404, "BLOB_UPLOAD_UNKNOWN")


async def test_a_session_belongs_to_its_repository(registry: httpx.AsyncClient) -> None:
    session = await open_session(registry)
    elsewhere = session.replace("team/app", "team/other")
    for method in ("GET", "PATCH", "PUT", "DELETE"):
        answer = await registry.request(method, f"{elsewhere}?digest={DIGEST}", content=CONTENT)
        assert answer.status_code == 404
    assert (await registry.get(session)).status_code == 204


async def test_a_blob_without_bytes_can_be_pushed(registry: httpx.AsyncClient) -> None:
    empty = compute(b"")
    session = await open_session(registry)
    assert (await registry.patch(session)).headers["range"] == "0-0"
    assert (await registry.put(f"{session}?digest={empty}")).status_code == 201
    assert await pulled(registry, empty) == b""
    assert (await registry.post(f"{UPLOADS}?digest={empty}")).status_code == 201


async def test_a_single_post_stores_the_blob(registry: httpx.AsyncClient) -> None:
    answer = await registry.post(f"{UPLOADS}?digest={DIGEST}", content=CONTENT)
    assert answer.status_code == 201
    assert (await registry.get(answer.headers["location"])).content == CONTENT


@pytest.mark.parametrize("digest", ["", "x", compute(b"other"), f"{DIGEST}&digest={DIGEST}"])
async def test_a_single_post_with_a_false_digest_stores_nothing(
    registry: httpx.AsyncClient, digest: str
) -> None:
    answer = await registry.post(f"{UPLOADS}?digest={digest}", content=CONTENT)
    assert (answer.status_code, code(answer)) == (400, "DIGEST_INVALID")
    assert (await registry.get("/v2/_catalog")).json() == {"repositories": []}


@pytest.mark.parametrize("text", ["1-10", "0-4", "x", "bytes 0-9/10"])
async def test_a_single_post_with_a_false_range_stores_nothing(
    registry: httpx.AsyncClient, text: str
) -> None:
    answer = await registry.post(
        f"{UPLOADS}?digest={DIGEST}", content=CONTENT, headers={"Content-Range": text}
    )
    assert answer.status_code == 400
    assert (await registry.get(f"/v2/team/app/blobs/{DIGEST}")).status_code == 404


async def test_a_single_post_may_state_the_range_of_the_whole(registry: httpx.AsyncClient) -> None:
    answer = await registry.post(
        f"{UPLOADS}?digest={DIGEST}", content=CONTENT, headers={"Content-Range": "0-9"}
    )
    assert answer.status_code == 201


async def test_an_algorithm_hint_opens_a_session_that_takes_it(registry: httpx.AsyncClient) -> None:
    digest = compute(CONTENT, "sha512")
    session = await open_session(registry, f"{UPLOADS}?digest-algorithm=sha512")
    assert (await registry.put(f"{session}?digest={digest}", content=CONTENT)).status_code == 201
    assert await pulled(registry, digest) == CONTENT


@pytest.mark.parametrize("hint", ["md5", "", "SHA256", "sha256&digest-algorithm=x"])
async def test_an_unknown_algorithm_hint_is_refused(registry: httpx.AsyncClient, hint: str) -> None:
    answer = await registry.post(f"{UPLOADS}?digest-algorithm={hint}")
    assert (answer.status_code, code(answer)) == (400, "DIGEST_INVALID")


@pytest.mark.parametrize("source", ["&from=team/app", ""])
async def test_a_blob_is_mounted_from_a_repository_that_has_it(
    registry: httpx.AsyncClient, source: str
) -> None:
    await registry.post(f"{UPLOADS}?digest={DIGEST}", content=CONTENT)
    answer = await registry.post(f"/v2/team/copy/blobs/uploads/?mount={DIGEST}{source}")
    assert answer.status_code == 201
    assert answer.headers["location"] == f"/v2/team/copy/blobs/{DIGEST}"
    await registry.delete(f"/v2/team/app/blobs/{DIGEST}")
    assert await pulled(registry, name="team/copy") == CONTENT


@pytest.mark.parametrize(
    "query",
    [
        f"mount={compute(b'other')}&from=team/app",
        f"mount={DIGEST}&from=team/none",
        f"mount={DIGEST}&from=NOT%20A%00NAME",
        f"mount={DIGEST}&from=",
        "mount=garbage&from=team/app",
        "mount=&from=team/app",
        "mount",
    ],
)
async def test_what_cannot_be_mounted_opens_a_usable_session(
    registry: httpx.AsyncClient, query: str
) -> None:
    await registry.post(f"{UPLOADS}?digest={DIGEST}", content=CONTENT)
    session = await open_session(registry, f"/v2/team/copy/blobs/uploads/?{query}")
    assert (await registry.head(f"/v2/team/copy/blobs/{DIGEST}")).status_code == 404
    assert (await registry.put(f"{session}?digest={DIGEST}", content=CONTENT)).status_code == 201


async def test_features_that_are_switched_off_fall_back_to_a_session() -> None:
    options = ReferenceOptions(mount=False, single_post=False, chunk_min_length=5)
    async with connect(Reference(options)) as client:
        session = await open_session(client, f"{UPLOADS}?digest={DIGEST}")
        answer = await client.put(f"{session}?digest={DIGEST}", content=CONTENT)
        assert answer.status_code == 201
        answer = await client.post(f"/v2/copy/blobs/uploads/?mount={DIGEST}&from=team/app")
        assert (answer.status_code, answer.headers["oci-chunk-min-length"]) == (202, "5")


async def test_a_blob_over_the_limit_is_refused_and_the_session_stays() -> None:
    async with connect(Reference(ReferenceOptions(max_blob=8))) as client:
        session = await open_session(client)
        assert await patch(client, session, CONTENT[:6], 0) == 202
        assert await patch(client, session, CONTENT[6:], 6) == 413
        assert (await client.patch(session, content=CONTENT)).status_code == 413
        answer = await client.put(f"{session}?digest={compute(CONTENT[:6])}")
        assert answer.status_code == 201


async def test_the_size_of_a_chunked_body_is_limited_too() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield CONTENT

    async with connect(Reference(ReferenceOptions(max_blob=25))) as client:
        session = await open_session(client)
        assert (await client.patch(session, content=pieces())).status_code == 413
        assert (await client.get(session)).headers["range"] == "0-0"


@pytest.mark.parametrize("length", ["5", "11", "x", "-1", ""])
async def test_a_body_of_another_length_than_claimed_stores_nothing(
    registry: httpx.AsyncClient, length: str
) -> None:
    answer = await registry.post(
        f"{UPLOADS}?digest={DIGEST}", content=CONTENT, headers={"Content-Length": length}
    )
    assert (answer.status_code, code(answer)) == (400, "SIZE_INVALID")
    assert (await registry.get(f"/v2/team/app/blobs/{DIGEST}")).status_code == 404


async def test_sessions_that_nobody_uses_expire() -> None:
    class Clock(Reference):
        time = 0.0

        def now(self) -> float:
            return self.time

    reference = Clock(ReferenceOptions(session_lifetime=10))
    async with connect(reference) as client:
        idle, busy = await open_session(client), await open_session(client)
        reference.time = 8
        await client.get(busy)
        reference.time = 12
        await open_session(client)
        assert (await client.get(idle)).status_code == 404
        assert (await client.get(busy)).status_code == 204


async def test_the_least_recently_used_session_makes_room() -> None:
    async with connect(Reference(ReferenceOptions(max_sessions=2))) as client:
        first, second = await open_session(client), await open_session(client)
        await client.get(first)
        await open_session(client)
        assert (await client.get(first)).status_code == 204
        assert (await client.get(second)).status_code == 404


@given(content=st.binary(max_size=40), cut=st.integers(min_value=0, max_value=40))
async def test_four_styles_of_upload_give_the_same_blob(content: bytes, cut: int) -> None:
    digest = compute(content)
    async with connect(Reference()) as client:
        await client.post(f"/v2/single/blobs/uploads/?digest={digest}", content=content)
        session = await open_session(client, "/v2/whole/blobs/uploads/")
        await client.put(f"{session}?digest={digest}", content=content)
        session = await open_session(client, "/v2/streamed/blobs/uploads/")
        await client.patch(session, content=content)
        await client.put(f"{session}?digest={digest}")
        session = await open_session(client, "/v2/chunked/blobs/uploads/")
        for start in range(0, len(content), cut + 1):
            assert await patch(client, session, content[start : start + cut + 1], start) == 202
        await client.put(f"{session}?digest={digest}")
        answers = [
            await client.get(f"/v2/{name}/blobs/{digest}")
            for name in ("single", "whole", "streamed", "chunked")
        ]
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.content for answer in answers} == {content}
    assert len({tuple(answer.headers.items()) for answer in answers}) == 1
