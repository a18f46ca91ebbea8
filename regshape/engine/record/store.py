"""Opening a verdict store and reading it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from regshape.engine.progress import Checkpoint
from regshape.engine.record.parts import ORIGIN, PROGRESS_PART, SEEN
from regshape.engine.record.rows import (
    CAMPAIGNS,
    FINDINGS,
    METADATA,
    PROGRESS,
    SCHEMA,
    SCHEMA_VERSION,
    STEPS,
    VERDICTS,
    campaign_of,
    finding_of,
    verdict_of,
)
from regshape.errors import StoreError, UsageError
from regshape.model import CampaignInfo, Case, Finding, Outcome, Result

DEFAULT_STORE = ".regshape/verdicts.sqlite"
BUSY_SECONDS = 10.0
SHOWN_IDS = 5
MOST_KNOWN = 500
"""Cases of earlier findings that a campaign begins with, at most; the newest."""


class Store:
    """An open verdict store; close it when done."""

    def __init__(self, where: str, engine: sa.Engine) -> None:
        self.where = where
        self.engine = engine

    def close(self) -> None:
        """Let go of the database's connections."""
        self.engine.dispose()

    @contextmanager
    def mapped(self, doing: str) -> Iterator[None]:
        """Turn what the database raises inside into a `StoreError`: X cannot be `doing`."""
        try:
            yield
        # json raises ValueError where somebody else wrote into our columns
        except (SQLAlchemyError, OSError, ValueError) as error:
            raise StoreError(
                f"the verdict store {self.where} cannot be {doing}: {_cause(error)}"
            ) from error

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """Yield a connection whose work is committed at the end; failures are `StoreError`."""
        with self.mapped("written"), self.engine.begin() as connection:
            yield connection

    def campaigns(self, limit: int | None = 20) -> list[CampaignInfo]:
        """Return the newest campaigns, newest first; without a limit, all."""
        query = sa.select(CAMPAIGNS).order_by(CAMPAIGNS.c.row.desc()).limit(limit)
        return [campaign_of(row) for row in self._rows(query)]

    def named(self, name: str) -> CampaignInfo:
        """Return the campaign of a name.

        A name is `latest`, a target, an implementation (each may be followed by `@SPEC`), or the
        beginning of an id; `~1` after it is the one before the newest that it fits, and so on.

        Raises:
            UsageError: it fits none, or as an id several; the message says which there are.
            StoreError: the store cannot be read.
        """
        base, back = _split(name)
        fitting = [info for info in self.campaigns(None) if _fits(base, info)]
        if not fitting and not back:
            return campaign_of(self._one(CAMPAIGNS, base, "campaign"))
        if len(fitting) <= back:
            raise UsageError(
                f"{name!r} goes back too far: {self.where} has {len(fitting)} such campaigns"
            )
        return fitting[back]

    def result(self, campaign_id: str) -> Result:
        """Return what is known of a campaign; `named` says which, and what is raised."""
        info = self.named(campaign_id)
        findings = tuple(
            self._finding(row)
            for row in self._rows(
                sa.select(FINDINGS).where(FINDINGS.c.campaign == info.id).order_by(FINDINGS.c.row)
            )
        )
        verdicts = self._rows(
            sa.select(VERDICTS).where(VERDICTS.c.campaign == info.id).order_by(VERDICTS.c.row)
        )
        return Result(info, tuple(verdict_of(row, findings) for row in verdicts), findings)

    def outcomes(self, campaign_id: str) -> dict[str, int]:
        """Return how many requirements of exactly that campaign have which outcome."""
        query = (
            sa.select(VERDICTS.c.outcome, sa.func.count().label("number"))
            .where(VERDICTS.c.campaign == campaign_id)
            .group_by(VERDICTS.c.outcome)
        )
        counts = {row["outcome"]: row["number"] for row in self._rows(query)}
        return {outcome.value: counts[outcome.value] for outcome in Outcome if outcome in counts}

    def finding(self, id_prefix: str) -> Finding:
        """Return the newest finding whose id begins like this; raises as `result` does."""
        return self.found(id_prefix)[1]

    def found(self, id_prefix: str) -> tuple[CampaignInfo, Finding]:
        """Return such a finding with the campaign that made it; raises as `result` does."""
        row = self._one(FINDINGS, id_prefix, "finding")
        info = self._one(CAMPAIGNS, row["campaign"], "campaign")
        return campaign_of(info), self._finding(row)

    def known_cases(self, target: str, protocol: str) -> tuple[Case, ...]:
        """Return the minimal cases of all that was found on a target, the more broken ones first.

        A case with more mutators shows less general failures, which would count as explained once
        the general one is known.
        """
        query = (
            sa.select(FINDINGS)
            .join(CAMPAIGNS, CAMPAIGNS.c.id == FINDINGS.c.campaign)
            .where(CAMPAIGNS.c.target == target, CAMPAIGNS.c.protocol == protocol)
            .order_by(FINDINGS.c.row)
        )
        newest = {row["id"]: self._finding(row) for row in self._rows(query)}
        findings = list(newest.values())[-MOST_KNOWN:]
        findings.sort(key=lambda finding: -finding.mutators)
        return tuple(finding.case for finding in findings)

    def checkpoint(self, campaign_id: str) -> tuple[CampaignInfo, Checkpoint]:
        """Return how far the campaign came whose id begins like this, for who goes on with it.

        Raises:
            UsageError: there is no such campaign, or it has come to its end.
            StoreError: the store cannot be read.
        """
        result = self.result(campaign_id)
        info = result.campaign
        parts = {
            row["part"]: row["data"]
            for row in self._rows(sa.select(PROGRESS).where(PROGRESS.c.campaign == info.id))
        }
        if "origin" not in parts:
            raise UsageError(f"campaign {info.id} has come to its end: there is nothing to resume")
        with self.mapped("read"):
            origin = ORIGIN.validate_python(parts["origin"])
            progress = PROGRESS_PART.validate_python(parts.get("progress", {}))
            seen = SEEN.validate_python(parts.get("seen", {}))
        origin = replace(origin, run=origin.run + 1)
        return info, Checkpoint(origin, progress, seen, result.findings)

    def latest_of_each(self, protocol: str) -> list[Result]:
        """Return the newest campaign of each target and implementation, oldest first."""
        newest: dict[tuple[str, str | None], CampaignInfo] = {}
        for info in self.campaigns(None):
            if info.protocol == protocol:
                newest.setdefault((info.target, info.implementation), info)
        return [self.result(info.id) for info in reversed(newest.values())]

    def sightings(self, finding: str) -> list[CampaignInfo]:
        """Return the campaigns that have made a finding of exactly that id, newest first."""
        query = (
            sa.select(CAMPAIGNS)
            .join(FINDINGS, CAMPAIGNS.c.id == FINDINGS.c.campaign)
            .where(FINDINGS.c.id == finding)
            .order_by(CAMPAIGNS.c.row.desc())
        )
        return [campaign_of(row) for row in self._rows(query)]

    def _one(self, table: sa.Table, prefix: str, noun: str) -> dict[str, Any]:
        matching = self._rows(
            sa.select(table)
            .where(table.c.id.startswith(prefix, autoescape=True))
            .order_by(table.c.row.desc())
        )
        exact = [row for row in matching if row["id"] == prefix]
        ids = list(dict.fromkeys(row["id"] for row in matching))
        if exact or len(ids) == 1:
            return (exact or matching)[0]
        raise UsageError(self._which(table, prefix, noun, ids))

    def _which(self, table: sa.Table, prefix: str, noun: str, ids: Sequence[str]) -> str:
        if ids:
            return f"several {noun}s begin with {prefix!r}: {_listed(ids)}"
        newest = sa.select(table.c.id).order_by(table.c.row.desc()).limit(100)
        known = list(dict.fromkeys(row["id"] for row in self._rows(newest)))
        there = f"it has {_listed(known)}" if known else f"it has no {noun}s yet"
        return f"no {noun} of {self.where} begins with {prefix!r}; {there}"

    def _finding(self, row: dict[str, Any]) -> Finding:
        return finding_of(row, f"finding {row['id']} of {self.where}")

    def _rows(self, query: sa.Select[Any]) -> list[dict[str, Any]]:
        with self.mapped("read"), self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(query).mappings()]


