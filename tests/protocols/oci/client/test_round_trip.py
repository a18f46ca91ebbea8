"""The client against the reference registry, in this process and over a real socket."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import httpx
import pytest

from regshape import RegistryClient, TransportConfig
from regshape.errors import ManifestNotFoundError
from regshape.protocols.oci.models import (
    IMAGE_CONFIG,
    IMAGE_LAYER,
    IMAGE_MANIFEST,
    ImageManifest,
)
from regshape.protocols.oci.reference import Reference
from tests.conftest import Serve

Opened = Callable[[Reference], AbstractAsyncContextManager[RegistryClient]]
LAYER = bytes(range(256)) * 20_000


@pytest.fixture(params=["asgi", "socket"])
def opened(request: pytest.FixtureRequest, serve: Serve) -> Opened:
    """Open a client for a reference registry, in this process or on a socket."""

    @asynccontextmanager
    async def opening(reference: Reference) -> AsyncIterator[RegistryClient]:
        if request.param == "asgi":
            inner = httpx.ASGITransport(reference.app)
            async with RegistryClient(TransportConfig("http://registry", inner=inner)) as client:
                yield client
        else:
            async with serve(reference.app) as url, RegistryClient(TransportConfig(url)) as client:
                yield client

    return opening


async def image(client: RegistryClient, name: str = "team/app") -> ImageManifest:
    config = await client.blobs.upload(name, b"{}")
    layers = [await client.blobs.upload(name, LAYER + bytes([n]), chunked=n > 0) for n in range(3)]
    return ImageManifest(
        media_type=IMAGE_MANIFEST,
        config=config.model_copy(update={"media_type": IMAGE_CONFIG}),
        layers=tuple(one.model_copy(update={"media_type": IMAGE_LAYER}) for one in layers),
    )


async def test_a_registry_answers_a_ping(opened: Opened) -> None:
    async with opened(Reference()) as registry:
        pong = await registry.ping()
    assert pong.api_version == "registry/2.0"
    assert pong.url.startswith("http://")


async def test_an_image_goes_in_and_comes_out(opened: Opened) -> None:
    async with opened(Reference()) as registry:
        manifest = await image(registry)
        stored = await registry.manifests.put("team/app", "v1", manifest)
        assert stored.digest == manifest.digest()
        pulled = await registry.manifests.get("team/app", "v1")
        assert pulled.document() == manifest
        assert pulled.digest == stored.digest
        assert await registry.manifests.head("team/app", "v1") == stored
        for n, layer in enumerate(manifest.layers):
            assert await registry.blobs.get("team/app", layer.digest) == LAYER + bytes([n])
        assert (await registry.tags.list("team/app")).tags == ("v1",)
        assert [name async for name in registry.catalog.all()] == ["team/app"]
        await registry.tags.delete("team/app", "v1")
        await registry.manifests.delete("team/app", stored.digest)
        with pytest.raises(ManifestNotFoundError) as caught:
            await registry.manifests.get("team/app", "v1")
    assert caught.value.oci_code == "MANIFEST_UNKNOWN"
    assert caught.value.status_code == 404
