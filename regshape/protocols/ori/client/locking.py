"""A project's `oripk.lock`, made from a registry whose log vouches for every checksum."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from regshape.errors import RegistryError
from regshape.protocols.ori.client.ori_client import OriClient
from regshape.protocols.ori.models import Metadata, is_version
from regshape.protocols.ori.toml_files import BUNDLED, Lock, Manifest


async def locked(manifest: Manifest, client: OriClient) -> Lock:
    """Return the checksums of all that a manifest needs, and of what that needs in turn.

    Raises:
        LogError: the log does not vouch for one of them.
        RegistryError: one of them is not there.
    """
    wanted, found = list(manifest.needed()), dict[str, str]()
    while wanted:
        package, version = wanted.pop()
        if f"{package}:{version}" in found:
            continue
        metadata = await client.metadata(package, version)
        await client.log.vouch(package, version, metadata.checksum)
        found[f"{package}:{version}"] = metadata.checksum
        wanted += _needed(metadata)
    return Lock(checksums=found)


def lock_file(lock: Lock) -> bytes:
    """Return a lock as a file, sorted: the same bytes for the same checksums."""
    lines = (f'"{name}" = "{lock.checksums[name]}"\n' for name in sorted(lock.checksums))
    return f"[checksums]\n{''.join(lines)}".encode()


def missing(manifest: Manifest, lock: Lock) -> list[str]:
    """Return the dependencies, as `@scope/name:version`, whose checksums a lock does not have."""
    needed = (f"{package}:{version}" for package, version in manifest.needed())
    return [name for name in needed if name not in lock.checksums]


def _needed(metadata: Metadata) -> Iterator[tuple[str, str]]:
    for package, wanted in metadata.dependencies.items():
        version = _version(wanted)
        if version == BUNDLED:
            continue
        if version is None or not is_version(version):
            raise RegistryError(
                f"metadata of {metadata.name}@{metadata.version}: "
                f"{package} is needed in no exact version"
            )
        yield package, version


def _version(wanted: Any) -> str | None:
    version = wanted.get("version") if isinstance(wanted, Mapping) else wanted
    return version if isinstance(version, str) else None
