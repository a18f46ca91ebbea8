"""Breaks the query; keys and values are as they are on the wire, already escaped."""

from __future__ import annotations

from dataclasses import replace

from regshape.model import Mutator, Request
from regshape.mutators.action import Action, Actions, Run, text_of
from regshape.mutators.texts import EDITS, WITH_VALUE, Edit


def _value(mutator: Mutator) -> str | None:
    return None if mutator.value is None else str(mutator.value)


def set_value(request: Request, mutator: Mutator) -> Request:
    """Return the request with that parameter once; a value of None leaves out the `=`."""
    key = mutator.key or ""
    pairs = [pair for pair in request.query if pair[0] != key]
    index = next((at for at, pair in enumerate(request.query) if pair[0] == key), len(pairs))
    pairs.insert(index, (key, _value(mutator)))
    return replace(request, query=tuple(pairs))


def remove(request: Request, mutator: Mutator) -> Request:
    """Return the request without that parameter, or without any query if there is no key."""
    if mutator.key is None:
        return replace(request, query=())
    return replace(request, query=tuple(pair for pair in request.query if pair[0] != mutator.key))


def duplicate(request: Request, mutator: Mutator) -> Request:
    """Return the request with a further parameter of that name: the value, or the one it has."""
    key = mutator.key or ""
    value = next((had for name, had in request.query if name == key), None)
    if mutator.value is not None:
        value = str(mutator.value)
    return replace(request, query=(*request.query, (key, value)))


def swap(request: Request, mutator: Mutator) -> Request:
    """Return the request with the values of two parameters exchanged: the key, and the value."""
    key, other = mutator.key or "", text_of(mutator)
    values = dict(request.query)
    if key not in values or other not in values:
        return request
    exchanged = {key: values[other], other: values[key]}
    return replace(request, query=tuple((k, exchanged.get(k, v)) for k, v in request.query))


def _edited(edit: Edit) -> Run:
    def run(request: Request, mutator: Mutator) -> Request:
        pairs = tuple(
            (key, edit(value or "", mutator) if key == mutator.key else value)
            for key, value in request.query
        )
        return replace(request, query=pairs)

    return run


ACTIONS: Actions = {
    name: Action(_edited(EDITS[name]), key=True, value=name in WITH_VALUE)
    for name in ("append", "corrupt", "truncate", "case", "fill")
} | {
    "replace": Action(set_value, key=True),
    "remove": Action(remove),
    "duplicate": Action(duplicate, key=True),
    "swap": Action(swap, key=True, value=True),
}
