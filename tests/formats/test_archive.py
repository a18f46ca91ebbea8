"""Archives: the same bytes for the same files, read by GNU tar, and nothing unsafe is unpacked."""

from __future__ import annotations

import gzip
import io
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regshape.formats.archive import ArchiveError, Limits, extract, pack, unpack

FILES = {"src/main.ori": b"main\n", "oripk.toml": b"", "CHECKSUM": b"x" * 2000}
NAMES = st.from_regex(r"[a-z]{1,8}/[a-z0-9.]{1,8}[a-z]", fullmatch=True)


def tar(*members: tuple[tarfile.TarInfo, bytes]) -> bytes:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as file:
        for info, content in members:
            info.size = len(content)
            file.addfile(info, io.BytesIO(content))
    return raw.getvalue()


def member(name: str, kind: bytes = tarfile.REGTYPE, link: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    return info


def wrong(data: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(ArchiveError) as caught:
        unpack(data, limits)
    return caught.value.wrong


@given(st.dictionaries(NAMES, st.binary(max_size=600), max_size=6))
def test_what_was_packed_is_unpacked(files: dict[str, bytes]) -> None:
    packed = pack(files)
    assert unpack(packed) == files
    assert pack(dict(reversed(files.items()))) == packed


def test_nothing_of_time_or_place_is_in_the_bytes() -> None:
    raw = gzip.decompress(pack(FILES))
    with tarfile.open(fileobj=io.BytesIO(raw)) as file:
        found = file.getmembers()
    assert [item.name for item in found] == sorted(FILES)
    assert {(item.mtime, item.uid, item.gid, item.uname, item.gname) for item in found} == {
        (0, 0, 0, "", "")
    }
    assert pack(FILES)[4:8] == bytes(4)


def test_gnu_tar_lists_and_unpacks_it(tmp_path: Path) -> None:
    (tmp_path / "a.tgz").write_bytes(pack(FILES))
    run = ["tar", "-xvzf", "a.tgz"]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True, check=True)  # noqa: S603
    assert done.stdout.split() == sorted(FILES)
    assert {name: (tmp_path / name).read_bytes() for name in FILES} == FILES


def test_what_gnu_tar_packed_is_unpacked(tmp_path: Path) -> None:
    extract(FILES, tmp_path / "in")
    run = ["tar", "--format=ustar", "-czf", "a.tgz", "-C", "in", "src", "oripk.toml", "CHECKSUM"]
    subprocess.run(run, cwd=tmp_path, check=True)  # noqa: S603
    assert unpack((tmp_path / "a.tgz").read_bytes()) == FILES


def test_a_long_name_is_split_as_ustar_does_and_a_longer_one_refused() -> None:
    long = "/".join(["d" * 40] * 5)
    assert unpack(pack({long: b"x"})) == {long: b"x"}
    with pytest.raises(ArchiveError, match="too long"):
        pack({"d" * 101: b""})


@pytest.mark.parametrize(
    "name",
    ["../x", "/x", "a/../b", "a//b", "./a", "a/.", "", "..", "a\\b", "a\x01b", "C:x", "a\u202eb"],
)
def test_a_name_that_leads_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(ArchiveError):
        pack({name: b""})
    if name:
        assert wrong(gzip.compress(tar((member(name), b"")))) in {"name", "tar"}


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_are_refused(kind: bytes) -> None:
    assert wrong(gzip.compress(tar((member("a", kind, "/etc/passwd"), b"")))) == "member"


@pytest.mark.parametrize("names", [("a", "a"), ("a", "A"), ("a", "a/b"), ("ß", "SS")])
def test_two_names_for_one_place_are_refused(names: tuple[str, str]) -> None:
    members = [(member(name), b"x") for name in names]
    assert wrong(gzip.compress(tar(*members))) == "duplicate"


def test_an_archive_that_unpacks_to_too_much_is_refused_before_it_has() -> None:
    bomb = gzip.compress(bytes(200 * 1024 * 1024))
    assert len(bomb) < 1024 * 1024
    assert wrong(bomb) == "size"
    many = [(member(str(number)), b"") for number in range(11)]
    assert wrong(gzip.compress(tar(*many)), Limits(entries=10)) == "entries"


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: b"",
    "no gzip": lambda _: b"PK\x03\x04",
    "cut off": lambda data: data[:-9],
    "trailing data": lambda data: data + b"x",
    "a second gzip member": lambda data: data + gzip.compress(b"x"),
    "tar cut off": lambda data: gzip.compress(gzip.decompress(data)[:700]),
    "tar without an end": lambda data: gzip.compress(gzip.decompress(data).rstrip(b"\0")),
    "data behind the end": lambda data: gzip.compress(gzip.decompress(data) + b"x" * 512),
    "wrong header checksum": lambda data: gzip.compress(
        gzip.decompress(data).replace(b"0000644", b"0000755", 1)
    ),
    "no tar": lambda _: gzip.compress(b"x" * 2048),
    "a wrong check value": lambda data: data[:-8] + b"0000" + data[-4:],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_archive_is_refused(damage: str) -> None:
    assert wrong(DAMAGES[damage](pack(FILES))) in {"gzip", "tar"}


def test_extensions_that_rename_members_are_refused() -> None:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.PAX_FORMAT) as file:
        info = member("a")
        info.pax_headers = {"path": "../b"}
        file.addfile(info)
    assert wrong(gzip.compress(raw.getvalue())) == "member"


def test_nothing_that_is_there_is_written_over(tmp_path: Path) -> None:
    extract({"a/b": b"1"}, tmp_path)
    with pytest.raises(FileExistsError):
        extract({"a/b": b"2"}, tmp_path)
    assert (tmp_path / "a/b").read_bytes() == b"1"
