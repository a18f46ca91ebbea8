from __future__ import annotations

import json
from pathlib import Path

import pytest

from regshape.errors import FileError
from regshape.protocols.ori.client.log_memory import LogMemory, Remembered

ONE, TWO, THREE = (
    Remembered(registry="https://a", key="k", checkpoint=f"log\n{size}\n") for size in (1, 2, 3)
)


@pytest.fixture(params=["file", "process"])
def memory(request: pytest.FixtureRequest, tmp_path: Path) -> LogMemory:
    return LogMemory(tmp_path / "state" / "log.json" if request.param == "file" else None)


def test_nothing_is_remembered_to_begin_with(memory: LogMemory) -> None:
    assert memory.read() is None


def test_only_who_has_read_what_is_there_replaces_it(memory: LogMemory) -> None:
    assert memory.replace(None, ONE)
    assert not memory.replace(None, TWO)
    assert not memory.replace(THREE, TWO)
    assert memory.read() == ONE
    assert memory.replace(ONE, TWO)
    assert memory.read() == TWO


def test_evidence_holds_both_notes_beside_the_memory(tmp_path: Path) -> None:
    path = LogMemory(tmp_path / "log.json").keep_evidence("one", "two")
    assert path is not None
    assert path.parent == tmp_path
    assert json.loads(path.read_text()) == {"kept": "one", "seen": "two"}


def test_a_file_that_is_no_memory_is_named(tmp_path: Path) -> None:
    path = tmp_path / "log.json"
    path.write_text("{}")
    with pytest.raises(FileError, match=r"log\.json: is no memory of a log"):
        LogMemory(path).read()


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileError, match="cannot be"):
        LogMemory(tmp_path / "file" / "log.json").replace(None, ONE)
