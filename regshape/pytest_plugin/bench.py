"""Runs what the tests ask of the engine: one campaign for all requirements, and single cases.

The engine runs in a thread with an event loop of its own: the loop of the tests, if they have one,
and what other plugins make of it, are left alone.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, TypeAlias

from anyio.from_thread import start_blocking_portal

from regshape.engine.runner import ReplayResult, opened, run_campaign
from regshape.engine.start import Start, version_of
from regshape.engine.target import EMBEDDED
from regshape.errors import RegShapeError, UsageError, first_of
from regshape.model import Case, Level, Requirement, Result, Violation
from regshape.pytest_plugin.aim import Aim
from regshape.pytest_plugin.failure import Replays, violation_text, write_cases
from regshape.pytest_plugin.sheet import SHEETS, Sheet, sheet_of
from regshape.report.baseline import compared
from regshape.settings import Settings

IN_PROCESS = "an ASGI application"
FAILING_LEVELS: Mapping[str, frozenset[Level]] = {
    "must": frozenset({Level.MUST}),
    "should": frozenset(Level),
    "never": frozenset(),
}
"""Which levels fail a test, by `fail_on`; as in a campaign, `should` holds for MAY too."""
Marked: TypeAlias = Callable[[], Mapping[str, Any]]
"""Returns the arguments of the marker of the test that runs."""
_LEVELS = ", ".join(FAILING_LEVELS)


def campaign(aim: Aim, *, cache: Path | None, below: Path) -> Sheet:
    """Run a campaign and return its sheet; an error of ours becomes the sheet's error.

    Args:
        aim: the registry, and what to do to it.
        cache: where minimal cases are written, if anywhere.
        below: the folder from which paths are shown.
    """
    try:
        result = _result(aim)
    except RegShapeError as error:
        return Sheet(error=str(error))
    files = {} if cache is None else write_cases(result.findings, cache, below)
    target = aim.settings.target if aim.inner is None else None
    replays = Replays(target, aim.settings.seed, files)
    return sheet_of(result, aim.entry.protocol.requirements, aim.settings.fail_on, replays)


def _result(aim: Aim) -> Result:
    known = aim.baseline.cases() if aim.baseline else ()

    async def work() -> Result:
        return await run_campaign(aim.settings, aim.entry, start=Start(known), inner=aim.inner)

    result = in_thread(work)
    if aim.inner is not None:
        result = replace(result, campaign=replace(result.campaign, target=IN_PROCESS))
    if aim.baseline is not None:
        result = compared(result, aim.baseline, datetime.now(UTC).date())
    return result


def in_thread(work: Callable[[], Awaitable[Result]]) -> Result:
    """Return what the work returns, from an event loop in a thread of its own.

    Raises:
        RegShapeError: the work raised it, alone or in a group.
    """
    with start_blocking_portal() as portal:
        try:
            return portal.call(work)
        except BaseExceptionGroup as several:
            error = first_of(several)
            raise (error or several) from None


def shared(path: Path, run: Callable[[], Sheet]) -> Sheet:
    """Return the sheet in a file, or run what makes it and put it there.

    Of several processes one runs it and the others wait. If it dies, the next one takes its place:
    the lock goes with the process.
    """
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if path.exists():
            return SHEETS.validate_json(path.read_bytes())
        sheet = run()
        beside = path.with_suffix(f".{os.getpid()}")
        beside.write_bytes(SHEETS.dump_json(sheet))
        beside.replace(path)
        return sheet


@dataclass(frozen=True, slots=True)
class Wish:
    """What one test wants judged: globs of requirements, and which levels fail it."""

    only: tuple[str, ...]
    skip: tuple[str, ...]
    fail_on: str

    @classmethod
    def read(cls, settings: Settings, marked: Mapping[str, Any]) -> Wish:
        """Return what a marker says, and the settings where it says nothing.

        Raises:
            UsageError: the marker has an argument that does not exist or does not fit.
        """
        strange = set(marked) - {"only", "skip", "fail_on"}
        fail_on = marked.get("fail_on", settings.fail_on)
        if strange or fail_on not in FAILING_LEVELS:
            raise UsageError(f"the marker regshape takes only, skip and fail_on={_LEVELS}")
        return cls(
            _globs(marked.get("only", settings.only)),
            _globs(marked.get("skip", settings.skip)),
            fail_on,
        )

    def covers(self, requirement: Requirement, level: Level | None) -> bool:
        """Return whether a violation of the requirement, at this level, fails the test."""
        if level not in FAILING_LEVELS[self.fail_on]:
            return False
        named = not self.only or any(fnmatchcase(requirement.id, glob) for glob in self.only)
        return named and not any(fnmatchcase(requirement.id, glob) for glob in self.skip)


def _globs(given: str | Iterable[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


class NotMetError(AssertionError):
    """Raised into a test whose case violates a requirement; the text says which and how."""


class CaseRunner:
    """The value of the fixture `run_case`: executes a case on the target and judges it."""

    def __init__(
        self,
        aim: Aim,
        execute: Callable[[Case], ReplayResult],
        marked: Marked,
    ) -> None:
        self._aim = aim
        self._execute = execute
        self._marked = marked

    def __call__(self, case: Case) -> ReplayResult:
        """Execute a case in a part of the registry of its own, and return what came.

        Raises:
            NotMetError: a requirement that the test covers is violated.
            UsageError: the case is of another protocol.
        """
        __tracebackhide__ = True
        protocol = self._aim.entry.protocol
        if case.protocol != protocol.name:
            raise UsageError(f"a case of {case.protocol}: --regshape-protocol is {protocol.name}")
        came = self._execute(case)
        known = {item.id: item for item in protocol.requirements}
        wish = Wish.read(self._aim.settings, self._marked())
        bad = [v for v in came.violations if self._counts(known[v.requirement], wish)]
        if bad:
            raise NotMetError("\n\n".join(self._text(v, known, came) for v in bad))
        return came

    def _counts(self, requirement: Requirement, wish: Wish) -> bool:
        version = version_of(self._aim.settings, self._aim.entry)
        level = requirement.level_in(version, self._aim.entry.protocol.versions)
        return wish.covers(requirement, level)

    def _text(self, violation: Violation, known: dict[str, Requirement], came: ReplayResult) -> str:
        target = self._aim.settings.target or EMBEDDED
        return violation_text(violation, known[violation.requirement], came.exchanges, target)


@contextmanager
def case_runner(aim: Aim, marked: Marked) -> Iterator[CaseRunner]:
    """Yield what executes single cases, one connection to the registry for all of them.

    Raises:
        TargetError: the target does not answer, or not as a registry of the protocol.
    """
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(
            opened(aim.settings, aim.entry, inner=aim.inner)
        ) as execute,
    ):
        yield CaseRunner(aim, lambda case: portal.call(execute, case), marked)
