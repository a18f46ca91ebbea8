"""Rules: a way of breaking a request, and which requests it is for; the common ones by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TypeAlias

from regshape.errors import UsageError
from regshape.model import Expectation, Mutator, Request

MEBIBYTE = 1024 * 1024

Predicate: TypeAlias = Callable[[Request], bool]


@dataclass(frozen=True, slots=True)
class When:
    """Which requests a rule is for, as data: whatever is left empty does not matter.

    `methods` and `operations` hold names, `paths` globs (`/v2/*/manifests/*`, where `*` stands for
    slashes too) of the path without its query.
    """

    methods: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    operations: tuple[str, ...] = ()

    def holds(self, request: Request, operation: str) -> bool:
        """Return whether the request, which does that operation, is one of them."""
        path = request.target().partition("?")[0]
        return (
            (not self.methods or request.method in self.methods)
            and (not self.operations or operation in self.operations)
            and (not self.paths or any(fnmatchcase(path, glob) for glob in self.paths))
        )


@dataclass(frozen=True, slots=True)
class BreakRule:
    """A mutator's fields (see `regshape.model.Mutator`), and which requests it is for.

    `when` says so as data, `predicate` in code; a rule with neither is for every request.
    """

    name: str
    target: str
    action: str
    key: str | None = None
    value: str | int | None = None
    predicate: Predicate | None = None
    when: When = field(default_factory=When)
    expect: Expectation = Expectation.UNSPECIFIED

    def mutator(self) -> Mutator:
        """Return what the rule does, as the engine knows it."""
        return Mutator(self.name, self.target, self.action, self.key, self.value, self.expect)

    def holds(self, request: Request, operation: str = "") -> bool:
        """Return whether the rule is for a request, which does that operation."""
        if not self.when.holds(request, operation):
            return False
        return self.predicate is None or self.predicate(request)


def select(rules: Sequence[BreakRule], request: Request, operation: str) -> tuple[Mutator, ...]:
    """Return what the rules do to a request, in their order.

    All of them see the request as it was meant: what one breaks does not hide it from the next.
    """
    return tuple(rule.mutator() for rule in rules if rule.holds(request, operation))


# --- the common ones ------------------------------------------------------------------------------


def wrong_digest(value: str | None = None) -> BreakRule:
    """Return what gives another digest in the path or the query: the value, or one digit off."""
    action = "corrupt" if value is None else "replace"
    return BreakRule("wrong-digest", "digest", action, None, value, expect=Expectation.REJECT)


def invalid_content_type(value: str = "application/x-not-a-media-type") -> BreakRule:
    """Return what gives a Content-Type that fits no content."""
    return BreakRule("invalid-content-type", "content_type", "replace", None, value)


def skip_auth() -> BreakRule:
    """Return what leaves out the Authorization header."""
    return BreakRule("skip-auth", "auth", "skip")


def expired_token(token: str) -> BreakRule:
    """Return what gives an Authorization header with a token that is known to have expired."""
    value = token if " " in token else f"Bearer {token}"
    return BreakRule("expired-token", "auth", "replace", None, value, expect=Expectation.REJECT)


def corrupt_body(value: str = "\x00\xff") -> BreakRule:
    """Return what adds bytes to the body that are not the body's."""
    return BreakRule("corrupt-body", "body", "append", None, value, expect=Expectation.REJECT)


def oversized_payload(extra_bytes: int = MEBIBYTE) -> BreakRule:
    """Return what adds that many zero bytes to the body."""
    return BreakRule("oversized-payload", "body", "append", None, extra_bytes)


def wrong_method(method: str) -> BreakRule:
    """Return what gives another method."""
    return BreakRule("wrong-method", "method", "replace", None, method)


def custom_header(key: str, value: str) -> BreakRule:
    """Return what adds a header, or replaces it."""
    return BreakRule("custom-header", "header", "replace", key, value)


# --- the common ones by name ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BuiltIn:
    """A common rule that a command line or a file can name; `example` is how."""

    about: str
    example: str
    make: Callable[[str | None], BreakRule]


def _number(value: str) -> int:
    if not (value.isascii() and value.isdigit()):
        raise ValueError(f"{value!r} is no number of bytes")
    return int(value)


def _header(value: str) -> BreakRule:
    key, colon, text = value.partition(":")
    if not colon or not key:
        raise ValueError(f"{value!r} is no header: write NAME:VALUE")
    return custom_header(key, text.lstrip(" "))


def _optional(
    make: Callable[[], BreakRule], given: Callable[[str], BreakRule]
) -> Callable[[str | None], BreakRule]:
    return lambda value: make() if value is None else given(value)


def _needed(what: str, given: Callable[[str], BreakRule]) -> Callable[[str | None], BreakRule]:
    def make(value: str | None) -> BreakRule:
        if value is None:
            raise ValueError(f"it needs {what}")
        return given(value)

    return make


def _alone(make: Callable[[], BreakRule]) -> Callable[[str | None], BreakRule]:
    def alone(value: str | None) -> BreakRule:
        if value is not None:
            raise ValueError("it takes no value")
        return make()

    return alone


BUILT_IN: Mapping[str, BuiltIn] = {
    "wrong-digest": BuiltIn(
        "another digest in the path or query",
        "wrong-digest",
        _optional(wrong_digest, wrong_digest),
    ),
    "invalid-content-type": BuiltIn(
        "a Content-Type that fits no content",
        "invalid-content-type=text/html",
        _optional(invalid_content_type, invalid_content_type),
    ),
    "skip-auth": BuiltIn("no Authorization header", "skip-auth", _alone(skip_auth)),
    "expired-token": BuiltIn(
        "a token that has expired",
        "expired-token=TOKEN",
        _needed("the token", expired_token),
    ),
    "corrupt-body": BuiltIn(
        "bytes behind the body that are not its own",
        "corrupt-body",
        _optional(corrupt_body, corrupt_body),
    ),
    "oversized-payload": BuiltIn(
        "so many zero bytes behind the body",
        "oversized-payload=1048576",
        _optional(oversized_payload, lambda value: oversized_payload(_number(value))),
    ),
    "wrong-method": BuiltIn(
        "another method",
        "wrong-method=GET",
        _needed("the method", wrong_method),
    ),
    "custom-header": BuiltIn(
        "a header added or replaced",
        "custom-header=X-Name:value",
        _needed("NAME:VALUE", _header),
    ),
}
"""The common rules by the names that `--break-rules` and files of rules know them by."""


def built_in(name: str, value: str | None = None) -> BreakRule:
    """Return the common rule of that name, with its value.

    Raises:
        UsageError: there is none of that name, or the value does not fit it.
    """
    known = BUILT_IN.get(name)
    if known is None:
        raise UsageError(f"there is no built-in rule {name!r}: there are {', '.join(BUILT_IN)}")
    try:
        return known.make(value)
    except ValueError as error:
        raise UsageError(f"rule {name}: {error}, such as {known.example}") from error
