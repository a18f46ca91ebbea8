"""What is asked of the registry as a whole: search, advisories; and who owns a package."""

from __future__ import annotations

from regshape.model import Play, Request, Step
from regshape.protocols.ori import calls
from regshape.protocols.ori.facts import SearchFacts
from regshape.protocols.ori.operations.publish_steps import need_version
from regshape.protocols.ori.state import State

ODD = {
    "percent": "%25",
    "quotes": "%27%22",
    "sql": "%27%20OR%201%3D1%20--",
    "nul": "%00",
    "long": "x" * 10_000,
    "invalid-utf8": "%FF",
    "emoji": "%F0%9F%98%80",
    "regex": "(%5B*",
    "empty": "",
    "spaces": "%20%20",
}


def search(state: State, step: Step) -> Play:
    """GET search: by a package's name, by one that nothing has, without q, with odd texts."""
    wanted = step.arguments.get("q", "name")
    package = state.package(step.arguments)
    facts, text = SearchFacts(kind="odd"), ODD.get(wanted, "")
    if wanted == "name":
        version = yield from need_version(state, package)
        held = package.versions.get(version) if version is not None else None
        there = package.full if held is not None and held.yanked is False else ""
        facts = SearchFacts(kind="name", present=there, absent=state.absent.full)
        text = package.name
    elif wanted == "missing":
        yield from need_version(state, package)
        facts = SearchFacts(kind="missing", absent=package.full)
        text = state.mark()
    elif wanted == "none":
        facts = SearchFacts(kind="none")
    query = () if wanted == "none" else (("q", text),)
    request = Request("GET", calls.SEARCH, {}, query, calls.ACCEPT)
    yield calls.call(
        "search", request, facts, step.mutators, identity=step.arguments.get("who", "main")
    )


def list_advisories(state: State, step: Step) -> Play:
    """GET advisories."""
    facts = SearchFacts(kind="advisories")
    yield calls.call("list-advisories", calls.get(calls.ADVISORIES), facts, step.mutators)


def list_owners(state: State, step: Step) -> Play:
    """GET the owners of a package."""
    package = state.package(step.arguments)
    if package is not state.absent:
        yield from need_version(state, package)
    facts = SearchFacts(package.full, package.exists, kind="owners")
    request = calls.get(calls.OWNERS, **package.parts)
    yield calls.call("list-owners", request, facts, step.mutators)
