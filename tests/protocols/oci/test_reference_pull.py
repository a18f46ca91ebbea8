from collections.abc import AsyncIterator

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regshape.formats.digest import compute
from regshape.protocols.oci.models import DOCKER_MANIFEST, EMPTY_JSON, IMAGE_MANIFEST
from regshape.protocols.oci.reference import Reference
from tests.protocols.oci.pushing import connect

CONTENT = bytes(range(100))
DIGEST = compute(CONTENT)
BLOB = f"/v2/app/blobs/{DIGEST}"
EMPTY = compute(b"")
UNKNOWN = [compute(b"unknown"), compute(b"unknown", "sha512")]
BROKEN = ["sha256:short", "foo:bar", ":x", "sha256:", "a:b:c", DIGEST.upper(), "md5:" + "a" * 32]
MANIFEST = (
    b'{"schemaVersion": 2, "mediaType": "%s",\n "layers": [], "config": '
    b'{"mediaType": "%s", "digest": "%s", "size": 100, "size": 100}, "\\u0078": 1e400}\n'
) % (IMAGE_MANIFEST.encode(), EMPTY_JSON.encode(), DIGEST.encode())


async def fill(client: httpx.AsyncClient) -> None:
    for content in (CONTENT, b""):
        await client.post(f"/v2/app/blobs/uploads/?digest={compute(content)}", content=content)
    answer = await client.put(
        "/v2/app/manifests/v1", content=MANIFEST, headers={"Content-Type": IMAGE_MANIFEST}
    )
    assert answer.status_code == 201


@pytest.fixture
async def registry() -> AsyncIterator[httpx.AsyncClient]:
    async with connect(Reference()) as client:
        await fill(client)
        yield client


async def ranged(client: httpx.AsyncClient, text: str, where: str = BLOB) -> httpx.Response:
    return await client.get(where, headers={"Range": text})


def code(answer: httpx.Response) -> str:
    (error,) = answer.json()["errors"]
    return str(error["code"])


async def test_support_is_told_with_and_without_the_slash(registry: httpx.AsyncClient) -> None:
    for path in ("/v2/", "/v2"):
        answer = await registry.get(path)
        assert (answer.status_code, answer.json()) == (200, {})


async def test_a_blob_is_pulled_with_its_digest_and_length(registry: httpx.AsyncClient) -> None:
    answer = await registry.get(BLOB)
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["docker-content-digest"] == DIGEST
    assert answer.headers["content-length"] == "100"
    assert answer.headers["content-type"] == "application/octet-stream"


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=10-19", 10, 19),
        ("bytes=90-", 90, 99),
        ("bytes=90-500", 90, 99),
        ("bytes=-1", 99, 99),
        ("bytes=-500", 0, 99),
        ("bytes=0-99", 0, 99),
        ("BYTES=0-1", 0, 1),
        ("bytes= 5-6 ", 5, 6),
        ("bytes=0-" + "9" * 5000, 0, 99),
        ("bytes=-" + "9" * 5000, 0, 99),
        ("bytes=000-0001", 0, 1),
    ],
)
async def test_a_range_gives_exactly_its_slice(
    registry: httpx.AsyncClient, text: str, first: int, last: int
) -> None:
    answer = await ranged(registry, text)
    assert (answer.status_code, answer.content) == (206, CONTENT[first : last + 1])
    assert answer.headers["content-range"] == f"bytes {first}-{last}/100"
    assert answer.headers["content-length"] == str(last - first + 1)
    assert answer.headers["docker-content-digest"] == DIGEST


@pytest.mark.parametrize(
    "text", ["bytes=100-", "bytes=100-200", "bytes=-0", "bytes=" + "9" * 30 + "-"]
)
async def test_a_range_beyond_the_blob_is_not_satisfiable(
    registry: httpx.AsyncClient, text: str
) -> None:
    answer = await ranged(registry, text)
    assert answer.status_code == 416
    assert answer.headers["content-range"] == "bytes */100"
    assert answer.headers["content-length"] == str(len(answer.content))
    assert code(answer) == "SIZE_INVALID"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=5-3",
        "bytes=a-b",
        "lines=0-1",
        "bytes=0-1,5-6",
        "bytes=1 - 2",
        "=0-1",
        "bytes=+0-1",
        "bytes=0-1,",
        "bytes 0-1",
        "bytes=" + "0-0," * 1000,
    ],
)
async def test_what_is_no_single_range_gives_the_whole(
    registry: httpx.AsyncClient, text: str
) -> None:
    answer = await ranged(registry, text)
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert "content-range" not in answer.headers


async def test_a_blob_without_bytes_has_no_range(registry: httpx.AsyncClient) -> None:
    where = f"/v2/app/blobs/{EMPTY}"
    answer = await ranged(registry, "bytes=0-", where)
    assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */0")
    assert (await ranged(registry, "bytes=-5", where)).status_code == 200
    assert (await ranged(registry, "bytes=-0", where)).status_code == 416


@pytest.mark.parametrize(
    ("condition", "status"),
    [
        (f'"{DIGEST}"', 206),
        (f'W/"{DIGEST}"', 200),
        ('"other"', 200),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 200),
        ("", 200),
    ],
)
async def test_a_range_applies_only_to_the_content_that_it_was_made_for(
    registry: httpx.AsyncClient, condition: str, status: int
) -> None:
    headers = {"Range": "bytes=0-1", "If-Range": condition}
    assert (await registry.get(BLOB, headers=headers)).status_code == status


