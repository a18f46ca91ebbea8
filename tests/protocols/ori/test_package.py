from __future__ import annotations

import gzip
import io
import shutil
import subprocess
import tarfile
import tomllib
from pathlib import Path

import pytest

from regshape.formats import archive
from regshape.protocols.ori import package
from regshape.protocols.ori.models import ErrorCode
from regshape.protocols.ori.package import PackageError, build, check
from tests.protocols.ori.archives import manifest, packed, project, raw

HEX = "0" * 64
NEEDS = '[dependencies]\n"@acme/base" = "2.0.1"\n"std.json" = "bundled"\n'
LOCK = f'[checksums]\n"@acme/base:2.0.1" = "sha256:{HEX}"\n'.encode()


def refusal(data: bytes) -> tuple[ErrorCode, int, str | None]:
    with pytest.raises(PackageError) as caught:
        check(data)
    return caught.value.code, caught.value.status, caught.value.pointer


def run(folder: Path, *command: str) -> list[str]:
    done = subprocess.run(command, cwd=folder, capture_output=True, check=True)  # noqa: S603
    return done.stdout.decode().splitlines()


def of(text: bytes) -> bytes:
    return raw({package.MANIFEST: text, "src/lib.ori": b"1"})


def test_a_package_says_what_was_built() -> None:
    data = build({**project(more=NEEDS), package.LOCK: LOCK})
    found = check(data)
    assert (found.name, found.version, found.size) == ("@acme/json", "1.0.0", len(data))
    assert list(found.manifest.needed()) == [("@acme/base", "2.0.1")]
    assert found.lock.checksums == {"@acme/base:2.0.1": f"sha256:{HEX}"}


def test_the_same_files_make_the_same_bytes() -> None:
    files = project()
    assert build(files) == build(dict(reversed(files.items())))
    assert build({**files, package.CHECKSUM: b"old"}) == build(files)


def test_coreutils_and_gnu_tar_take_a_package(tmp_path: Path) -> None:
    (tmp_path / "p.oripk").write_bytes(packed())
    tar, sums = shutil.which("tar"), shutil.which("sha256sum")
    assert tar is not None
    assert sums is not None
    names = [line.split()[-1] for line in run(tmp_path, tar, "-tvf", "p.oripk")]
    assert names == ["CHECKSUM", "oripk.lock", "oripk.toml", "src/lib.ori"]
    run(tmp_path, tar, "-xf", "p.oripk")
    summed = run(tmp_path, sums, "--strict", "-c", "CHECKSUM")
    checked = {line.removesuffix(": OK") for line in summed}
    assert checked == set(names) - {"CHECKSUM"}


SCRIPTS = [
    '[scripts]\ndev = "ori build"\n\n[features]\njson = []\n',
    '[features]\njson = []\n[scripts]\na = """\n[features]\n"""\n',
    "[scripts.deep]\na = 1\n[features]\njson = []\n",
]


@pytest.mark.parametrize("more", SCRIPTS)
def test_scripts_are_taken_out_and_all_else_is_kept(more: str) -> None:
    inside = check(build(project(more=more))).files[package.MANIFEST].decode()
    assert tomllib.loads(inside) == {
        "project": {"name": "@acme/json", "version": "1.0.0", "description": "Reads it"},
        "features": {"json": []},
    }


def test_a_comment_of_the_manifest_stays() -> None:
    text = b"# kept\n" + manifest(more='[scripts]\na = "b"\n')
    assert package.strip_scripts(text).startswith(b"# kept\n")


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ('"@acme/base" = "^2.0.1"', "oripk.toml#/dependencies/@acme~1base"),
        ('"@acme/base" = { git = "https://x.example", rev = "1" }', None),
        ('"@acme/base" = { path = "../base" }', None),
        ('"@acme/base" = { version = "1.0.0", path = "../base" }', None),
        ('"@acme/base" = "1.0.0+b"', None),
        ('"@acme/base" = "bundled"', None),
        ('"std.json" = "1.0.0"', None),
        ('base = "1.0.0"', None),
        ('"@acme/base" = 1', None),
    ],
)
def test_a_dependency_is_an_exact_version_of_a_registry(more: str, pointer: str | None) -> None:
    code, status, place = refusal(of(manifest(more=f"[dependencies]\n{more}\n")))
    assert (code, status) == (ErrorCode.DEPENDENCY_INVALID, 422)
    assert pointer in (None, place)


@pytest.mark.parametrize("table", ["dev-dependencies", 'target."cfg(x)".dependencies'])
def test_no_table_of_dependencies_has_a_path(table: str) -> None:
    text = manifest(more=f'[{table}]\n"@a/b" = {{ path = "x" }}\n')
    assert refusal(of(text))[0] == ErrorCode.DEPENDENCY_INVALID


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("acme/json", ErrorCode.NAME_INVALID),
        ("@acme/Json", ErrorCode.NAME_INVALID),
        ("@acme/js_on", ErrorCode.NAME_INVALID),
        ("@acme/", ErrorCode.NAME_INVALID),
        ("@acme/a/b", ErrorCode.NAME_INVALID),
        ("@acme/-rf", ErrorCode.NAME_INVALID),
        ("@acme/" + "a" * 59, ErrorCode.NAME_INVALID),
        ("@acme/\N{CYRILLIC SMALL LETTER A}", ErrorCode.NAME_INVALID),
        ("@acme/test", ErrorCode.NAME_RESERVED),
        ("@acme/std-x", ErrorCode.NAME_RESERVED),
        ("@internal/json", ErrorCode.NAME_RESERVED),
    ],
)
def test_names_have_a_grammar_and_some_are_reserved(name: str, code: ErrorCode) -> None:
    assert refusal(of(manifest(name))) == (code, 422, "oripk.toml#/project/name")


