"""Breaks header lines; names and values may hold any octet, control characters too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from regshape.model import Headers, Mutator, Request
from regshape.mutators.action import Action, Actions, Run, size_of, text_of
from regshape.mutators.texts import EDITS, WITH_VALUE, Edit

Line = tuple[str, str]


def is_named(line: Line, name: str) -> bool:
    """Return whether a header line has that name, in whatever case."""
    return line[0].lower() == name.lower()


def values(request: Request, name: str) -> list[str]:
    """Return the values of all lines of that name."""
    return [line[1] for line in request.headers if is_named(line, name)]


def with_value(headers: Headers, name: str, value: str) -> Headers:
    """Return the headers with that one once, where its first line was, or else at the end."""
    lines = [line for line in headers if not is_named(line, name)]
    index = next((at for at, line in enumerate(headers) if is_named(line, name)), len(lines))
    lines.insert(index, (name, value))
    return tuple(lines)


def without(headers: Headers, name: str) -> Headers:
    """Return the headers without that one."""
    return tuple(line for line in headers if not is_named(line, name))


def set_value(request: Request, mutator: Mutator) -> Request:
    """Return the request with that header once."""
    headers = with_value(request.headers, mutator.key or "", text_of(mutator))
    return replace(request, headers=headers)


def remove(request: Request, mutator: Mutator) -> Request:
    """Return the request without that header, or without any but Host if there is no key."""
    if mutator.key is None:
        kept = tuple(line for line in request.headers if is_named(line, "host"))
        return replace(request, headers=kept)
    return replace(request, headers=without(request.headers, mutator.key))


def duplicate(request: Request, mutator: Mutator) -> Request:
    """Return the request with a further line of that name: the value, or the one it has."""
    name = mutator.key or ""
    had = values(request, name)
    value = text_of(mutator, had[0] if had else "")
    return replace(request, headers=(*request.headers, (name, value)))


def swap(request: Request, mutator: Mutator) -> Request:
    """Return the request with the values of two headers exchanged: the key, and the value."""
    first, second = mutator.key or "", text_of(mutator)
    ours, theirs = values(request, first), values(request, second)
    if not ours or not theirs:
        return request
    headers = with_value(request.headers, first, theirs[0])
    return replace(request, headers=with_value(headers, second, ours[0]))


def repeat(request: Request, mutator: Mutator) -> Request:
    """Return the request with as many further lines of that name as the value says, numbered."""
    name = mutator.key or "X-Repeat"
    lines = tuple((f"{name}-{number}", "x") for number in range(size_of(mutator, 1)))
    return replace(request, headers=(*request.headers, *lines))


def _on_lines(change: Callable[[Line, Mutator], Line]) -> Run:
    def run(request: Request, mutator: Mutator) -> Request:
        name = mutator.key or ""
        lines = (
            change(line, mutator) if is_named(line, name) else line for line in request.headers
        )
        return replace(request, headers=tuple(lines))

    return run


def edited(edit: Edit) -> Run:
    """Return an action that changes the value of each line of that name."""
    return _on_lines(lambda line, mutator: (line[0], edit(line[1], mutator)))


def named(edit: Edit) -> Run:
    """Return an action that changes the name of each line of that name."""
    return _on_lines(lambda line, mutator: (edit(line[0], mutator), line[1]))


def fill(request: Request, mutator: Mutator) -> Request:
    """Return the request with that header at as many letters `a` as the value says."""
    value = "a" * size_of(mutator, 0)
    return replace(request, headers=with_value(request.headers, mutator.key or "", value))


ACTIONS: Actions = {
    name: Action(edited(EDITS[name]), key=True, value=name in WITH_VALUE)
    for name in ("append", "corrupt", "truncate")
} | {
    "replace": Action(set_value, key=True),
    "remove": Action(remove),
    "skip": Action(remove, key=True),
    "duplicate": Action(duplicate, key=True),
    "swap": Action(swap, key=True, value=True),
    "repeat": Action(repeat, key=True, value=True),
    "fill": Action(fill, key=True, value=True),
    "case": Action(named(EDITS["case"]), key=True),
    "rename": Action(named(EDITS["replace"]), key=True, value=True),
}


def for_header(name: str, run: Run) -> Run:
    """Return an action on one fixed header, whatever the mutator's key."""

    def on_header(request: Request, mutator: Mutator) -> Request:
        return run(request, replace(mutator, key=name))

    return on_header
