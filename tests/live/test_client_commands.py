"""The client's commands against CNCF distribution: plain, and over TLS with a password.

An image of several layers goes in by commands and out by skopeo, and the other way round.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.live.conftest import Ran, need_docker_registry, regshape
from tests.live.debian import docker_registry, secured
from tests.live.test_skopeo import Layout, skopeo

pytestmark = pytest.mark.live

CONFIG = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers"}}).encode()
LAYERS = [gzip.compress(bytes([number]) * 20_000, mtime=0) for number in range(3)]


@dataclass(frozen=True)
class Registry:
    """Where it is, and what the commands of either program need to reach it."""

    address: str
    words: tuple[str, ...]
    skopeo_words: tuple[str, ...]
    folder: Path

    def run(self, *words: str) -> Ran:
        ran = regshape(*words, *self.words, folder=self.folder)
        assert ran.status == 0, ran.err
        return ran

    def skopeo(self, prefix: str) -> list[str]:
        return [word.format(prefix) for word in self.skopeo_words]


@pytest.fixture(params=["http", "tls"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Registry]:
    need_docker_registry()
    security = secured(tmp_path) if request.param == "tls" else None
    with docker_registry(security) as running:
        address = running.url.rpartition("/")[2]
        if security is None:
            yield Registry(address, (), ("--{}tls-verify=false",), tmp_path)
            return
        login = f"{security.username}:{security.password}"
        words = ("--ca-file", str(security.authority), "-u", "me", "-p", security.password)
        insecure = ("--{}tls-verify=false", f"--{{}}creds={login}")
        yield Registry(address, words, insecure, tmp_path)


def described(content: bytes, kind: str) -> dict[str, object]:
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    media_type = f"application/vnd.oci.image.{kind}"
    return {"mediaType": media_type, "digest": digest, "size": len(content)}


def image() -> bytes:
    layers = [described(layer, "layer.v1.tar+gzip") for layer in LAYERS]
    document = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json"}
    config = described(CONFIG, "config.v1+json")
    return json.dumps({**document, "config": config, "layers": layers}).encode()


async def test_an_image_pushed_by_commands_is_pulled_by_skopeo(
    place: Registry, tmp_path: Path
) -> None:
    for number, content in enumerate((CONFIG, *LAYERS)):
        (tmp_path / f"blob{number}").write_bytes(content)
        how = ("--chunked", "--chunk-size", "20") if number == 1 else ()
        ran = place.run("blob", "upload", "-r", place.address, "app", f"blob{number}", *how)
        assert ran.out == f"sha256:{hashlib.sha256(content).hexdigest()}\n"
    (tmp_path / "manifest").write_bytes(image())
    named = f"{place.address}/app:v1"
    digest = place.run("manifest", "put", named, "-f", "manifest").out.strip()
    after = tmp_path / "after"
    await skopeo("copy", *place.skopeo("src-"), f"docker://{named}", f"dir:{after}")
    assert (after / "manifest.json").read_bytes() == image()
    for layer in LAYERS:
        assert (after / hashlib.sha256(layer).hexdigest()).read_bytes() == layer
    place.run("manifest", "delete", f"{place.address}/app@{digest}")
    gone = regshape("manifest", "head", named, *place.words, folder=tmp_path)
    assert gone.status == 4


async def test_an_image_pushed_by_skopeo_is_pulled_by_commands(
    place: Registry, tmp_path: Path
) -> None:
    layout = Layout(tmp_path / "before")
    digest = layout.tag(layout.index())
    named = f"{place.address}/team/app:v1"
    words = ["--all", *place.skopeo("dest-")]
    await skopeo("copy", *words, f"oci:{layout.root}:v1", f"docker://{named}")
    index = place.run("manifest", "get", named, "--json").json()
    assert index["digest"] == digest
    files = {digest.partition(":")[2]: place.run("manifest", "get", named, "--raw").out.encode()}
    for child in index["manifest"]["manifests"]:
        by_digest = f"{place.address}/team/app@{child['digest']}"
        manifest = place.run("manifest", "get", by_digest, "--json", "-o", "m").json()["manifest"]
        files[child["digest"].partition(":")[2]] = (tmp_path / "m").read_bytes()
        for blob in (manifest["config"], *manifest["layers"]):
            target = ("-r", place.address, "team/app", blob["digest"])
            place.run("blob", "get", *target, "-o", "b")
            files[blob["digest"].partition(":")[2]] = (tmp_path / "b").read_bytes()
    assert files == layout.files()


def test_every_other_command_gives_one_json_document(place: Registry, tmp_path: Path) -> None:
    (tmp_path / "blob").write_bytes(CONFIG)
    at = ("-r", place.address)
    stored = place.run("blob", "upload", *at, "app", "blob", "--json").json()["digest"]
    (tmp_path / "manifest").write_bytes(json.dumps(json.loads(image()) | {"layers": []}).encode())
    put = place.run("manifest", "put", *at, "app:v1", "-f", "manifest", "--json").json()
    assert place.run("manifest", "head", *at, "app:v1", "--json").json()["digest"] == put["digest"]
    assert place.run("ping", place.address, "--json").json()["registry"] == place.address
    assert place.run("tag", "list", *at, "app", "--json").json()["tags"] == ["v1"]
    assert place.run("tag", "list", *at, "app", "--all", "--json").json()["tags"] == ["v1"]
    assert place.run("catalog", *at, "--json").json()["repositories"] == ["app"]
    assert place.run("blob", "head", *at, "app", stored, "--json").json()["size"] == len(CONFIG)
    mount = ("blob", "mount", *at, "other", stored, "--from", "app", "--json")
    assert place.run(*mount).json()["mounted"] is True
    listed = place.run("referrer", "list", *at, "app", put["digest"], "--json").json()
    assert listed["manifests"] == []  # by the tag that stands in for the API, which is not there
    assert place.run("blob", "delete", *at, "other", stored, "--json").json()["deleted"] == stored
    refused = regshape("tag", "delete", *at, "app", "v1", *place.words, folder=tmp_path)
    assert refused.status == 7  # 2.8.2 deletes by digest only
    assert "app@DIGEST deletes the manifest with all its tags\n" in refused.err
