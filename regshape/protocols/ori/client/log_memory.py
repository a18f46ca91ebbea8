"""What a client remembers of a registry's log: its key, and the last checkpoint that it has seen.

The file is replaced whole and only by who has read it as it is, so that two processes that see two
different logs cannot both go on.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from regshape.errors import FileError
from regshape.formats.digest import compute


class Remembered(BaseModel):
    """The key of a log, as `NAME+ID+BASE64`, and a checkpoint that it has signed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    registry: str
    key: str
    checkpoint: str


class LogMemory:
    """The memory of one registry's log, in a file, or for as long as the process lasts."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._held: Remembered | None = None

    def read(self) -> Remembered | None:
        """Return what is remembered, None for nothing.

        Raises:
            FileError: the file cannot be read, or is no such memory.
        """
        if self.path is None:
            return self._held
        try:
            return Remembered.model_validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise FileError(f"{self.path}: cannot be read: {error.strerror}") from error
        except ValidationError as error:
            raise FileError(
                f"{self.path}: is no memory of a log: delete it to trust the log anew"
            ) from error

    def replace(self, before: Remembered | None, after: Remembered) -> bool:
        """Remember something else, and return whether what was there was what it replaces.

        Raises:
            FileError: the file cannot be written.
        """
        if self.path is None:
            fits = self._held == before
            self._held = after if fits else self._held
            return fits
        with _alone(self.path):
            if self.read() != before:
                return False
            _write(self.path, after.model_dump_json(indent=2).encode() + b"\n")
            return True

    def keep_evidence(self, kept: str, seen: str) -> Path | None:
        """Put two signed notes that contradict each other beside the memory; return where.

        Raises:
            FileError: it cannot be written.
        """
        if self.path is None:
            return None
        both = json.dumps({"kept": kept, "seen": seen}, indent=2, ensure_ascii=False).encode()
        mark = compute(both).partition(":")[2][:12]
        path = self.path.with_name(f"{self.path.stem}.fork-{mark}.json")
        with _alone(self.path):
            _write(path, both + b"\n")
        return path


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other processes from the memory; raises `FileError` where its folder cannot be used."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.with_name(f".{path.name}.lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
    except OSError as error:
        raise FileError(f"{path}: cannot be written: {error.strerror}") from error


def _write(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with beside.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
