"""The observer that writes a campaign into a store while it runs.

The rule: what was reported is committed. A finding and a change of a verdict's outcome are written
before the call returns; only counts wait, for a second at most.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace

import sqlalchemy as sa

from regshape.engine.progress import Origin, Progress, Seen
from regshape.engine.record.parts import ORIGIN, PROGRESS_PART, SEEN
from regshape.engine.record.rows import (
    CAMPAIGNS,
    FINDINGS,
    PROGRESS,
    VERDICTS,
    campaign_row,
    finding_row,
    verdict_row,
)
from regshape.engine.record.store import Store
from regshape.errors import StoreError
from regshape.model import CampaignInfo, Finding, Outcome, Result, Verdict

RESUMABLE = frozenset({"running", "interrupt", "target-lost"})
"""How campaigns end that another process can go on with."""
FLUSH_SECONDS = 1.0
"""Longest time that counts wait for being written."""


class Recorder:
    """The observer that writes a campaign into a store as it goes.

    A store that breaks in mid-campaign does not end the campaign: the recorder remembers why in
    `broken`, tells `on_broken` once, and writes no more.
    """

    def __init__(self, store: Store, on_broken: Callable[[StoreError], None]) -> None:
        self.broken: StoreError | None = None
        self._store = store
        self._on_broken = on_broken
        self._campaign = ""
        self._flushed = 0.0
        self._outcomes: dict[str, tuple[Outcome, str | None]] = {}

    def started(self, campaign: CampaignInfo) -> None:
        """Write the campaign's row, as running; there is one already if it goes on."""
        self._campaign = campaign.id
        self._flushed = time.monotonic()
        running = replace(campaign, ended_by="running")
        self._write(lambda connection: _begin(connection, running))

    def phase(self, name: str, total: int | None) -> None:
        """Phases are not recorded."""

    def progress(self, campaign: CampaignInfo) -> None:
        """Write the counts, if the last time is long enough ago."""
        if time.monotonic() - self._flushed < FLUSH_SECONDS:
            return
        self._flushed = time.monotonic()
        self._write(lambda connection: _update(connection, replace(campaign, ended_by="running")))

    def verdict(self, verdict: Verdict) -> None:
        """Write a verdict whose outcome or reason is new."""
        known = (verdict.outcome, verdict.reason)
        if self._outcomes.get(verdict.requirement) == known:
            return
        self._outcomes[verdict.requirement] = known
        self._write(lambda connection: _upsert(connection, self._campaign, verdict))

    def finding(self, finding: Finding) -> None:
        """Write a finding."""
        self._write(lambda connection: _put(connection, self._campaign, finding))

    def finished(self, result: Result) -> None:
        """Write everything as it ended, verdicts in the order of the requirements."""
        self._write(lambda connection: _replace(connection, result))

    def begin(self, origin: Origin) -> None:
        """Write what the campaign began with, so that another process can go on."""
        data = ORIGIN.dump_python(origin, mode="json")
        self._write(lambda connection: _keep(connection, origin.id, {"origin": data}))

    def save(self, campaign: str, progress: Progress, seen: Seen | None) -> None:
        """Write how far the campaign has come; may run in a thread of its own."""
        parts = {"progress": PROGRESS_PART.dump_python(progress, mode="json")}
        if seen is not None:
            parts["seen"] = SEEN.dump_python(seen, mode="json")
        self._write(lambda connection: _keep(connection, campaign, parts))

    def _write(self, work: Callable[[sa.Connection], object]) -> None:
        if self.broken is not None:
            return
        try:
            with self._store.write() as connection:
                work(connection)
        except StoreError as error:
            self.broken = error
            self._on_broken(error)


def _begin(connection: sa.Connection, campaign: CampaignInfo) -> None:
    mine = CAMPAIGNS.c.id == campaign.id
    if connection.execute(sa.select(CAMPAIGNS.c.id).where(mine)).scalar() is None:
        connection.execute(sa.insert(CAMPAIGNS), campaign_row(campaign))
    else:
        _update(connection, campaign)


def _keep(connection: sa.Connection, campaign: str, parts: Mapping[str, object]) -> None:
    for part, data in parts.items():
        mine = (PROGRESS.c.campaign == campaign) & (PROGRESS.c.part == part)
        changed = connection.execute(sa.update(PROGRESS).where(mine).values(data=data))
        if not changed.rowcount:
            row = {"campaign": campaign, "part": part, "data": data}
            connection.execute(sa.insert(PROGRESS), row)


def _update(connection: sa.Connection, campaign: CampaignInfo) -> None:
    row = campaign_row(campaign)
    connection.execute(sa.update(CAMPAIGNS).where(CAMPAIGNS.c.id == campaign.id).values(row))


def _upsert(connection: sa.Connection, campaign: str, verdict: Verdict) -> None:
    row = verdict_row(campaign, verdict)
    changed = connection.execute(
        sa.update(VERDICTS)
        .where(VERDICTS.c.campaign == campaign)
        .where(VERDICTS.c.requirement == verdict.requirement)
        .values(row)
    )
    if not changed.rowcount:
        connection.execute(sa.insert(VERDICTS), row)


def _put(connection: sa.Connection, campaign: str, finding: Finding) -> None:
    mine = (FINDINGS.c.campaign == campaign) & (FINDINGS.c.id == finding.id)
    connection.execute(sa.delete(FINDINGS).where(mine))
    connection.execute(sa.insert(FINDINGS), finding_row(campaign, finding))


def _replace(connection: sa.Connection, result: Result) -> None:
    campaign = result.campaign.id
    for finding in result.findings:
        _put(connection, campaign, finding)
    connection.execute(sa.delete(VERDICTS).where(VERDICTS.c.campaign == campaign))
    rows = [verdict_row(campaign, verdict) for verdict in result.verdicts]
    if rows:
        connection.execute(sa.insert(VERDICTS), rows)
    _update(connection, result.campaign)
    if result.campaign.ended_by not in RESUMABLE:
        connection.execute(sa.delete(PROGRESS).where(PROGRESS.c.campaign == campaign))
