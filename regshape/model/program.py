"""Cases: programs of steps, in a row or side by side, as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from regshape.model.exchange import Mutator


@dataclass(frozen=True, slots=True)
class Step:
    """An operation of the protocol, its arguments (JSON), and the mutators that break it."""

    operation: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    mutators: tuple[Mutator, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One generated program: steps that run in order in a space of their own.

    With `parallel` it is a race: the steps set it up, the lists of steps are then released
    together, and what they left is read once all is quiet.
    """

    protocol: str
    steps: tuple[Step, ...]
    comment: str = ""
    parallel: tuple[tuple[Step, ...], ...] = ()

    def all_steps(self) -> Iterator[Step]:
        """Yield every step, those that run in parallel too."""
        yield from self.steps
        for steps in self.parallel:
            yield from steps
