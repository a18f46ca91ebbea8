"""The client library against Debian's docker-registry and skopeo: what one stores, the other reads.

Over plain HTTP, and over TLS with htpasswd.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest

from regshape import RegistryClient, TransportConfig
from regshape.errors import AuthError, BlobNotFoundError, ManifestNotFoundError, TlsError
from regshape.formats.digest import compute
from regshape.protocols.oci.models import (
    IMAGE_CONFIG,
    IMAGE_LAYER_GZIP,
    IMAGE_MANIFEST,
    BlobUploadSession,
    Descriptor,
    ImageManifest,
)
from regshape.transport.auth import Credentials
from tests.live.debian import docker_registry, installed, secured

pytestmark = pytest.mark.live

SKOPEO = shutil.which("skopeo")
ME = Credentials("me", "secret")
TARS = [bytes([n]) * 400_000 for n in range(3)]
LAYERS = [gzip.compress(tar, compresslevel=0, mtime=0) for tar in TARS]


@dataclass(frozen=True)
class Site:
    """A running registry, and how both clients reach it."""

    config: TransportConfig
    image: str
    flags: tuple[str, ...]

    def to(self, direction: str) -> list[str]:
        return [flag.format(direction) for flag in self.flags]


@pytest.fixture(autouse=True)
def _everything_is_installed() -> None:
    programs = {"skopeo": SKOPEO, "docker-registry": installed()}
    missing = [name for name, found in programs.items() if not found]
    if not missing:
        return
    message = f"install the Debian packages: {', '.join(missing)}"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(params=["http", "tls"])
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Site]:
    if request.param == "http":
        with docker_registry() as running:
            host = running.url.partition("://")[2]
            flags: tuple[str, ...] = ("--{}-tls-verify=false",)
            yield Site(TransportConfig(running.url), f"docker://{host}/team/app", flags)
        return
    security = secured(tmp_path)
    trusted = tmp_path / "trusted"
    trusted.mkdir()
    shutil.copy(security.authority, trusted / "ca.crt")
    with docker_registry(security) as running:
        host = running.url.partition("://")[2]
        config = TransportConfig(host, ME, ca_file=security.authority)
        flags = (f"--{{}}-cert-dir={trusted}", "--{}-creds=me:secret")
        yield Site(config, f"docker://{host}/team/app", flags)


async def skopeo(*arguments: str) -> None:
    assert SKOPEO is not None
    with anyio.fail_after(60):
        done = await anyio.run_process([SKOPEO, "--insecure-policy", *arguments], check=False)
    assert done.returncode == 0, done.stderr.decode()


def typed(descriptor: Descriptor, media_type: str) -> Descriptor:
    return descriptor.model_copy(update={"media_type": media_type})


async def push(registry: RegistryClient) -> ImageManifest:
    layers = []
    for number, layer in enumerate(LAYERS):
        stored = await registry.blobs.upload(
            "team/app", layer, chunked=number > 0, chunk_size=150_000
        )
        layers.append(typed(stored, IMAGE_LAYER_GZIP))
    rootfs = {"type": "layers", "diff_ids": [compute(tar) for tar in TARS]}
    config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": rootfs}).encode()
    described = typed(await registry.blobs.upload("team/app", config), IMAGE_CONFIG)
    manifest = ImageManifest(media_type=IMAGE_MANIFEST, config=described, layers=tuple(layers))
    await registry.manifests.put("team/app", "v1", manifest)
    return manifest


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


async def test_skopeo_pulls_what_the_library_pushed_and_the_library_what_skopeo_pushed(
    site: Site, tmp_path: Path
) -> None:
    async with RegistryClient(site.config) as registry:
        assert (await registry.ping()).api_version == "registry/2.0"
        manifest = await push(registry)
        folder = tmp_path / "pulled"
        await skopeo("copy", *site.to("src"), f"{site.image}:v1", f"dir:{folder}")
        assert {layer.digest[7:] for layer in manifest.layers} <= names_in(folder)
        await skopeo("copy", *site.to("dest"), f"dir:{folder}", f"{site.image}:v2")
        document = (await registry.manifests.get("team/app", "v2")).document()
        assert isinstance(document, ImageManifest)
        for layer, content in zip(document.layers, LAYERS, strict=True):
            await registry.blobs.download("team/app", layer.digest, tmp_path / "layer")
            assert await anyio.Path(tmp_path / "layer").read_bytes() == content
        assert [tag async for tag in registry.tags.all("team/app", page=1)] == ["v1", "v2"]
        assert [name async for name in registry.catalog.all()] == ["team/app"]


async def test_what_is_deleted_is_gone(site: Site) -> None:
    async with RegistryClient(site.config) as registry:
        manifest = await push(registry)
        assert await registry.blobs.mount("other", manifest.layers[0].digest, "team/app")
        assert (await registry.referrers.list("team/app", manifest.digest())).manifests == ()
        await registry.manifests.delete("team/app", manifest.digest())
        with pytest.raises(ManifestNotFoundError):
            await registry.manifests.head("team/app", "v1")
        await registry.blobs.delete("team/app", manifest.layers[0].digest)
        with pytest.raises(BlobNotFoundError):
            await registry.blobs.get("team/app", manifest.layers[0].digest)


async def test_a_killed_upload_goes_on(site: Site) -> None:
    told: list[BlobUploadSession] = []
    content = b"".join(LAYERS)
    async with RegistryClient(site.config) as registry:
        with anyio.CancelScope() as scope:

            def stop(session: BlobUploadSession) -> None:
                told.append(session)
                if session.offset >= 300_000:
                    scope.cancel()

            await registry.blobs.upload(
                "team/app", content, chunked=True, chunk_size=100_000, progress=stop
            )
        assert scope.cancelled_caught
    async with RegistryClient(site.config) as registry:
        stored = await registry.blobs.upload("team/app", content, resume=told[-1])
        assert await registry.blobs.get("team/app", stored.digest) == content


async def test_who_is_not_known_is_turned_away(tmp_path: Path) -> None:
    security = secured(tmp_path)
    with docker_registry(security) as running:
        url, ca_file = running.url, security.authority
        for credentials in (None, Credentials("me", "wrong")):
            config = TransportConfig(url, credentials, ca_file=ca_file)
            async with RegistryClient(config) as registry:
                with pytest.raises(AuthError, match="401"):
                    await registry.tags.list("team/app")
        async with RegistryClient(TransportConfig(url, ME)) as registry:
            with pytest.raises(TlsError, match="--ca-file"):
                await registry.ping()
        async with RegistryClient(TransportConfig(url, ME, insecure=True)) as registry:
            await registry.ping()
