from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from regshape.formats.digest import compute
from regshape.protocols.oci.models import (
    DOCKER_MANIFEST_LIST,
    FOREIGN_LAYER_TYPES,
    IMAGE_INDEX,
    IMAGE_LAYER,
    IMAGE_MANIFEST,
)
from regshape.protocols.oci.reference import Reference, ReferenceOptions
from tests.protocols.oci.pushing import (
    CONFIG,
    LAYER,
    MANIFESTS,
    MISSING,
    codes,
    descriptor,
    encode,
    filled,
    image,
    put,
    status,
)


def index(**changes: object) -> dict[str, Any]:
    return {"schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": [], **changes}


@pytest.fixture
async def registry() -> AsyncIterator[httpx.AsyncClient]:
    async with filled(Reference()) as client:
        yield client


async def test_a_manifest_is_pushed_by_tag(registry: httpx.AsyncClient) -> None:
    answer = await put(registry, image())
    assert (answer.status_code, answer.content) == (201, b"")
    assert answer.headers["location"] == f"{MANIFESTS}/v1"
    assert answer.headers["docker-content-digest"] == compute(encode(image()))
    assert (await registry.get(answer.headers["location"])).content == encode(image())


@pytest.mark.parametrize("algorithm", ["sha256", "sha512"])
async def test_a_manifest_is_pushed_by_digest(registry: httpx.AsyncClient, algorithm: str) -> None:
    digest = compute(encode(image()), algorithm)
    answer = await put(registry, image(), digest)
    assert (answer.status_code, answer.headers["docker-content-digest"]) == (201, digest)
    assert "oci-tag" not in answer.headers
    answer = await registry.get(f"{MANIFESTS}/{digest}")
    assert answer.headers["docker-content-digest"] == digest


async def test_a_false_digest_stores_nothing(registry: httpx.AsyncClient) -> None:
    answer = await put(registry, image(), MISSING)
    assert (answer.status_code, codes(answer)) == (400, ["DIGEST_INVALID"])
    assert await status(registry, MISSING) == 404
    assert await status(registry, compute(encode(image()))) == 404


@pytest.mark.parametrize("reference", ["sha256:short", "foo:bar", ":x", "a:b:c", "v1:", "v%3A1"])
async def test_a_colon_never_becomes_a_tag(registry: httpx.AsyncClient, reference: str) -> None:
    answer = await put(registry, image(), reference)
    assert (answer.status_code, codes(answer)) == (400, ["DIGEST_INVALID"])
    assert (await registry.get("/v2/app/tags/list")).json()["tags"] == []


@pytest.mark.parametrize("tag", ["a" * 129, ".a", "-a", "", "%C3%A9", "a%20b", "a%0A", "a@b"])
async def test_what_is_no_tag_is_refused(registry: httpx.AsyncClient, tag: str) -> None:
    answer = await put(registry, image(), tag)
    assert (answer.status_code, codes(answer)) == (400, ["MANIFEST_INVALID"])
    assert await status(registry, tag) == 404


@pytest.mark.parametrize("tag", ["a" * 128, "_", "0", "A.b-c_D", "list", "tags"])
async def test_every_legal_tag_is_taken(registry: httpx.AsyncClient, tag: str) -> None:
    assert (await put(registry, image(), tag)).status_code == 201
    assert await status(registry, tag) == 200
    assert await status(registry, tag.swapcase() + "_") == 404


async def test_a_moved_tag_leaves_the_old_manifest(registry: httpx.AsyncClient) -> None:
    await put(registry, image())
    await put(registry, image(annotations={"a": "b"}))
    assert await status(registry, compute(encode(image()))) == 200
    answer = await registry.get(f"{MANIFESTS}/v1")
    assert answer.content == encode(image(annotations={"a": "b"}))


async def test_tags_are_pushed_with_a_digest(registry: httpx.AsyncClient) -> None:
    digest = compute(encode(image()))
    answer = await put(registry, image(), f"{digest}?tag=b&tag=a&tag=b&other=c")
    assert (answer.status_code, answer.headers["oci-tag"]) == (201, "b, a")
    assert (await registry.get("/v2/app/tags/list")).json()["tags"] == ["a", "b"]


async def test_tag_parameters_count_on_a_push_by_digest_only(registry: httpx.AsyncClient) -> None:
    answer = await put(registry, image(), "v1?tag=v2")
    assert (answer.status_code, "oci-tag" in answer.headers) == (201, False)
    assert await status(registry, "v2") == 404


