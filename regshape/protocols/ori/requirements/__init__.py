"""The requirements on an Ori registry, as a table: ORI-01 to ORI-62, and what decisions add.

Where one answer violates several in the same aspect, the first of the table is reported: rows that
say more about the cause stand before rows that say less.
"""

from collections.abc import Mapping
from dataclasses import replace

from regshape.model import Requirement
from regshape.protocols.http import HTTP_REQUIREMENTS
from regshape.protocols.ori.requirements.changes import CHANGES
from regshape.protocols.ori.requirements.limits import LIMITS
from regshape.protocols.ori.requirements.logging_rows import LOGGING
from regshape.protocols.ori.requirements.methods import METHODS
from regshape.protocols.ori.requirements.overlaps import OVERLAPS
from regshape.protocols.ori.requirements.publishes import PUBLISHES
from regshape.protocols.ori.requirements.rights import RIGHTS
from regshape.protocols.ori.requirements.versions import VERSIONS
from regshape.protocols.ori.state import OWN_TOKEN

_ROWS: tuple[Requirement, ...] = (
    *RIGHTS,
    *LIMITS,
    *PUBLISHES,
    *CHANGES,
    *VERSIONS,
    *LOGGING,
    *OVERLAPS,
    *METHODS,
    *HTTP_REQUIREMENTS,
)

FOLLOWS: Mapping[str, tuple[str, ...]] = {
    # what answers wrongly answers every request wrongly
    "ORI-13": ("HTTP-04",),
    "ORI-41": ("ORI-29", "HTTP-03"),
    "ORI-44": ("ORI-42",),
    "ORI-45": ("ORI-42",),
    "ORI-58": ("HTTP-06",),
    "HTTP-07": ("HTTP-01",),
    # whose package it is, and who is let in
    "ORI-33": ("ORI-32",),
    "ORI-34": ("ORI-37",),
    "ORI-24": ("ORI-25", "ORI-35"),
    "ORI-25": ("ORI-35",),
    "ORI-69": ("ORI-25",),
    # what is there
    "ORI-09": ("ORI-10",),
    "ORI-15": ("ORI-14",),
    "ORI-64": ("ORI-08",),
    # the log
    "ORI-55": ("ORI-57",),
    "ORI-57": ("ORI-56",),
}
"""Which violations bring others with them: what follows is told with what it follows from."""

PUBLIC = frozenset({
    "ORI-02",  # what is not there
    "ORI-13", "ORI-34",  # a change without a token, and what the token for reads is for
    "ORI-28", "ORI-29", "ORI-30",  # searches that need nothing to be found, advisories
    "ORI-41", "ORI-42", "ORI-43", "ORI-45", "ORI-46",  # limits, and those of who has no token
    "ORI-56", "ORI-66",  # the log
    "ORI-58",  # methods
    *(item.id for item in HTTP_REQUIREMENTS),
})  # fmt: skip
"""What a registry owes to who has no token, too; all else needs something of one's own in it."""


def _row(item: Requirement) -> Requirement:
    needs = item.needs if item.id in PUBLIC or not item.checked else (OWN_TOKEN, *item.needs)
    return replace(item, needs=needs, follows=FOLLOWS.get(item.id, ()))


REQUIREMENTS: tuple[Requirement, ...] = tuple(map(_row, _ROWS))
