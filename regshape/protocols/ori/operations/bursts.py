"""More requests than a window allows, by one and the same identity."""

from __future__ import annotations

from regshape.model import Call, Identity, Play, Step
from regshape.protocols.ori import calls
from regshape.protocols.ori.facts import BurstFacts
from regshape.protocols.ori.state import State

TOO_MANY = 429
MOST = 1100
"""Requests of a burst: the larger of the tiers, and some."""
WINDOW = 60
"""Seconds."""


def burst(state: State, step: Step) -> Play:
    """GET until nothing remains and once more, with somebody else before and after.

    Where the case has a time of its own it asks again when the window is over. Who has no token is
    nobody else than who is anonymous.
    """
    who: Identity = step.arguments.get("who", "anonymous")
    if not state.space.can("stock-tiers") or (who == "main" and not state.has_token):
        return
    other: Identity = "main" if who == "anonymous" else "anonymous"
    alone = state.own_time
    watched = state.has_token and (alone or who == "anonymous")
    if watched:
        yield _call(other, BurstFacts(by="bystander", alone=alone))
    left: int | None = None
    for _ in range(MOST):
        exchange = yield _call(who, BurstFacts(alone=alone))
        told = exchange.header("x-ratelimit-remaining") or ""
        if exchange.failure is not None or exchange.status == TOO_MANY or left == 0:
            break
        left = int(told) if told.isdigit() else None
        if left is None:
            break
    if exchange.status == TOO_MANY and watched:
        yield _call(other, BurstFacts(by="bystander", alone=alone))
    if alone:
        state.ahead += WINDOW
        yield _call(who, BurstFacts(by="later", alone=True))


def _call(who: Identity, facts: BurstFacts) -> Call:
    request = calls.get(calls.ADVISORIES)
    return calls.call("burst", request, facts, identity=who, patient=False)
