from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from regshape.formats.archive import extract, pack, unpack
from tests.cli.ori.conftest import call, done, project


def packed(folder: Path, output: Path) -> bytes:
    done("pack", folder, "-o", output)
    return output.read_bytes()


def test_the_same_tree_gives_the_same_bytes_wherever_and_whenever_it_is(tmp_path: Path) -> None:
    one = project(tmp_path / "one")
    two = shutil.copytree(one, tmp_path / "two")
    for path in sorted(two.rglob("*"), reverse=True):
        os.utime(path, (1, 1))
        path.chmod(0o700)
    assert packed(one, tmp_path / "1.oripk") == packed(two, tmp_path / "2.oripk")


def test_hidden_files_other_packages_and_scripts_stay_out(tmp_path: Path) -> None:
    folder = project(tmp_path / "one")
    plain = packed(folder, tmp_path / "plain")
    for name in (".git/config", ".env", "src/.cache/x", "old-1.0.0.oripk", "CHECKSUM"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    assert packed(folder, tmp_path / "again") == plain
    files = unpack(plain)
    assert sorted(files) == ["CHECKSUM", "oripk.lock", "oripk.toml", "src/lib.ori"]
    assert b"scripts" not in files["oripk.toml"]
    assert b"# kept" in files["oripk.toml"]


def test_other_files_of_the_project_are_in_the_package(tmp_path: Path) -> None:
    folder = project(tmp_path / "one")
    (folder / "README.md").write_text("read me")
    assert "README.md" in unpack(packed(folder, tmp_path / "a"))


def test_the_archive_is_named_after_the_package(tmp_path: Path) -> None:
    done("pack", project(tmp_path / "one"))
    assert (tmp_path / "json-1.0.0.oripk").is_file()


def test_a_project_packed_within_itself_does_not_grow(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project(tmp_path / "one"))
    first = packed(Path(), Path("json-1.0.0.oripk"))
    assert packed(Path(), Path("json-1.0.0.oripk")) == first


def test_sha256sum_and_tar_accept_a_packed_archive(tmp_path: Path) -> None:
    data = packed(project(tmp_path / "one"), tmp_path / "a.oripk")
    listed = subprocess.run(  # noqa: S603
        ["tar", "-tvf", tmp_path / "a.oripk"],  # noqa: S607
        check=True,
        capture_output=True,
        text=True,
    )
    assert listed.stderr == ""
    assert len(listed.stdout.splitlines()) == 4
    extract(unpack(data), tmp_path / "out")
    checked = subprocess.run(
        ["sha256sum", "--strict", "-c", "CHECKSUM"],  # noqa: S607
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path / "out",
    )
    assert len(checked.stdout.splitlines()) == 3
    assert all(line.endswith(": OK") for line in checked.stdout.splitlines())


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda folder: (folder / "oripk.toml").unlink(), "it has no oripk.toml"),
        (lambda folder: (folder / "oripk.toml").write_text("["), "oripk.toml is no TOML"),
        (lambda folder: (folder / "src" / "lib.ori").unlink(), "the package has no src/"),
        (lambda folder: (folder / "link").symlink_to("src"), "is a link"),
        (lambda folder: os.mkfifo(folder / "pipe"), "neither a file nor a folder"),
        (lambda folder: (folder / "A:B").write_text(""), "has a character"),
    ],
)
def test_what_no_package_can_be_made_of_is_refused_in_one_line(
    tmp_path: Path, spoil: object, said: str
) -> None:
    folder = project(tmp_path / "one")
    assert callable(spoil)
    spoil(folder)
    ran = call("pack", folder, "-o", tmp_path / "a.oripk")
    assert ran.exit_code == 2
    assert said in ran.stderr
    assert len(ran.stderr.splitlines()) == 1
    assert not (tmp_path / "a.oripk").exists()


def test_dependencies_without_a_registry_are_said_to_need_one(tmp_path: Path) -> None:
    folder = project(tmp_path / "one", dependencies='"@acme/a" = "1.0.0"')
    ran = call("pack", folder)
    assert ran.exit_code == 2
    assert "no registry is named: give --registry URL" in ran.stderr


def test_a_lock_that_has_all_dependencies_is_taken_as_it_stands(tmp_path: Path) -> None:
    folder = project(tmp_path / "one", dependencies='"@acme/a" = "1.0.0"\n"std.json" = "bundled"')
    lock = f'# mine\n[checksums]\n"@acme/a:1.0.0" = "sha256:{"0" * 64}"\n'
    (folder / "oripk.lock").write_text(lock)
    assert unpack(packed(folder, tmp_path / "a"))["oripk.lock"] == lock.encode()


def test_verify_says_that_an_archive_is_fine(tmp_path: Path) -> None:
    packed(project(tmp_path / "one"), tmp_path / "a.oripk")
    assert done("verify", tmp_path / "a.oripk").stdout.startswith(f"{tmp_path}/a.oripk is fine\n")
    assert json.loads(done("verify", tmp_path / "a.oripk", "--json").stdout)["fine"] is True


def test_verify_says_what_is_wrong_with_an_archive(tmp_path: Path) -> None:
    files = unpack(packed(project(tmp_path / "one"), tmp_path / "a.oripk"))
    (tmp_path / "b.oripk").write_bytes(pack(files | {"src/lib.ori": b"other"}))
    ran = call("verify", tmp_path / "b.oripk")
    assert ran.exit_code == 1
    assert "CHECKSUM_INVALID: CHECKSUM" in ran.stdout
    document = json.loads(call("verify", tmp_path / "b.oripk", "--json").stdout)
    assert document["fine"] is False
    assert document["wrong"]["code"] == "CHECKSUM_INVALID"


def test_verify_of_what_is_not_there_is_wrong_usage(tmp_path: Path) -> None:
    ran = call("verify", tmp_path / "none")
    assert (ran.exit_code, "cannot be read" in ran.stderr) == (2, True)