@pytest.mark.parametrize(
    "version", ["1.2", "01.0.0", "1.0.0+b", "v1.0.0", "1.0.\u0661", "", "^1.0.0"]
)
def test_versions_have_three_numbers(version: str) -> None:
    found = refusal(of(manifest(version=version)))
    assert found == (ErrorCode.VERSION_INVALID, 422, "oripk.toml#/project/version")


def test_names_and_versions_at_the_edge_are_taken() -> None:
    for name, version in (("@a/b", "1.0.0-alpha"), ("@acme/" + "a" * 58, "0.0.0-0.x-y.1")):
        assert check(packed(name, version)).name == name


def test_a_description_is_needed() -> None:
    for text in (b"", b'description = ""\n', b'description = " "\n', b"description = 3\n"):
        toml = b'[project]\nname = "@acme/json"\nversion = "1.0.0"\n' + text
        found = refusal(of(toml))
        assert found == (ErrorCode.DESCRIPTION_MISSING, 422, "oripk.toml#/project/description")


@pytest.mark.parametrize(
    "text",
    [
        b"\xff",
        b"[project",
        b"",
        b"a = " + b"[" * 5000,
        b"a = " + b"1" * 5000,
        b" " * 1024**2 + b" ",
    ],
)
def test_what_is_no_manifest_is_refused(text: bytes) -> None:
    assert refusal(of(text))[:2] == (ErrorCode.MANIFEST_INVALID, 422)


def test_scripts_in_an_archive_are_refused() -> None:
    for more in ('[scripts]\na = "b"\n', "[scripts]\n"):
        found = refusal(of(manifest(more=more)))
        assert found == (ErrorCode.SCRIPTS_PRESENT, 422, "oripk.toml#/scripts")


@pytest.mark.parametrize(
    "missing", [package.MANIFEST, package.LOCK, package.CHECKSUM, "src/lib.ori"]
)
def test_a_file_that_is_missing_is_named(missing: str) -> None:
    files = dict(archive.unpack(packed()))
    del files[missing]
    code, _, pointer = refusal(archive.pack(files))
    assert code == ErrorCode.FILE_MISSING
    assert pointer in (missing, "src/")


@pytest.mark.parametrize(
    "lock",
    [
        b"",
        b"checksums = 1",
        b'[checksums]\n"@acme/base" = "sha256:0"\n',
        b'[checksums]\n"@acme/base:2.0.1" = "sha256:0"\n',
        b'[checksums]\n"@acme/base:2.0.0" = "sha256:%s"\n' % HEX.encode(),
        LOCK.replace(HEX.encode(), b"A" * 64),
    ],
)
def test_a_lock_has_the_checksum_of_every_dependency(lock: bytes) -> None:
    files = {**project(more=NEEDS), package.LOCK: lock}
    assert refusal(raw(files))[:2] == (ErrorCode.LOCK_INVALID, 422)


def test_checksums_are_of_all_files_and_of_no_others() -> None:
    files = {**project(), package.LOCK: b"[checksums]\n"}
    right = package.checksum_file(files)
    lines = right.splitlines(keepends=True)
    wrong = [
        b"",
        b"x\n",
        b"".join(lines[1:]),
        right + lines[0],
        right + f"{HEX}  other\n".encode(),
        right.replace(right[:64], HEX.encode()),
        b"\xff" + right,
    ]
    for text in wrong:
        assert refusal(raw(files, text)) == (ErrorCode.CHECKSUM_INVALID, 422, "CHECKSUM")
    for text in (b"".join(reversed(lines)), right.replace(b"  ", b" *")):
        assert check(raw(files, text)).name == "@acme/json"


def test_what_is_no_safe_archive_is_refused() -> None:
    linked = io.BytesIO()
    with tarfile.open(fileobj=linked, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        link = tarfile.TarInfo("src/lib.ori")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    bomb = gzip.compress(bytes(101 * 1024**2))
    for data in (b"", b"x", packed()[:-1], packed() + b"x", gzip.compress(linked.getvalue()), bomb):
        assert refusal(data)[:2] == (ErrorCode.ARCHIVE_INVALID, 422)


def test_ten_mebibytes_are_the_most() -> None:
    assert refusal(bytes(package.MOST_BYTES + 1))[:2] == (ErrorCode.TOO_LARGE, 413)
    assert refusal(bytes(package.MOST_BYTES))[0] == ErrorCode.ARCHIVE_INVALID


def test_nothing_is_built_that_cannot_be_published() -> None:
    for files in ({}, {"src/a": b""}, {**project(), "../x": b""}, project("json")):
        with pytest.raises(PackageError):
            build(files)
