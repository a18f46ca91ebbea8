"""How an Ori registry is reached, and what is known of its log beforehand."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TIMEOUT = 30.0
"""Longest wait for a registry to go on, in seconds."""


@dataclass(frozen=True, slots=True)
class OriConfig:
    """A registry, and who asks.

    `url` begins with `http://` or `https://`. `token` goes to its origin only. `log_key` is the
    key of its log as `NAME+ID+BASE64`; without it the first key that is seen is trusted from then
    on. `memory` is the file that keeps the key and the last checkpoint; without it both are
    forgotten at the end. `timeout` is the longest wait for the registry to go on, in seconds.
    `inner` replaces the transport that sends, by an ASGI application's for example.
    """

    url: str
    token: str | None = field(default=None, repr=False)
    log_key: str | None = None
    memory: Path | None = None
    insecure: bool = False
    ca_file: Path | None = None
    timeout: float = TIMEOUT
    inner: Any = None
