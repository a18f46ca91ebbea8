"""Where a campaign starts: as a new one, or where another process left it."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeAlias

import hypothesis

from regshape import __version__
from regshape.engine.progress import Checkpoint, Journal, Origin
from regshape.errors import UsageError
from regshape.model import Case
from regshape.report.codec import case_to_json
from regshape.settings import Settings

if TYPE_CHECKING:
    from regshape.catalog import Entry

Lists: TypeAlias = Mapping[str, Sequence[Case]]
"""The cases of the phases that have a list of them, in their order."""

SALT_LENGTH = 8


@dataclass(frozen=True, slots=True)
class Start:
    """Cases that are known to fail and come first; who keeps how far it comes; what was kept."""

    known: tuple[Case, ...] = ()
    journal: Journal | None = None
    kept: Checkpoint | None = None

    def checkpoint(self, settings: Settings) -> Checkpoint:
        """Return what was kept, or a beginning with an id of its own."""
        if self.kept is not None:
            return self.kept
        started = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        shown = settings.model_dump(mode="json", exclude=_secrets(settings))
        return Checkpoint(Origin(secrets.token_hex(8), started, shown, self.known, ""))


def _secrets(settings: Settings) -> set[str]:
    return {name for name in type(settings).model_fields if "password" in name or name == "tokens"}


def version_of(settings: Settings, entry: Entry) -> str:
    """Return the version of the document to judge by.

    Raises:
        UsageError: the protocol's document has no such version.
    """
    versions = entry.protocol.versions
    if settings.spec is None:
        return versions[0]
    if settings.spec not in versions:
        raise UsageError(f"no version {settings.spec!r}: there is {', '.join(versions)}")
    return settings.spec


def fingerprint(lists: Lists) -> str:
    """Return what changes with any case of the lists, and with whatever the search draws from."""
    parts = [__version__, hypothesis.__version__]
    parts += [
        f"{name} {json.dumps(case_to_json(case), sort_keys=True)}"
        for name, cases in lists.items()
        for case in cases
    ]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def salt_start(origin: Origin) -> str:
    """Return the beginning of all salts of one process that works on a campaign.

    One that goes on after another has its own, since what was in flight is run again.
    """
    run = f"v{origin.run}x" if origin.run else ""
    return f"{origin.id[:SALT_LENGTH]}{run}"