@given(first=st.integers(0, 120), last=st.none() | st.integers(0, 120))
async def test_every_range_is_judged_like_a_slice(first: int, last: int | None) -> None:
    async with connect(Reference()) as client:
        await fill(client)
        answer = await ranged(client, f"bytes={first}-{'' if last is None else last}")
    if last is not None and last < first:
        assert (answer.status_code, answer.content) == (200, CONTENT)
    elif first >= len(CONTENT):
        assert answer.status_code == 416
    else:
        expected = CONTENT[first:] if last is None else CONTENT[first : last + 1]
        assert (answer.status_code, answer.content) == (206, expected)


@pytest.mark.parametrize("where", [BLOB, "/v2/app/manifests/v1"])
@pytest.mark.parametrize("form", ["{}", "W/{}", '"x", {}', "*"])
async def test_what_the_client_has_already_is_not_sent_again(
    registry: httpx.AsyncClient, where: str, form: str
) -> None:
    etag = (await registry.get(where)).headers["etag"]
    answer = await registry.get(where, headers={"If-None-Match": form.format(etag)})
    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["etag"] == etag
    assert "content-length" not in answer.headers
    answer = await registry.get(where, headers={"If-None-Match": '"other"'})
    assert answer.status_code == 200


@pytest.mark.parametrize("where", [BLOB, "/v2/app/manifests/v1"])
async def test_a_false_precondition_is_refused(registry: httpx.AsyncClient, where: str) -> None:
    etag = (await registry.get(where)).headers["etag"]
    for condition in (etag, "*", f'"x", {etag}'):
        answer = await registry.get(where, headers={"If-Match": condition})
        assert answer.status_code == 200
    for condition in ('"other"', f"W/{etag}", ""):
        for method in ("GET", "HEAD", "DELETE"):
            answer = await registry.request(method, where, headers={"If-Match": condition})
            assert answer.status_code == 412
    assert (await registry.get(where)).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/v2/",
        "/v2/_catalog",
        "/v2/_oci/ext/discover",
        "/v2/app/_oci/ext/discover",
        BLOB,
        "/v2/app/tags/list",
        f"/v2/app/referrers/{DIGEST}",
        "/v2/app/manifests/v1",
        "/v2/app/manifests/none",
        "/v2/app/blobs/x",
        "/v2/none/tags/list",
        "/nowhere",
        "/v2/A/x",
    ],
)
async def test_head_answers_like_get_without_the_body(
    registry: httpx.AsyncClient, path: str
) -> None:
    headers = {"Range": "bytes=0-1"} if path != BLOB else {}
    get = await registry.get(path, headers=headers)
    head = await registry.head(path, headers={"Range": "bytes=0-1"})
    assert (head.status_code, head.content) == (get.status_code, b"")
    assert head.headers == get.headers
    assert head.headers["content-length"] == str(len(get.content))


async def test_a_manifest_is_pulled_byte_for_byte(registry: httpx.AsyncClient) -> None:
    for reference in ("v1", compute(MANIFEST)):
        answer = await registry.get(f"/v2/app/manifests/{reference}")
        assert (answer.status_code, answer.content) == (200, MANIFEST)
        assert answer.headers["docker-content-digest"] == compute(MANIFEST)
        assert answer.headers["content-type"] == IMAGE_MANIFEST


@pytest.mark.parametrize(
    "accept",
    [
        None,
        "*/*",
        "application/*",
        IMAGE_MANIFEST.upper(),
        f"{DOCKER_MANIFEST}",
        "a/b;q=0",
        "",
        ",",
        "text/html, image/png",
        ", ".join(f"x/{n}" for n in range(200)),
        "\x80garbage",
    ],
)
async def test_the_stored_manifest_is_sent_whatever_is_accepted(
    registry: httpx.AsyncClient, accept: str | None
) -> None:
    del registry.headers["accept"]
    headers = [] if accept is None else [(b"Accept", accept.encode("latin-1"))]
    answer = await registry.get("/v2/app/manifests/v1", headers=headers)
    assert (answer.status_code, answer.content) == (200, MANIFEST)


@pytest.mark.parametrize("name", ["app", "none"])
@pytest.mark.parametrize("kind", ["blobs", "manifests"])
@pytest.mark.parametrize("digest", UNKNOWN)
async def test_unknown_content_is_not_found(
    registry: httpx.AsyncClient, name: str, kind: str, digest: str
) -> None:
    answer = await registry.get(f"/v2/{name}/{kind}/{digest}")
    expected = "BLOB_UNKNOWN" if kind == "blobs" else "MANIFEST_UNKNOWN"
    assert (answer.status_code, code(answer)) == (404, expected)


@pytest.mark.parametrize("kind", ["blobs", "manifests"])
@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("digest", BROKEN)
async def test_a_broken_digest_is_refused(
    registry: httpx.AsyncClient, method: str, kind: str, digest: str
) -> None:
    answer = await registry.request(method, f"/v2/app/{kind}/{digest}")
    assert (answer.status_code, code(answer)) == (400, "DIGEST_INVALID")


async def test_blobs_and_manifests_are_kept_apart(registry: httpx.AsyncClient) -> None:
    assert (await registry.get(f"/v2/app/manifests/{DIGEST}")).status_code == 404
    assert (await registry.get(f"/v2/app/blobs/{compute(MANIFEST)}")).status_code == 404


async def test_content_of_one_repository_is_not_found_in_another(
    registry: httpx.AsyncClient,
) -> None:
    assert (await registry.get(f"/v2/other/blobs/{DIGEST}")).status_code == 404
    assert (await registry.get(f"/v2/other/manifests/{compute(MANIFEST)}")).status_code == 404
