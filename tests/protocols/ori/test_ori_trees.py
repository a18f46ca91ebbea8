from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from regshape.formats import archive
from regshape.protocols.ori import package
from regshape.protocols.ori.package import PackageError
from regshape.protocols.ori.trees import (
    ACCEPTED_SIZE,
    FLAWS,
    LISTED,
    REFUSED_SIZE,
    SLACK,
    Project,
    grow,
    sized,
)

DIGEST = f"sha256:{'1' * 64}"
NEEDS = (("@acme/base", "2.0.0-alpha", DIGEST),)
PROJECT = Project("@acme/json", "1.0.0", "mark", NEEDS, {"default": ("fast",), "fast": ()})
TAR = shutil.which("tar")
SHA256SUM = shutil.which("sha256sum")
BY_ADDRESS = frozenset({"other-name"})
"""Flaws of a package that is sound for another address than it is sent to."""
OF_THE_REST = [
    name for name, flaw in FLAWS.items() if flaw.requirement != LISTED and name not in BY_ADDRESS
]


def refusal(data: bytes) -> str:
    with pytest.raises(PackageError) as refused:
        package.check(data)
    return refused.value.code


def test_a_sound_package_says_what_its_project_says() -> None:
    found = package.check(grow(PROJECT))
    assert (found.name, found.version) == (PROJECT.name, PROJECT.version)
    assert found.manifest.features == {"default": ["fast"], "fast": []}
    assert found.lock.checksums == {"@acme/base:2.0.0-alpha": DIGEST}


def test_the_same_project_is_the_same_bytes_and_another_mark_others() -> None:
    assert grow(PROJECT) == grow(PROJECT)
    assert grow(PROJECT) != grow(Project("@acme/json", "1.0.0", "other", NEEDS, PROJECT.features))


@pytest.mark.skipif(TAR is None or SHA256SUM is None, reason="needs GNU tar and sha256sum")
def test_coreutils_take_a_sound_package(tmp_path: Path) -> None:
    assert TAR is not None
    assert SHA256SUM is not None
    (tmp_path / "json.oripk").write_bytes(grow(PROJECT))
    subprocess.run([TAR, "-xzf", "json.oripk"], cwd=tmp_path, check=True)  # noqa: S603
    subprocess.run(  # noqa: S603
        [SHA256SUM, "--check", "--strict", "--quiet", "CHECKSUM"], cwd=tmp_path, check=True
    )


@pytest.mark.parametrize("name", OF_THE_REST)
def test_a_flaw_is_not_hidden_behind_a_listing_that_is_wrong(name: str) -> None:
    assert refusal(grow(PROJECT, FLAWS[name])) != "CHECKSUM_INVALID"


def test_bytes_that_are_stored_stand_in_the_package_as_they_are() -> None:
    stored = b"\r\n--edge--\r\n" * 3
    data = grow(Project("@acme/json", "1.0.0", "mark", stored=stored))
    assert stored in data
    assert stored in archive.unpack(data).values()


@given(st.integers(4 * SLACK, 40 * SLACK))
@settings(max_examples=10)
def test_a_package_has_the_size_that_was_asked_for(size: int) -> None:
    data = sized(PROJECT, size)
    assert len(data) == size
    assert package.check(data).version == "1.0.0"


@pytest.mark.parametrize("size", [ACCEPTED_SIZE, REFUSED_SIZE])
def test_a_package_of_a_size_at_the_edge_is_sound(size: int) -> None:
    data = sized(PROJECT, size)
    assert len(data) == size
    assert package.check(data).version == "1.0.0"
