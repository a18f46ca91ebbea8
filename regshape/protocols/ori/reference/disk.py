"""A registry's journal in a folder: SQLite for what is told, a file by checksum for each archive.

An archive is a whole file under its final name, on the disk, before the transaction that publishes
it begins; the transaction is on the disk before anybody is told. So what a crash leaves is at most
an archive, or a part of one, that no version has: `recover` removes it. What `load` returns is
looked over first, so that a folder that somebody else has damaged is not served.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import sqlalchemy as sa
from anyio import to_thread
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.schema import CreateTable

from regshape.errors import StoreError, UsageError
from regshape.formats.digest import matches
from regshape.formats.notes import Signer, new_signer
from regshape.protocols.ori.reference.disk_tables import (
    IDENTITY,
    METADATA,
    PACKAGES,
    SCHEMA_VERSION,
    SCOPES,
    TOKENS,
    VERSIONS,
    holding_of,
    holding_row,
    release_of,
    release_row,
    token_of,
    token_row,
)
from regshape.protocols.ori.reference.records import Holding, Release, Shelf, Token

DATABASE = "registry.sqlite"
ARCHIVES = "archives"
LOCK = "lock"
BUSY_MILLISECONDS = 10_000
_UNFINISHED = ".part"


class Disk:
    """The journal in a folder, for the one process that serves it and for those that make tokens.

    Raises `StoreError` wherever the folder cannot be read or written.
    """

    def __init__(self, folder: Path, origin: str) -> None:
        self.folder = folder
        self.archives = folder / ARCHIVES
        self._origin = origin
        with self._doing("opened"):
            _make_folder(folder)
            self.archives.mkdir(exist_ok=True)
            _make_private(folder / DATABASE)
            _sync_folder(folder)
            self._engine = sa.create_engine(f"sqlite:///{folder / DATABASE}")
            sa.event.listen(self._engine, "connect", _set_up)
            with self._engine.begin() as connection:
                for table in METADATA.sorted_tables:
                    connection.execute(CreateTable(table, if_not_exists=True))

    def close(self) -> None:
        """Let go of the database's connections."""
        self._engine.dispose()

    @contextmanager
    def served(self) -> Iterator[None]:
        """Keep other processes from serving the same folder, and tidy up after the last one.

        Raises:
            UsageError: another process serves it.
        """
        with self._doing("opened"):
            lock = (self.folder / LOCK).open("w")
        with lock:
            _take(lock, self.folder)
            self.recover()
            yield

    def recover(self) -> None:
        """Remove archives, and parts of them, that were never published."""
        with self._reading() as connection:
            known = set(connection.scalars(sa.select(VERSIONS.c.checksum)))
        with self._doing("tidied up"):
            for path in self.archives.iterdir():
                if f"sha256:{path.name}" not in known:
                    path.unlink()

    # what was acknowledged

    def signer(self) -> Signer:
        """Return the key of the log, made when it is asked for first.

        Raises:
            UsageError: the log has another name.
        """
        made = new_signer(self._origin)
        row = {"id": 1, "schema": SCHEMA_VERSION, "origin": made.name, "seed": made.seed}
        with self._writing() as connection:
            connection.execute(insert(IDENTITY).on_conflict_do_nothing(), row)
            found = connection.execute(sa.select(IDENTITY)).one()
        if found.schema != SCHEMA_VERSION:
            raise StoreError(f"{self.folder} was written by another version of RegShape")
        if found.origin != self._origin:
            raise UsageError(
                f"the log in {self.folder} is called {found.origin}, not {self._origin}: "
                f"say --name {found.origin}"
            )
        return Signer(found.origin, found.seed)

    def load(self) -> Shelf:
        """Return all that was acknowledged, once it is known to be all there."""
        shelf = Shelf()
        with self._reading() as connection:
            shelf.scopes.update(
                (row.name, row.owner) for row in connection.execute(SCOPES.select())
            )
            for row in connection.execute(PACKAGES.select()):
                shelf.hold(holding_of(row))
            ordered = VERSIONS.select().order_by(VERSIONS.c.log_index)
            for index, row in enumerate(connection.execute(ordered)):
                release = release_of(row)
                self._check(release, index)
                shelf.add(release)
        return shelf

    def _check(self, release: Release, index: int) -> None:
        what = f"{release.package} {release.version}"
        if release.log_index != index:
            raise StoreError(f"{self.folder}: the log has no entry {index}, before that of {what}")
        path = self._path(release.checksum)
        if not path.is_file() or path.stat().st_size != release.size:
            raise StoreError(f"{self.folder}: the archive of {what} is not whole: {path.name}")

    def publish(self, release: Release, holding: Holding) -> None:
        """Keep a new version, its package and scope if they are new, and its place in the log."""
        scope = {"name": holding.scope, "owner": holding.owner}
        with self._writing() as connection:
            connection.execute(insert(SCOPES).on_conflict_do_nothing(), scope)
            connection.execute(insert(PACKAGES).on_conflict_do_nothing(), holding_row(holding))
            connection.execute(VERSIONS.insert(), release_row(release))

    def change_release(self, release: Release) -> None:
        """Keep what can change of a version: whether it is yanked or deprecated."""
        changed = {"yanked": release.yanked, "deprecated": release.deprecated}
        which = VERSIONS.c.log_index == release.log_index
        with self._writing() as connection:
            connection.execute(VERSIONS.update().where(which).values(changed))

    def change_holding(self, holding: Holding) -> None:
        """Keep who owns a package, and to whom it is offered."""
        which = PACKAGES.c.name == holding.package
        with self._writing() as connection:
            connection.execute(PACKAGES.update().where(which).values(holding_row(holding)))

    # archives

    async def keep(self, checksum: str, content: bytes) -> None:
        """Keep an archive, before the version that it is of."""
        await to_thread.run_sync(self._keep, self._path(checksum), content)

    def _keep(self, path: Path, content: bytes) -> None:
        with self._doing("written"):
            part = path.with_name(f"{path.name}.{secrets.token_hex(4)}{_UNFINISHED}")
            with part.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
            _sync_folder(self.archives)

    async def read(self, checksum: str) -> bytes:
        """Return an archive, which still has its checksum."""
        return await to_thread.run_sync(self._read, checksum)

    def _read(self, checksum: str) -> bytes:
        with self._doing("read"):
            content = self._path(checksum).read_bytes()
        if not matches(checksum, content):
            raise StoreError(f"{self.folder}: an archive has been changed: {checksum}")
        return content

    def _path(self, checksum: str) -> Path:
        return self.archives / checksum.removeprefix("sha256:")

    # tokens

    def find_token(self, hashed: str) -> Token | None:
        """Return the token with that hash."""
        with self._reading() as connection:
            row = connection.execute(TOKENS.select().where(TOKENS.c.hashed == hashed)).first()
        return None if row is None else token_of(row)

    def tokens(self) -> Sequence[Token]:
        """Return all tokens, the oldest first."""
        with self._reading() as connection:
            rows = connection.execute(TOKENS.select().order_by(TOKENS.c.created)).all()
        return [token_of(row) for row in rows]

    def add_token(self, token: Token) -> None:
        """Keep a token."""
        with self._writing() as connection:
            connection.execute(TOKENS.insert(), token_row(token))

    def remove_token(self, id_: str) -> bool:
        """Forget a token; returns whether it was there."""
        with self._writing() as connection:
            return connection.execute(TOKENS.delete().where(TOKENS.c.id == id_)).rowcount > 0

    # the database

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        with self._doing("read"), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        with self._doing("written"), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def _doing(self, what: str) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, OSError, ValueError) as error:
            cause = getattr(error, "orig", None) or error
            raise StoreError(f"the registry in {self.folder} cannot be {what}: {cause}") from error


def _set_up(connection: Any, record: object) -> None:
    """Make a commit wait for the disk (SQLite, "PRAGMA synchronous")."""
    del record
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
    connection.execute("PRAGMA foreign_keys = ON")


def _make_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _make_private(path: Path) -> None:
    """Make the file for its owner alone: the log's private key is in it."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))


def _take(lock: TextIO, folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise UsageError(f"another process serves {folder}: stop it, or use another") from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
