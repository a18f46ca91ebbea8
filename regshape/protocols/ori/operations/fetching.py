"""Reading a package: its versions, one version's metadata, its archive."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from regshape.model import Call, Exchange, Identity, Mutator, Play, Request, Role, Step
from regshape.protocols.http import next_link, resolve
from regshape.protocols.judging import succeeded
from regshape.protocols.ori import calls
from regshape.protocols.ori.facts import ReadFacts
from regshape.protocols.ori.operations.publish_steps import named_version, need_version
from regshape.protocols.ori.state import Package, State

OK = 200


@dataclass(frozen=True, slots=True)
class Reading:
    """How something is read."""

    mutators: tuple[Mutator, ...] = ()
    role: Role = "step"
    cause: Call | None = None
    who: Identity = "main"
    etag: str | None = None


def back(cause: Call) -> Reading:
    """Return how the effect of a call is read back."""
    return Reading(role="readback", cause=cause)


def list_versions(state: State, step: Step) -> Play:
    """GET versions, the whole or page after page."""
    package = state.package(step.arguments)
    if package is not state.absent:
        for _ in range(step.arguments.get("versions", 1) - len(package.versions)):
            yield from need_version(state, package, fresh=True)
        yield from need_version(state, package)
    limit = step.arguments.get("limit")
    if limit is not None:
        yield from _walk(state, package, limit)
        return
    how = _reading(step)
    yield from read_versions(package, how)


def read_versions(package: Package, how: Reading, *, unwanted: str = "", flaw: str = "") -> Play:
    """Read the list; `unwanted` is a version that must not be in it, for the reason `flaw`."""
    yield _list_call(package, how, unwanted=unwanted, flaw=flaw)


def _list_call(package: Package, how: Reading, *, unwanted: str = "", flaw: str = "") -> Call:
    facts = ReadFacts(
        package.full, package.exists, expected=package.listed(), unwanted=unwanted, flaw=flaw
    )
    request = calls.get(calls.VERSIONS, **package.parts)
    return calls.call("list-versions", request, facts, how.mutators, how.role, how.cause, how.who)


def _walk(state: State, package: Package, limit: int) -> Play:
    """Follow the pages until they end; the last call carries all that was walked."""
    request = replace(calls.get(calls.VERSIONS, **package.parts), query=(("limit", str(limit)),))
    walked: list[str] = []
    cause: Call | None = None
    most = len(package.versions) + 3
    for page in range(most):
        facts = ReadFacts(package.full, package.exists, limit=limit)
        role: Role = "readback" if page else "step"
        call = calls.call("list-versions", request, facts, (), role, cause)
        exchange = yield call
        cause = cause or call
        numbers = versions_of(exchange)
        if numbers is None:
            return
        walked += numbers
        link = next_link(exchange)
        following = resolve(state.space.origin, link, exchange.target)
        if following is None:
            break
        request = Request("GET", following.replace("{", "%7B"), {}, (), calls.ACCEPT)
    facts = ReadFacts(
        package.full, package.exists, expected=package.listed(), walked=tuple(walked),
        walk_ends=page < most - 1,
    )  # fmt: skip
    whole = calls.get(calls.VERSIONS, **package.parts)
    yield calls.call("list-versions", whole, facts, (), "readback", cause)


def versions_of(exchange: Exchange) -> list[str] | None:
    """Return the versions of a list, objects or strings (decision 2), or None where it is none."""
    document = calls.document_of(exchange)
    if not isinstance(document, list):
        return None
    found = [item.get("version") if isinstance(item, dict) else item for item in document]
    texts = [item for item in found if isinstance(item, str)]
    return texts if len(texts) == len(found) else None


def get_metadata(state: State, step: Step) -> Play:
    """GET the metadata of a version."""
    package = state.package(step.arguments)
    version = yield from named_version(state, package, step)
    if version is not None:
        yield from read_metadata(state, package, version, _reading(step))


def get_archive(state: State, step: Step) -> Play:
    """GET the archive of a version, once more with its ETag where a step says so."""
    package = state.package(step.arguments)
    version = yield from named_version(state, package, step)
    if version is None:
        return
    how = _reading(step)
    yield from read_archive(state, package, version, how)
    etag = state.etags.get((package.full, version))
    if step.arguments.get("again") and etag is not None:
        yield from read_archive(state, package, version, replace(how, etag=etag))


def _reading(step: Step) -> Reading:
    return Reading(step.mutators, who=step.arguments.get("who", "main"))


def read_metadata(state: State, package: Package, version: str, how: Reading) -> Play:
    """Read the metadata of a version."""
    facts = ReadFacts(
        package.full,
        package.exists,
        version=version,
        known=package.knows(version),
        held=package.versions.get(version),
    )
    request = calls.get(calls.METADATA, **package.parts, reference=version)
    yield calls.call("get-metadata", request, facts, how.mutators, how.role, how.cause, how.who)


def read_archive(state: State, package: Package, version: str, how: Reading) -> Play:
    """Read an archive, and take note of its bytes for good."""
    key = (package.full, version)
    facts = ReadFacts(
        package.full,
        package.exists,
        version=version,
        known=package.knows(version),
        held=package.versions.get(version),
        ledger=state.ledger.get(key, ""),
        etag=how.etag,
    )
    request = calls.get(calls.DOWNLOAD, **package.parts, reference=version)
    if how.etag is not None:
        request = request.with_header("If-None-Match", how.etag)
    call = calls.call("get-archive", request, facts, how.mutators, how.role, how.cause, how.who)
    exchange = yield call
    if succeeded(call, exchange) and not how.mutators and exchange.status == OK:
        state.ledger.setdefault(key, hashlib.sha256(exchange.answer).hexdigest())
        etag = exchange.header("etag")
        if etag is not None:
            state.etags[key] = etag
