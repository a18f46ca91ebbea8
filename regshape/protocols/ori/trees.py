"""Packages as trees, files within members within gzip, and the ways of breaking each layer.

Whatever is broken, the rest is right: `CHECKSUM` covers what was added, so that what is wrong is
the one thing that the flaw is about.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Files: TypeAlias = dict[str, bytes]
MANIFEST, LOCK, CHECKSUM = "oripk.toml", "oripk.lock", "CHECKSUM"
SOURCE = "src/main.ori"
LEVEL = 6
ACCEPTED_SIZE = 10_000_000
"""Bytes of a package that every registry takes (decision 11)."""
REFUSED_SIZE = 10_485_760
"""Bytes of a package above which none does (decision 11)."""
SLACK = 24 * 1024
"""Bytes by which the size of an archive can miss what was reckoned."""
BOMB = 101 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Project:
    """What a package says of itself; `dependencies` holds (name, version, checksum)."""

    name: str
    version: str
    mark: str
    dependencies: tuple[tuple[str, str, str], ...] = ()
    features: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    stored: bytes = b""
    """Bytes that stand in the package as they are: it is then not compressed."""


@dataclass(frozen=True, slots=True)
class Member:
    """One entry of the tar file."""

    name: str
    content: bytes = b""
    kind: bytes = tarfile.REGTYPE
    leads_to: str = ""


Members: TypeAlias = list[Member]


@dataclass(frozen=True, slots=True)
class Flaw:
    """One way of breaking a package, in one of its layers, and the requirement that forbids it."""

    requirement: str
    files: Callable[[Files], Files] = lambda files: files
    members: Callable[[Members], Members] = lambda members: members
    listing: Callable[[bytes], bytes] = lambda listing: listing
    tar: Callable[[bytes], bytes] = lambda raw: raw
    gzip: Callable[[bytes], bytes] = lambda packed: packed
    statuses: tuple[int, ...] = (400, 413, 422)


SOUND = Flaw("")


def grow(project: Project, flaw: Flaw = SOUND) -> bytes:
    """Return the package's bytes, broken in one layer."""
    files = flaw.files(_files(project))
    members = flaw.members([Member(name, files[name]) for name in sorted(files)])
    listing = flaw.listing(_listing(members))
    if listing:
        members = [Member(CHECKSUM, listing), *members]
    raw = flaw.tar(_tar(members))
    return flaw.gzip(gzip.compress(raw, 0 if project.stored else LEVEL, mtime=0))


def sized(project: Project, size: int) -> bytes:
    """Return a package of exactly that many bytes, which do not compress."""
    filling = hashlib.shake_256(project.mark.encode()).digest(size)
    over = len(_stored(project, filling)) - size
    packed = _stored(project, filling[: size - over - SLACK])
    name = b"x" * (size - len(packed) - 1) + b"\0"  # a file's name, which gzip may have
    return packed[:3] + b"\x08" + packed[4:10] + name + packed[10:]


def _stored(project: Project, filling: bytes) -> bytes:
    """Return a package that is not compressed, with its filling in one member."""
    files = {**_files(project), "src/filling": filling}
    members = [Member(name, files[name]) for name in sorted(files)]
    raw = _tar([Member(CHECKSUM, _listing(members)), *members])
    return gzip.compress(raw, 0, mtime=0)


def _files(project: Project) -> Files:
    lines = [
        "[project]",
        f'name = "{project.name}"',
        f'version = "{project.version}"',
        f'description = "Made by RegShape: {project.mark[:16]}"',
        "",
        "[dependencies]",
        *(f'"{name}" = "{version}"' for name, version, _ in project.dependencies),
        "",
        "[features]",
        *(f"{name} = [{_quoted(parts)}]" for name, parts in project.features.items()),
    ]
    lock = [
        "[checksums]",
        *(f'"{n}:{v}" = "{checksum}"' for n, v, checksum in project.dependencies),
    ]
    return {
        MANIFEST: ("\n".join(lines) + "\n").encode(),
        LOCK: ("\n".join(lock) + "\n").encode(),
        SOURCE: project.stored or f"-- {project.mark}\n".encode(),
    }


def _quoted(texts: tuple[str, ...]) -> str:
    return ", ".join(f'"{text}"' for text in texts)


def _listing(members: Members) -> bytes:
    """Return what `sha256sum` would write of the files."""
    files = {item.name: item.content for item in members if item.kind == tarfile.REGTYPE}
    lines = (f"{hashlib.sha256(files[name]).hexdigest()}  {name}\n" for name in sorted(files))
    return "".join(lines).encode()


def _tar(members: Members) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for member in members:
            info = tarfile.TarInfo(member.name)
            info.type, info.linkname, info.mode = member.kind, member.leads_to, 0o644
            info.size = len(member.content)
            tar.addfile(info, io.BytesIO(member.content))
    return raw.getvalue()


# --- the flaws ------------------------------------------------------------------------------------


def _with(*members: Member) -> Callable[[Members], Members]:
    return lambda there: [*there, *members]


def _without(name: str) -> Callable[[Files], Files]:
    return lambda files: {key: content for key, content in files.items() if key != name}


def _manifest(old: str, new: str) -> Callable[[Files], Files]:
    def change(files: Files) -> Files:
        lines = files[MANIFEST].decode().split("\n")
        changed = [new if line.startswith(old) else line for line in lines]
        return {**files, MANIFEST: "\n".join(changed).encode()}

    return change


