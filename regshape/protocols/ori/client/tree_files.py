"""The files of a project that go into its package: what is not hidden, below one folder."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from regshape.errors import UsageError
from regshape.protocols.ori.package import CHECKSUM, MANIFEST, MOST_BYTES

SUFFIX = ".oripk"
MOST_TOTAL = 10 * MOST_BYTES
"""Bytes that the files may have together (decision 11)."""


def project_files(folder: Path) -> Mapping[str, bytes]:
    """Return a project's files by name, with `/` between the steps.

    Left out are hidden files and folders, packages (`*.oripk`) and a `CHECKSUM` beside the
    manifest, which is written anew.

    Raises:
        UsageError: the folder is no project, or has what no package can hold.
    """
    if not (folder / MANIFEST).is_file():
        raise UsageError(f"{folder} is no project: it has no {MANIFEST}")
    files: dict[str, bytes] = {}
    total = 0
    for path in _walked(folder):
        name = path.relative_to(folder).as_posix()
        if name == CHECKSUM:
            continue
        files[name] = _content(path)
        total += len(files[name])
        if total > MOST_TOTAL:
            raise UsageError(f"{folder} has more than {MOST_TOTAL} bytes: it is too large to pack")
    return files


def _walked(folder: Path) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise UsageError(f"{folder}: cannot be read: {error.strerror}") from error
    for entry in entries:
        path = Path(entry.path)
        if entry.name.startswith(".") or entry.name.endswith(SUFFIX):
            continue
        if entry.is_symlink():
            raise UsageError(f"{path} is a link, which no package can hold: put a file there")
        if entry.is_dir():
            yield from _walked(path)
        elif entry.is_file():
            yield path
        else:
            raise UsageError(f"{path} is neither a file nor a folder: no package can hold it")


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
