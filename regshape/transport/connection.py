"""An open connection to a peer, and whether it may carry another exchange."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TypeAlias

import h11
from anyio.streams.tls import TLSAttribute, TLSStream

from regshape.transport.link import Link, has_leftovers

Origin: TypeAlias = tuple[str, str, int]
"""Scheme, host and port."""

IDLE_SECONDS = 2.0
"""Servers close idle connections after five seconds or more; ours are dropped well before that."""


@dataclass(slots=True)
class Connection:
    """A connection with the parser of its answers."""

    origin: Origin
    link: Link
    stream: Link | TLSStream
    judge: h11.Connection
    idle_since: float = 0.0
    reused: bool = False

    def is_reusable(self) -> bool:
        """Return whether the peer left an idle connection open and sent nothing on it."""
        if time.monotonic() - self.idle_since > IDLE_SECONDS or not self.link.is_quiet():
            return False
        if isinstance(self.stream, TLSStream):
            session = self.stream.extra(TLSAttribute.ssl_object)  # noqa: S610 - no Django
            return not has_leftovers(session)
        return True