def _renamed(files: Files) -> Files:
    lines = files[MANIFEST].decode().split("\n")
    changed = [f'{line[:-1]}-x"' if line.startswith("name =") else line for line in lines]
    return {**files, MANIFEST: "\n".join(changed).encode()}


def _lock(text: str) -> Callable[[Files], Files]:
    return lambda files: {**files, LOCK: text.encode()}


def _doubled(members: Members) -> Members:
    return [*members, members[-1]]


def _clashing(members: Members) -> Members:
    return [*members, Member(members[-1].name.upper(), members[-1].content)]


def _wrong_line(listing: bytes) -> bytes:
    return (b"1" if listing[:1] != b"1" else b"2") + listing[1:]


def _one_line_less(listing: bytes) -> bytes:
    return listing.partition(b"\n")[2]


def _stranger_line(listing: bytes) -> bytes:
    return listing + b"0" * 64 + b"  src/none.ori\n"


def _bomb(raw: bytes) -> bytes:
    return _tar_end(raw, Member("src/zeros", bytes(BOMB)))


def _tar_end(raw: bytes, member: Member) -> bytes:
    """Return the tar file with one more member before its end, which no listing names."""
    return raw.rstrip(b"\0") + bytes(-len(raw.rstrip(b"\0")) % tarfile.BLOCKSIZE) + _tar([member])


def _dependency(line: str) -> Callable[[Files], Files]:
    return _manifest("[dependencies]", f"[dependencies]\n{line}")


NOWHERE = "@regshape/nowhere"
DIGEST = "sha256:" + "0" * 64
SAFE, SCRIPTS, LOCKED, LISTED = "ORI-54", "ORI-49", "ORI-50", "ORI-51"
FLAWS: Mapping[str, Flaw] = {
    # the container, and what it must not do to who unpacks it
    "traversal": Flaw(SAFE, members=_with(Member("../evil.ori", b"x"))),
    "traversal-inside": Flaw(SAFE, members=_with(Member("src/../../evil.ori", b"x"))),
    "absolute": Flaw(SAFE, members=_with(Member("/tmp/evil.ori", b"x"))),  # noqa: S108
    "symlink": Flaw(SAFE, members=_with(Member("src/link", b"", tarfile.SYMTYPE, "/etc/passwd"))),
    "hardlink": Flaw(SAFE, members=_with(Member("src/link", b"", tarfile.LNKTYPE, SOURCE))),
    "device": Flaw(SAFE, members=_with(Member("src/device", b"", tarfile.CHRTYPE))),
    "duplicate": Flaw(SAFE, members=_doubled),
    "case-clash": Flaw(SAFE, members=_clashing),
    "trailing-data": Flaw(SAFE, gzip=lambda packed: packed + b"trailing"),
    "bomb": Flaw(SAFE, tar=_bomb),
    "no-gzip": Flaw("ORI-48", gzip=gzip.decompress),
    "no-tar": Flaw("ORI-48", tar=lambda raw: b"this is no tar file"),
    "cut-gzip": Flaw("ORI-48", gzip=lambda packed: packed[: len(packed) // 2]),
    "empty": Flaw("ORI-48", gzip=lambda packed: b""),
    # what has to be in it
    "scripts": Flaw(SCRIPTS, files=_manifest("[features]", '[scripts]\nbuild = "x"\n[features]')),
    "no-manifest": Flaw(SCRIPTS, files=_without(MANIFEST)),
    "bad-toml": Flaw(SCRIPTS, files=lambda files: {**files, MANIFEST: b"[project\n"}),
    "no-lock": Flaw(LOCKED, files=_without(LOCK)),
    "lock-no-digest": Flaw(LOCKED, files=_lock(f'[checksums]\n"{NOWHERE}:1.0.0" = "md5:0"\n')),
    "dependency-unlocked": Flaw(LOCKED, files=_dependency(f'"{NOWHERE}" = "1.0.0"')),
    "no-listing": Flaw(LISTED, listing=lambda listing: b""),
    "listing-wrong": Flaw(LISTED, listing=_wrong_line),
    "listing-short": Flaw(LISTED, listing=_one_line_less),
    "listing-long": Flaw(LISTED, listing=_stranger_line),
    "no-source": Flaw("ORI-52", files=_without(SOURCE)),
    # what the manifest has to say
    "other-name": Flaw("ORI-16", files=_renamed),
    "no-description": Flaw("ORI-62", files=_manifest("description =", "")),
    "git-dependency": Flaw(
        "ORI-62", files=_dependency('"@regshape/nowhere" = {git = "https://example.org/x"}')
    ),
    "path-dependency": Flaw("ORI-62", files=_dependency('"@regshape/nowhere" = {path = "../x"}')),
    "range-dependency": Flaw("ORI-62", files=_dependency('"@regshape/nowhere" = "^1.0.0"')),
    **{
        f"version-{name}": Flaw("ORI-61", files=_manifest("version =", f'version = "{text}"'))
        for name, text in {
            "short": "1.2",
            "leading-zero": "01.0.0",
            "build": "1.0.0+b",
            "prefix": "v1.0.0",
            "four": "1.0.0.0",
            "empty-label": "1.0.0-",
            "digits": "1.0.\N{ARABIC-INDIC DIGIT ONE}",
            "range": "^1.0.0",
            "empty": "",
        }.items()
    },
}
