"""Applies mutators to requests; the table of everything that a mutator can ask for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from regshape.errors import CaseError, UsageError
from regshape.model import Expectation, Mutator, Request
from regshape.mutators import (
    authorization,
    body,
    content_type,
    digests,
    framing,
    headers,
    method,
    path,
    query,
)
from regshape.mutators.action import Action, Actions

TARGETS: Mapping[str, Actions] = {
    "method": method.ACTIONS,
    "name": path.part_actions("name"),
    "reference": path.part_actions("reference"),
    "session": path.part_actions("session"),
    "route": path.ROUTE_ACTIONS,
    "path": path.PATH_ACTIONS,
    "query": query.ACTIONS,
    "header": headers.ACTIONS,
    "content_type": content_type.ACTIONS,
    "body": body.ACTIONS,
    "digest": digests.ACTIONS,
    "auth": authorization.ACTIONS,
    "frame": framing.ACTIONS,
}
"""The actions on each target."""

TABLE: Mapping[tuple[str, str], Action] = {
    (target, name): action
    for target, actions in TARGETS.items()
    for name, action in actions.items()
}
"""The action for each pair of target and action name."""


def apply(mutators: Sequence[Mutator], request: Request) -> Request:
    """Return the request as the mutators break it, one after the other.

    Those that break the framing come last, since they lay out the body that the others leave.

    Raises:
        UsageError: a mutator's target or action does not exist.
    """
    for mutator in sorted(mutators, key=_is_framing):
        request = _action(mutator).run(request, mutator)
    return request


def _is_framing(mutator: Mutator) -> bool:
    return mutator.target == "frame"


def changes(mutator: Mutator, request: Request) -> bool:
    """Return whether the mutator makes any difference to that request."""
    return apply((mutator,), request) != request


def validate(mutator: Mutator) -> None:
    """Check that a mutator can be applied.

    Raises:
        UsageError: the target or action does not exist, or lacks its key or value.
    """
    action = _action(mutator)
    what = f"mutator {mutator.name!r} ({mutator.target} {mutator.action})"
    if action.key and mutator.key is None:
        raise UsageError(f"{what} needs a key")
    if action.value and mutator.value is None:
        raise UsageError(f"{what} needs a value")


def _action(mutator: Mutator) -> Action:
    action = TABLE.get((mutator.target, mutator.action))
    if action is not None:
        return action
    actions = TARGETS.get(mutator.target)
    if actions is None:
        known = ", ".join(TARGETS)
        raise UsageError(f"no mutator target {mutator.target!r}: there are {known}")
    known = ", ".join(actions)
    raise UsageError(f"no action {mutator.action!r} on {mutator.target!r}: there are {known}")


def to_json(mutator: Mutator) -> dict[str, str | int | None]:
    """Return a mutator as a JSON object, without what it leaves at its default."""
    document: dict[str, str | int | None] = {
        "name": mutator.name,
        "target": mutator.target,
        "action": mutator.action,
    }
    if mutator.key is not None:
        document["key"] = mutator.key
    if mutator.value is not None:
        document["value"] = mutator.value
    if mutator.expect is not Expectation.UNSPECIFIED:
        document["expect"] = mutator.expect.value
    return document


def from_json(document: object) -> Mutator:
    """Return the mutator that a JSON object stands for.

    Raises:
        CaseError: the object is none; names the field.
    """
    if not isinstance(document, Mapping):
        raise CaseError(f"a mutator is a JSON object, not {type(document).__name__}")
    unknown = sorted(str(key) for key in document if key not in _FIELDS)
    if unknown:
        raise CaseError(f"mutator: no field {unknown[0]!r}: there are {', '.join(_FIELDS)}")
    value = document.get("value")
    if value is not None and (isinstance(value, bool) or not isinstance(value, str | int)):
        raise CaseError(f"mutator: value must be a string, an integer or null, not {value!r}")
    mutator = Mutator(
        name=_text(document, "name"),
        target=_text(document, "target"),
        action=_text(document, "action"),
        key=None if document.get("key") is None else _text(document, "key"),
        value=value,
        expect=_expectation(document.get("expect", Expectation.UNSPECIFIED)),
    )
    try:
        validate(mutator)
    except UsageError as error:
        raise CaseError(f"mutator: {error}") from error
    return mutator


_FIELDS = ("name", "target", "action", "key", "value", "expect")


def _text(document: Mapping[object, object], field: str) -> str:
    value = document.get(field)
    if isinstance(value, str):
        return value
    raise CaseError(f"mutator: {field} must be a string, not {value!r}")


def _expectation(value: object) -> Expectation:
    try:
        return Expectation(str(value))
    except ValueError as error:
        known = ", ".join(Expectation)
        raise CaseError(f"mutator: expect must be one of {known}, not {value!r}") from error
