import json
from typing import TypeVar

import httpx
import pytest
from pydantic import BaseModel, ValidationError

from regshape.formats.digest import compute
from regshape.protocols.oci.models import (
    EMPTY_JSON,
    IMAGE_MANIFEST,
    CatalogList,
    Descriptor,
    ErrorCode,
    ImageIndex,
    ImageManifest,
    OciErrorResponse,
    TagList,
    is_name,
    is_tag,
)
from regshape.protocols.oci.reference import Reference

EMPTY = compute(b"{}")
Model = TypeVar("Model", bound=BaseModel)


@pytest.mark.parametrize("name", ["a", "0", "a/b/c", "a.b", "a_b", "a__b", "a---b", "a" * 255])
def test_a_name_is_made_of_components(name: str) -> None:
    assert is_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "A",
        "a/",
        "/a",
        "a//b",
        "a..b",
        "a___b",
        "a._b",
        "-a",
        "a-",
        "a\n",
        "é",
        "\u0663",
        "a" * 256,
    ],
)
def test_what_breaks_the_grammar_is_no_name(name: str) -> None:
    assert not is_name(name)


def test_a_tag_has_at_most_128_characters() -> None:
    assert all(is_tag(tag) for tag in ("a", "_", "A.b-c", "a" * 128))
    assert not any(is_tag(tag) for tag in ("", ".a", "-a", "a:b", "a\n", "é", "a" * 129))


def test_a_model_keeps_the_fields_that_it_does_not_know() -> None:
    document = {"mediaType": "x/y", "digest": EMPTY, "size": 2, "more": [1]}
    parsed = Descriptor.model_validate(document)
    assert parsed.model_dump(by_alias=True, exclude_none=True) == document


@pytest.mark.parametrize("change", [{"size": -1}, {"size": None}, {"digest": None}])
def test_a_broken_descriptor_is_no_descriptor(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Descriptor.model_validate({"mediaType": "x/y", "digest": EMPTY, "size": 2} | change)


async def test_every_answer_of_the_reference_reads_as_its_model() -> None:
    transport = httpx.ASGITransport(Reference().app)
    config = {"mediaType": EMPTY_JSON, "digest": EMPTY, "size": 2}
    subject = {"mediaType": IMAGE_MANIFEST, "digest": EMPTY, "size": 2}
    document = {"schemaVersion": 2, "config": config, "layers": [], "subject": subject}
    async with httpx.AsyncClient(transport=transport, base_url="http://r") as client:

        async def read(path: str, model: type[Model]) -> Model:
            return model.model_validate_json((await client.get(f"/v2/{path}")).content)

        await client.post(f"/v2/app/blobs/uploads/?digest={EMPTY}", content=b"{}")
        await client.put("/v2/app/manifests/v1", content=json.dumps(document))
        assert (await read("app/tags/list", TagList)).tags == ("v1",)
        assert (await read("_catalog", CatalogList)).repositories == ("app",)
        assert (await read("app/manifests/v1", ImageManifest)).config.digest == EMPTY
        index = await read(f"app/referrers/{EMPTY}", ImageIndex)
        assert [item.artifact_type for item in index.manifests] == [EMPTY_JSON]
        envelope = await read("app/manifests/none", OciErrorResponse)
        assert [error.code for error in envelope.errors] == [ErrorCode.MANIFEST_UNKNOWN]
