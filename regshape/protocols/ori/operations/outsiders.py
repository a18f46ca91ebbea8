"""Who may not: without a token, with a false one, with one of too few scopes, as somebody else."""

from __future__ import annotations

from collections.abc import Mapping

from regshape.model import Identity, Play, Request, Step
from regshape.protocols.judging import refused
from regshape.protocols.ori import calls
from regshape.protocols.ori.facts import ReadFacts, StrangerFacts
from regshape.protocols.ori.forms import FORMS
from regshape.protocols.ori.operations.fetching import Reading, read_metadata
from regshape.protocols.ori.operations.publish_steps import (
    FEATURES,
    Learnt,
    need_version,
    request_of,
)
from regshape.protocols.ori.state import Package, State
from regshape.protocols.ori.trees import Project, grow

READS: Mapping[str, str] = {
    "versions": calls.VERSIONS,
    "metadata": calls.METADATA,
    "download": calls.DOWNLOAD,
    "search": calls.SEARCH,
}
UNAUTHORIZED, FORBIDDEN, NOT_FOUND = 401, 403, 404
NO_TOKEN = frozenset({"anonymous", "expired", "unknown"})


def try_as(state: State, step: Step) -> Play:
    """Do something as somebody who may not, and see that nothing came of it.

    Where nothing can be there to be changed a publish by nobody is all that must be refused.
    """
    who: Identity = step.arguments.get("who", "anonymous")
    what: str = step.arguments.get("what", "publish")
    package = state.packages[0]
    version = yield from _tried(state, package, who, what)
    if version is None:
        return
    request = _request(state, package, version, what)
    statuses = (UNAUTHORIZED,) if who in NO_TOKEN else (FORBIDDEN, NOT_FOUND)
    facts = StrangerFacts(
        package.full, package.exists, who=who, what=what, statuses=statuses, version=version
    )
    call = calls.call("try-as", request, facts, step.mutators, identity=who)
    exchange = yield call
    if what in READS:
        return
    if not refused(exchange):
        package.unsure = True
        return
    if what == "publish":
        kept = ReadFacts(
            package.full, package.exists, expected=package.listed(), unwanted=version, flaw=who
        )
        whole = calls.get(calls.VERSIONS, **package.parts)
        yield calls.call("list-versions", whole, kept, (), "readback", call)
    elif what in calls.MARKS:
        yield from read_metadata(state, package, version, Reading((), "readback", call))


def _tried(state: State, package: Package, who: Identity, what: str) -> Learnt:
    """Return the version that is tried: one of ours, or for a publish a fresh one."""
    if not state.may_publish:
        alone = (who, what) == ("anonymous", "publish") and not state.space.read_only
        return state.fresh_version(package) if alone else None
    version = yield from need_version(state, package)
    if version is None or package.owner != "main":
        return None
    return state.fresh_version(package) if what == "publish" else version


def _request(state: State, package: Package, version: str, what: str) -> Request:
    if what == "publish":
        project = Project(package.full, version, state.mark(), (), FEATURES)
        return request_of(package, version, grow(project), FORMS[""])
    if what == "transfer":
        return calls.post(calls.TRANSFER, {"to": state.other_user}, **package.parts)
    if what in calls.MARKS:
        document = {"message": "Use 2.x"} if what == "deprecate" else None
        return calls.post(calls.MARKS[what], document, **package.parts, reference=version)
    if what == "search":
        return Request("GET", calls.SEARCH, {}, (("q", package.name),), calls.ACCEPT)
    return calls.get(READS[what], **package.parts, reference=version)
