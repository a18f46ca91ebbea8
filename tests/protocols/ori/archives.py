"""Projects to publish: their files, and what goes wrong with them."""

from __future__ import annotations

from collections.abc import Mapping

from regshape.formats import archive
from regshape.protocols.ori import package


def manifest(name: str = "@acme/json", version: str = "1.0.0", more: str = "") -> bytes:
    text = f'[project]\nname = "{name}"\nversion = "{version}"\ndescription = "Reads it"\n'
    return (text + more).encode()


def project(name: str = "@acme/json", version: str = "1.0.0", more: str = "") -> dict[str, bytes]:
    return {package.MANIFEST: manifest(name, version, more), "src/lib.ori": b"@main () = 1\n"}


def packed(name: str = "@acme/json", version: str = "1.0.0", more: str = "") -> bytes:
    return package.build(project(name, version, more))


def raw(files: Mapping[str, bytes], checksum: bytes | None = None) -> bytes:
    """Return an archive of these files that nobody has checked."""
    given = {package.LOCK: b"[checksums]\n", **files}
    given[package.CHECKSUM] = package.checksum_file(given) if checksum is None else checksum
    return archive.pack(given)
