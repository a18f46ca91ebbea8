"""Upload sessions that several lists work on: whether some serial order explains what was taken.

In that order a chunk with a range begins where the one before it ended (or repeats what is there),
a chunk without one is appended, and the digest of a closing PUT is that of all the bytes before it.
A second close with the same digest, and a cancelling of what is closed, are no fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from regshape.formats.digest import matches
from regshape.model import Call, Race, Turn
from regshape.protocols.judging import refused
from regshape.protocols.oci.facts import UploadFacts
from regshape.protocols.oci.state import State, Upload

CREATED, ACCEPTED, NO_CONTENT, NOT_FOUND, OUT_OF_ORDER = 201, 202, 204, 404, 416
ON_A_SESSION = frozenset({"chunk", "finish", "status", "cancel"})


@dataclass(frozen=True, slots=True)
class Stream:
    """Where a session stands: its bytes, and the digest that closed it ("" for a cancelling)."""

    content: bytes
    closed: str | None = None


@dataclass(frozen=True, slots=True)
class SharedSession:
    """One session that was open when the lists were released, and all that was asked of it."""

    content: bytes
    lanes: tuple[tuple[Turn, ...], ...]
    after: tuple[Turn, ...]

    def taken(self) -> tuple[tuple[Turn, ...], ...]:
        """Return the turns that were acknowledged, of each list."""
        return tuple(tuple(turn for turn in lane if _took(turn)) for lane in self.lanes)

    @property
    def is_open(self) -> bool:
        """Whether some answer was neither an acknowledgement nor a refusal."""
        turns = (turn for lane in self.lanes for turn in lane if turn.call.facts.style != "status")
        return any(not _took(turn) and not refused(turn.exchange) for turn in turns)

    @property
    def may_be_given_up(self) -> bool:
        """Whether a refusal may have ended the session (all but that of the order of chunks)."""
        turns = (turn for lane in self.lanes for turn in lane)
        return any(
            refused(turn.exchange) and turn.exchange.status != OUT_OF_ORDER for turn in turns
        )


def shared_sessions(race: Race) -> list[SharedSession]:
    """Return the sessions that at least two lists worked on."""
    state: State = race.before.state
    found = [_shared(upload, state, race) for upload in state.uploads if upload.state == "open"]
    return [shared for shared in found if sum(bool(lane) for lane in shared.lanes) > 1]


def _shared(upload: Upload, state: State, race: Race) -> SharedSession:
    paths = {_path(location) for location in upload.locations}
    lanes = tuple(_on_session(lane, set(paths), state) for lane in race.lanes)
    for turn in (turn for lane in lanes for turn in lane):
        paths.add(_path(state.resolve(turn.exchange.header("location")) or ""))
    return SharedSession(bytes(upload.content), lanes, _on_session(race.after, paths, state))


def _on_session(turns: Iterable[Turn], paths: set[str], state: State) -> tuple[Turn, ...]:
    found: list[Turn] = []
    for turn in turns:
        facts = turn.call.facts
        if not isinstance(facts, UploadFacts) or facts.style not in ON_A_SESSION:
            continue
        if _path(turn.call.request.target()) in paths:
            found.append(turn)
            paths.add(_path(state.resolve(turn.exchange.header("location")) or ""))
    return tuple(found)


def _path(target: str) -> str:
    return target.partition("?")[0]


def _took(turn: Turn) -> bool:
    wanted: Mapping[str, tuple[int, ...]] = {
        "chunk": (ACCEPTED,),
        "finish": (CREATED,),
        "cancel": (NO_CONTENT, ACCEPTED),
    }
    if turn.exchange.failure is not None or turn.call.mutators:
        return False
    return turn.exchange.status in wanted.get(turn.call.facts.style, ())


def ends(shared: SharedSession) -> set[Stream]:
    """Return where the session may stand, over all orders that explain what was taken."""
    lanes = shared.taken()
    start = (tuple(0 for _ in lanes), Stream(shared.content))
    reached, waiting, found = {start}, [start], set()
    while waiting:
        places, stream = waiting.pop()
        if all(place == len(lane) for place, lane in zip(places, lanes, strict=True)):
            found.add(stream)
        for lane, place in enumerate(places):
            after = _after(stream, lanes[lane][place].call) if place < len(lanes[lane]) else None
            if after is None:
                continue
            following = ((*places[:lane], place + 1, *places[lane + 1 :]), after)
            if following not in reached:
                reached.add(following)
                waiting.append(following)
    return found


def _after(stream: Stream, call: Call) -> Stream | None:
    """Return where a session stands after a call, or None if it could not have been taken."""
    facts: UploadFacts = call.facts
    if facts.style == "cancel":
        return stream if stream.closed is not None else Stream(stream.content, "")
    if stream.closed is not None:
        again = facts.style == "finish" and stream.closed == facts.digest
        return stream if again else None
    content = _with_chunk(stream.content, call)
    if content is None or facts.style == "chunk":
        return None if content is None else Stream(content)
    digest = facts.digest or ""
    return Stream(content, digest) if matches(digest, content) else None


def _with_chunk(content: bytes, call: Call) -> bytes | None:
    start, body = _start(call), call.request.body
    if start is None or start == len(content):
        return content + body
    return content if content[start : start + len(body)] == body else None


def _start(call: Call) -> int | None:
    ranges = [value for name, value in call.request.headers if name == "Content-Range"]
    return int(ranges[0].partition("-")[0]) if ranges else None


def told_end(turns: Sequence[Turn]) -> int | None:
    """Return how many bytes a session says that it has once all is quiet, or None if it does not.

    `Range: 0-0` may stand for none or for one byte, and is no word.
    """
    for turn in turns:
        first, dash, last = (turn.exchange.header("range") or "").partition("-")
        if turn.exchange.status == NO_CONTENT and first == "0" and dash and last.isdigit():
            return int(last) + 1 if int(last) else None
    return None


def is_gone(turns: Sequence[Turn]) -> bool:
    """Return whether a session is not found once all is quiet."""
    return any(turn.exchange.status == NOT_FOUND for turn in turns)