@pytest.mark.parametrize(("count", "expected"), [(50, 201), (51, 414)])
async def test_the_number_of_tags_at_once_is_limited(
    registry: httpx.AsyncClient, count: int, expected: int
) -> None:
    digest = compute(encode(image()))
    query = "&".join(f"tag=t{number}" for number in range(count))
    assert (await put(registry, image(), f"{digest}?{query}")).status_code == expected
    assert await status(registry, digest) == (200 if expected == 201 else 404)


@pytest.mark.parametrize("tag", ["", ".a", "a:b", "a" * 129, "%00", "%ff", "a%2Cb"])
async def test_an_illegal_tag_among_others_stores_nothing(
    registry: httpx.AsyncClient, tag: str
) -> None:
    digest = compute(encode(image()))
    answer = await put(registry, image(), f"{digest}?tag=good&tag={tag}")
    assert (answer.status_code, codes(answer)) == (400, ["MANIFEST_INVALID"])
    assert await status(registry, digest) == 404
    assert await status(registry, "good") == 404


@pytest.mark.parametrize("media_type", [IMAGE_INDEX, DOCKER_MANIFEST_LIST])
async def test_an_index_lists_what_is_in_the_repository(
    registry: httpx.AsyncClient, media_type: str
) -> None:
    await put(registry, image())
    children = [descriptor(encode(image()), IMAGE_MANIFEST), descriptor(LAYER, IMAGE_LAYER)]
    document = index(mediaType=media_type, manifests=children)
    assert (await put(registry, document, "all", media_type)).status_code == 201
    assert (await put(registry, index(manifests=None), "no", IMAGE_INDEX)).status_code == 400
    assert (await put(registry, index(layers=[]), "no", IMAGE_INDEX)).status_code == 400


async def test_everything_that_is_missing_is_named(registry: httpx.AsyncClient) -> None:
    lacking = [descriptor(b"missing", IMAGE_LAYER), descriptor(b"other", IMAGE_LAYER)]
    answer = await put(registry, image(config=lacking[0], layers=[*lacking, descriptor(LAYER)]))
    assert (answer.status_code, codes(answer)) == (404, ["MANIFEST_BLOB_UNKNOWN"] * 2)
    named = [error["detail"]["digest"] for error in answer.json()["errors"]]
    assert named == [item["digest"] for item in lacking]
    assert await status(registry, "v1") == 404


async def test_a_missing_child_is_refused(registry: httpx.AsyncClient) -> None:
    document = index(manifests=[descriptor(b"missing", IMAGE_MANIFEST)])
    answer = await put(registry, document, media_type=IMAGE_INDEX)
    assert (answer.status_code, codes(answer)) == (404, ["MANIFEST_BLOB_UNKNOWN"])


async def test_blobs_of_another_repository_do_not_count(registry: httpx.AsyncClient) -> None:
    answer = await registry.put("/v2/other/manifests/v1", content=encode(image()))
    assert (answer.status_code, codes(answer)) == (404, ["MANIFEST_BLOB_UNKNOWN"] * 2)
    assert (await registry.get("/v2/other/tags/list")).status_code == 404


@pytest.mark.parametrize("media_type", sorted(FOREIGN_LAYER_TYPES))
async def test_a_layer_that_is_not_pushed_anywhere_may_be_missing(
    registry: httpx.AsyncClient, media_type: str
) -> None:
    document = image(layers=[descriptor(b"missing", media_type)])
    assert (await put(registry, document)).status_code == 201


@pytest.mark.parametrize(
    ("size", "expected"), [(4_000_000, 201), (4_194_304, 201), (4_194_305, 413)]
)
async def test_manifests_of_four_mebibytes_are_taken_and_no_larger_ones(
    registry: httpx.AsyncClient, size: int, expected: int
) -> None:
    document = encode(image())
    answer = await put(registry, document + b" " * (size - len(document)))
    assert answer.status_code == expected
    assert await status(registry, "v1") == (200 if expected == 201 else 404)


@pytest.mark.parametrize(
    ("document", "media_type"), [(image(), IMAGE_MANIFEST), (index(), IMAGE_INDEX)]
)
async def test_a_subject_is_acknowledged_where_referrers_are_supported(
    document: dict[str, Any], media_type: str
) -> None:
    document = document | {"subject": descriptor(b"missing", IMAGE_MANIFEST)}
    for referrers, expected in ((True, MISSING), (False, None)):
        async with filled(Reference(ReferenceOptions(referrers=referrers))) as client:
            answer = await put(client, document, media_type=media_type)
            assert (answer.status_code, answer.headers.get("oci-subject")) == (201, expected)


