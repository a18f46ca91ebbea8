"""Debian's skopeo, a client that nobody here wrote, copies an image in and out again."""

import gzip
import hashlib
import json
import os
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
import uvicorn

from regshape.protocols.oci.models import (
    IMAGE_CONFIG,
    IMAGE_INDEX,
    IMAGE_LAYER_GZIP,
    IMAGE_MANIFEST,
)
from regshape.protocols.oci.reference import Reference, ReferenceOptions

pytestmark = pytest.mark.live

SKOPEO = shutil.which("skopeo")
TAR_END = bytes(10240)


@pytest.fixture(autouse=True)
def _skopeo_is_installed() -> None:
    if SKOPEO is not None:
        return
    message = "skopeo is missing: install the Debian package skopeo"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@asynccontextmanager
async def serve(reference: Reference) -> AsyncIterator[str]:
    server = uvicorn.Server(uvicorn.Config(reference.app, log_level="warning", lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(server.serve, [listener])
            try:
                yield f"docker://127.0.0.1:{listener.getsockname()[1]}/team/app"
            finally:
                server.should_exit = True


class Layout:
    """A small OCI image layout (image-spec, image-layout.md)."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "blobs" / "sha256").mkdir(parents=True)
        (root / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')

    def add(self, content: bytes, media_type: str) -> dict[str, Any]:
        encoded = hashlib.sha256(content).hexdigest()
        (self.root / "blobs" / "sha256" / encoded).write_bytes(content)
        return {"mediaType": media_type, "digest": f"sha256:{encoded}", "size": len(content)}

    def add_json(self, document: object, media_type: str) -> dict[str, Any]:
        return self.add(json.dumps(document).encode(), media_type)

    def image(self, architecture: str) -> dict[str, Any]:
        layer = self.add(gzip.compress(TAR_END, mtime=0), IMAGE_LAYER_GZIP)
        diff = f"sha256:{hashlib.sha256(TAR_END).hexdigest()}"
        rootfs = {"type": "layers", "diff_ids": [diff]}
        config = {"architecture": architecture, "os": "linux", "rootfs": rootfs}
        document = {
            "schemaVersion": 2,
            "mediaType": IMAGE_MANIFEST,
            "config": self.add_json(config, IMAGE_CONFIG),
            "layers": [layer],
        }
        described = self.add_json(document, IMAGE_MANIFEST)
        return described | {"platform": {"architecture": architecture, "os": "linux"}}

    def index(self) -> dict[str, Any]:
        manifests = [self.image(architecture) for architecture in ("amd64", "arm64")]
        document = {"schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": manifests}
        return self.add_json(document, IMAGE_INDEX)

    def tag(self, descriptor: dict[str, Any]) -> str:
        named = descriptor | {"annotations": {"org.opencontainers.image.ref.name": "v1"}}
        document = {"schemaVersion": 2, "manifests": [named]}
        (self.root / "index.json").write_text(json.dumps(document))
        return str(descriptor["digest"])

    def tagged(self) -> str:
        (entry,) = json.loads((self.root / "index.json").read_text())["manifests"]
        return str(entry["digest"])

    def files(self) -> dict[str, bytes]:
        folder = self.root / "blobs" / "sha256"
        return {path.name: path.read_bytes() for path in folder.iterdir()}


async def skopeo(*arguments: str) -> str:
    assert SKOPEO is not None
    with anyio.fail_after(60):
        done = await anyio.run_process([SKOPEO, "--insecure-policy", *arguments], check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


@pytest.mark.parametrize("kind", ["image", "index"])
@pytest.mark.parametrize("auth", ["none", "basic", "bearer"])
async def test_an_image_goes_in_and_out_again_unchanged(
    tmp_path: Path, kind: str, auth: Any
) -> None:
    before = Layout(tmp_path / "before")
    digest = before.tag(before.index() if kind == "index" else before.image("amd64"))
    reference = Reference(ReferenceOptions(auth=auth, users={"ann": "secret"}))
    plain = [] if auth == "none" else ["--{}creds=ann:secret"]
    to = ["--dest-tls-verify=false", *(flag.format("dest-") for flag in plain)]
    out = ["--src-tls-verify=false", *(flag.format("src-") for flag in plain)]
    inspect = ["--tls-verify=false", *(flag.format("") for flag in plain)]
    async with serve(reference) as address:
        await skopeo("copy", "--all", *to, f"oci:{before.root}:v1", f"{address}:v1")
        raw = await skopeo("inspect", "--raw", *inspect, f"{address}:v1")
        assert f"sha256:{hashlib.sha256(raw.encode()).hexdigest()}" == digest
        after = Layout(tmp_path / "after")
        await skopeo("copy", "--all", *out, f"{address}:v1", f"oci:{after.root}:v1")
        assert after.tagged() == digest
        assert after.files() == before.files()
        await skopeo("delete", *inspect, f"{address}:v1")
    assert reference.store.repositories["team/app"].tags == {}
