"""Obeys a peer that says when it wants to be asked again (RFC 6585 section 4, RFC 9110, 10.2.3).

One pause holds for all requests of a client: what one of them was told the others need not ask.
"""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import anyio

from regshape.model import Exchange

LONGEST_PAUSE = 60.0
"""Seconds; a peer that wants more is not waited for, and its 429 is the answer."""
MOST_TRIES = 8
"""How often one request is sent before a 429 is its answer."""
_TOO_MANY = 429
_MOST_DIGITS = 6


class Throttle:
    """The time until which nothing is sent."""

    def __init__(self) -> None:
        self._until = 0.0

    async def wait(self) -> None:
        """Return when a request may leave."""
        if self._until > anyio.current_time():
            await anyio.sleep_until(self._until)

    def holds(self, exchange: Exchange) -> bool:
        """Take note of an answer, and return whether the request is to be sent again later."""
        if exchange.status != _TOO_MANY or exchange.failure is not None:
            return False
        pause = pause_of(exchange.header("retry-after") or "")
        if pause is None or pause > LONGEST_PAUSE:
            return False
        self._until = max(self._until, anyio.current_time() + pause)
        return True


def pause_of(text: str) -> float | None:
    """Return the seconds that a Retry-After asks for; 0 for a date that is over, None for neither.

    Source: RFC 9110, 10.2.3: a number of seconds, or a date.
    """
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:_MOST_DIGITS])
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    aware = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
    return max(0.0, (aware - datetime.now(UTC)).total_seconds())