def open_store(url: str = DEFAULT_STORE, *, create: bool = True) -> Store:
    """Return the store at a path or a SQLAlchemy URL; with `create`, made if need be and writable.

    Raises:
        StoreError: it cannot be opened, is not a verdict store, or has another version's form.
    """
    address = _address(url)
    where = address.database if address.drivername.startswith("sqlite") else None
    store = Store(where or address.render_as_string(), _engine(address, create=create))
    try:
        with store.mapped("opened"):
            _prepare(store, create=create)
    except BaseException:
        store.close()
        raise
    return store


def _address(url: str) -> sa.URL:
    if "://" not in url:
        return sa.URL.create("sqlite", database=url)
    try:
        return sa.make_url(url)
    except SQLAlchemyError as error:
        raise StoreError(f"--store {url!r} is neither a path nor a database URL") from error


def _engine(address: sa.URL, *, create: bool) -> sa.Engine:
    sqlite = address.get_backend_name() == "sqlite"
    if sqlite and address.database:
        _make_room(Path(address.database), create=create)
    try:
        engine = sa.create_engine(address, connect_args={"timeout": BUSY_SECONDS} if sqlite else {})
    except (SQLAlchemyError, ImportError) as error:
        raise StoreError(
            f"--store {address.render_as_string()} needs a database driver: {error}"
        ) from error
    if sqlite:
        sa.event.listen(engine, "connect", _tune)
    return engine


