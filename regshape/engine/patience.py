"""Ask again, before anything is judged, where what was accepted may take effect later.

A 202 says that a request was accepted, not that it was carried out (RFC 9110, section 15.3.3). Only
an answer that may be early is asked for again, so that others cost nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import anyio

from regshape.model import Call, Exchange

FIRST_DELAY = 0.05


@dataclass(slots=True)
class Patience:
    """How long a target is waited for: `full` seconds after the last change.

    `longest` is the longest wait that was not in vain.
    """

    full: float
    longest: float = 0.0
    in_vain: bool = False
    rest_in_vain: bool = False

    def grace(self, *, patient: bool = False) -> float:
        """Return the seconds to wait: once that was in vain, twice what it took at other times.

        So a target on which a change never takes effect costs the full grace once, and once more
        for each finding, which is confirmed with `patient`.
        """
        return self.full if patient or not self.in_vain else min(self.full, 2 * self.longest)

    def rest(self) -> float:
        """Return the seconds after which what a race left is read once more.

        While nothing is known of late changes that is the full grace, until it was in vain.
        """
        if self.longest:
            return 2 * self.longest
        return 0.0 if self.rest_in_vain else self.full

    def rested(self, seconds: float, *, in_vain: bool) -> None:
        """Note that a race's rest was waited for, and whether that changed what was read."""
        if in_vain:
            self.rest_in_vain = True
        else:
            self.longest = max(self.longest, seconds / 2)

    async def late(
        self,
        call: Call,
        exchange: Exchange,
        since: float,
        grace: float,
        again: Callable[[], Awaitable[Exchange]],
    ) -> Exchange:
        """Return the first answer that is not early, or the last one before the grace is over."""
        if call.early is None or not call.early(exchange):
            return exchange
        delay = FIRST_DELAY
        while (left := since + grace - anyio.current_time()) > 0:
            await anyio.sleep(min(delay, left))
            delay *= 2
            exchange = await again()
            if not call.early(exchange):
                self.longest = max(self.longest, anyio.current_time() - since)
                return exchange
        self.in_vain |= grace >= self.full
        return exchange
