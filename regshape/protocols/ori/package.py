"""A package as it travels, `.oripk`: built so that its bytes follow from its files, and checked.

The container is gzip over POSIX ustar (decision 12); what has to be in it is ORI-48 to ORI-54,
and what its manifest has to say is ORI-60 to ORI-62.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import tomlkit
from pydantic import BaseModel, ValidationError

from regshape.formats import archive, semver
from regshape.formats.digest import compute
from regshape.protocols.ori.models import STATUSES, ErrorCode, is_package, is_reserved, is_version
from regshape.protocols.ori.toml_files import Lock, Manifest

MANIFEST = "oripk.toml"
LOCK = "oripk.lock"
CHECKSUM = "CHECKSUM"
SOURCES = "src/"
SCRIPTS = "scripts"

MOST_BYTES = 10 * 1024 * 1024
"""Size of a package, this included (decision 11)."""
MOST_TOML_BYTES = 1024 * 1024
"""Size of each of the two TOML files: what reads them takes time by the square of some of them."""

_LINE = re.compile(r"([0-9a-f]{64}) [ *](.+)")
_DEPENDENCIES = frozenset({"dependencies", "dev-dependencies", "target"})
_Model = TypeVar("_Model", bound=BaseModel)


class PackageError(ValueError):
    """Raised when bytes are no package that can be published.

    `code` says in which way, `pointer` where: a file, and behind `#` a JSON pointer into it.
    """

    def __init__(self, code: ErrorCode, detail: str, pointer: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.pointer = pointer

    @property
    def status(self) -> int:
        """The status of the refusal: 413 for the size, and else 422."""
        return STATUSES[self.code]


@dataclass(frozen=True, slots=True)
class Package:
    """A package that was checked. `checksum` is over all its bytes, of which there are `size`."""

    name: str
    version: str
    manifest: Manifest
    lock: Lock
    files: Mapping[str, bytes]
    checksum: str
    size: int


def build(files: Mapping[str, bytes]) -> bytes:
    """Return the package of a project's files: the same bytes for the same files, at any time.

    The manifest loses its scripts, `CHECKSUM` is written anew, and a project without dependencies
    needs no lock file.

    Raises:
        PackageError: these files are no package that can be published.
    """
    inside = {name: content for name, content in files.items() if name != CHECKSUM}
    if MANIFEST in inside:
        inside[MANIFEST] = strip_scripts(inside[MANIFEST])
        inside.setdefault(LOCK, b"[checksums]\n")
    try:
        inside[CHECKSUM] = checksum_file(inside)
        data = archive.pack(inside)
    except archive.ArchiveError as error:
        raise PackageError(ErrorCode.ARCHIVE_INVALID, str(error)) from error
    check(data)
    return data


def check(data: bytes) -> Package:
    """Return what a package holds, once all of it is known to be right.

    Raises:
        PackageError: it is not.
    """
    if len(data) > MOST_BYTES:
        raise PackageError(
            ErrorCode.TOO_LARGE, f"the package has {len(data)} bytes, more than {MOST_BYTES}"
        )
    try:
        files = archive.unpack(data)
    except archive.ArchiveError as error:
        raise PackageError(ErrorCode.ARCHIVE_INVALID, str(error)) from error
    check_files(files)
    check_checksums(files)
    manifest = read_manifest(files[MANIFEST])
    lock = read_lock(files[LOCK])
    check_lock(manifest, lock)
    project = manifest.project
    checksum = compute(data)
    return Package(project.name, project.version, manifest, lock, files, checksum, len(data))


def check_files(files: Mapping[str, bytes]) -> None:
    """Refuse an archive in which a file that has to be there is not (ORI-49 to ORI-52)."""
    for name in (MANIFEST, LOCK, CHECKSUM):
        if name not in files:
            raise PackageError(ErrorCode.FILE_MISSING, f"the package has no {name}", name)
    if not any(name.startswith(SOURCES) for name in files):
        raise PackageError(ErrorCode.FILE_MISSING, f"the package has no {SOURCES}", SOURCES)


# CHECKSUM


def checksum_file(files: Mapping[str, bytes]) -> bytes:
    """Return the file `CHECKSUM` over these files, as sha256sum writes it, by name."""
    names = sorted(name for name in files if name != CHECKSUM)
    lines = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in names)
    return "".join(lines).encode()


def check_checksums(files: Mapping[str, bytes]) -> None:
    """Refuse a package whose `CHECKSUM` is not of all its other files (ORI-51)."""
    stated = _stated(files[CHECKSUM])
    for name, content in files.items():
        if name == CHECKSUM:
            continue
        if name not in stated:
            raise _checksum_error(f"it does not list {name}")
        if stated.pop(name) != hashlib.sha256(content).hexdigest():
            raise _checksum_error(f"{name} has another checksum")
    for name in stated:
        raise _checksum_error(f"it lists {name!r}, which is not there")


def _stated(content: bytes) -> dict[str, str]:
    stated: dict[str, str] = {}
    for number, line in enumerate(_text(content, CHECKSUM).removesuffix("\n").split("\n"), 1):
        found = _LINE.fullmatch(line)
        if found is None:
            raise _checksum_error(f"line {number} is no checksum with a name")
        if found[2] in stated:
            raise _checksum_error(f"it lists {found[2]!r} twice")
        stated[found[2]] = found[1]
    return stated


def _checksum_error(what: str) -> PackageError:
    return PackageError(ErrorCode.CHECKSUM_INVALID, f"{CHECKSUM} is not right: {what}", CHECKSUM)


# oripk.toml and oripk.lock


def read_manifest(content: bytes) -> Manifest:
    """Return the manifest that a file says, fit for publishing.

    Raises:
        PackageError: it is none (ORI-49, ORI-60 to ORI-62).
    """
    document = _toml(content, MANIFEST, ErrorCode.MANIFEST_INVALID)
    if SCRIPTS in document:
        raise PackageError(
            ErrorCode.SCRIPTS_PRESENT, "a published manifest has no [scripts]", _at(SCRIPTS)
        )
    manifest = _parsed(Manifest, document, MANIFEST, ErrorCode.MANIFEST_INVALID)
    check_name(manifest.project.name)
    check_version(manifest.project.version)
    return manifest


def check_name(name: str) -> None:
    """Refuse a name that no package can have, and one that is reserved (ORI-60)."""
    if not is_package(name):
        raise PackageError(
            ErrorCode.NAME_INVALID,
            f"{name[:80]!r} is no package's name: write @scope/name in a-z, 0-9 and -, "
            "with 64 characters at most",
            _at("project", "name"),
        )
    if is_reserved(name):
        raise PackageError(
            ErrorCode.NAME_RESERVED, f"{name} has a reserved word", _at("project", "name")
        )


def check_version(version: str) -> None:
    """Refuse what is no version, and one with build metadata (ORI-61)."""
    if not is_version(version):
        raise PackageError(
            ErrorCode.VERSION_INVALID,
            f"{version[:80]!r} is no version: write MAJOR.MINOR.PATCH, -PRE if need be",
            _at("project", "version"),
        )


def read_lock(content: bytes) -> Lock:
    """Return the lock that a file says.

    Raises:
        PackageError: it is none (ORI-50).
    """
    document = _toml(content, LOCK, ErrorCode.LOCK_INVALID)
    if "checksums" not in document:
        raise PackageError(ErrorCode.LOCK_INVALID, f"{LOCK} has no [checksums]", LOCK)
    return _parsed(Lock, document, LOCK, ErrorCode.LOCK_INVALID)


def check_lock(manifest: Manifest, lock: Lock) -> None:
    """Refuse a lock without the checksum of a dependency (ORI-50)."""
    for name, version in manifest.needed():
        if f"{name}:{version}" not in lock.checksums:
            raise PackageError(
                ErrorCode.LOCK_INVALID,
                f"{LOCK} has no checksum of {name}:{version}",
                f"{LOCK}#/checksums",
            )


def strip_scripts(content: bytes) -> bytes:
    """Return a manifest without its scripts, and with all else as it was.

    Raises:
        PackageError: it is no TOML.
    """
    document = _toml(content, MANIFEST, ErrorCode.MANIFEST_INVALID)
    if SCRIPTS not in document:
        return content
    written = tomlkit.parse(content)
    del written[SCRIPTS]
    stripped = tomlkit.dumps(written).encode()
    del document[SCRIPTS]
    if tomllib.loads(stripped.decode()) != document:
        raise PackageError(
            ErrorCode.SCRIPTS_PRESENT,
            f"the scripts cannot be taken out of {MANIFEST}: give them one table [scripts]",
            _at(SCRIPTS),
        )
    return stripped


def _toml(content: bytes, name: str, code: ErrorCode) -> dict[str, Any]:
    if len(content) > MOST_TOML_BYTES:
        raise PackageError(code, f"{name} has more than {MOST_TOML_BYTES} bytes", name)
    try:
        return tomllib.loads(_text(content, name, code))
    except (ValueError, RecursionError) as error:
        if isinstance(error, PackageError):
            raise
        raise PackageError(code, f"{name} is no TOML: {error}", name) from error


def _text(content: bytes, name: str, code: ErrorCode = ErrorCode.CHECKSUM_INVALID) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise PackageError(code, f"{name} is not UTF-8", name) from error


def _parsed(model: type[_Model], document: Any, name: str, code: ErrorCode) -> _Model:
    try:
        return model.model_validate(document)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise _refused(first["loc"], first["msg"], name, code) from error


def _refused(
    place: tuple[int | str, ...], message: str, name: str, code: ErrorCode
) -> PackageError:
    words = [str(word) for word in place]
    message = message.removeprefix("Value error, ")
    if name == MANIFEST and words[0] in _DEPENDENCIES:
        return _refused_dependency(words, message)
    if words == ["project", "description"]:
        code, message = ErrorCode.DESCRIPTION_MISSING, "a package to publish has a description"
    return PackageError(code, f"{'.'.join(words)}: {message}", _at(*words, name=name))


def _refused_dependency(words: list[str], message: str) -> PackageError:
    depth = 4 if words[0] == "target" else 2
    if len(words) >= depth and "[key]" not in words:
        message = "a dependency is one exact version of a registry: no range, no git, no path"
    return PackageError(
        ErrorCode.DEPENDENCY_INVALID, f"{'.'.join(words[:depth])}: {message}", _at(*words[:depth])
    )


def _at(*words: str, name: str = MANIFEST) -> str:
    steps = (word.replace("~", "~0").replace("/", "~1") for word in words)
    return f"{name}#/{'/'.join(steps)}"


def file_name(package: str, version: str) -> str:
    """Return how the file of a version is called (decision 10)."""
    return f"{package.partition('/')[2]}-{semver.parse(version)}.oripk"
