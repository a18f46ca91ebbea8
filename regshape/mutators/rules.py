"""The common ways of breaking a request, ready to be named; and files of them."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, StrictInt, StrictStr, ValidationError

from regshape.errors import CaseError, UsageError
from regshape.model import Expectation, Mutator
from regshape.mutators.apply import validate

MEBIBYTE = 1024 * 1024


def wrong_digest(value: str | None = None) -> Mutator:
    """Return what gives another digest in the path or the query: the value, or one digit off."""
    action = "corrupt" if value is None else "replace"
    return Mutator("wrong-digest", "digest", action, None, value, Expectation.REJECT)


def invalid_content_type(value: str = "application/x-not-a-media-type") -> Mutator:
    """Return what gives a Content-Type that fits no content."""
    return Mutator("invalid-content-type", "content_type", "replace", None, value)


def skip_auth() -> Mutator:
    """Return what leaves out the Authorization header."""
    return Mutator("skip-auth", "auth", "skip")


def expired_token(token: str) -> Mutator:
    """Return what gives an Authorization header with a token that is known to have expired."""
    value = token if " " in token else f"Bearer {token}"
    return Mutator("expired-token", "auth", "replace", None, value, Expectation.REJECT)


def corrupt_body(value: str = "\x00\xff") -> Mutator:
    """Return what adds bytes to the body that are not the body's."""
    return Mutator("corrupt-body", "body", "append", None, value, Expectation.REJECT)


def oversized_payload(extra_bytes: int = MEBIBYTE) -> Mutator:
    """Return what adds that many zero bytes to the body."""
    return Mutator("oversized-payload", "body", "append", None, extra_bytes)


def wrong_method(method: str) -> Mutator:
    """Return what gives another method."""
    return Mutator("wrong-method", "method", "replace", None, method)


def custom_header(key: str, value: str) -> Mutator:
    """Return what adds a header, or replaces it."""
    return Mutator("custom-header", "header", "replace", key, value)


class _Rule(BaseModel):
    """A mutator as it stands in a file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: StrictStr
    target: StrictStr
    action: StrictStr
    key: StrictStr | None = None
    value: StrictStr | StrictInt | None = None
    expect: Expectation = Expectation.UNSPECIFIED

    def mutator(self) -> Mutator:
        return Mutator(self.name, self.target, self.action, self.key, self.value, self.expect)


class _RuleFile(BaseModel):
    """A file of rules: `{"rules": [...]}`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rules: tuple[_Rule, ...]


def read_rules(path: Path) -> tuple[Mutator, ...]:
    """Return the mutators of a JSON file, in the order in which they stand there.

    Raises:
        CaseError: the file cannot be read or is no file of rules; names file and field.
    """
    try:
        document = _RuleFile.model_validate_json(path.read_bytes())
    except OSError as error:
        raise CaseError(f"{path}: cannot be read: {error.strerror}") from error
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "the file"
        raise CaseError(f"{path}: {field}: {first['msg']}") from error
    mutators = tuple(rule.mutator() for rule in document.rules)
    for index, mutator in enumerate(mutators):
        try:
            validate(mutator)
        except UsageError as error:
            raise CaseError(f"{path}: rules.{index}: {error}") from error
    return mutators
