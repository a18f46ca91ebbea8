from __future__ import annotations

import sqlite3
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from regshape.errors import StoreError, UsageError
from regshape.protocols.ori.models import TokenScope
from regshape.protocols.ori.reference import Grant, Reference, ReferenceOptions
from regshape.protocols.ori.reference.disk import ARCHIVES, DATABASE, Disk
from regshape.protocols.ori.reference.records import new_token
from tests.protocols.ori.archives import packed
from tests.protocols.ori.registries import ALL, BOB, NOW, Registry, codes

ORIGIN = "log.example"
VERSION = "packages/acme/json/1.0.0"


class OnDisk(Registry):
    """A registry that keeps everything in a folder."""

    def __init__(self, journal: Disk) -> None:
        many = 10**6
        options = ReferenceOptions(authenticated_limit=many, anonymous_limit=many)
        super().__init__(options, kind=lambda chosen: Reference(chosen, journal))  # type: ignore[arg-type]
        self.journal = journal


@contextmanager
def opened(folder: Path) -> Iterator[OnDisk]:
    journal = Disk(folder, ORIGIN)
    try:
        with journal.served():
            yield OnDisk(journal)
    finally:
        journal.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of a registry in which alice and bob have tokens named after them."""
    place = tmp_path / "registry"
    journal = Disk(place, ORIGIN)
    for user in ("alice", "bob"):
        text, token = new_token(Grant(user, ALL), NOW)
        journal.add_token(token)
        (tmp_path / user).write_text(text)
    journal.close()
    return place


def token(folder: Path, user: str = "alice") -> str:
    return (folder.parent / user).read_text()


async def filled(folder: Path, *versions: str) -> None:
    with opened(folder) as registry:
        for version in versions:
            answer = await registry.publish(version=version, token=token(folder))
            assert answer.status_code == 201


def run(folder: Path, statement: str) -> None:
    connection = sqlite3.connect(folder / DATABASE)
    with connection:
        connection.execute(statement)
    connection.close()


async def test_all_is_there_when_a_registry_is_opened_again(folder: Path) -> None:
    alice = token(folder)
    with opened(folder) as registry:
        for version in ("1.0.0", "1.1.0"):
            await registry.publish(version=version, token=alice)
        await registry.post(f"{VERSION}/yank", alice)
        await registry.post(f"{VERSION}/deprecate", alice, json={"message": "Use 1.1"})
        await registry.post("packages/acme/json/transfer", alice, json={"to": "bob"})
        paths = ["packages/acme/json/versions", f"{VERSION}/metadata", f"{VERSION}/download"]
        paths += ["packages/acme/json/owners", "log/checkpoint", "log/lookup/acme/json/1.1.0"]
        before = [(await registry.get(path, alice)).content for path in paths]
    with opened(folder) as registry:
        assert before == [(await registry.get(path, alice)).content for path in paths]
        body = {"accept": True}
        bob = token(folder, BOB)
        assert (
            await registry.post("packages/acme/json/transfer", bob, json=body)
        ).status_code == 200
    with opened(folder) as registry:
        assert (await registry.publish(version="1.2.0", token=bob)).status_code == 201
        assert codes(await registry.publish("@acme/new", token=bob)) == (403, "NOT_OWNER")
        assert len(registry.reference.log) == 3


async def test_what_a_crash_leaves_half_done_is_removed(folder: Path) -> None:
    await filled(folder, "1.0.0")
    (whole,) = (folder / ARCHIVES).iterdir()
    (folder / ARCHIVES / f"{whole.name}.0a0a0a0a.part").write_bytes(b"half")
    (folder / ARCHIVES / ("0" * 64)).write_bytes(b"never published")
    with opened(folder) as registry:
        assert await registry.versions() == ["1.0.0"]
        assert list((folder / ARCHIVES).iterdir()) == [whole]


async def test_a_publish_that_cannot_be_kept_has_not_happened(folder: Path) -> None:
    await filled(folder, "1.0.0")
    run(
        folder,
        "CREATE TRIGGER full BEFORE INSERT ON versions BEGIN SELECT RAISE(ABORT, 'disk full'); END",
    )
    with opened(folder) as registry:
        answer = await registry.publish("@other/json", token=token(folder))
        assert codes(answer) == (500, "STORE_FAILED")
        assert "x-ratelimit-limit" in answer.headers
        assert codes(await registry.get("packages/other/json/versions"))[0] == 404
        assert len(registry.reference.log) == 1
        run(folder, "DROP TRIGGER full")
        again = await registry.publish("@other/json", token=token(folder, BOB))
        assert (again.status_code, again.json()["log_index"]) == (201, 1)


async def test_an_archive_that_cannot_be_written_is_no_version(folder: Path) -> None:
    with opened(folder) as registry:
        (folder / ARCHIVES).rmdir()
        assert codes(await registry.publish(token=token(folder))) == (500, "STORE_FAILED")
        (folder / ARCHIVES).mkdir()
        assert (await registry.publish(token=token(folder))).status_code == 201


async def test_an_archive_that_was_changed_is_never_sent(folder: Path) -> None:
    await filled(folder, "1.0.0")
    (archive,) = (folder / ARCHIVES).iterdir()
    archive.write_bytes(bytes(len(packed())))
    with opened(folder) as registry:
        assert codes(await registry.get(f"{VERSION}/download")) == (500, "STORE_FAILED")


@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM versions WHERE log_index = 0", "UPDATE identity SET schema = 99", "cut"],
)
async def test_a_folder_that_is_damaged_is_not_served(folder: Path, statement: str) -> None:
    await filled(folder, "1.0.0", "1.1.0")
    if statement == "cut":
        for archive in (folder / ARCHIVES).iterdir():
            archive.write_bytes(archive.read_bytes()[:-1])
    else:
        run(folder, statement)
    with pytest.raises(StoreError), opened(folder):
        pass


def test_what_is_no_database_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / DATABASE).write_bytes(b"something else" * 100)
    with pytest.raises(StoreError, match="cannot be opened: file is not a database"):
        Disk(tmp_path, ORIGIN)


def test_a_folder_is_served_once_and_under_one_name(folder: Path) -> None:
    with opened(folder):
        with pytest.raises(UsageError, match="another process serves"), opened(folder):
            pass
        with pytest.raises(UsageError, match=f"--name {ORIGIN}"):
            Disk(folder, "other.example").signer()


async def test_tokens_are_kept_as_hashes_in_files_of_the_owner_alone(folder: Path) -> None:
    await filled(folder, "1.0.0")
    assert holding(folder, token(folder).encode()) == []
    assert (mode(folder), mode(folder / DATABASE)) == (0o700, 0o600)


def holding(folder: Path, text: bytes) -> list[Path]:
    kept = [path for path in folder.rglob("*") if path.is_file()]
    assert len(kept) > 2
    return [path for path in kept if text in path.read_bytes()]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def test_tokens_come_and_go_while_the_registry_is_served(folder: Path) -> None:
    with opened(folder) as registry:
        other = Disk(folder, ORIGIN)
        text, kept = new_token(Grant("carol", frozenset({TokenScope.PUBLISH})), NOW)
        assert (await registry.get("advisories", text)).status_code == 401
        other.add_token(kept)
        assert [item.grant.user for item in other.tokens()][-1] == "carol"
        assert (await registry.publish(token=text)).status_code == 201
        assert other.remove_token(kept.id)
        assert not other.remove_token(kept.id)
        assert (await registry.get("advisories", text)).status_code == 401
        other.close()
