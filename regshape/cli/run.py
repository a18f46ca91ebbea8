"""Runs a campaign for the command line: records it, shows it, reports it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import typer

from regshape.cli.embedded import embedded_target
from regshape.cli.interrupt import until_stopped
from regshape.cli.known import Known
from regshape.cli.relabel import Relabelled
from regshape.cli.screen import in_ci, plain_console
from regshape.cli.sentences import FAILED, INTERRUPTED, OK, UNREACHABLE, USAGE, say_error
from regshape.engine.access import Access
from regshape.engine.progress import Checkpoint
from regshape.engine.record import Recorder, Store, open_store
from regshape.engine.runner import run_campaign
from regshape.engine.start import Start
from regshape.errors import RegShapeError, StoreError, UsageError
from regshape.model import Case, Observer, Outcome, Result
from regshape.report.choose import ReportOrder, append_summary, choose_orders, watching, write
from regshape.report.document import render
from regshape.report.live import LiveProgress
from regshape.report.terminal import print_result
from regshape.settings import Settings

if TYPE_CHECKING:
    from regshape.catalog import Entry


CI_SUMMARY = "GITHUB_STEP_SUMMARY"
"""Names the file whose Markdown GitHub shows on the page of a job."""


@contextmanager
def registry_of(settings: Settings, access: Access, entry: Entry) -> Iterator[Settings]:
    """Yield the settings with the target; without one, with an embedded registry for so long."""
    if access.url is not None:
        yield settings.model_copy(update={"target": access.url})
        return
    with embedded_target(settings, entry, access.defects) as aimed:
        yield aimed


class Run:
    """One run of `regshape fuzz`, once its options are known to make sense."""

    def __init__(
        self,
        settings: Settings,
        entry: Entry,
        access: Access,
        known: Known,
        *,
        as_json: bool,
        kept: Checkpoint | None = None,
    ) -> None:
        self._settings = settings
        self._entry = entry
        self._access = access
        self._known = known
        self._as_json = as_json
        self._kept = kept
        self._errors: list[RegShapeError] = []
        self._stderr = plain_console(stderr=True)

    def whole(self, store_url: str, reports: Sequence[str]) -> int:
        """Return the exit status; everything that can be wrong is said before the first request."""
        orders = choose_orders(reports)
        store = open_store(store_url)
        try:
            with watching(orders, self._report_broke) as writers:
                result = self._fuzz(store, writers)
        finally:
            store.close()
        result = self._compared(result)
        self._show(result)
        self._write(orders, result)
        return self._status(result)

    def _fuzz(self, store: Store, writers: Sequence[Observer]) -> Result:
        recorder = Recorder(store, self._store_broke)
        start = Start(self._known_cases(store), recorder, self._kept)
        with (
            registry_of(self._settings, self._access, self._entry) as settings,
            self._progress() as displays,
        ):
            if not self._as_json:
                again = f", going on with {self._kept.origin.id}" if self._kept else ""
                named = f"{settings.protocol}, --seed {settings.seed}{again}"
                typer.echo(f"fuzzing {self._access.label} ({named})")
            told = [recorder, *writers, *displays]
            observers = Relabelled(told, self._access, settings.protocol, settings.target or "")

            async def work(stop: anyio.Event) -> Result:
                return await run_campaign(
                    settings, self._entry, [observers], stop=stop, start=start
                )

            return observers.result(anyio.run(until_stopped, work))

    def _known_cases(self, store: Store) -> tuple[Case, ...]:
        """Return what failed before on this target, and what the baseline knows to fail."""
        cases = store.known_cases(self._access.label, self._settings.protocol)
        return (*cases, *(case for case in self._known.cases() if case not in cases))

    @contextmanager
    def _progress(self) -> Iterator[list[Observer]]:
        if self._as_json or not self._stderr.is_terminal or in_ci():
            yield []
            return
        live = LiveProgress(self._stderr, self._settings.time)
        try:
            yield [live]
        finally:
            live.close()

    def _store_broke(self, error: StoreError) -> None:
        self._errors.append(error)
        self._stderr.print(f"error: {error}; what follows is not recorded", soft_wrap=True)

    def _report_broke(self, error: UsageError) -> None:
        self._errors.append(error)
        self._stderr.print(f"error: {error}", soft_wrap=True)

    def _show(self, result: Result) -> None:
        requirements = self._entry.protocol.requirements
        if self._as_json:
            typer.echo(render(result, requirements), nl=False)
            return
        console = plain_console()
        print_result(console, result, requirements)
        console.print(f"\n{self._closing(result)}")

    def _write(self, orders: Sequence[ReportOrder], result: Result) -> None:
        requirements = self._entry.protocol.requirements
        writers = [partial(write, order) for order in orders]
        if summary := os.environ.get(CI_SUMMARY):
            writers.append(partial(append_summary, Path(summary)))
        for writer in writers:
            try:
                writer(result, requirements)
            except UsageError as error:
                self._errors.append(error)
                say_error(str(error))

    def _compared(self, result: Result) -> Result:
        try:
            return self._known.compared(result)
        except UsageError as error:
            self._errors.append(error)
            say_error(str(error))
            return result

    def _failures(self, result: Result) -> int:
        counted = {
            "must": (Outcome.FAIL,),
            "should": (Outcome.FAIL, Outcome.WARN),
            "never": (),
        }[self._settings.fail_on]
        return sum(
            verdict.outcome in counted and not result.is_excused(verdict)
            for verdict in result.verdicts
        )

    def _status(self, result: Result) -> int:
        ended = {"interrupt": INTERRUPTED, "target-lost": UNREACHABLE}
        if result.campaign.ended_by in ended:
            return ended[result.campaign.ended_by]
        if self._failures(result):
            return FAILED
        return USAGE if self._errors else OK

    def _closing(self, result: Result) -> str:
        status = self._status(result)
        if status in (INTERRUPTED, UNREACHABLE):
            why = "interrupted" if status == INTERRUPTED else "the target was lost"
            return f"{why}; what was learnt is recorded: exit status {status}"
        failures = self._failures(result)
        if failures:
            verb = "requirement is" if failures == 1 else "requirements are"
            beyond = ", beyond the baseline" if result.baseline else ""
            rule = f"--fail-on {self._settings.fail_on}"
            return f"{failures} {verb} not met{beyond} ({rule}): exit status 1"
        unsure = sum(verdict.outcome is Outcome.INCONCLUSIVE for verdict in result.verdicts)
        but = f", {unsure} inconclusive" if unsure else ""
        beyond = " beyond the baseline" if result.baseline else ""
        rule = f"--fail-on {self._settings.fail_on}"
        return f"nothing failed{beyond}{but} ({rule}): exit status {status}"
