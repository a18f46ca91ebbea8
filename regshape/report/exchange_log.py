"""A log of exchanges as JSON lines: what the client really sent, and what came of it.

Each line stands for itself, so that a log that was cut off is good up to there. Secrets are taken
out before anything is written (`regshape.report.redact`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from regshape.errors import CaseError, UsageError
from regshape.model import Exchange
from regshape.report.codec import exchange_from_json, exchange_to_json

LOGGED_BODY = 2 * 1024 * 1024
"""Bytes of a body that are logged: enough for what a built-in rule adds, and most manifests."""

AUTH = "auth"
"""The operation of what a client sends for its own sake: to learn how to log in, and for tokens."""


@dataclass(frozen=True, slots=True)
class Logged:
    """One exchange, the URL or origin of the registry that it was with, and what it was for.

    `rules` names what broke the request, in order; `at` is when it had ended, UTC ISO 8601.
    """

    registry: str
    operation: str
    rules: tuple[str, ...]
    exchange: Exchange
    at: str = ""


class ExchangeLog:
    """Writes lines to the end of a file; each is there before the next request leaves.

    Raises:
        UsageError: the file cannot be written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            # No buffer: what could not be written must not be tried again when it is closed.
            self._file = path.open("ab", buffering=0)
        except OSError as error:
            raise UsageError(f"--log-file {path}: cannot be written: {error.strerror}") from error

    def write(self, logged: Logged) -> None:
        """Write one line; raises `UsageError` if the disk is full, say."""
        try:
            rest = memoryview(f"{to_line(logged)}\n".encode())
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            words = f"--log-file {self._path}: cannot be written: {error.strerror}"
            raise UsageError(words) from error

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def to_line(logged: Logged) -> str:
    """Return the line of an exchange, without its end."""
    return json.dumps(
        {
            "at": logged.at or datetime.now(UTC).isoformat(timespec="milliseconds"),
            "registry": logged.registry,
            "operation": logged.operation,
            "rules": list(logged.rules),
            "exchange": exchange_to_json(logged.exchange, LOGGED_BODY),
        },
        ensure_ascii=False,
    )


class _Line(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    at: str = ""
    registry: str
    operation: str = ""
    rules: list[str] = []
    exchange: dict[str, Any]


def is_log(path: Path) -> bool:
    """Return whether a file begins like a log of exchanges."""
    try:
        with path.open("rb") as file:
            first = json.loads(file.readline())
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(first, dict) and "exchange" in first


def read_log(path: Path) -> Iterator[Logged]:
    """Yield what the lines of a log stand for.

    Raises:
        CaseError: the file cannot be read, or a line is none of a log; names line and field.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    yield _logged(line, f"{path}:{number}")
    except OSError as error:
        raise CaseError(f"{path}: cannot be read: {error.strerror}") from error


def _logged(line: bytes, where: str) -> Logged:
    try:
        read = _Line.model_validate_json(line)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(map(str, first["loc"])) or "the line"
        raise CaseError(f"{where}: {field}: {first['msg']}") from error
    exchange = exchange_from_json(read.exchange, f"{where}: exchange")
    return Logged(read.registry, read.operation, tuple(read.rules), exchange, read.at)
