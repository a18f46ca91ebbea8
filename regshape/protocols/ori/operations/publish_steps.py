"""Publishing: whole packages, broken ones, broken forms, and what becomes of them."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from regshape.formats.digest import compute
from regshape.model import Call, Exchange, Identity, Mutator, Play, Request, Role, Step
from regshape.protocols.judging import refused, succeeded
from regshape.protocols.ori import calls
from regshape.protocols.ori.facts import Held, LogFacts, PublishFacts, ReadFacts
from regshape.protocols.ori.forms import FORMS, INSIDE, Form, Upload
from regshape.protocols.ori.state import NAME_LIMIT, Package, State
from regshape.protocols.ori.trees import (
    ACCEPTED_SIZE,
    FLAWS,
    REFUSED_SIZE,
    SOUND,
    Flaw,
    Project,
    grow,
    sized,
)

CREATED, CONFLICT, TOO_LARGE = 201, 409, 413
MISSING = "9.9.9"
"""A version that nothing has."""
FEATURES: Mapping[str, tuple[str, ...]] = {"default": ("fast",), "fast": ()}
Wanted = Literal["accept", "refuse", "open"]
Learnt = Generator[Call, Exchange, str | None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What one publish sends, and what must become of it."""

    package: Package
    version: str
    content: bytes
    held: Held
    form: Form
    facts: PublishFacts


def need_version(state: State, package: Package, which: int = 0, *, fresh: bool = False) -> Learnt:
    """Return a version of the package, publishing one if there is none, or a fresh one.

    None where that is refused, or may not be tried.
    """
    if not state.may_publish or (not fresh and package.versions):
        return package.recent(which)
    plan = _sound(state, package, state.fresh_version(package), role="setup")
    yield from _send(state, plan, "setup")
    return package.recent()


def named_version(state: State, package: Package, step: Step) -> Learnt:
    """Return the version that a step is about, there or not; none if it cannot be brought there."""
    if package is state.absent:
        return MISSING
    version = yield from need_version(state, package, step.arguments.get("which", 0))
    if version is not None and step.arguments.get("want") == "missing":
        return MISSING
    return version


def publish(state: State, step: Step) -> Play:
    """POST a package, and read back what became of it."""
    plan = yield from _planned(state, step.arguments)
    if plan is None:
        return
    who: Identity = step.arguments.get("who", "main")
    call, exchange = yield from _send(state, plan, "step", step.mutators, who)
    if call.expect is None and plan.facts.wanted == "accept" and exchange.status == CREATED:
        yield from read_back(state, plan.package, plan.version, call)
    elif refused(exchange):
        yield _kept(plan.package, plan.version, call)


def read_back(state: State, package: Package, version: str, call: Call) -> Play:
    """Read the list and the metadata that a publish must have changed, and the log."""
    from_list = ReadFacts(package.full, package.exists, expected=package.listed())
    whole = calls.get(calls.VERSIONS, **package.parts)
    yield calls.call("list-versions", whole, from_list, (), "readback", call)
    facts = ReadFacts(
        package.full,
        package_known=True,
        version=version,
        known=True,
        held=package.versions.get(version),
    )
    request = calls.get(calls.METADATA, **package.parts, reference=version)
    yield calls.call("get-metadata", request, facts, (), "readback", call)
    asked = lookup(state, package, version, "readback", call)
    if asked is not None:
        yield asked


def lookup(
    state: State,
    package: Package,
    version: str,
    role: Role = "step",
    cause: Call | None = None,
    mutators: tuple[Mutator, ...] = (),
) -> Call | None:
    """Return the lookup of a version in the log, or None where the target has no log."""
    if not state.space.can("log"):
        return None
    held = package.versions.get(version)
    record = f"{package.full} {version} sha256:{held.sha256}\n" if held is not None else ""
    facts = LogFacts(package.full, package.exists, version=version, record=record)
    request = Request("GET", calls.LOOKUP, {**package.parts, "reference": version})
    return calls.call("look-up", request, facts, mutators, role, cause)


