"""Breaks the Content-Type header."""

from __future__ import annotations

from regshape.mutators.action import Action, Actions
from regshape.mutators.headers import ACTIONS as HEADER_ACTIONS
from regshape.mutators.headers import edited, for_header
from regshape.mutators.texts import EDITS

_NAME = "Content-Type"

ACTIONS: Actions = {
    name: Action(for_header(_NAME, action.run), value=action.value)
    for name, action in HEADER_ACTIONS.items()
    if name in ("append", "corrupt", "truncate", "replace", "remove", "skip", "duplicate", "fill")
} | {"case": Action(for_header(_NAME, edited(EDITS["case"])))}
