"""Give things that finish in any order back in the order of their numbers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class Ordered(Generic[T]):
    """Holds what came early until everything before it, from `start` on, has come."""

    def __init__(self, start: int = 0) -> None:
        self._waiting: dict[int, T] = {}
        self._next = start

    def put(self, position: int, item: T) -> Iterator[T]:
        """Yield what is now due, which may be nothing."""
        self._waiting[position] = item
        while self._next in self._waiting:
            yield self._waiting.pop(self._next)
            self._next += 1

    def hold(self, position: int, item: T) -> None:
        """Take what came early before there was anybody to wait for it."""
        self._waiting[position] = item

    def rest(self) -> Iterator[T]:
        """Yield what still waits, in its order, now that nothing more will come."""
        for position in sorted(self._waiting):
            yield self._waiting.pop(position)
