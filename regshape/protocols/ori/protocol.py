"""The Ori registry as the engine sees it: its world, its probe, its table."""

from __future__ import annotations

import copy
from collections.abc import Generator, Sequence
from dataclasses import replace

from regshape.model import Call, Capability, Exchange, Play, Requirement, Space, Step, Turn, World
from regshape.protocols.http import breaks
from regshape.protocols.ori import calls
from regshape.protocols.ori.afterwards import join, read_all
from regshape.protocols.ori.facts import Facts, SearchFacts
from regshape.protocols.ori.operations import OPERATIONS
from regshape.protocols.ori.operations.fetching import Reading, read_archive
from regshape.protocols.ori.probe import probe
from regshape.protocols.ori.requirements import REQUIREMENTS
from regshape.protocols.ori.requirements.limits import rate_of
from regshape.protocols.ori.state import State
from regshape.protocols.ori.timeline import HEADER

MOST_READ_AT_THE_END = 6
CHANGES = frozenset({"publish", "yank", "unyank", "deprecate", "transfer"})
"""Operations of nobody who has no token."""


class OriWorld:
    """One space of an Ori registry while a case runs."""

    def __init__(self, space: Space) -> None:
        self.state = State(space)
        self._lane = 0

    def fork(self, lane: int) -> OriWorld:
        """Return a copy that plays one of several parallel lists, as if it were alone.

        What it publishes is its own, but for a step that says `same`.
        """
        other = OriWorld(self.state.space)
        other.state = copy.deepcopy(self.state)
        other._lane = lane
        return other

    def join(self, forks: Sequence[World]) -> None:
        """Take note of what the copies may have changed; what is there now is open."""
        join(self.state, [fork.state for fork in forks if isinstance(fork, OriWorld)])

    def ready(self) -> Call:
        """Return a call that does nothing but open a connection."""
        call = calls.call("probe", calls.get(calls.ADVISORIES), Facts(), role="probe")
        return self._timed(call)

    def rest(self, lanes: Sequence[Sequence[Turn]]) -> Play:
        """Read, once all is quiet, everything that parallel lists may have changed."""
        yield from self._rated(read_all(self.state, lanes), [])

    def play(self, step: Step) -> Play:
        """Run one step; after broken framing, see that the server still serves.

        Nothing is changed without a token: all that could be told is that there is none.
        """
        if step.operation in CHANGES and not self.state.may_publish:
            return
        self.state.lane = 0 if step.arguments.get("same") else self._lane
        broken: list[Call] = []
        yield from self._rated(OPERATIONS[step.operation](self.state, step), broken)
        for cause in broken:
            request = calls.get(calls.ADVISORIES)
            facts = SearchFacts(kind="advisories")
            call = calls.call("list-advisories", request, facts, (), "readback", cause)
            yield self._timed(call)

    def _timed(self, call: Call) -> Call:
        """Return the call in the time of the space, and with what was last told of its rate.

        Who was to show a token that there is not is anonymous, and is judged as such.
        """
        if call.identity == "main" and not self.state.has_token:
            call = replace(call, identity="anonymous")
        rate, ahead = self.state.rates.get(call.identity), self.state.ahead
        request = call.request
        if self.state.own_time:
            request = request.with_header(HEADER, str(self.state.timeline()))
        return replace(call, request=request, facts=replace(call.facts, rate=rate, ahead=ahead))

    def _rated(self, play: Play, broken: list[Call]) -> Play:
        """Play in the time of the space; take note of rates, and of calls of broken framing."""
        call = next(play, None)
        while call is not None:
            call = self._timed(call)
            if call.role == "step" and breaks(call, "frame"):
                broken.append(call)
            exchange = yield call
            rate = rate_of(exchange)
            if rate is not None and not breaks(call, "auth"):
                self.state.rates[call.identity] = rate
            try:
                call = play.send(exchange)
            except StopIteration:
                return

    def settle(self) -> Play:
        """Download once more what was published."""
        yield from self._rated(self._settled(), [])

    def _settled(self) -> Play:
        left = MOST_READ_AT_THE_END
        for package in self.state.packages:
            for version in list(package.versions)[:left]:
                left -= 1
                how = Reading(role="readback")
                yield from read_archive(self.state, package, version, how)

    def clean(self) -> Play:
        """Do nothing: what is published in this protocol is there for good."""
        yield from ()


class Ori:
    """The Ori package registry, as `regshape.catalog` lists it."""

    name = "ori"
    versions: Sequence[str] = ("1",)
    requirements: Sequence[Requirement] = REQUIREMENTS
    operations = tuple(OPERATIONS)

    def world(self, space: Space) -> OriWorld:
        """Return the empty model of a space."""
        return OriWorld(space)

    def probe(self, space: Space) -> Generator[Call, Exchange, Sequence[Capability]]:
        """Find out what the registry can do.

        Raises:
            TargetError: what answers is no Ori registry.
        """
        return (yield from probe(State(space)))
