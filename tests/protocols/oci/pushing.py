"""A repository of the reference registry, with a config and a layer, to push manifests to."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from regshape.formats.digest import compute
from regshape.protocols.oci.models import EMPTY_JSON, IMAGE_LAYER, IMAGE_MANIFEST
from regshape.protocols.oci.reference import Reference

CONFIG = b"{}"
LAYER = b"layer"
MISSING = compute(b"missing")
MANIFESTS = "/v2/app/manifests"


def descriptor(content: bytes, media_type: str = EMPTY_JSON, **more: object) -> dict[str, Any]:
    digest = compute(content)
    return {"mediaType": media_type, "digest": digest, "size": len(content), **more}


def image(**changes: object) -> dict[str, Any]:
    document = {
        "schemaVersion": 2,
        "mediaType": IMAGE_MANIFEST,
        "config": descriptor(CONFIG),
        "layers": [descriptor(LAYER, IMAGE_LAYER)],
        **changes,
    }
    return {key: value for key, value in document.items() if value is not ...}


def encode(document: object) -> bytes:
    return json.dumps(document).encode()


def connect(reference: Reference) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(reference.app), base_url="http://r")


@asynccontextmanager
async def filled(reference: Reference) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of the registry, whose repository has the blobs of `image`."""
    async with connect(reference) as client:
        for content in (CONFIG, LAYER):
            await client.post(f"/v2/app/blobs/uploads/?digest={compute(content)}", content=content)
        yield client


async def put(
    client: httpx.AsyncClient,
    content: object,
    reference: str = "v1",
    media_type: str | None = IMAGE_MANIFEST,
) -> httpx.Response:
    body = content if isinstance(content, bytes) else encode(content)
    headers = {} if media_type is None else {"Content-Type": media_type}
    return await client.put(f"{MANIFESTS}/{reference}", content=body, headers=headers)


async def status(client: httpx.AsyncClient, reference: str) -> int:
    return (await client.head(f"{MANIFESTS}/{reference}")).status_code


def codes(answer: httpx.Response) -> list[str]:
    return [error["code"] for error in answer.json()["errors"]]
