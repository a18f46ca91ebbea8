"""Transfers: what the owner starts, what the recipient accepts, and what then holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from regshape.model import Call, Exchange, Identity, Play, Role, Step
from regshape.protocols.judging import refused, succeeded
from regshape.protocols.ori import calls
from regshape.protocols.ori.facts import PublishFacts, TransferFacts
from regshape.protocols.ori.forms import FORMS
from regshape.protocols.ori.operations.publish_steps import (
    FEATURES,
    need_version,
    request_of,
)
from regshape.protocols.ori.state import Package, State
from regshape.protocols.ori.trees import Project, grow

ACCEPTED = 202
NOBODY = "regshape-nobody"
HOUR = 3600
LIFETIME = 72 * HOUR
"""Seconds for which a transfer waits (decision 7)."""
ENDED = "ended"
"""Why an accept must be refused that comes too late."""
DOCUMENTS: Mapping[str, Any] = {"accept": {"accept": True}, "cancel": {"cancel": True}}
Wanted = Literal["accept", "refuse", "open"]


def transfer(state: State, step: Step) -> Play:
    """POST one call of a transfer, and see who may publish afterwards."""
    package = state.package(step.arguments)
    action = step.arguments.get("action", "start")
    yield from need_version(state, package)
    if package.owner != "main" or package.unsure:
        return
    if action == "accept" and step.arguments.get("started", True):
        yield from _started(state, package)
    call = _call(state, package, step, action)
    exchange = yield call
    _learn(state, package, call, exchange)
    if not step.mutators and not package.unsure:
        yield from _who_may(state, package, call)


def _started(state: State, package: Package) -> Play:
    """Have the owner's part of a transfer done."""
    if package.pending is None:
        step = Step("transfer")
        call = _call(state, package, step, "start", setup=True)
        _learn(state, package, call, (yield call))


def _call(state: State, package: Package, step: Step, action: str, *, setup: bool = False) -> Call:
    recipient = NOBODY if step.arguments.get("to") == "nobody" else state.other_user
    document = DOCUMENTS.get(action, {"to": recipient})
    who: Identity = "other" if action == "accept" else step.arguments.get("who", "main")
    wanted: Wanted = "accept"
    why = ""
    if action == "accept":
        wanted, why = _acceptable(state, package)
    elif action == "cancel" or recipient == NOBODY or package.pending is not None:
        wanted = "open"
    facts = TransferFacts(package.full, package.exists, action=action, wanted=wanted, why=why)  # type: ignore[arg-type]
    request = calls.post(calls.TRANSFER, document, **package.parts)
    mutators = () if setup else step.mutators
    role: Role = "setup" if setup else "step"
    return calls.call("transfer", request, facts, mutators, role, identity=who)


def _acceptable(state: State, package: Package) -> tuple[Wanted, str]:
    """Return what must become of an accept, and why; an hour about the end is open."""
    if package.pending != "other":
        return "refuse", "nothing pending"
    if package.offered is None:
        return "open", ""
    waited = state.ahead - package.offered
    if waited > LIFETIME:
        return "refuse", ENDED
    return ("accept" if waited < LIFETIME - HOUR / 2 else "open"), ""


def _learn(state: State, package: Package, call: Call, exchange: Exchange) -> None:
    facts: TransferFacts = call.facts
    if refused(exchange):
        return
    if not succeeded(call, exchange) or facts.wanted == "refuse":
        package.unsure = True
    elif facts.action == "start":
        nobody = NOBODY.encode() in call.request.body
        anew = package.pending is None or package.offered == state.ahead
        package.offered = state.ahead if anew else None
        package.pending = "nobody" if nobody else "other"
    elif facts.action == "cancel":
        package.pending = None
    else:
        package.owner, package.pending, package.transferred = "other", None, True


def _who_may(state: State, package: Package, cause: Call) -> Play:
    """Publish as each of the two: the owner may, the other may not."""
    owners = ("main", "other") if package.owner == "main" else ("other", "main")
    for who in owners[::-1]:
        version = state.fresh_version(package)
        project = Project(package.full, version, state.mark(), (), FEATURES)
        request = request_of(package, version, grow(project), FORMS[""])
        mine = who == owners[0]
        facts = PublishFacts(
            package.full,
            package_known=True,
            version=version,
            wanted="accept" if mine else "refuse",
            why="" if mine else "not the owner",
            statuses=() if mine else (403, 404),
            transferred=True,
        )
        exchange = yield calls.call("publish", request, facts, (), "readback", cause, who)
        if not refused(exchange):
            package.forget(version)
