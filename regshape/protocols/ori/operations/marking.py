"""Marks on a version: yanked, not yanked, deprecated with a message."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from regshape.model import Call, Exchange, Play, Step
from regshape.protocols.judging import refused, succeeded
from regshape.protocols.ori import calls
from regshape.protocols.ori.facts import MarkFacts
from regshape.protocols.ori.operations.fetching import (
    back,
    read_archive,
    read_metadata,
)
from regshape.protocols.ori.operations.publish_steps import named_version
from regshape.protocols.ori.state import Package, State

MESSAGES: dict[str, Any] = {
    "": {"message": "Use 2.x"},
    "unicode": {"message": "Verwende 2.x \N{EM DASH} \N{SNOWMAN} \"'\\"},
    "missing": {},
    "empty": {"message": ""},
    "number": {"message": 1},
    "null": {"message": None},
    "list": {"message": ["x"]},
    "array": ["x"],
}
"""What a deprecation says; the first two must be taken, the rest refused."""
GOOD = frozenset({"", "unicode"})


def mark(state: State, step: Step) -> Play:
    """POST a yank, unyank or deprecation, and read the version back."""
    package = state.package(step.arguments)
    version = yield from named_version(state, package, step)
    if version is None:
        return
    named = step.arguments.get("message", "")
    document = MESSAGES[named] if step.operation == "deprecate" else None
    held = package.versions.get(version)
    facts = MarkFacts(
        package.full,
        package.exists,
        version=version,
        mark=step.operation,
        known=package.knows(version) if package.owner in {None, "main"} else None,
        again=held is not None and held.yanked is (step.operation == "yank"),
        message=named,
    )
    route = calls.MARKS[step.operation]
    request = calls.post(route, document, **package.parts, reference=version)
    call = calls.call(step.operation, request, facts, step.mutators)
    exchange = yield call
    if held is None:
        return
    _learn(package, version, call, exchange)
    yield from read_metadata(state, package, version, back(call))
    if step.operation == "yank":
        yield from read_archive(state, package, version, back(call))


def _learn(package: Package, version: str, call: Call, exchange: Exchange) -> None:
    held = package.versions[version]
    facts: MarkFacts = call.facts
    if refused(exchange):
        return
    if not succeeded(call, exchange) or (
        call.operation == "deprecate" and facts.message not in GOOD
    ):
        yanked = None if call.operation != "deprecate" else held.yanked
        known = held.deprecation_known and call.operation != "deprecate"
        package.versions[version] = replace(held, yanked=yanked, deprecation_known=known)
    elif call.operation == "deprecate":
        message = MESSAGES[facts.message]["message"]
        package.versions[version] = replace(held, deprecated=message)
    else:
        package.versions[version] = replace(held, yanked=call.operation == "yank")
