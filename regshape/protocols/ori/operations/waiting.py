"""Time that passes between two steps, where the case has a time of its own."""

from __future__ import annotations

from regshape.model import Play, Step
from regshape.protocols.ori.state import State

HOUR, MINUTE = 3600, 60


def wait(state: State, step: Step) -> Play:
    """Set the clock ahead for all that follows; no request is sent."""
    hours, minutes = step.arguments.get("hours", 0), step.arguments.get("minutes", 0)
    if state.own_time:
        state.ahead += hours * HOUR + minutes * MINUTE
    yield from ()
