"""The verdict store, for the commands that read what it has."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from regshape.engine.record import Store


@contextmanager
def opened_store(url: str) -> Iterator[Store]:
    """Yield a store that is there, for reading."""
    from regshape.engine.record import open_store

    store = open_store(url, create=False)
    try:
        yield store
    finally:
        store.close()
