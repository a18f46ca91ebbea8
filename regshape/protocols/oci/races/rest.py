"""What is read once all is quiet after a race, and what the model takes from it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from regshape.model import Call, Exchange, Play, Request, Turn
from regshape.protocols.oci import calls
from regshape.protocols.oci.facts import (
    DeleteFacts,
    Facts,
    ListFacts,
    ManifestFacts,
    PullFacts,
    ReferrersFacts,
    UploadFacts,
)
from regshape.protocols.oci.races.history import intended, known_in
from regshape.protocols.oci.races.serial import Key
from regshape.protocols.oci.state import State, Upload

MOST_READS = 24
NO_CONTENT = 204


def read_all(state: State, lanes: Sequence[Sequence[Turn]]) -> Play:
    """Read what the lists may have changed: tags, manifests, blobs, lists, sessions."""
    turns = [turn for lane in lanes for turn in lane]
    for call in (*_reads(state, lanes), *_referrers(state, lanes)):
        _answer = yield call  # a bare tuple to `yield from` could not be sent the exchanges
    for upload in _touched_uploads(state, turns):
        yield from _status(state, upload, turns)


def join(state: State, others: Iterable[State]) -> None:
    """Note what parallel lists may have made, to remove it; what is there now is open."""
    for other in others:
        for repo, theirs in zip(state.repos, other.repos, strict=True):
            if theirs.made or theirs.deleted:
                repo.made |= theirs.made
                repo.distrust()
        known = {upload.locations[0] for upload in state.uploads}
        state.strays += [
            upload.locations[-1]
            for upload in other.uploads
            if upload.state != "closed" and upload.locations[0] not in known
        ]
        state.strays += [stray for stray in other.strays if stray not in state.strays]


def _reads(state: State, lanes: Sequence[Sequence[Turn]]) -> list[Call]:
    known = known_in(state, lanes)
    written = [
        write.key
        for lane in lanes
        for turn in lane
        for write in intended(turn.call, known, None)
        if write.key[0] != "referrer"
    ]
    lists = dict.fromkeys(key[1] for key in written if key[0] == "tag")
    found = [_list_of(repo) for repo in lists]
    return (found + [_read_of(key) for key in dict.fromkeys(written)])[:MOST_READS]


def _read_of(key: Key) -> Call:
    kind, name, reference = key
    parts = {"name": name, "reference": reference}
    if kind == "blob":
        facts = PullFacts("end-2", name, reference=reference)
        return _call("get-blob", Request("GET", calls.BLOB, parts), facts)
    headers = (("Accept", calls.ACCEPT),)
    pull = PullFacts("end-3", name, kind="manifest", reference=reference)
    return _call("get-manifest", Request("GET", calls.MANIFEST, parts, (), headers), pull)


def _list_of(name: str) -> Call:
    return _call("list-tags", Request("GET", calls.TAGS, {"name": name}), ListFacts("end-8a", name))


def _call(operation: str, request: Request, facts: Facts) -> Call:
    return calls.call(operation, request, facts, role="readback")


def _referrers(state: State, lanes: Sequence[Sequence[Turn]]) -> list[Call]:
    if not state.space.can("referrers"):
        return []
    subjects = known_in(state, lanes).subjects
    asked: dict[tuple[str, str], None] = {}
    for facts in (turn.call.facts for lane in lanes for turn in lane):
        if isinstance(facts, ManifestFacts) and facts.subject:
            asked[facts.repo, facts.subject] = None
        if isinstance(facts, DeleteFacts) and facts.reference in subjects:
            asked[facts.repo, subjects[facts.reference]] = None
    return [
        _call(
            "list-referrers",
            Request("GET", calls.REFERRERS, {"name": name, "reference": subject}),
            ReferrersFacts("end-12a", name, subject=subject),
        )
        for name, subject in asked
    ]


def _touched_uploads(state: State, turns: Sequence[Turn]) -> list[Upload]:
    targets = {turn.call.request.target().partition("?")[0] for turn in turns}
    return [
        upload
        for upload in state.uploads
        if upload.state == "open"
        and targets & {location.partition("?")[0] for location in upload.locations}
    ]


def _status(state: State, upload: Upload, turns: Sequence[Turn]) -> Play:
    """Ask where a session stands, at the last location that was given for it."""
    path = upload.locations[-1].partition("?")[0]
    location = upload.locations[-1]
    for turn in turns:
        given = state.resolve(turn.exchange.header("location"))
        if given is not None and given.partition("?")[0] == path:
            location = given
    request = calls.session_request("GET", location, upload.repo.name)
    facts = UploadFacts("end-13", upload.repo.name, session="unknown", style="status")
    exchange: Exchange = yield _call("upload-status", request, facts)
    if exchange.status == NO_CONTENT:
        moved = state.resolve(exchange.header("location"))
        upload.locations += [moved] if moved is not None else []
