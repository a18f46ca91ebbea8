"""The moves of whoever may not: without credentials, as a second identity, with another token.

Each is left out where the registry does not keep from them what it is about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from regshape.strategies.common import Move

READS: Mapping[str, str] = {"other": "private-reads", "anonymous": "guarded-reads"}
WRITES: Mapping[str, str] = {"other": "private-writes", "anonymous": "guarded-writes"}
CHANGES = ("new-tag", "new-manifest", "new-blob", "delete-tag", "delete-manifest", "delete-blob")


def _move(operation: str, needs: str, **arguments: object) -> Move:
    return Move(operation, arguments, needs=(needs,))


def _of(who: str) -> Iterator[Move]:
    """Yield what both of them try; the second identity is whom an operation means by itself."""
    named: dict[str, object] = {} if who == "other" else {"who": who}
    reads, writes = READS[who], WRITES[who]
    yield _move("read-as", reads, **named)
    for what in ("digest", "blob", "tags", "referrers", "catalog"):
        yield _move("read-as", reads, **named, what=what)
    for what in ("manifest", "digest", "blob"):
        yield _move("read-as", reads, **named, what=what, head=True)
    yield _move("write-as", writes, **named)
    for what in CHANGES:
        yield _move("write-as", writes, **named, what=what)
    yield _move("session-as", writes, **named)
    for how in ("finish", "cancel"):
        yield _move("session-as", writes, **named, how=how)
    yield _move("session-as", reads, **named, how="status")


def _of_other() -> Iterator[Move]:
    """Yield what needs a repository of one's own, or a token for it."""
    for what in ("manifest", "digest", "blob", "referrers"):
        for scope in ("own", "both"):
            yield _move("read-as", "private-reads", what=what, scope=scope)
    for what in ("digest", "blob"):
        yield _move("read-as", "foreign-mounts", what=what, at="own")
    for what in ("manifest", "new-blob", "delete-manifest"):
        for scope in ("own", "both"):
            yield _move("write-as", "private-writes", what=what, scope=scope)
    for how in ("chunk", "finish", "cancel", "status"):
        yield _move("session-as", "foreign-mounts", how=how, at="own")
    yield _move("session-as", "private-writes", how="finish", scope="own")
    yield _move("mount-as", "foreign-mounts")
    yield Move("mount-as", {"from": "none"}, needs=("foreign-mounts",))


def _of_tokens() -> Iterator[Move]:
    for what in ("manifest", *CHANGES):
        yield _move("exceed-scope", "scoped-tokens", what=what)
    for what in ("manifest", "digest", "blob", "tags"):
        yield _move("exceed-scope", "scoped-tokens", what=what, scope="elsewhere")


INTRUDER_MOVES: Sequence[Move] = (
    *_of("other"),
    *_of("anonymous"),
    *_of_other(),
    *_of_tokens(),
)
