"""What is read once all is quiet after a race, and what the model takes from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from regshape.model import Play, Turn
from regshape.protocols.ori import calls
from regshape.protocols.ori.facts import Facts, ReadFacts
from regshape.protocols.ori.state import State

MOST_READS = 24


def read_all(state: State, lanes: Sequence[Sequence[Turn]]) -> Play:
    """Read the lists of versions, and the metadata and archive of what was sent or marked."""
    touched: dict[tuple[str, str, str], None] = {}
    for turn in (turn for lane in lanes for turn in lane):
        parts, facts = turn.call.request.parts, turn.call.facts
        version = getattr(facts, "version", "")
        if version and turn.call.request.method == "POST":
            touched[parts["scope"], parts["name"], version] = None
    for scope, name in dict.fromkeys(key[:2] for key in touched):
        request = calls.get(calls.VERSIONS, scope=scope, name=name)
        facts = Facts(f"@{scope}/{name}")
        yield calls.call("list-versions", request, _read(facts.package), role="readback")
    for scope, name, version in list(touched)[:MOST_READS]:
        for operation, route in (
            ("get-metadata", calls.METADATA),
            ("get-archive", calls.DOWNLOAD),
        ):
            request = calls.get(route, scope=scope, name=name, reference=version)
            yield calls.call(
                operation, request, _read(f"@{scope}/{name}", version), role="readback"
            )


def _read(package: str, version: str = "") -> ReadFacts:
    return ReadFacts(package, version=version)


def join(state: State, others: Iterable[State]) -> None:
    """Leave open what is there now, of every package that a parallel list worked on."""
    for other in others:
        for package, theirs in zip(state.packages, other.packages, strict=True):
            package.tried |= theirs.tried
            package.unsure = True
