"""A store in a file of its own, and a recorder whose campaign has begun."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from regshape.engine.record import Recorder, Store, open_store
from tests.engine.record.recorded import CAMPAIGN, fail_on_broken


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(str(tmp_path / "deep" / "verdicts.sqlite"))
    yield opened
    opened.close()


@pytest.fixture
def recorder(store: Store) -> Recorder:
    made = Recorder(store, fail_on_broken)
    made.started(CAMPAIGN)
    return made
