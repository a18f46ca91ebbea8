"""What an action is: a pure function from a request and a mutator to a request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from regshape.model import Mutator, Request

Run: TypeAlias = Callable[[Request, Mutator], Request]


@dataclass(frozen=True, slots=True)
class Action:
    """One way of breaking one part of a request, and what a mutator must give it.

    `run` leaves alone a request that does not have what it breaks.
    """

    run: Run
    key: bool = False
    value: bool = False


Actions = Mapping[str, Action]


def text_of(mutator: Mutator, default: str = "") -> str:
    """Return the mutator's value as text."""
    return default if mutator.value is None else str(mutator.value)


def size_of(mutator: Mutator, default: int) -> int:
    """Return the mutator's value as a number that is not negative, or the default if it is none."""
    value = mutator.value
    if isinstance(value, str):
        return int(value) if value.isascii() and value.isdigit() else default
    return default if value is None else max(value, 0)
