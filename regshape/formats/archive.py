"""Archives of files: gzip over POSIX ustar, the same bytes for the same files, and safe to open.

Sources: IEEE Std 1003.1 (`pax`, "ustar Interchange Format"), RFC 1952. What is read is read
strictly: an archive that two programs could unpack in two ways is refused.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

BLOCK = 512
"""Bytes of a block of a tar file."""

Wrong: TypeAlias = Literal["gzip", "tar", "member", "name", "duplicate", "size", "entries"]
"""What of an archive is wrong: its layers, a member's kind or name, or how much it holds."""

_MODE = 0o644
_LEVEL = 9
_GZIP = 16 + zlib.MAX_WBITS
_REGULAR, _FOLDER = (b"0", b"\0"), b"5"


class ArchiveError(ValueError):
    """Raised when an archive is none, or not safe to unpack. `wrong` says in which way."""

    def __init__(self, wrong: Wrong, message: str) -> None:
        super().__init__(message)
        self.wrong = wrong


@dataclass(frozen=True, slots=True)
class Limits:
    """What an archive may hold: bytes when unpacked, and members."""

    unpacked: int = 100 * 1024 * 1024
    entries: int = 10_000


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a tar file as its header says."""

    name: str
    kind: bytes
    content: bytes


def pack(files: Mapping[str, bytes]) -> bytes:
    """Return the archive of files by name: sorted, without times and owners.

    Raises:
        ArchiveError: a name is not one that `unpack` takes, or too long for a ustar header.
    """
    _check_names(files)
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name in sorted(files):
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(files[name]), _MODE
            try:
                tar.addfile(info, io.BytesIO(files[name]))
            except ValueError as error:
                raise ArchiveError("name", f"{name!r} is too long for a ustar header") from error
    return gzip.compress(raw.getvalue(), _LEVEL, mtime=0)


def unpack(data: bytes, limits: Limits | None = None) -> dict[str, bytes]:
    """Return the files of an archive by name, once all of it is known to be safe.

    Raises:
        ArchiveError: it is not.
    """
    limits = limits or Limits()
    files: dict[str, bytes] = {}
    for count, member in enumerate(members(_gunzip(data, limits.unpacked)), 1):
        if count > limits.entries:
            raise ArchiveError("entries", f"the archive has more than {limits.entries} members")
        if member.kind == _FOLDER:
            _check_name(member.name.removesuffix("/"))
            continue
        if member.kind not in _REGULAR:
            raise ArchiveError("member", f"{member.name!r} is neither a file nor a folder")
        if member.name in files:
            raise ArchiveError("duplicate", f"{member.name!r} is there twice")
        files[member.name] = member.content
    _check_names(files)
    return files


def extract(files: Mapping[str, bytes], folder: Path) -> None:
    """Write files that `unpack` gave into a folder, which must not hold any of them."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            file.write(content)


def members(raw: bytes) -> Iterator[Member]:
    """Yield the members of a ustar file, with what their headers say.

    Raises:
        ArchiveError: it is no ustar file, is cut off, or goes on behind its end.
    """
    place = 0
    while True:
        header = raw[place : place + BLOCK]
        if len(header) < BLOCK:
            raise ArchiveError("tar", "the tar file is cut off")
        if not any(header):
            break
        size = _checked_size(header)
        begin = place + BLOCK
        if begin + size > len(raw):
            raise ArchiveError("tar", "the tar file is cut off")
        yield Member(_name_of(header), header[156:157], raw[begin : begin + size])
        place = begin + -(-size // BLOCK) * BLOCK
    if any(raw[place:]) or len(raw) < place + 2 * BLOCK or len(raw) % BLOCK:
        raise ArchiveError("tar", "the tar file does not end with empty blocks alone")


def _checked_size(header: bytes) -> int:
    if header[257:265] != b"ustar\x0000":
        raise ArchiveError("tar", "a member has no ustar header")
    spaced = header[:148] + b" " * 8 + header[156:]
    if _octal(header[148:156]) != sum(spaced):
        raise ArchiveError("tar", "the checksum of a member's header is wrong")
    return _octal(header[124:136])


def _octal(field: bytes) -> int:
    digits = field.rstrip(b" \0").lstrip(b" ")
    if not digits or digits.strip(b"01234567"):
        raise ArchiveError("tar", f"{field!r} is no octal number")
    return int(digits, 8)


def _name_of(header: bytes) -> str:
    name, prefix = _text(header[:100]), _text(header[345:500])
    return f"{prefix}/{name}" if prefix else name


def _text(field: bytes) -> str:
    try:
        return field.partition(b"\0")[0].decode()
    except UnicodeDecodeError as error:
        raise ArchiveError("name", "a member's name is not UTF-8") from error


def _gunzip(data: bytes, limit: int) -> bytes:
    inflater = zlib.decompressobj(_GZIP)
    try:
        raw = inflater.decompress(data, limit + 1)
    except zlib.error as error:
        raise ArchiveError("gzip", f"the archive is no gzip file: {error}") from error
    if len(raw) > limit:
        raise ArchiveError("size", f"the archive unpacks to more than {limit} bytes")
    if not inflater.eof:
        raise ArchiveError("gzip", "the gzip file is cut off")
    if inflater.unused_data:
        raise ArchiveError("gzip", "the archive goes on behind its end")
    return raw


def _check_names(files: Mapping[str, bytes]) -> None:
    folded: dict[str, str] = {}
    for name in files:
        _check_name(name)
        other = folded.setdefault(name.casefold(), name)
        if other != name:
            raise ArchiveError("duplicate", f"{other!r} and {name!r} differ only in case")
    for name in files:
        parent = name.casefold()
        while parent:
            parent = parent.rpartition("/")[0]
            if parent in folded:
                raise ArchiveError("duplicate", f"{folded[parent]!r} is a file and a folder")


def _check_name(name: str) -> None:
    steps = name.split("/")
    if any(step in {"", ".", ".."} for step in steps):
        raise ArchiveError("name", f"{name!r} does not stay in the archive's own folder")
    if "\\" in name or ":" in name or any(not character.isprintable() for character in name):
        raise ArchiveError("name", f"{name!r} has a character that no name may have")