def _kept(package: Package, version: str, cause: Call) -> Call:
    """Return the read that shows whether a refused publish left something."""
    facts: PublishFacts = cause.facts
    known = package.knows(version)
    read = ReadFacts(
        package.full,
        package.exists,
        expected=package.listed(),
        unwanted=version if known is False else "",
        flaw=facts.why,
    )
    request = calls.get(calls.VERSIONS, **package.parts)
    return calls.call("list-versions", request, read, (), "readback", cause)


def _planned(state: State, arguments: Mapping[str, Any]) -> Generator[Call, Exchange, Plan | None]:
    """Return what the arguments ask for, once what it needs is there."""
    package = state.package(arguments)
    chosen: str | None = arguments.get("version")
    if chosen in {"again", "yanked"}:
        return (yield from _repeated(state, package, arguments))
    if "name" in arguments:
        return _named(state, package, arguments["name"])
    version = chosen or state.fresh_version(package)
    package.tried.add(version)
    if "size" in arguments:
        return _sized(state, package, version, arguments["size"])
    if "needs" in arguments:
        return (yield from _needing(state, package, version, wrong=arguments["needs"] == "wrong"))
    return _formed(state, package, version, arguments)


def _formed(state: State, package: Package, version: str, arguments: Mapping[str, Any]) -> Plan:
    """Return a publish with the flaw or the form that the arguments name."""
    flaw, form = arguments.get("flaw", ""), arguments.get("form", "")
    plan = _sound(state, package, version, FLAWS[flaw] if flaw else SOUND, form)
    if flaw:
        return _refusing(plan, flaw, FLAWS[flaw].statuses)
    if FORMS[form].wanted == "refuse":
        return _refusing(plan, f"form {form}", FORMS[form].statuses)
    if FORMS[form].wanted == "open":
        return replace(plan, facts=replace(plan.facts, wanted="open"))
    return plan


def _needing(
    state: State, package: Package, version: str, *, wrong: bool
) -> Generator[Call, Exchange, Plan]:
    """Return a publish that depends on another package, with its checksum or a wrong one."""
    needed = yield from _dependency(state, state.packages[1], wrong=wrong)
    plan = _sound(state, package, version, needed=needed)
    return _refusing(plan, "lock-wrong", (400, 409, 422)) if needed and wrong else plan


def _refusing(plan: Plan, why: str, statuses: tuple[int, ...]) -> Plan:
    ours = plan.package.owner in {None, "main"} and not plan.package.unsure
    wanted: Wanted = "refuse" if ours else "open"  # else it may be refused for that
    facts = replace(plan.facts, wanted=wanted, why=why, statuses=statuses)
    return replace(plan, facts=facts)


def _dependency(
    state: State, package: Package, *, wrong: bool
) -> Generator[Call, Exchange, tuple[tuple[str, str, str], ...]]:
    version = yield from need_version(state, package)
    if version is None:
        return ()
    sha256 = "0" * 64 if wrong else package.versions[version].sha256
    return ((package.full, version, f"sha256:{sha256}"),)


def _repeated(
    state: State, package: Package, arguments: Mapping[str, Any]
) -> Generator[Call, Exchange, Plan | None]:
    """Return a publish of a version that is there, or was yanked, with the same bytes or others."""
    version = yield from need_version(state, package)
    if version is None:
        return None
    yanked = arguments["version"] == "yanked"
    if yanked and not (yield from _yanked(package, version)):
        return None
    plan = _sound(state, package, version)
    if arguments.get("bytes") == "same":
        plan = replace(plan, content=package.versions[version].content)
    return _refusing(plan, "yanked" if yanked else "exists", (CONFLICT,))


def _yanked(package: Package, version: str) -> Generator[Call, Exchange, bool]:
    """Return whether the version is yanked, once it was where it is not known to be."""
    if package.versions[version].yanked:
        return True
    request = calls.post(calls.MARKS["yank"], None, **package.parts, reference=version)
    facts = PublishFacts(package.full, package.exists, version=version)
    exchange = yield calls.call("yank", request, facts, role="setup")
    if exchange.status != 200:  # noqa: PLR2004 - OK
        return False
    package.versions[version] = replace(package.versions[version], yanked=True)
    return True


