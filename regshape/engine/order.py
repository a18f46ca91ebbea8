"""Give things that finish in any order back in the order of their numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Ordered(Generic[T]):
    """Holds what came early until everything before it has come."""

    def __init__(self) -> None:
        self._waiting: dict[int, T] = {}
        self._next = 0

    def put(self, position: int, item: T) -> Iterator[T]:
        """Yield what is now due, which may be nothing."""
        self._waiting[position] = item
        while self._next in self._waiting:
            yield self._waiting.pop(self._next)
            self._next += 1
