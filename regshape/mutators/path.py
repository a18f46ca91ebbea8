"""Breaks the path: its named parts, its route, or what it is as a whole."""

from __future__ import annotations

from dataclasses import replace

from regshape.model import Mutator, Request
from regshape.mutators.action import Action, Actions, Run, size_of, text_of
from regshape.mutators.texts import EDITS, WITH_VALUE, Edit

DEFAULT_PREFIX = "/v2"


def part_actions(part: str) -> Actions:
    """Return the actions on one named part of the route."""
    edits = {
        name: Action(_part_edited(part, EDITS[name]), value=name in WITH_VALUE) for name in EDITS
    }
    filled = {"fill": Action(_part_edited(part, _lengthened), value=True)}
    return edits | filled | {"swap": Action(_part_swapped(part), key=True)}


def _lengthened(text: str, mutator: Mutator) -> str:
    """Return the text, made as long as the value says with the letter `a`.

    What it begins with is kept: a repository has to stay under the prefix that is allowed.
    """
    size = size_of(mutator, len(text))
    return text[:size].ljust(size, "a")


def _part_edited(part: str, edit: Edit) -> Run:
    def run(request: Request, mutator: Mutator) -> Request:
        if part not in request.parts:
            return request
        return replace(request, parts={**request.parts, part: edit(request.parts[part], mutator)})

    return run


def _part_swapped(part: str) -> Run:
    def run(request: Request, mutator: Mutator) -> Request:
        """Return the request with two parts exchanged; the key names the other one."""
        parts, other = request.parts, mutator.key or ""
        if part not in parts or other not in parts:
            return request
        return replace(request, parts={**parts, part: parts[other], other: parts[part]})

    return run


def _edited(edit: Edit) -> Run:
    def run(request: Request, mutator: Mutator) -> Request:
        return replace(request, route=edit(request.route, mutator))

    return run


def replace_prefix(request: Request, mutator: Mutator) -> Request:
    """Return the request with another route, or another prefix if the key names the old one."""
    if mutator.key is None:
        return replace(request, route=text_of(mutator))
    if not request.route.startswith(mutator.key):
        return request
    return replace(request, route=text_of(mutator) + request.route[len(mutator.key) :])


def _is_literal(segment: str) -> bool:
    return segment != "" and not segment.startswith("{")


def recase(request: Request, mutator: Mutator) -> Request:
    """Return the request with the literal segments of its route in upper (or lower) case."""
    segments = (
        EDITS["case"](segment, mutator) if _is_literal(segment) else segment
        for segment in request.route.split("/")
    )
    return replace(request, route="/".join(segments))


def corrupt_segment(request: Request, mutator: Mutator) -> Request:
    """Return the request with one character of the last literal segment of its route changed."""
    segments = request.route.split("/")
    for at in reversed(range(len(segments))):
        if _is_literal(segments[at]):
            segments[at] = EDITS["corrupt"](segments[at], mutator)
            break
    return replace(request, route="/".join(segments))


def truncate_segments(request: Request, mutator: Mutator) -> Request:
    """Return the request with as many first segments as the value says, or else half of them."""
    segments = request.route.split("/")
    kept = segments[: 1 + size_of(mutator, len(segments) // 2)]
    return replace(request, route="/".join(kept) or "/")


def remove_segment(request: Request, mutator: Mutator) -> Request:
    """Return the request without the last segment of its route."""
    return replace(request, route=request.route.rpartition("/")[0] or "/")


def duplicate_segment(request: Request, mutator: Mutator) -> Request:
    """Return the request with the last segment of its route twice."""
    segment = request.route.rpartition("/")[2]
    return replace(request, route=f"{request.route}/{segment}")


def swap_segments(request: Request, mutator: Mutator) -> Request:
    """Return the request with the last two segments of its route exchanged."""
    *front, before, last = ("", *request.route.split("/"))
    return replace(request, route="/".join((*front, last, before))[1:] or "/")


def insert_segment(request: Request, mutator: Mutator) -> Request:
    """Return the request with the value as a segment behind the prefix (the key, or `/v2`)."""
    prefix = mutator.key or DEFAULT_PREFIX
    if not request.route.startswith(prefix):
        return request
    rest = request.route[len(prefix) :]
    return replace(request, route=f"{prefix}/{text_of(mutator, 'x')}{rest}")


def absolute(request: Request, mutator: Mutator) -> Request:
    """Return the request with its target in absolute form (RFC 9112 section 3.2.2).

    The scheme is the value, or `http`; the host is that of the Host header.
    """
    hosts = [value for name, value in request.headers if name.lower() == "host"]
    host = hosts[0] if hosts else "localhost"
    return replace(request, route=f"{text_of(mutator, 'http')}://{host}{request.route}")


ROUTE_ACTIONS: Actions = {
    "replace": Action(replace_prefix, value=True),
    "remove": Action(remove_segment),
    "append": Action(_edited(EDITS["append"]), value=True),
    "corrupt": Action(corrupt_segment),
    "truncate": Action(truncate_segments),
    "case": Action(recase),
    "duplicate": Action(duplicate_segment),
    "swap": Action(swap_segments),
    "insert": Action(insert_segment, value=True),
    "absolute": Action(absolute),
}
"""The route as it is written; the parts in its fields stay what they are."""


def _whole(run: Run) -> Run:
    def on_whole(request: Request, mutator: Mutator) -> Request:
        path = replace(request, query=()).target()
        return run(replace(request, route=path, parts={}), mutator)

    return on_whole


PATH_ACTIONS: Actions = {
    name: Action(_whole(action.run), action.key, action.value)
    for name, action in ROUTE_ACTIONS.items()
} | {"fill": Action(_whole(_edited(EDITS["fill"])), value=True)}
"""The path as it is sent; what its parts were is forgotten."""
