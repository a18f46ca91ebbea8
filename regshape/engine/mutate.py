"""Choose which mutators break which operations, as part of a case, so that they shrink with it."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from regshape.errors import UsageError
from regshape.model import Expectation, Mutator
from regshape.settings import Settings

PAIRS_AN_OPERATION = 12
"""How many combinations of two mutators the random search has for each operation."""


def chosen(
    catalogue: Mapping[str, Sequence[Mutator]], settings: Settings
) -> Mapping[str, tuple[Mutator, ...]]:
    """Return the catalogue with only the mutators that the settings name (globs allowed).

    Raises:
        UsageError: a pattern names no mutator.
    """
    if not settings.mutators:
        return {operation: tuple(group) for operation, group in catalogue.items()}
    known = {mutator.name for group in catalogue.values() for mutator in group}
    for pattern in settings.mutators:
        if not any(fnmatchcase(name, pattern) for name in known):
            raise UsageError(f"no mutator {pattern!r}")
    return {
        operation: tuple(mutator for mutator in group if is_chosen(mutator, settings))
        for operation, group in catalogue.items()
    }


def is_chosen(mutator: Mutator, settings: Settings) -> bool:
    """Return whether the settings name the mutator; where they name none, they mean all."""
    patterns = settings.mutators or ("*",)
    return any(fnmatchcase(mutator.name, pattern) for pattern in patterns)


def combinations(
    breaks: Mapping[str, Sequence[Mutator]],
) -> Mapping[str, tuple[tuple[Mutator, ...], ...]]:
    """Return what a step can be broken with in the search: one mutator, or a pair that differs.

    Pairs are spread evenly over the catalogue, and join mutators of which neither must be refused:
    with one that must, the other would hide what was wrong.
    """
    return {
        operation: (*((m,) for m in group), *_pairs(group)) for operation, group in breaks.items()
    }


def _pairs(group: Sequence[Mutator]) -> list[tuple[Mutator, ...]]:
    free = [m for m in group if m.expect is not Expectation.REJECT]
    pairs: list[tuple[Mutator, ...]] = [
        (one, other)
        for one, other in itertools.combinations(free, 2)
        if (one.target, one.key) != (other.target, other.key)
    ]
    stride = max(1, len(pairs) // PAIRS_AN_OPERATION)
    return pairs[::stride][:PAIRS_AN_OPERATION]
