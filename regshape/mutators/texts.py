"""Ways of changing a text, whatever part of a request it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from regshape.model import Mutator
from regshape.mutators.action import size_of, text_of

Edit: TypeAlias = Callable[[str, Mutator], str]


def replaced(text: str, mutator: Mutator) -> str:
    """Return the mutator's value in place of the text."""
    return text_of(mutator)


def removed(text: str, mutator: Mutator) -> str:
    """Return nothing."""
    return ""


def appended(text: str, mutator: Mutator) -> str:
    """Return the text with the mutator's value behind it."""
    return text + text_of(mutator)


def corrupted(text: str, mutator: Mutator) -> str:
    """Return the text with its middle character changed.

    Not the last one: in base64 its low bits may mean nothing, and a decoder may not see the change.
    """
    if not text:
        return "x"
    middle = len(text) // 2
    other = "x" if text[middle] not in "xX" else "y"
    return text[:middle] + other + text[middle + 1 :]


def truncated(text: str, mutator: Mutator) -> str:
    """Return as many first characters as the value says, or else half of them."""
    return text[: size_of(mutator, len(text) // 2)]


def duplicated(text: str, mutator: Mutator) -> str:
    """Return the text twice, with the value (or nothing) between."""
    return text + text_of(mutator) + text


def recased(text: str, mutator: Mutator) -> str:
    """Return the text in upper case, or in lower case if the value is `lower`."""
    return text.lower() if mutator.value == "lower" else text.upper()


def filled(text: str, mutator: Mutator) -> str:
    """Return as many times the letter `a` as the value says."""
    return "a" * size_of(mutator, len(text))


EDITS: Mapping[str, Edit] = {
    "replace": replaced,
    "remove": removed,
    "append": appended,
    "corrupt": corrupted,
    "truncate": truncated,
    "duplicate": duplicated,
    "case": recased,
    "fill": filled,
}
"""Every edit by the name of its action."""

WITH_VALUE = frozenset({"replace", "append", "fill"})
"""The actions that are nothing without a value."""
