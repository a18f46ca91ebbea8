from __future__ import annotations

from collections.abc import Mapping

import pytest

from regshape.model import Capability, Exchange, Space
from regshape.protocols.oci.guards import FROM_OTHERS, FROM_STRANGERS, guards
from regshape.protocols.oci.state import State

NOBODY: frozenset[str] = frozenset()


def asked(identities: frozenset[str]) -> tuple[set[str], Mapping[str, Capability]]:
    """Return who asks a registry that is open to all, and what is found."""
    state = State(Space("p", "a0", "http://embedded", identities=identities))
    state.repos[0].made["sha256:00"] = "blob"
    play, who = guards(state), set()
    try:
        call = next(play)
        while True:
            who.add(call.identity)
            answer = 200 if call.request.method == "GET" else 202
            call = play.send(Exchange(call.request.method, "/", status=answer))
    except StopIteration as stop:
        return who, {item.name: item for item in stop.value}


def test_each_identity_asks_for_what_the_others_pushed() -> None:
    who, found = asked(frozenset({"main", "other"}))
    assert who == {"main", "anonymous", "other"}
    assert not any(item.present for item in found.values())


@pytest.mark.parametrize(
    ("identities", "names", "reason"),
    [
        (NOBODY, FROM_STRANGERS, "there are no credentials: give --username"),
        (frozenset({"main"}), FROM_OTHERS, "there is no second identity: give --other-username"),
    ],
)
def test_who_has_no_credentials_is_not_asked_for(
    identities: frozenset[str], names: tuple[str, ...], reason: str
) -> None:
    who, found = asked(identities)
    assert "other" not in who
    assert {found[name].reason for name in names} == {reason}
