"""A large blob up and down: RegShape's client and skopeo against Debian's docker-registry, in turn.

    python -m benchmarks.blobs --mebibytes 256

prints seconds and peak resident memory of both; the aim is 1.5 x skopeo's time and 150 MiB.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio

from regshape import RegistryClient, TransportConfig
from regshape.formats.digest import compute
from regshape.protocols.oci.models import (
    IMAGE_CONFIG,
    IMAGE_LAYER_GZIP,
    IMAGE_MANIFEST,
    Descriptor,
    ImageManifest,
)
from tests.live.debian import docker_registry

MEBIBYTE = 1024 * 1024
GZIP = bytes.fromhex("1f8b08")
"""skopeo looks at the first bytes, and compresses what is not."""
TIMES, MEMORY = 1.5, 150


@dataclass(frozen=True)
class Figure:
    """What a transfer took: seconds, and MiB of memory at most."""

    what: str
    seconds: float
    memory: float


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mebibytes", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--transfer", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.transfer:
        anyio.run(partial(transfer, *options.transfer))
        return 0
    with tempfile.TemporaryDirectory(prefix="regshape-blobs-") as folder:
        figures = measured(Path(folder), options.mebibytes, options.rounds)
    return told(figures, options.mebibytes)


async def transfer(direction: str, url: str, digest: str, path: str) -> None:
    async with RegistryClient(TransportConfig(url)) as registry:
        if direction == "download":
            await registry.blobs.download("ours", digest, Path(path))
            return
        chunked = direction == "chunked"
        await registry.blobs.upload("ours", Path(path), chunked=chunked)


def measured(folder: Path, mebibytes: int, rounds: int) -> list[Figure]:
    layout = folder / "layout"
    digest = written_layout(layout, mebibytes)
    blob = layout / "blobs" / "sha256" / digest.partition(":")[2]
    figures: list[Figure] = []
    for _ in range(rounds):
        with docker_registry() as running:
            theirs = f"docker://{running.url.removeprefix('http://')}/theirs:v1"
            figures += [
                ours("upload", running.url, digest, blob),
                skopeo("upload", f"oci:{layout}:v1", theirs, "--dest-tls-verify=false"),
                ours("download", running.url, digest, folder / "blob"),
                skopeo("download", theirs, f"dir:{folder}/dir", "--src-tls-verify=false"),
            ]
        assert (folder / "blob").stat().st_size == blob.stat().st_size
        with docker_registry() as running:
            figures.append(ours("chunked", running.url, digest, blob))
        shutil.rmtree(folder / "dir")
    return figures


def ours(direction: str, url: str, digest: str, path: Path) -> Figure:
    arguments = ["--transfer", direction, url, digest, str(path)]
    command = [sys.executable, "-m", "benchmarks.blobs", *arguments]
    return timed(f"RegShape {direction}", command)


def skopeo(direction: str, source: str, destination: str, flag: str) -> Figure:
    copy = ["copy", "--quiet", "--preserve-digests", flag, source, destination]
    return timed(f"skopeo {direction}", ["skopeo", "--insecure-policy", *copy])


def timed(what: str, command: Sequence[str]) -> Figure:
    started = time.perf_counter()
    process = subprocess.Popen(command)  # noqa: S603 - the programs that are compared
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{what} failed with {process.returncode}")
    return Figure(what, seconds, usage.ru_maxrss / 1024)


def written_layout(root: Path, mebibytes: int) -> str:
    folder = root / "blobs" / "sha256"
    folder.mkdir(parents=True)
    (root / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')
    layer = folder / "layer"
    with layer.open("wb") as file:
        file.write(GZIP)
        for _ in range(mebibytes):
            file.write(os.urandom(MEBIBYTE))
    with layer.open("rb") as file:
        digest = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    layer.rename(folder / digest[7:])
    size = (folder / digest[7:]).stat().st_size
    rootfs = {"type": "layers", "diff_ids": [digest]}
    config = json.dumps({"architecture": "amd64", "os": "linux", "rootfs": rootfs}).encode()
    manifest = ImageManifest(
        media_type=IMAGE_MANIFEST,
        config=added(folder, config, IMAGE_CONFIG),
        layers=(Descriptor(media_type=IMAGE_LAYER_GZIP, digest=digest, size=size),),
    )
    described = added(folder, manifest.to_json(), IMAGE_MANIFEST)
    named = described.model_copy(
        update={"annotations": {"org.opencontainers.image.ref.name": "v1"}}
    )
    entries = [json.loads(named.to_json())]
    (root / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": entries}))
    return digest


def added(folder: Path, content: bytes, media_type: str) -> Descriptor:
    digest = compute(content)
    (folder / digest[7:]).write_bytes(content)
    return Descriptor(media_type=media_type, digest=digest, size=len(content))


def told(figures: Sequence[Figure], mebibytes: int) -> int:
    for figure in figures:
        rate = mebibytes / figure.seconds
        print(
            f"{figure.what:20} {figure.seconds:6.2f} s {rate:6.0f} MiB/s {figure.memory:5.0f} MiB"
        )
    best = {figure.what: figure for figure in sorted(figures, key=lambda one: -one.seconds)}
    missed = 0
    for direction in ("upload", "download"):
        times = best[f"RegShape {direction}"].seconds / best[f"skopeo {direction}"].seconds
        print(f"{direction}: {times:.2f} x skopeo (aim {TIMES})")
        missed += times > TIMES
    memory = max(figure.memory for figure in figures if figure.what.startswith("RegShape"))
    print(f"resident memory: {memory:.0f} MiB (aim {MEMORY})")
    return int(missed or memory > MEMORY)


if __name__ == "__main__":
    sys.exit(main())
