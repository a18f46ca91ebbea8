"""Breaks the Authorization header."""

from __future__ import annotations

from dataclasses import replace

from regshape.model import Mutator, Request
from regshape.mutators.action import Action, Actions, Run
from regshape.mutators.headers import ACTIONS as HEADER_ACTIONS
from regshape.mutators.headers import edited, for_header
from regshape.mutators.texts import EDITS, Edit

_NAME = "Authorization"


def _on_scheme(edit: Edit) -> Edit:
    def on_scheme(text: str, mutator: Mutator) -> str:
        scheme, space, rest = text.partition(" ")
        return edit(scheme, mutator) + space + rest

    return on_scheme


def _on_secret(edit: Edit) -> Edit:
    def on_secret(text: str, mutator: Mutator) -> str:
        scheme, space, rest = text.partition(" ")
        return scheme + space + edit(rest, mutator)

    return on_secret


def scheme(request: Request, mutator: Mutator) -> Request:
    """Return the request with the value as its authentication scheme."""
    return for_header(_NAME, edited(_on_scheme(EDITS["replace"])))(request, mutator)


def swap(request: Request, mutator: Mutator) -> Request:
    """Return the request with the schemes Basic and Bearer exchanged."""
    lines = (
        (name, _swapped(value)) if name.lower() == "authorization" else (name, value)
        for name, value in request.headers
    )
    return replace(request, headers=tuple(lines))


def _swapped(value: str) -> str:
    scheme_name, space, rest = value.partition(" ")
    return ("Bearer" if scheme_name.lower() == "basic" else "Basic") + space + rest


def _secret(name: str) -> Run:
    return for_header(_NAME, edited(_on_secret(EDITS[name])))


ACTIONS: Actions = {
    name: Action(for_header(_NAME, HEADER_ACTIONS[name].run), value=HEADER_ACTIONS[name].value)
    for name in ("replace", "remove", "skip", "duplicate", "append")
} | {
    "corrupt": Action(_secret("corrupt")),
    "truncate": Action(_secret("truncate")),
    "case": Action(for_header(_NAME, edited(_on_scheme(EDITS["case"])))),
    "scheme": Action(scheme, value=True),
    "swap": Action(swap),
}
