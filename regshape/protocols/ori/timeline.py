"""A time of one's own, which a case may have at the registry that is embedded for campaigns.

There each case has its own clock, which it sets ahead, and its own windows of the rate limits: so
it sees what happens after 72 hours, or to one request too many, and keeps no other case waiting.
No other registry is expected to know the header.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

HEADER = "RegShape-Time"
"""Says which time a request is in; an answer with it says that the registry knows what that is."""
OWN_TIME = "own-time"
"""The capability of a target that knows it."""
_TEXT = re.compile(r"([a-z0-9]{1,64})\+([0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class Timeline:
    """Whose time it is, and how many seconds it is ahead of everybody else's."""

    name: str
    ahead: int = 0

    def __str__(self) -> str:
        """Return it as the header has it."""
        return f"{self.name}+{self.ahead}"


def read_timeline(text: str) -> Timeline | None:
    """Return the time that a header tells of, or None where it tells of none."""
    found = _TEXT.fullmatch(text)
    return None if found is None else Timeline(found[1], int(found[2]))
