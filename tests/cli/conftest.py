"""A catalogue and a runner that do nothing, for how options are read; the rest is end to end."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from typer.testing import CliRunner
from typer.testing import Result as Ran

from regshape.cli.main import app
from regshape.errors import RegShapeError, UsageError
from regshape.model import (
    CampaignInfo,
    Case,
    Exchange,
    Finding,
    Level,
    Mutator,
    Observer,
    Outcome,
    Requirement,
    Result,
    Step,
    Verdict,
    Violation,
)
from regshape.settings import Settings

REQUIREMENTS = (
    Requirement("OCI-CHK-03", Level.MUST, "Push", "A chunk has a range", "spec.md:364"),
    Requirement(
        "OCI-REF-01", Level.SHOULD, "Referrers", "They are listed", "spec.md:1", waiver="too slow"
    ),
)
CASE = Case("oci", (Step("patch-upload", {"size": 3}, (Mutator("bad-range", "headers", "set"),)),))
FINDING = Finding(
    "5f0c1a2b3c4d",
    "OCI-CHK-03",
    "status 202",
    "'3-' was accepted",
    CASE,
    (Exchange("PATCH", "/v2/a/blobs/uploads/1", status=202),),
    (5, 5),
    1,
    1,
    ("curl -i http://127.0.0.1:1/v2/",),
)


@dataclass(frozen=True)
class FakeProtocol:
    name: str = "oci"
    requirements: Sequence[Requirement] = REQUIREMENTS
    versions: Sequence[str] = ("1.1", "dev")
    operations: Sequence[str] = ("patch-upload",)


@dataclass(frozen=True)
class FakeDefect:
    requirements: tuple[str, ...]


@dataclass(frozen=True)
class FakeEntry:
    protocol: FakeProtocol = FakeProtocol()
    defects: Mapping[str, FakeDefect] = field(
        default_factory=lambda: {"accepts-any-range": FakeDefect(("OCI-CHK-03",))}
    )
    mutator_names: frozenset[str] = frozenset({"bad-range", "drop-digest"})
    tokens: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class FakeReplay:
    exchanges: tuple[Exchange, ...]
    violations: tuple[Violation, ...]
    judged: tuple[str, ...]
    seen: int = 1
    tried: int = 1


@dataclass
class FakeRunner:
    """What the campaign is to come to, and the settings it was asked for with."""

    asked: list[Settings] = field(default_factory=list)
    starts: list[Any] = field(default_factory=list)
    outcome: Outcome = Outcome.FAIL
    ended_by: str = "time"
    error: RegShapeError | None = None
    replayed: list[Case] = field(default_factory=list)
    violations: tuple[Violation, ...] = ()

    async def run_campaign(
        self,
        settings: Settings,
        entry: Any,
        observers: Sequence[Observer],
        *,
        stop: Any = None,
        start: Any = None,
    ) -> Result:
        self.asked.append(settings)
        self.starts.append(start)
        if self.error is not None:
            raise self.error
        info = CampaignInfo(
            "c0ffee" + "0" * (len(self.asked) - 1),
            "oci",
            "1.1",
            str(settings.target),
            None,
            settings.seed,
            "2026-11-21T10:00:00Z",
        )
        (observer,) = observers
        observer.started(info)
        observer.phase("search", None)
        observer.progress(replace(info, cases=3, requests=9, seconds=1.5))
        findings = (FINDING,) if self.outcome in (Outcome.FAIL, Outcome.WARN) else ()
        for finding in findings:
            observer.finding(finding)
        ids = tuple(finding.id for finding in findings)
        verdict = Verdict("OCI-CHK-03", Level.MUST, self.outcome, 9, None, ids)
        observer.verdict(verdict)
        ended = replace(info, cases=3, requests=9, seconds=1.5, ended_by=self.ended_by)
        result = Result(ended, (verdict,), findings)
        observer.finished(result)
        return result

    async def replay(self, settings: Settings, entry: Any, case: Case) -> FakeReplay:
        self.asked.append(settings)
        self.replayed.append(case)
        return FakeReplay(FINDING.exchanges, self.violations, ("OCI-CHK-03",))


def find(name: str) -> FakeEntry:
    if name != "oci":
        raise UsageError(f"no protocol {name!r}: there is oci")
    return FakeEntry()


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeRunner:
    fake = FakeRunner()
    catalog: Any = ModuleType("regshape.catalog")
    catalog.PROTOCOLS, catalog.find = {"oci": FakeEntry()}, find
    engine: Any = ModuleType("regshape.engine.runner")
    engine.run_campaign, engine.replay = fake.run_campaign, fake.replay
    monkeypatch.setitem(sys.modules, "regshape.catalog", catalog)
    monkeypatch.setitem(sys.modules, "regshape.engine.runner", engine)
    monkeypatch.delitem(sys.modules, "regshape.cli.run", raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    for name in ("ROOT_URL", "NAMESPACE", "USERNAME", "PASSWORD"):
        monkeypatch.delenv(f"OCI_{name}", raising=False)
        monkeypatch.delenv(f"REGSHAPE_{name}", raising=False)
    return fake


def run(*words: str, stdin: str | None = None, columns: int = 80) -> Ran:
    return CliRunner().invoke(
        app, list(words), input=stdin, env={"COLUMNS": str(columns), "TERM": "dumb"}
    )


@pytest.fixture
def cli() -> Any:
    return run
