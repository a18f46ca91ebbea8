"""Requests in parallel (oci.md 3.1 "timing / concurrency", oracle O12).

The document says nothing of requests that overlap, so these rows hold a registry to no more than
that what it acknowledged is true: some serial order of the acknowledged operations explains the
answers, and what is read once all is quiet. Each row is derived from the sentence that it protects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from regshape.formats.digest import compute, matches
from regshape.model import Fault, Race, Requirement, Turn
from regshape.protocols.http import answers, no_server_error, well_formed
from regshape.protocols.judging import media_type
from regshape.protocols.oci import calls
from regshape.protocols.oci.operations.lists import tags_of
from regshape.protocols.oci.races.history import READ, Contents, History, history_of
from regshape.protocols.oci.races.serial import (
    Key,
    Lanes,
    Read,
    explained,
    fits,
    outcomes,
)
from regshape.protocols.oci.races.streams import (
    SharedSession,
    ends,
    is_gone,
    shared_sessions,
    told_end,
)
from regshape.protocols.oci.requirements.table import MUST, row

OK = 200
LOST, NOT_GONE, HALF, DURING, LISTING = "lost", "not gone", "half", "during", "listing"


@dataclass(frozen=True, slots=True)
class Doubt:
    """One thing that no serial order explains: which key, in which way, and in words."""

    key: Key
    way: str
    aspect: str
    summary: str
    among: tuple[str, ...] = ()

    def fault(self) -> Fault:
        """Return the fault, told from others by its aspect and what wrote the key."""
        return Fault(self.aspect, self.summary, wide=True, among=self.among)


@lru_cache(maxsize=1)
def doubts(race: Race) -> tuple[Doubt, ...]:
    """Return everything in tags, manifests, blobs and referrers that no order explains."""
    history = history_of(race)
    found = [
        doubt
        for key in history.before
        if key not in history.open
        for doubt in _doubts_of(history, key)
    ]
    told = (
        replace(doubt, among=_among(_about(history, [doubt.key], reads=False))) for doubt in found
    )
    return tuple(told) or tuple(_halves(history))


def _doubts_of(history: History, key: Key) -> Iterator[Doubt]:
    before = {key: history.before[key]}
    after = [read for read in history.after if read.key == key]
    written = _about(history, [key], reads=False)
    ended = list({holding[key]: None for holding in outcomes(written, before)})
    for read in after:
        if not any(fits(read.seen, value) for value in ended):
            yield _unexplained(read, ended[0])
            return
    if not any(all(fits(read.seen, value) for read in after) for value in ended):
        yield _contradiction(key, after, ended)
        return
    if not explained(_about(history, [key], reads=True), before, after):
        yield _during(history, key)


def _about(history: History, keys: Sequence[Key], *, reads: bool) -> Lanes:
    lanes = [[event.about(keys, reads=reads) for event in lane] for lane in history.lanes]
    return [[event for event in lane if event.writes or event.reads] for lane in lanes]


def _among(lanes: Lanes) -> tuple[str, ...]:
    """Return the operations that wrote."""
    return tuple(sorted({event.operation for lane in lanes for event in lane if event.writes}))


def _unexplained(read: Read, due: str | None) -> Doubt:
    kind, repo, reference = read.key
    what = f"{kind} {reference} in {repo}"
    if read.operation.startswith("list-"):
        listed = "listed" if read.seen else "not listed"
        way, aspect = (NOT_GONE if read.seen else LOST), f"{kind} {listed}"
    elif read.seen is None:
        way, aspect, listed = LOST, f"{kind} lost", "not found"
    elif due is None:
        way, aspect, listed = NOT_GONE, f"{kind} not gone", "still served"
    else:
        way, aspect, listed = LOST, f"{kind} set back", "not what any acknowledged push made it"
    return Doubt(read.key, way, aspect, f"once all is quiet the {what} is {listed}")


def _contradiction(key: Key, after: Sequence[Read], ended: Sequence[str | None]) -> Doubt:
    listed = [read for read in after if read.operation.startswith("list-")]
    missing = any(read.seen is None for read in listed)
    lost = None not in ended
    aspect = f"{key[0]} found, not listed" if missing else f"{key[0]} listed, not found"
    return Doubt(
        key, LOST if lost else HALF, aspect,
        f"once all is quiet the {key[0]} {key[2]} in {key[1]} is {aspect.partition(' ')[2]}",
    )  # fmt: skip


def _during(history: History, key: Key) -> Doubt:
    events = [event for lane in history.lanes for event in lane]
    reads = [read for event in events for read in event.reads if read.key == key]
    listed = all(read.operation.startswith("list-") for read in reads)
    missed = any(read.seen is None for read in reads)
    aspect = f"{key[0]} {'missed' if missed else 'seen'} in between"
    seen = ", ".join(f"{read.operation} saw {read.seen or 'nothing'}" for read in reads)
    return Doubt(
        key, LISTING if listed else DURING, aspect,
        f"no order of the requests explains what was seen of the {key[0]} {key[2]}: {seen}",
    )  # fmt: skip


def _halves(history: History) -> Iterator[Doubt]:
    """Yield the repositories of which each thing is explained, but not all of them together."""
    for repo in dict.fromkeys(key[1] for key in history.before):
        keys = [key for key in history.before if key[1] == repo and key[0] in {"tag", "manifest"}]
        if history.open & frozenset(keys):
            continue
        before = {key: history.before[key] for key in keys}
        after = [read for read in history.after if read.key in before]
        if not explained(_about(history, keys, reads=False), before, after):
            seen = ", ".join(f"{read.key[2]}: {read.seen or 'not there'}" for read in after)
            said = f"no order of the pushes and deletes explains what is left of {repo}: {seen}"
            yield Doubt(("", repo, ""), HALF, "manifest half there", said)


# --- the checks -------------------------------------------------------------------------------


def _judged(race: Race, kinds: frozenset[str], ways: frozenset[str]) -> Sequence[Fault] | None:
    history = history_of(race)
    writes = [w for lane in history.lanes for event in lane for w in event.writes]
    if not any(write.key[0] in kinds for write in writes):
        return None
    return [
        doubt.fault()
        for doubt in doubts(race)
        if doubt.way in ways and (doubt.key[0] in kinds or not doubt.key[0])
    ]


def _check(*kinds: str, ways: Sequence[str]) -> Callable[[Race], Sequence[Fault] | None]:
    def check(race: Race) -> Sequence[Fault] | None:
        return _judged(race, frozenset(kinds), frozenset(ways))

    return check


def served(race: Race) -> Sequence[Fault]:
    """Every request in parallel, and every read after it, is answered without a 5xx."""
    found: list[Fault] = []
    for turn in _all(race):
        for check in (answers, no_server_error):
            fault = check(turn.call, turn.exchange)
            if isinstance(fault, Fault):
                then = "" if turn.lane is not None else "then "
                aspect = f"{then}{turn.call.operation} | {fault.aspect}"
                found.append(Fault(aspect, f"in parallel with others {fault.summary}", wide=True))
    return found


def whole(race: Race) -> Sequence[Fault] | None:
    """What is read is one manifest or blob, whole, with the headers of that one."""
    known = history_of(race).known
    reads = [turn for turn in _all(race) if turn.call.operation in READING]
    found = [_torn(turn, known.contents) for turn in reads if _is_whole(turn)]
    found += [well_formed(turn.call, turn.exchange) for turn in reads]
    faults = [replace(fault, wide=True) for fault in found if isinstance(fault, Fault)]
    during = _judged(race, frozenset({"tag", "manifest", "blob"}), frozenset({DURING}))
    if not reads:
        return None
    return [*faults, *(during or ())]


READING = frozenset({"get-manifest", "head-manifest", "get-blob", "head-blob"})


def _all(race: Race) -> Iterator[Turn]:
    for lane in race.lanes:
        yield from lane
    yield from race.after


def _is_whole(turn: Turn) -> bool:
    return turn.exchange.failure is None and turn.exchange.status == OK and not turn.call.mutators


def _torn(turn: Turn, contents: Contents) -> Fault | bool:
    exchange, target = turn.exchange, READ.fullmatch(turn.call.request.target())
    if target is None:
        return False
    if target["kind"] == "blob":
        return _torn_blob(turn, target["reference"])
    told = exchange.header("docker-content-digest") or ""
    if exchange.method == "GET":
        digest = compute(exchange.answer)
        if digest not in contents:
            return Fault("manifest torn", f"{target[0]} is none of the manifests that were pushed")
        if ":" in target["reference"] and not matches(target["reference"], exchange.answer):
            return Fault("manifest of another", f"{target[0]} was answered with {digest}")
    else:
        digest = told
    return _mixed(turn, digest, contents)


def _mixed(turn: Turn, digest: str, contents: Contents) -> Fault | bool:
    """Judge whether the headers of a manifest are those of its bytes."""
    exchange = turn.exchange
    told = exchange.header("docker-content-digest") or ""
    if told in contents and told != digest:
        return Fault("digest of another", f"the body is {digest}, Docker-Content-Digest {told}")
    content, kind = contents.get(digest, (b"", ""))
    length = exchange.header("content-length")
    if content and length is not None and length != str(len(content)):
        return Fault("length of another", f"{digest} came with Content-Length {length}")
    others = {other.lower() for other_content, other in contents.values()} - {kind.lower()}
    if content and media_type(exchange) in others:
        return Fault("type of another", f"{digest} came as {exchange.header('content-type')}")
    return True


def _torn_blob(turn: Turn, digest: str) -> Fault | bool:
    partial = any(name == "Range" for name, _ in turn.call.request.headers)
    if turn.exchange.method != "GET" or partial:
        return False
    if matches(digest, turn.exchange.answer):
        return True
    size = len(turn.exchange.answer)
    return Fault("blob torn", f"the {size} bytes served as {digest} have another digest")


def in_one_order(race: Race) -> Sequence[Fault] | None:
    """What a session took in parallel is what it took in some order."""
    sessions = [shared for shared in shared_sessions(race) if not shared.is_open]
    if not sessions:
        return None
    found = [_unordered(shared) for shared in sessions]
    return [fault for fault in found if fault is not None]


def _unordered(shared: SharedSession) -> Fault | None:
    possible = ends(shared)
    if not possible:
        taken = [turn.call for lane in shared.taken() for turn in lane]
        names = " and ".join(sorted({call.operation for call in taken}))
        return Fault(
            f"{names} both taken",
            f"{len(taken)} requests ({names}) to one session were all acknowledged,"
            " which no order of them explains",
            wide=True,
        )
    length = told_end(shared.after)
    lengths = {len(stream.content) for stream in possible if stream.closed is None}
    # Where every order ends the session, that it still answers is no matter of order.
    if lengths and length is not None and length not in lengths:
        return Fault(
            "acknowledged bytes lost",
            f"the session says that it has {length} bytes, not {sorted(lengths)}",
            wide=True,
        )
    if is_gone(shared.after) and not shared.may_be_given_up and _all_open(shared):
        return Fault("session lost", "a session that took chunks is not found", wide=True)
    return None


def _all_open(shared: SharedSession) -> bool:
    return all(stream.closed is None for stream in ends(shared))


def pages(race: Race) -> Sequence[Fault] | None:
    """A list that is walked while it changes has every tag that stays, once, and no other."""
    history = history_of(race)
    lists = [t for t in _all(race) if t.call.operation == "list-tags" and _is_whole(t)]
    if not lists:
        return None
    during = _judged(race, frozenset({"tag"}), frozenset({LISTING}))
    known = {key[2] for key in history.known.before if key[0] == "tag"}
    strange = [
        Fault("tag from nowhere", f"tags/list names {tag!r}, which nobody pushed", wide=True)
        for turn in lists
        for tag in tags_of(turn.exchange) or ()
        if tag not in known and turn.call.facts.repo not in history.known.open
    ]
    return [*strange, *_walks(race, history), *(during or ())]


def _walks(race: Race, history: History) -> Iterator[Fault]:
    written = {w.key for lane in history.lanes for event in lane for w in event.writes}
    for turn in (turn for lane in race.lanes for turn in lane):
        if turn.call.operation != "list-tags" or turn.call.facts.walked is None:
            continue
        walked, repo = turn.call.facts.walked, turn.call.facts.repo
        stay = {
            key[2]
            for key, value in history.before.items()
            if key[:2] == ("tag", repo) and value and key not in written | history.open
        }
        if turn.call.facts.walk_ends and not stay <= set(walked):
            lost = sorted(stay - set(walked))
            yield Fault("page gap", f"the pages, walked while tags changed, lack {lost}", wide=True)
        if len(set(walked)) < len(walked) and not _begins_again(race, turn):
            yield Fault("page twice", f"the pages name a tag twice: {list(walked)}", wide=True)


def _begins_again(race: Race, walk: Turn) -> bool:
    """Return whether a page of a walk has the tag after which it was to begin: no race is needed.

    That is judged where a list is read alone (OCI-TAGS-08).
    """
    lane = race.lanes[walk.lane] if walk.lane is not None else ()
    return any(
        f"last={calls.escape(tag)}" in turn.call.request.target()
        for turn in lane
        if turn.call.operation == "list-tags"
        for tag in tags_of(turn.exchange) or ()
    )


PUSH, BLOB, CHUNKED = "Pushing Manifests", "Pushing blobs", "Pushing a blob in chunks"

RACING: tuple[Requirement, ...] = (
    row("OCI-RACE-01", MUST, "API",
        "Requests in parallel are answered, and none of them, nor a read afterwards, with a 5xx.",
        race=served),
    row("OCI-RACE-02", MUST, PUSH,
        "A tag pushed in parallel with others, and acknowledged, is there afterwards, and listed.",
        race=_check("tag", ways=(LOST,))),
    row("OCI-RACE-03", MUST, PUSH,
        "A manifest pushed in parallel with others, and acknowledged, is there afterwards.",
        race=_check("manifest", ways=(LOST,))),
    row("OCI-RACE-04", MUST, "Pulling manifests",
        "A read in parallel with writes is answered with one whole state, and the headers of that.",
        race=whole),
    row("OCI-RACE-05", MUST, BLOB,
        "A blob pushed or mounted in parallel with others, and acknowledged, is there afterwards.",
        race=_check("blob", ways=(LOST,))),
    row("OCI-RACE-06", MUST, CHUNKED,
        "What a session acknowledged of requests in parallel is what it took in some order.",
        race=in_one_order),
    row("OCI-RACE-07", MUST, "Deleting Manifests",
        "A delete acknowledged in parallel with others is done, and done whole.",
        race=_check("tag", "manifest", "blob", "referrer", ways=(NOT_GONE, HALF))),
    row("OCI-RACE-08", MUST, "Listing Referrers",
        "Referrers whose push was acknowledged in parallel are all listed.",
        race=_check("referrer", ways=(LOST,)), needs="referrers"),
    row("OCI-RACE-09", MUST, "Listing Tags",
        "A list that is read while tags are pushed has every tag that was there and stays, once.",
        race=pages),
)  # fmt: skip
"""Derived: what the document says of one request after the other, kept where they overlap."""
