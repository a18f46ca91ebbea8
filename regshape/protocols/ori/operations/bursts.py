"""More requests than a window allows, by one and the same identity."""

from __future__ import annotations

from regshape.model import Identity, Play, Step
from regshape.protocols.ori import calls
from regshape.protocols.ori.facts import BurstFacts
from regshape.protocols.ori.state import State

TOO_MANY = 429
MOST = 1100
"""Requests of a burst: the larger of the tiers, and some."""


def burst(state: State, step: Step) -> Play:
    """GET until nothing remains, once more, and then once as somebody else."""
    if not state.space.can("stock-tiers"):
        return
    who: Identity = step.arguments.get("who", "anonymous")
    request = calls.get(calls.ADVISORIES)
    left: int | None = None
    for _ in range(MOST):
        exchange = yield calls.call(
            "burst", request, BurstFacts(who=who, left=left), identity=who, patient=False
        )
        told = exchange.header("x-ratelimit-remaining") or ""
        if exchange.failure is not None or exchange.status == TOO_MANY or left == 0:
            break
        left = int(told) if told.isdigit() else None
        if left is None:
            break
    if who == "anonymous" and exchange.status == TOO_MANY:
        facts = BurstFacts(who="main", exhausted=True, rate=state.rates.get("main"))
        yield calls.call("burst", request, facts, role="readback", patient=False)
