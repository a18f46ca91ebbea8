"""Breaks the digest wherever it stands: in the path, or else in the query."""

from __future__ import annotations

import re
from dataclasses import replace

from regshape.model import Mutator, Request
from regshape.mutators.action import Action, Actions, Run, text_of
from regshape.mutators.texts import EDITS, Edit

_DIGEST = re.compile(r"[A-Za-z0-9]+(?:[+._-][A-Za-z0-9]+)*:[A-Za-z0-9=_-]+")
_PARTS = ("reference", "digest")
_KEYS = ("digest", "mount")
_COLON = "%3A"


def is_digest(text: str) -> bool:
    """Return whether a text has the form of a digest."""
    return _DIGEST.fullmatch(text) is not None


def _edited(edit: Edit) -> Run:
    def run(request: Request, mutator: Mutator) -> Request:
        for part in _PARTS:
            text = request.parts.get(part, "")
            if is_digest(text):
                return replace(request, parts={**request.parts, part: edit(text, mutator)})
        return _in_query(request, mutator, edit)

    return run


def _in_query(request: Request, mutator: Mutator, edit: Edit) -> Request:
    pairs = list(request.query)
    for at, (key, value) in enumerate(pairs):
        if key in _KEYS and value is not None and is_digest(_plain(value)):
            changed = edit(_plain(value), mutator)
            # A digest that was escaped stays so; a value that is given is as on the wire.
            escaped = ":" not in value and mutator.action != "replace"
            pairs[at] = (key, changed.replace(":", _COLON) if escaped else changed)
            return replace(request, query=tuple(pairs))
    return request


def _plain(value: str) -> str:
    return value.replace("%3A", ":").replace("%3a", ":")


def replaced(text: str, mutator: Mutator) -> str:
    """Return the value, or with the key `algorithm` the digest under that algorithm's name."""
    if mutator.key != "algorithm":
        return text_of(mutator)
    return f"{text_of(mutator)}:{text.partition(':')[2]}"


def corrupted(text: str, mutator: Mutator) -> str:
    """Return the digest of something else: its last digit is another one."""
    return text[:-1] + ("0" if text[-1] != "0" else "1")


def recased(text: str, mutator: Mutator) -> str:
    """Return the digest with its hexadecimal digits in upper (or lower) case."""
    algorithm, _, encoded = text.partition(":")
    return f"{algorithm}:{EDITS['case'](encoded, mutator)}"


def truncated(text: str, mutator: Mutator) -> str:
    """Return the digest with as many digits as the value says, or else half of them."""
    algorithm, _, encoded = text.partition(":")
    return f"{algorithm}:{EDITS['truncate'](encoded, mutator)}"


def swapped(text: str, mutator: Mutator) -> str:
    """Return the digest with the halves of its digits exchanged."""
    algorithm, _, encoded = text.partition(":")
    middle = len(encoded) // 2
    return f"{algorithm}:{encoded[middle:]}{encoded[:middle]}"


ACTIONS: Actions = {
    "replace": Action(_edited(replaced), value=True),
    "remove": Action(_edited(EDITS["remove"])),
    "append": Action(_edited(EDITS["append"]), value=True),
    "corrupt": Action(_edited(corrupted)),
    "truncate": Action(_edited(truncated)),
    "case": Action(_edited(recased)),
    "swap": Action(_edited(swapped)),
}
