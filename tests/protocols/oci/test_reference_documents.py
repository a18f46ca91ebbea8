from collections.abc import AsyncIterator

import httpx
import pytest

from regshape.formats.digest import compute
from regshape.protocols.oci.models import (
    DOCKER_MANIFEST,
    IMAGE_INDEX,
    IMAGE_LAYER,
    IMAGE_MANIFEST,
)
from regshape.protocols.oci.reference import Reference
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


@pytest.fixture
async def registry() -> AsyncIterator[httpx.AsyncClient]:
    async with filled(Reference()) as client:
        yield client


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        (IMAGE_MANIFEST, IMAGE_MANIFEST),
        (f"{IMAGE_MANIFEST}; charset=utf-8", IMAGE_MANIFEST),
        (f"{IMAGE_MANIFEST} ;x=y;z", IMAGE_MANIFEST),
        (IMAGE_MANIFEST.upper(), IMAGE_MANIFEST.upper()),
        (None, IMAGE_MANIFEST),
        ("", IMAGE_MANIFEST),
    ],
)
async def test_the_content_type_is_kept_without_parameters(
    registry: httpx.AsyncClient, sent: str | None, kept: str
) -> None:
    assert (await put(registry, image(), media_type=sent)).status_code == 201
    assert (await registry.get(f"{MANIFESTS}/v1")).headers["content-type"] == kept


@pytest.mark.parametrize(
    ("document", "kept"),
    [(image(mediaType=...), IMAGE_MANIFEST), ({"schemaVersion": 2, "manifests": []}, IMAGE_INDEX)],
)
async def test_a_manifest_without_any_type_is_told_by_its_shape(
    registry: httpx.AsyncClient, document: object, kept: str
) -> None:
    assert (await put(registry, document, media_type=None)).status_code == 201
    assert (await registry.get(f"{MANIFESTS}/v1")).headers["content-type"] == kept


@pytest.mark.parametrize(
    "media_type",
    [
        IMAGE_INDEX,
        DOCKER_MANIFEST,
        "text/plain",
        "garbage",
        "application/octet-stream",
        "a/b, c/d",
        f"{IMAGE_MANIFEST}, {IMAGE_MANIFEST}",
    ],
)
async def test_another_content_type_than_the_manifest_has_is_refused(
    registry: httpx.AsyncClient, media_type: str
) -> None:
    answer = await put(registry, image(), media_type=media_type)
    assert (answer.status_code, codes(answer)) == (400, ["MANIFEST_INVALID"])
    assert await status(registry, "v1") == 404


async def test_a_type_in_look_alike_letters_is_refused(registry: httpx.AsyncClient) -> None:
    kelvin = DOCKER_MANIFEST.replace("k", "\u212a")
    for sent in (None, DOCKER_MANIFEST):
        answer = await put(registry, image(mediaType=kelvin), media_type=sent)
        assert (answer.status_code, codes(answer)) == (400, ["MANIFEST_INVALID"])


@pytest.mark.parametrize("content", [b"", b"null", b"[]", b"1", b'"x"', b"{", b"{}", b"{} x"])
async def test_what_is_no_manifest_is_refused(registry: httpx.AsyncClient, content: bytes) -> None:
    answer = await put(registry, content)
    assert (answer.status_code, codes(answer)) == (400, ["MANIFEST_INVALID"])


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbf" + encode(image()),
        encode(image()) + b"x",
        encode(image(x="y")).replace(b'"y"', b'"\xff"'),
        encode(image(x="y")).replace(b'"y"', b"NaN"),
        encode(image(x="y")).replace(b'"y"', b"-Infinity"),
        encode(image(x="y")).replace(b'"y"', b"1" * 5000),
        encode(image(x="y")).replace(b'"y"', b"[" * 20_000 + b"]" * 20_000),
        encode(image())[:-1],
    ],
)
async def test_broken_json_is_refused(registry: httpx.AsyncClient, content: bytes) -> None:
    answer = await put(registry, content)
    assert (answer.status_code, codes(answer)) == (400, ["MANIFEST_INVALID"])


@pytest.mark.parametrize(
    "changes",
    [
        {"schemaVersion": 1},
        {"schemaVersion": "2"},
        {"schemaVersion": 2.0},
        {"schemaVersion": True},
        {"schemaVersion": None},
        {"schemaVersion": ...},
        {"mediaType": 7},
        {"mediaType": None},
        {"mediaType": ""},
        {"config": ...},
        {"config": None},
        {"config": "x"},
        {"config": {}},
        {"layers": ...},
        {"layers": None},
        {"layers": {}},
        {"layers": [None]},
        {"layers": [[]]},
        {"manifests": []},
        {"manifests": None},
        {"annotations": []},
        {"annotations": None},
        {"annotations": {"a": 1}},
        {"artifactType": 1},
        {"subject": None},
        {"subject": {}},
        {"subject": "x"},
    ],
)
async def test_a_field_of_the_wrong_type_is_refused(
    registry: httpx.AsyncClient, changes: dict[str, object]
) -> None:
    answer = await put(registry, image(**changes))
    assert (answer.status_code, codes(answer)) == (400, ["MANIFEST_INVALID"])
    assert await status(registry, "v1") == 404


@pytest.mark.parametrize(
    "changes",
    [
        {"digest": "x"},
        {"digest": None},
        {"digest": "md5:" + "a" * 32},
        {"digest": compute(LAYER).upper()},
        {"size": -1},
        {"size": 2**63},
        {"size": "5"},
        {"size": 5.0},
        {"size": True},
        {"size": None},
        {"mediaType": ""},
        {"mediaType": None},
        {"urls": "x"},
        {"urls": [1]},
        {"annotations": {"a": None}},
        {"data": 1},
        {"platform": []},
    ],
)
@pytest.mark.parametrize("field", ["config", "layers", "subject"])
async def test_a_broken_descriptor_is_refused(
    registry: httpx.AsyncClient, field: str, changes: dict[str, object]
) -> None:
    broken = descriptor(LAYER) | changes
    answer = await put(registry, image(**{field: [broken] if field == "layers" else broken}))
    assert (answer.status_code, codes(answer)) == (400, ["MANIFEST_INVALID"])


@pytest.mark.parametrize(
    "document",
    [
        image(layers=[]),
        image(x={"y": [None]}, annotations={}),
        image(layers=[descriptor(LAYER)] * 2),
        image(layers=[descriptor(CONFIG)]),
        image(layers=[descriptor(LAYER, IMAGE_LAYER, size=7, data="bGF5ZXI=", urls=["file:///"])]),
        image(artifactType="not a media type", annotations={"\ud800": "\ud800"}),
        image(subject={"mediaType": "x/y", "digest": MISSING, "size": 0}),
    ],
)
async def test_legal_oddities_are_taken(registry: httpx.AsyncClient, document: object) -> None:
    assert (await put(registry, document)).status_code == 201
    assert (await registry.get(f"{MANIFESTS}/v1")).content == encode(document)
