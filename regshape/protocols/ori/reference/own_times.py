"""The registry as a campaign works with it: each case has its own clock and rate windows."""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import replace

from starlette.types import Receive, Scope, Send

from regshape.protocols.ori.reference.callers import Window
from regshape.protocols.ori.reference.journal import Journal
from regshape.protocols.ori.reference.records import Quota, ReferenceOptions, Token
from regshape.protocols.ori.reference.service import Reference
from regshape.protocols.ori.reference.traffic import Asked
from regshape.protocols.ori.timeline import HEADER, Timeline, read_timeline
from regshape.protocols.serving import Answer

MOST_TIMES = 10_000
"""Times of which the windows are kept; each case begins one, and none is asked for for long."""
_current: ContextVar[Timeline | None] = ContextVar("timeline", default=None)
"""The time of the request that is being answered."""


class OwnTimes(Reference):
    """A conforming registry for who says in which time it asks (`regshape.protocols.ori.timeline`).

    What names no time is in everybody's, and is counted alone: so that others of a campaign are
    not held up, nothing that lost its header is ever one request too many.
    """

    def __init__(
        self, options: ReferenceOptions | None = None, journal: Journal | None = None
    ) -> None:
        """Start with no time but everybody's."""
        super().__init__(options, journal)
        self.times: dict[str, dict[str, Window]] = {}

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request in its time."""
        token = _current.set(_timeline_of(dict(scope["headers"])))
        try:
            await super().serve(scope, receive, send)
        finally:
            _current.reset(token)

    def now(self) -> float:
        """Return the time in seconds since 1970, as the request has it."""
        timeline = _current.get()
        return super().now() + (timeline.ahead if timeline is not None else 0)

    def count(self, token: Token | None, client: str) -> Quota:
        """Count a request among those of its time."""
        timeline = _current.get()
        self.windows = {} if timeline is None else self.windows_of(timeline.name)
        return super().count(token, client)

    def windows_of(self, name: str) -> dict[str, Window]:
        """Return the windows of a time; those of the one that was asked for last longest ago go."""
        windows = self.times[name] = self.times.pop(name, {})
        if len(self.times) > MOST_TIMES:
            del self.times[next(iter(self.times))]
        return windows

    def finish(self, answer: Answer, asked: Asked) -> Answer:
        """Return the answer with what every answer has, and with its time."""
        finished = super().finish(answer, asked)
        timeline = _current.get()
        if timeline is None:
            return finished
        return replace(finished, headers={**finished.headers, HEADER: str(timeline)})


def _timeline_of(headers: Mapping[bytes, bytes]) -> Timeline | None:
    return read_timeline(headers.get(HEADER.lower().encode(), b"").decode("latin-1"))
