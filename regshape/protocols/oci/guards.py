"""What a registry keeps from whom, found out once before a campaign.

Nothing is judged where nothing is kept: on an open registry the checks of isolation are skipped.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace

from regshape.model import Call, Capability, Exchange, Identity, Request
from regshape.protocols.oci import calls
from regshape.protocols.oci.facts import Facts
from regshape.protocols.oci.state import State

OK, ACCEPTED = 200, 202
FORBIDDEN = frozenset({401, 403, 404})
"""How a registry refuses who may not; 404 where it does not tell what there is."""
FROM_STRANGERS = ("guarded-reads", "guarded-writes", "scoped-tokens")
FROM_OTHERS = ("private-reads", "private-writes", "foreign-mounts")
GUARDS = (*FROM_STRANGERS, *FROM_OTHERS)
WORDS = {"anonymous": "an anonymous", "other": "the second identity's", "main": "a"}
Asking = Generator[Call, Exchange, Capability]


def guards(state: State) -> Generator[Call, Exchange, Sequence[Capability]]:
    """Ask for something that was pushed, and for an upload, as each identity."""
    strangers = yield from _from_strangers(state)
    return [*strangers, *(yield from _from_others(state))]


def all_absent(names: Sequence[str], reason: str) -> list[Capability]:
    """Return capabilities that are not there, for one reason."""
    return [Capability(name, present=False, reason=reason) for name in names]


def _from_strangers(state: State) -> Generator[Call, Exchange, Sequence[Capability]]:
    """Ask what is kept from who shows no credentials, or those for something else."""
    if "main" not in state.space.identities:
        return all_absent(FROM_STRANGERS, "there are no credentials: give --username")
    reads = yield from _reads(state, "guarded-reads", "anonymous")
    writes = yield from _writes(state, "guarded-writes", "anonymous")
    return [reads, writes, (yield from _tokens(state))]


def _from_others(state: State) -> Generator[Call, Exchange, Sequence[Capability]]:
    """Ask what is kept from the second identity."""
    if "other" not in state.space.identities:
        return all_absent(FROM_OTHERS, "there is no second identity: give --other-username")
    private = yield from _reads(state, "private-reads", "other")
    kept = yield from _writes(state, "private-writes", "other")
    mounts = replace(private, name="foreign-mounts")
    if private.present:
        mounts = yield from _own_uploads(state)
    return [private, kept, mounts]


def _asking(request: Request, name: str, who: Identity) -> Call:
    call = calls.call("probe", request, Facts("", name), role="probe")
    return replace(call, identity=who)


def _pushed(state: State) -> list[Request]:
    """Return the GET of a manifest and a blob that the probe has pushed."""
    repo = state.repos[0]
    kinds = {kind: reference for reference, kind in repo.made.items()}
    routes = {"manifest": calls.MANIFEST, "blob": calls.BLOB}
    accept = (("Accept", calls.ACCEPT),)
    return [
        Request("GET", route, {"name": repo.name, "reference": kinds[kind]}, (), accept)
        for kind, route in routes.items()
        if kind in kinds
    ]


def _reads(state: State, name: str, who: Identity) -> Asking:
    """Return whether one of them is refused whom the first identity is not."""
    reason = "nothing could be pushed that might be kept from anybody"
    for request in _pushed(state):
        exchange = yield _asking(request, state.repos[0].name, who)
        reason = _reason(exchange, who)
        if exchange.failure is not None:
            return Capability(name, present=False, reason=reason)
        if exchange.status in FORBIDDEN:
            own = yield _asking(request, state.repos[0].name, "main")
            if own.status == OK:
                return Capability(name, present=True, reason=reason)
    return Capability(name, present=False, reason=reason)


def _reason(exchange: Exchange, who: Identity) -> str:
    if exchange.failure is not None:
        return exchange.failure.detail
    return f"{WORDS[who]} {exchange.method} was answered with {exchange.status}"


def _writes(state: State, name: str, who: Identity) -> Asking:
    """Return whether an upload is refused that the first identity may begin."""
    exchange = yield from _upload(state, state.repos[0].name, who, state.strays)
    refused = exchange.failure is None and exchange.status in FORBIDDEN
    return Capability(name, refused, _reason(exchange, who))


def _own_uploads(state: State) -> Asking:
    """Return whether the second identity may push in a repository of its own."""
    exchange = yield from _upload(state, state.foreign.name, "other", state.foreign_strays)
    where = f"in {state.space.other_prefix}: --other-repo-prefix names where it may push"
    reason = _reason(exchange, "other")
    began = exchange.status == ACCEPTED
    return Capability("foreign-mounts", began, reason if began else f"{reason} {where}")


def _upload(
    state: State, name: str, who: Identity, strays: list[str]
) -> Generator[Call, Exchange, Exchange]:
    exchange = yield _asking(Request("POST", calls.UPLOADS, {"name": name}), name, who)
    location = state.resolve(exchange.header("location"))
    if exchange.status == ACCEPTED and location is not None:
        strays.append(location)
    return exchange


def _tokens(state: State) -> Asking:
    """Return whether a token for another repository is refused."""
    pushed = _pushed(state)
    if not pushed:
        return Capability("scoped-tokens", present=False, reason="nothing could be pushed")
    call = _asking(pushed[-1], state.repos[0].name, "main")
    exchange = yield replace(call, scope=f"repository:{state.absent.name}:{calls.PULL}")
    refused = exchange.failure is None and exchange.status in FORBIDDEN
    reason = f"with a token for another repository {_reason(exchange, 'main')}"
    return Capability("scoped-tokens", refused, reason)
