"""Where a registry keeps what it acknowledges: the interface, and the one that is memory alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from regshape.formats.notes import Signer, new_signer
from regshape.protocols.ori.reference.records import Holding, Release, Shelf, Token


class Journal(Protocol):
    """Each change is kept whole or not at all, and for good once the call returns.

    A registry reads the shelf once and answers from it; tokens and archives are asked for each
    time, because tokens are made and revoked by other processes and archives are large.
    """

    def signer(self) -> Signer:
        """Return the key of the log."""
        ...

    def load(self) -> Shelf:
        """Return all that was acknowledged."""
        ...

    def publish(self, release: Release, holding: Holding) -> None:
        """Keep a new version, its package and scope if they are new, and its place in the log."""
        ...

    def change_release(self, release: Release) -> None:
        """Keep what can change of a version: whether it is yanked or deprecated."""
        ...

    def change_holding(self, holding: Holding) -> None:
        """Keep who owns a package, and to whom it is offered."""
        ...

    async def keep(self, checksum: str, content: bytes) -> None:
        """Keep an archive, before the version that it is of."""
        ...

    async def read(self, checksum: str) -> bytes:
        """Return an archive."""
        ...

    def find_token(self, hashed: str) -> Token | None:
        """Return the token with that hash."""
        ...

    def tokens(self) -> Sequence[Token]:
        """Return all tokens, the oldest first."""
        ...

    def add_token(self, token: Token) -> None:
        """Keep a token."""
        ...

    def remove_token(self, id_: str) -> bool:
        """Forget a token; returns whether it was there."""
        ...


class Memory:
    """Keeps archives and tokens; all else the registry itself holds as long as it runs."""

    def __init__(self, origin: str, seed: bytes | None = None) -> None:
        self._signer = new_signer(origin) if seed is None else Signer(origin, seed)
        self._archives: dict[str, bytes] = {}
        self._tokens: dict[str, Token] = {}

    def signer(self) -> Signer:
        """Return the key of the log."""
        return self._signer

    def load(self) -> Shelf:
        """Return nothing: what was here before is gone."""
        return Shelf()

    def publish(self, release: Release, holding: Holding) -> None:
        """Do nothing."""

    def change_release(self, release: Release) -> None:
        """Do nothing."""

    def change_holding(self, holding: Holding) -> None:
        """Do nothing."""

    async def keep(self, checksum: str, content: bytes) -> None:
        """Keep an archive."""
        self._archives[checksum] = content

    async def read(self, checksum: str) -> bytes:
        """Return an archive."""
        return self._archives[checksum]

    def find_token(self, hashed: str) -> Token | None:
        """Return the token with that hash."""
        return self._tokens.get(hashed)

    def tokens(self) -> Sequence[Token]:
        """Return all tokens, the oldest first."""
        return sorted(self._tokens.values(), key=lambda token: token.created)

    def add_token(self, token: Token) -> None:
        """Keep a token."""
        self._tokens[token.hashed] = token

    def remove_token(self, id_: str) -> bool:
        """Forget a token; returns whether it was there."""
        known = len(self._tokens)
        self._tokens = {key: token for key, token in self._tokens.items() if token.id != id_}
        return len(self._tokens) < known
