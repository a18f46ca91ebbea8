"""Breaks the method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from regshape.model import Mutator, Request
from regshape.mutators.action import Action, Actions, Run
from regshape.mutators.texts import EDITS, WITH_VALUE, Edit

_OPPOSITES: Mapping[str, str] = {
    "GET": "HEAD",
    "HEAD": "GET",
    "PUT": "POST",
    "POST": "PUT",
    "PATCH": "PUT",
    "DELETE": "GET",
}


def swap(request: Request, mutator: Mutator) -> Request:
    """Return the request with the method that is easily taken for its own."""
    return replace(request, method=_OPPOSITES.get(request.method, "GET"))


def _edited(edit: Edit) -> Run:
    def run(request: Request, mutator: Mutator) -> Request:
        return replace(request, method=edit(request.method, mutator))

    return run


ACTIONS: Actions = {
    name: Action(_edited(EDITS[name]), value=name in WITH_VALUE)
    for name in ("replace", "remove", "append", "corrupt", "truncate", "case")
} | {"swap": Action(swap)}
