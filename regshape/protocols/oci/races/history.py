"""A race as reads and writes: what each answer acknowledged, saw, or left open.

A refusal (4xx) changes nothing and says nothing: whoever loses a race may be told so. Where an
answer is neither an acknowledgement nor a refusal, what it was about is open, and is not judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TypeAlias

from regshape.formats.digest import compute
from regshape.model import Call, Exchange, Race, Turn
from regshape.protocols.http import next_link
from regshape.protocols.judging import refused
from regshape.protocols.oci.facts import (
    DeleteFacts,
    ListFacts,
    ManifestFacts,
    ReferrersFacts,
    UploadFacts,
)
from regshape.protocols.oci.operations.lists import document_of, tags_of
from regshape.protocols.oci.operations.manifests import accepted_tags
from regshape.protocols.oci.races.serial import THERE, Event, Holding, Key, Read, Value, Write
from regshape.protocols.oci.state import Repository, State

OK, CREATED, ACCEPTED, NOT_FOUND = 200, 201, 202, 404
Contents: TypeAlias = Mapping[str, tuple[bytes, str]]
READ = re.compile(r"/v2/(?P<repo>.+)/(?P<kind>manifest|blob)s/(?P<reference>[^/?]+)")


@dataclass(frozen=True, slots=True)
class Known:
    """What a race can be about: contents by canonical digest, tags, referrers, and what was there.

    The canonical digest of a manifest is the SHA-256 of its bytes, by whatever name it is known.
    """

    before: Mapping[Key, Value]
    contents: Contents = field(default_factory=dict)
    """The bytes and the media type of each manifest that was there or was pushed."""
    canonical: Mapping[str, str] = field(default_factory=dict)
    subjects: Mapping[str, str] = field(default_factory=dict)
    open: frozenset[str] = frozenset()
    """The repositories of which the truth was open before."""


@dataclass(frozen=True, slots=True)
class History:
    """A race as events, with what was held before, and the keys of which the truth is open."""

    known: Known
    before: Holding
    lanes: tuple[tuple[Event, ...], ...]
    after: tuple[Read, ...]
    open: frozenset[Key]


@lru_cache(maxsize=1)
def history_of(race: Race) -> History:
    """Return what a race did and saw; every check of a race asks for it."""
    state: State = race.before.state
    known = known_in(state, race.lanes)
    lanes = tuple(tuple(event_of(turn, known) for turn in lane) for lane in race.lanes)
    after = tuple(read for turn in race.after for read in event_of(turn, known).reads)
    keys = {write.key for lane in lanes for event in lane for write in event.writes}
    keys |= set(known.before)  # of what nobody pushed nothing is judged
    doubtful = {key for lane in race.lanes for turn in lane for key in left_open(turn, known)}
    doubtful |= {key for key in keys if key[1] in known.open}
    return History(
        known, {key: known.before.get(key) for key in sorted(keys)}, lanes, after,
        frozenset(doubtful),
    )  # fmt: skip


# --- what can be known ------------------------------------------------------------------------


def known_in(state: State, lanes: Iterable[Iterable[Turn]]) -> Known:
    """Return what was there, and what the lists pushed."""
    before: dict[Key, Value] = {}
    contents: dict[str, tuple[bytes, str]] = {}
    canonical: dict[str, str] = {}
    subjects: dict[str, str] = {}
    for repo in state.repos:
        for digest, manifest in repo.manifests.items():
            canonical[digest] = compute(manifest.content)
            contents[canonical[digest]] = (manifest.content, manifest.media_type)
            if manifest.subject:
                subjects[digest] = manifest.subject
        before |= _held(repo, canonical)
    for lane in lanes:
        for call in (turn.call for turn in lane if isinstance(turn.call.facts, ManifestFacts)):
            facts: ManifestFacts = call.facts
            canonical[facts.digest] = compute(call.request.body)
            media_type = dict(call.request.headers).get("Content-Type", "")
            contents[canonical[facts.digest]] = (call.request.body, media_type)
            if facts.subject:
                subjects[facts.digest] = facts.subject
            for tag in _tags_pushed(facts, facts.tags):
                before.setdefault(("tag", facts.repo, tag), None)
    unsure = frozenset(repo.name for repo in state.repos if repo.unsure or repo.forgotten)
    return Known(before, contents, canonical, subjects, unsure)


def _held(repo: Repository, canonical: Mapping[str, str]) -> dict[Key, Value]:
    held: dict[Key, Value] = {}
    for tag, digest in repo.tags.items():
        held["tag", repo.name, tag] = canonical.get(digest, digest)
    for digest, manifest in repo.manifests.items():
        held["manifest", repo.name, digest] = THERE
        if manifest.subject and manifest.subject_processed:
            held["referrer", repo.name, digest] = THERE
    held |= {("blob", repo.name, digest): THERE for digest in repo.blobs}
    return held


def _tags_pushed(facts: ManifestFacts, asked: tuple[str, ...]) -> tuple[str, ...]:
    return (facts.reference,) if facts.by == "tag" else asked


# --- what a turn did or saw -------------------------------------------------------------------


def event_of(turn: Turn, known: Known) -> Event:
    """Return what a turn did if it was acknowledged, or what it saw."""
    call, exchange = turn.call, turn.exchange
    if call.mutators or exchange.failure is not None or call.identity != "main":
        return Event()
    if call.operation == "list-tags":
        return Event(reads=tuple(_listed_tags(call, exchange, known)))
    if call.operation == "list-referrers":
        return Event(reads=tuple(_listed_referrers(call, exchange, known)))
    if call.operation.startswith(("get-", "head-")):
        return Event(reads=tuple(_read(call, exchange, known)))
    return Event(tuple(_writes(call, exchange, known)), operation=call.operation)


def left_open(turn: Turn, known: Known) -> frozenset[Key]:
    """Return the keys of which a turn left the truth open, being neither taken nor refused."""
    exchange, facts = turn.exchange, turn.call.facts
    if refused(exchange) and not turn.call.mutators:
        return frozenset()
    done = exchange.failure is None and not turn.call.mutators and exchange.status in _DONE
    if done and not _is_late(facts, exchange):
        return frozenset()
    return frozenset(write.key for write in intended(turn.call, known, None))


_DONE = frozenset({OK, CREATED, ACCEPTED, 204})


def _is_late(facts: object, exchange: Exchange) -> bool:
    """Return whether a success says less than that it is done."""
    if isinstance(facts, ManifestFacts):
        return exchange.status != CREATED
    if isinstance(facts, DeleteFacts):
        return exchange.status != ACCEPTED
    return isinstance(facts, UploadFacts) and facts.style == "finish" and exchange.status != CREATED


def _writes(call: Call, exchange: Exchange, known: Known) -> Iterable[Write]:
    wanted = ACCEPTED if isinstance(call.facts, DeleteFacts) else CREATED
    return intended(call, known, exchange) if exchange.status == wanted else ()


def intended(call: Call, known: Known, exchange: Exchange | None) -> list[Write]:
    """Return what a call writes; of what the registry may leave out, what the answer names."""
    facts = call.facts
    if isinstance(facts, ManifestFacts):
        return _pushed(facts, known, exchange)
    if isinstance(facts, DeleteFacts):
        return _deleted(facts, known)
    if isinstance(facts, UploadFacts) and facts.style in {"single", "mount", "finish"}:
        return [Write(("blob", facts.repo, facts.digest or ""), THERE)]
    return []


def _pushed(facts: ManifestFacts, known: Known, exchange: Exchange | None) -> list[Write]:
    writes = [Write(("manifest", facts.repo, facts.digest), THERE)]
    named = facts.tags if exchange is None else accepted_tags(exchange, facts.tags)
    held = known.canonical[facts.digest]
    writes += [Write(("tag", facts.repo, tag), held) for tag in _tags_pushed(facts, named)]
    listed = exchange is None or exchange.header("oci-subject") is not None
    if facts.subject and listed:
        writes.append(Write(("referrer", facts.repo, facts.digest), THERE))
    return writes


def _deleted(facts: DeleteFacts, known: Known) -> list[Write]:
    if facts.kind != "manifest":
        return [Write((facts.kind, facts.repo, facts.reference), None)]
    digest = known.canonical.get(facts.reference, facts.reference)
    writes = [Write((kind, facts.repo, facts.reference), None) for kind in ("manifest", "referrer")]
    tags = [key for key in known.before if key[:2] == ("tag", facts.repo)]
    return writes + [Write(key, None, only=digest) for key in tags]


# --- reads ------------------------------------------------------------------------------------


def _read(call: Call, exchange: Exchange, known: Known) -> Iterable[Read]:
    found = READ.fullmatch(call.request.target())
    if found is None or exchange.status not in {OK, NOT_FOUND}:
        return
    kind, repo, reference = found["kind"], found["repo"], found["reference"]
    if kind == "manifest" and ":" not in reference:
        kind = "tag"
    seen = None if exchange.status == NOT_FOUND else THERE
    if seen and kind == "tag":
        seen = named_by(exchange, known) or THERE
    yield Read((kind, repo, reference), seen, call.operation)


def named_by(exchange: Exchange, known: Known) -> str | None:
    """Return the canonical digest of the manifest that an answer is, or None if it is none."""
    if exchange.method == "HEAD":
        return known.canonical.get(exchange.header("docker-content-digest") or "")
    digest = compute(exchange.answer)
    return digest if digest in known.contents else None


def _listed_tags(call: Call, exchange: Exchange, known: Known) -> Iterable[Read]:
    facts: ListFacts = call.facts
    tags = [] if exchange.status == NOT_FOUND else tags_of(exchange)
    if tags is None:
        return
    whole = "?" not in call.request.target() and next_link(exchange) is None
    for key in known.before:
        if key[:2] != ("tag", facts.repo):
            continue
        if key[2] in tags or whole:
            yield Read(key, THERE if key[2] in tags else None, call.operation)


def _listed_referrers(call: Call, exchange: Exchange, known: Known) -> Iterable[Read]:
    facts: ReferrersFacts = call.facts
    document = document_of(exchange)
    entries = document.get("manifests") if isinstance(document, dict) else None
    if not isinstance(entries, list) or facts.filter is not None:
        return
    listed = {entry.get("digest") for entry in entries if isinstance(entry, dict)}
    for digest, subject in known.subjects.items():
        if subject != facts.subject:
            continue
        if digest in listed or next_link(exchange) is None:
            seen = THERE if digest in listed else None
            yield Read(("referrer", facts.repo, digest), seen, call.operation)