async def test_a_push_can_be_made_conditional(registry: httpx.AsyncClient) -> None:
    async def push(number: int, **headers: str) -> int:
        names = {key.replace("_", "-"): value for key, value in headers.items()}
        content = encode(image(annotations={"n": str(number)}))
        answer = await registry.put(f"{MANIFESTS}/v1", content=content, headers=names)
        return answer.status_code

    assert await push(1, If_Match="*") == 412
    assert await push(1, If_None_Match="*") == 201
    assert await push(2, If_None_Match="*") == 412
    etag = (await registry.get(f"{MANIFESTS}/v1")).headers["etag"]
    assert await push(2, If_Match=etag) == 201
    assert await push(3, If_Match=etag) == 412
    assert b'"2"' in (await registry.get(f"{MANIFESTS}/v1")).content


async def test_deleting_a_tag_leaves_the_manifest_and_its_other_tags(
    registry: httpx.AsyncClient,
) -> None:
    for tag in ("v1", "v2"):
        await put(registry, image(), tag)
    answer = await registry.delete(f"{MANIFESTS}/v1")
    assert (answer.status_code, answer.content) == (202, b"")
    assert [await status(registry, r) for r in ("v1", "v2")] == [404, 200]
    assert await status(registry, compute(encode(image()))) == 200
    assert (await registry.get("/v2/app/tags/list")).json()["tags"] == ["v2"]
    assert (await registry.delete(f"{MANIFESTS}/v1")).status_code == 404


async def test_deleting_a_manifest_takes_all_its_tags(registry: httpx.AsyncClient) -> None:
    for tag in ("v1", "v2"):
        await put(registry, image(), tag)
    await put(registry, index(), "kept", IMAGE_INDEX)
    digest = compute(encode(image()))
    assert (await registry.delete(f"{MANIFESTS}/{digest}")).status_code == 202
    assert [await status(registry, r) for r in (digest, "v1", "v2")] == [404] * 3
    assert (await registry.get("/v2/app/tags/list")).json()["tags"] == ["kept"]
    answer = await registry.delete(f"{MANIFESTS}/{digest}")
    assert (answer.status_code, codes(answer)) == (404, ["MANIFEST_UNKNOWN"])
    assert (await put(registry, image(), digest)).status_code == 201


async def test_deleting_a_blob_twice_is_noticed(registry: httpx.AsyncClient) -> None:
    where = f"/v2/app/blobs/{compute(LAYER)}"
    answers = [await registry.delete(where) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 404]
    assert codes(answers[1]) == ["BLOB_UNKNOWN"]
    assert (await registry.get(where)).status_code == 404


async def test_nothing_can_be_deleted_where_there_is_no_repository(
    registry: httpx.AsyncClient,
) -> None:
    for path in (f"blobs/{MISSING}", f"manifests/{MISSING}", "manifests/v1"):
        answer = await registry.delete(f"/v2/none/{path}")
        assert (answer.status_code, codes(answer)) == (404, ["NAME_UNKNOWN"])


async def test_deletion_can_be_disabled_for_everything() -> None:
    async with filled(Reference(ReferenceOptions(delete=False))) as client:
        await put(client, image())
        digest = compute(encode(image()))
        for path in (f"blobs/{compute(LAYER)}", f"manifests/{digest}", "manifests/v1"):
            answer = await client.delete(f"/v2/app/{path}")
            assert (answer.status_code, codes(answer)) == (405, ["UNSUPPORTED"])
            assert "DELETE" not in answer.headers["allow"]
            assert (await client.get(f"/v2/app/{path}")).status_code == 200


async def test_a_repository_is_gone_with_its_last_content() -> None:
    reference = Reference()
    async with filled(reference) as client:
        await put(client, image())
        digests = [compute(content) for content in (CONFIG, LAYER)]
        for path in (f"manifests/{compute(encode(image()))}", *(f"blobs/{d}" for d in digests)):
            assert (await client.get("/v2/app/tags/list")).status_code == 200
            assert (await client.delete(f"/v2/app/{path}")).status_code == 202
        assert (await client.get("/v2/app/tags/list")).status_code == 404
    assert reference.store == Reference().store
