"""The OCI distribution protocol as the engine sees it: its world, its probe, its table."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace

from regshape.model import (
    Call,
    Capability,
    Exchange,
    Play,
    Request,
    Requirement,
    Space,
    Step,
    Turn,
    World,
)
from regshape.protocols.http import breaks
from regshape.protocols.oci import calls
from regshape.protocols.oci.facts import Facts, PullFacts
from regshape.protocols.oci.manners import Manners
from regshape.protocols.oci.operations import OPERATIONS
from regshape.protocols.oci.operations.deletes import Kind, delete_request
from regshape.protocols.oci.operations.reading import Reading, read_blob, read_manifest
from regshape.protocols.oci.probe import probe
from regshape.protocols.oci.races.rest import join, read_all
from regshape.protocols.oci.requirements import REQUIREMENTS
from regshape.protocols.oci.state import Repository, State

MOST_READ_AT_THE_END = 6


class OciWorld:
    """One space of an OCI registry while a case runs."""

    def __init__(self, space: Space) -> None:
        self.state = State(space)
        self._lane = 0
        self._manners = Manners()

    def fork(self, lane: int) -> OciWorld:
        """Return a copy that plays one of several parallel lists, as if it were alone.

        Its contents are its own, but for those of a step that says `same`.
        """
        other = OciWorld(self.state.space)
        other.state = self.state.copy()
        other._lane = lane
        return other

    def join(self, forks: Sequence[World]) -> None:
        """Take note of what the copies may have made; what is there now is open."""
        join(self.state, [fork.state for fork in forks if isinstance(fork, OciWorld)])

    def ready(self) -> Call:
        """Return a call that does nothing but open a connection: it asks for what nobody has."""
        name, digest = self.state.repos[0].name, self.state.fresh_digest()
        request = Request("HEAD", calls.BLOB, {"name": name, "reference": digest})
        facts = PullFacts("end-2", name, kind="blob", reference=digest)
        return calls.call("head-blob", request, facts, role="probe")

    def rest(self, lanes: Sequence[Sequence[Turn]]) -> Play:
        """Read, once all is quiet, everything that parallel lists may have changed."""
        yield from read_all(self.state, lanes)

    def play(self, step: Step) -> Play:
        """Run one step; after broken framing, see that the server still serves.

        In a race what a write did is read once all is quiet, and not before.
        """
        self.state.lane = 0 if step.arguments.get("same") else self._lane
        broken: Call | None = None
        generator = OPERATIONS[step.operation](self.state, step)
        call = next(generator, None)
        while call is not None and not (self._lane and _reads_back(call)):
            if call.role == "step" and breaks(call, "frame"):
                broken = call
            exchange = yield self._manners.next(call)
            try:
                call = generator.send(exchange)
            except StopIteration:
                break
        if broken is not None:
            yield clean_call(self.state, broken)

    def settle(self) -> Play:
        """Re-read what was acknowledged and not read since the last write."""
        left = MOST_READ_AT_THE_END
        for repo in self.state.repos:
            for reference in self._unread(repo)[:left]:
                left -= 1
                if reference in repo.blobs:
                    how = Reading(head=True, role="readback")
                    yield from read_blob(self.state, repo, reference, how)
                else:
                    again = reference in repo.tags_read_at
                    how = Reading(head=again or ":" in reference, exact=True, role="readback")
                    yield from read_manifest(self.state, repo, reference, how)

    def _unread(self, repo: Repository) -> list[str]:
        if repo.unsure:
            return []
        now = self.state.writes
        stale = [tag for tag in repo.tags if repo.tags_read_at.get(tag) != now]
        stale += [item.digest for item in repo.manifests.values() if item.read_at != now]
        stale += [item.digest for item in repo.blobs.values() if item.read_at != now]
        return stale

    def clean(self) -> Play:
        """Remove manifests, tags, blobs and open sessions that the case made."""
        yield from _clean(self.state)


def _reads_back(call: Call) -> bool:
    """Return whether a call reads what a write before it did."""
    cause = call.cause.request.method if call.cause is not None else "GET"
    return call.role == "readback" and cause not in {"GET", "HEAD"}


def _clean(state: State) -> Play:
    space = state.space
    if space.can("cancel"):
        yield from _cancel(state)
    kinds: tuple[Kind, ...] = ("manifest", "tag", "blob")
    for kind in kinds:
        if not space.can(f"delete-{kind}"):
            continue
        for repo in state.repos:
            yield from _remove(space, repo, kind)
    if space.can("delete-blob"):
        for digest in state.foreign.made:
            yield _of_other(delete_request(state.foreign.name, "blob", digest))


def _cancel(state: State) -> Play:
    for upload in state.uploads:
        if upload.state != "closed":
            yield _cleaning(cancel_request(upload.locations[-1], upload.repo.name))
    for location in state.strays:
        yield _cleaning(cancel_request(location, _name_in(location, state.repos[0].name)))
    for location in state.foreign_strays:
        yield _of_other(cancel_request(location, _name_in(location, state.foreign.name)))


def _name_in(location: str, otherwise: str) -> str:
    """Return the repository that the location of a session names; a token is asked for it."""
    name, found, _ = location.removeprefix("/v2/").partition("/blobs/uploads/")
    return name if found else otherwise


def clean_call(state: State, cause: Call) -> Call:
    """Return a clean request that shows whether the server still serves; any answer will do."""
    name = state.repos[0].name
    parts = {"name": name, "reference": state.fresh_digest()}
    facts = PullFacts("end-2", name, reference=parts["reference"])
    return calls.call("get-blob", Request("GET", calls.BLOB, parts), facts, (), "readback", cause)


def cancel_request(location: str, name: str) -> Request:
    """Return the DELETE of a session."""
    return calls.session_request("DELETE", location, name)


def _cleaning(request: Request) -> Call:
    repo = request.parts.get("name", "")
    return calls.call("clean", request, Facts("", repo), role="cleanup")


def _of_other(request: Request) -> Call:
    return replace(_cleaning(request), identity="other")


def _remove(space: Space, repo: Repository, kind: Kind) -> Play:
    for reference, made in repo.made.items():
        gone = reference in repo.deleted and not repo.unsure
        with_digest = kind == "tag" and space.can("delete-manifest") and not repo.unsure
        if made == kind and not gone and not with_digest:
            yield _cleaning(delete_request(repo.name, kind, reference))


class Oci:
    """OCI distribution, as `regshape.catalog` lists it."""

    name = "oci"
    versions: Sequence[str] = ("1.1", "dev")
    requirements: Sequence[Requirement] = REQUIREMENTS
    operations = tuple(OPERATIONS)

    def world(self, space: Space) -> OciWorld:
        """Return the empty model of a space."""
        return OciWorld(space)

    def probe(self, space: Space) -> Generator[Call, Exchange, Sequence[Capability]]:
        """Find out what the registry can do.

        Raises:
            TargetError: what answers is no OCI registry.
        """
        state = State(space)
        found = yield from probe(state)
        state.space = replace(space, capabilities={item.name: item for item in found})
        if not space.read_only:
            yield from _clean(state)
        return found