def _named(state: State, package: Package, kind: str) -> Plan:
    """Return a publish under a name at an edge of the grammar, manifest and URL alike."""
    salt = package.name
    longest = NAME_LIMIT - len(package.scope) - 2
    names = {
        "longest": (salt + "x" * longest)[:longest],
        "digits": f"0{int.from_bytes(salt.encode()[-16:])}",
        "too-long": (salt + "x" * 65)[:65],
        "upper-case": f"{salt}-Upper",
        "underscore": f"{salt}_x",
        "dot": f"{salt}.x",
        "space": f"{salt} x",
        "non-ascii": f"{salt}\N{LATIN SMALL LETTER E WITH ACUTE}",
    }
    other = state.name(package.scope, names.get(kind, kind))
    plan = _sound(state, other, state.fresh_version(other))
    if kind in {"longest", "digits"}:
        return plan
    return _refusing(plan, f"name {kind}", (400, 404, 422))


def _sized(state: State, package: Package, version: str, size: int) -> Plan:
    plan = _sound(state, package, version)
    content = sized(Project(package.full, version, state.mark(), (), FEATURES), size)
    held = replace(plan.held, content=content, sha256=compute(content).partition(":")[2])
    plan = replace(plan, content=content, held=held)
    if size > REFUSED_SIZE:
        return _refusing(plan, "size", (TOO_LARGE,))
    return (
        plan if size <= ACCEPTED_SIZE else replace(plan, facts=replace(plan.facts, wanted="open"))
    )


def _sound(  # noqa: PLR0913, PLR0917 - what a publish is made of
    state: State,
    package: Package,
    version: str,
    flaw: Flaw = SOUND,
    form: str = "",
    needed: tuple[tuple[str, str, str], ...] = (),
    role: Role = "step",
) -> Plan:
    """Return a publish that must be accepted if the package is there for us to publish."""
    stored = INSIDE if form == "boundary-inside" else b""
    project = Project(package.full, version, state.mark(), needed, FEATURES, stored)
    content = grow(project, flaw)
    held = Held(
        compute(content).partition(":")[2],
        content,
        {name: number for name, number, _ in needed},
        {name: list(parts) for name, parts in FEATURES.items()},
    )
    mine = package.owner in {None, "main"} and not package.unsure
    facts = PublishFacts(
        package.full,
        package.exists,
        version=version,
        wanted="accept" if mine and package.knows(version) is False else "open",
    )
    return Plan(package, version, content, held, FORMS[form], facts)


def request_of(package: Package, version: str, content: bytes, form: Form) -> Request:
    """Return the POST of a package."""
    filename = f"{package.name}-{version}.oripk".encode("ascii", "replace").decode()
    kind, body = form.write(Upload(content, filename, compute(content)))
    headers = (*calls.ACCEPT, ("Content-Type", kind))
    return Request("POST", calls.PUBLISH, package.parts, (), headers, body)


def _send(
    state: State,
    plan: Plan,
    role: Role,
    mutators: tuple[Mutator, ...] = (),
    who: Identity = "main",
) -> Generator[Call, Exchange, tuple[Call, Exchange]]:
    request = request_of(plan.package, plan.version, plan.content, plan.form)
    call = calls.call("publish", request, plan.facts, mutators, role, identity=who)
    exchange = yield call
    _learn(plan, call, exchange)
    return call, exchange


def _learn(plan: Plan, call: Call, exchange: Exchange) -> None:
    package, version = plan.package, plan.version
    package.tried.add(version)
    if exchange.status == CREATED and succeeded(call, exchange):
        learn_version(package, version, plan)
    elif not refused(exchange) or exchange.status in {401, 403, 429}:
        package.forget(version)
    if exchange.status == CREATED and plan.facts.wanted == "refuse":
        package.forget(version)


def learn_version(package: Package, version: str, plan: Plan) -> None:
    """Take note of a version that was acknowledged."""
    if package.owner is None:
        package.owner = "main"
    if version in package.forgotten:
        return
    package.versions[version] = plan.held
