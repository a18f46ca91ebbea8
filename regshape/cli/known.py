"""The baseline of a run of `regshape fuzz`: read before, compared with, written after."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path

from regshape.errors import UsageError
from regshape.model import Case, Comparison, RegistryProtocol, Result
from regshape.report.baseline import (
    Baseline,
    compared,
    read_baseline,
    updated,
    write_baseline,
)
from regshape.report.wording import CUT_SHORT


@dataclass(frozen=True, slots=True)
class Known:
    """What is known to fail, where that is written, and whether this run may write it anew."""

    path: Path | None
    baseline: Baseline | None
    update: bool

    @classmethod
    def read(cls, path: Path | None, protocol: RegistryProtocol, *, update: bool) -> Known:
        """Return what the options name; one that is to be updated need not be there yet.

        Raises:
            CaseError: the file cannot be read, or is no baseline.
            UsageError: it is of another protocol, or there is no file to update.
        """
        if path is None:
            if update:
                raise UsageError("--update-baseline needs --baseline FILE")
            return cls(None, None, update=False)
        if update and not path.exists():
            baseline = Baseline(protocol.name, protocol.versions[0])
        else:
            baseline = read_baseline(path, protocol.name)
        if update:
            write_baseline(path, baseline)  # what stands in the way is said before the campaign
        return cls(path, baseline, update)

    def cases(self) -> tuple[Case, ...]:
        """Return the minimal cases that the baseline has."""
        return self.baseline.cases() if self.baseline else ()

    def compared(self, result: Result) -> Result:
        """Return the result with what the baseline says of it, the file written if asked to.

        Raises:
            UsageError: the file cannot be written.
        """
        if self.path is None or self.baseline is None:
            return result
        today = datetime.now(UTC).date()
        told = compared(result, self.baseline, today)
        if not self.update or result.campaign.ended_by in CUT_SHORT:
            return told
        return self._updated(self.path, self.baseline, told, today)

    @staticmethod
    def _updated(path: Path, baseline: Baseline, told: Result, today: date) -> Result:
        following = updated(baseline, told, today)
        write_baseline(path, following)
        after = compared(told, following, today).baseline or Comparison()
        fixed = told.baseline.fixed if told.baseline else ()
        return replace(told, baseline=replace(after, fixed=fixed))
