"""Cases: programs of steps, as data."""

from __future__ import annotations

from collections.abc import Mapping
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
    """One generated program: steps that run in order in a space of their own."""

    protocol: str
    steps: tuple[Step, ...]
    comment: str = ""