def _make_room(path: Path, *, create: bool) -> None:
    if str(path).startswith((":memory:", "file:")):
        return
    if not create and not path.exists():
        raise StoreError(f"there is no verdict store at {path} yet: `regshape fuzz` makes one")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(
            f"the verdict store {path} cannot be made: {error.strerror}; name another with --store"
        ) from error


def _tune(connection: Any, _record: object) -> None:
    # In WAL mode a commit is in the kernel's hands with NORMAL already: killing the process loses
    # nothing. FULL would guard against power cuts too, at a pause of the event loop per commit.
    connection.execute("PRAGMA synchronous=NORMAL")


def _prepare(store: Store, *, create: bool) -> None:
    version = _version(store)
    if version is None and not create:
        raise StoreError(f"{store.where} is empty: `regshape fuzz` fills it")
    if version is not None and not 1 <= version <= SCHEMA_VERSION:
        raise StoreError(
            f"the verdict store {store.where} has form {version}, and this RegShape reads form "
            f"{SCHEMA_VERSION}: name another with --store, or use the RegShape that wrote it"
        )
    if version is not None and version < SCHEMA_VERSION:
        _migrate(store, version)
    if not create:
        return
    if store.engine.dialect.name == "sqlite":
        with store.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA journal_mode=WAL")
    if version is None:
        _create(store)
    with store.engine.begin() as connection:  # shows that it can be written
        connection.execute(sa.update(SCHEMA).values(version=SCHEMA_VERSION))


def _version(store: Store) -> int | None:
    tables = sa.inspect(store.engine).get_table_names()
    if tables and SCHEMA.name not in tables:
        raise StoreError(
            f"{store.where} is a database of something else: name another with --store"
        )
    if not tables:
        return None
    with store.engine.connect() as connection:
        return connection.execute(sa.select(SCHEMA.c.version)).scalar()


def _create(store: Store) -> None:
    # Several campaigns may make the store at the same moment: who fails found a table made since.
    for _ in METADATA.tables:
        with suppress(SQLAlchemyError):
            METADATA.create_all(store.engine)
    METADATA.create_all(store.engine)
    if _version(store) is None:
        with store.engine.begin() as connection:
            connection.execute(sa.insert(SCHEMA).values(version=SCHEMA_VERSION))


def _migrate(store: Store, version: int) -> None:
    """Bring an older store to the form of today, in one step or not at all."""
    with store.engine.begin() as connection:
        # Whoever comes second waits here, and finds it done.
        connection.execute(sa.update(SCHEMA).values(version=SCHEMA.c.version))
        now = connection.execute(sa.select(SCHEMA.c.version)).scalar()
        METADATA.create_all(connection)
        for step in range(version if now is None else now, SCHEMA_VERSION):
            for statement in STEPS[step]:
                connection.exec_driver_sql(statement)
        connection.execute(sa.update(SCHEMA).values(version=SCHEMA_VERSION))


_BACK = re.compile(r"~(\d+)$")


def _split(name: str) -> tuple[str, int]:
    """Return a name without what says how many to go back, and that number."""
    back = _BACK.search(name)
    return (name[: back.start()], int(back[1])) if back else (name, 0)


def _fits(base: str, info: CampaignInfo) -> bool:
    names = ("latest", info.target, info.implementation)
    return base in names or base in {f"{name}@{info.spec}" for name in names if name}


def _listed(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - SHOWN_IDS} more" if len(ids) > SHOWN_IDS else ""
    return ", ".join(ids[:SHOWN_IDS]) + more


def _cause(error: Exception) -> str:
    text = str(getattr(error, "orig", None) or error)
    return text.strip().splitlines()[0] if text.strip() else type(error).__name__
