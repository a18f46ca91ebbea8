"""Files of rules, in YAML or JSON; what is wrong in one is told with its line and its field."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, PlainValidator, StrictStr, ValidationError
from pydantic_core import ErrorDetails

from regshape.errors import CaseError, UsageError
from regshape.model import Expectation
from regshape.mutators.apply import validate
from regshape.mutators.rules import BreakRule, When, built_in


def _scalar(value: object) -> object:
    if isinstance(value, str | int) and not isinstance(value, bool):
        return value
    raise ValueError("must be a text or an integer: put it in quotes")


def _texts(value: object) -> object:
    texts = [value] if isinstance(value, str) else value
    if isinstance(texts, list) and all(isinstance(text, str) for text in texts):
        return tuple(texts)
    raise ValueError("must be a text or a list of texts")


_Scalar = Annotated[str | int, PlainValidator(_scalar)]
_Texts = Annotated[tuple[str, ...], PlainValidator(_texts)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _When(_Strict):
    """Which requests a rule is for: one method, path glob or operation each, or a list of them."""

    method: _Texts = ()
    path: _Texts = ()
    operation: _Texts = ()

    def build(self) -> When:
        methods = tuple(method.upper() for method in self.method)
        return When(methods, self.path, self.operation)


class _Rule(_Strict):
    """A rule as it stands in a file: spelt out with target and action, or a built-in one's name."""

    rule: StrictStr | None = None
    name: StrictStr | None = None
    target: StrictStr | None = None
    action: StrictStr | None = None
    key: StrictStr | None = None
    value: _Scalar | None = None
    expect: Expectation | None = None
    when: _When = Field(default_factory=_When)

    def build(self) -> BreakRule:
        """Return the rule; raises `UsageError`."""
        found = self._spelt_out() if self.rule is None else self._built_in(self.rule)
        return replace(found, when=self.when.build())

    def _built_in(self, name: str) -> BreakRule:
        if self.target is not None or self.action is not None:
            raise UsageError("a rule has target and action, or names a built-in rule, not both")
        value = None if self.value is None else str(self.value)
        if self.key is not None:
            value = f"{self.key}:{value or ''}"
        found = built_in(name, value)
        return replace(found, name=self.name or name, expect=self.expect or found.expect)

    def _spelt_out(self) -> BreakRule:
        if self.target is None or self.action is None:
            lacking = "target" if self.target is None else "action"
            raise UsageError(f"{lacking} is missing (or `rule`, the name of a built-in rule)")
        found = BreakRule(
            self.name or f"{self.target}-{self.action}",
            self.target,
            self.action,
            self.key,
            self.value,
            expect=self.expect or Expectation.UNSPECIFIED,
        )
        validate(found.mutator())
        return found


class _RuleFile(_Strict):
    """A file of rules: `{"rules": [...]}`."""

    rules: tuple[_Rule, ...] = Field(min_length=1)


def read_rules(path: Path, operations: Sequence[str] = ()) -> tuple[BreakRule, ...]:
    """Return the rules of a YAML or JSON file, in the order in which they stand there.

    Args:
        path: the file.
        operations: the names that `when.operation` may have; any if there are none.

    Raises:
        CaseError: the file cannot be read or is no file of rules; names file, line and field.
    """
    parsed = _parsed(path)
    try:
        document = _RuleFile.model_validate(parsed.data)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise parsed.error(first["loc"], _words(first)) from error
    return tuple(_built(parsed, at, rule, operations) for at, rule in enumerate(document.rules))


def _built(parsed: _Parsed, at: int, rule: _Rule, operations: Sequence[str]) -> BreakRule:
    try:
        built = rule.build()
    except UsageError as error:
        raise parsed.error(("rules", at), str(error)) from error
    for name in built.when.operations:
        if operations and name not in operations:
            where = ("rules", at, "when", "operation")
            known = ", ".join(operations)
            raise parsed.error(where, f"there is no operation {name!r}: there are {known}")
    return built


def _words(error: ErrorDetails) -> str:
    words = error["msg"].removeprefix("Value error, ").replace("Input should", "must")
    return _PHRASES.get(error["type"], words)


_PHRASES: Mapping[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "is no field of a rule file",
    "string_type": "must be a text: put it in quotes",
    "model_type": "must be an object",
    "tuple_type": "must be a list",
    "too_short": "must not be empty",
}


@dataclass(frozen=True, slots=True)
class _Parsed:
    """A file's content, and the nodes that know its lines."""

    path: Path
    data: Any
    root: yaml.Node | None

    def error(self, place: Sequence[str | int], words: str) -> CaseError:
        """Return the error of a field: file, line, field, words."""
        field = ".".join(map(str, place)) or "the file"
        return CaseError(f"{self.path}:{self._line(place)}: {field}: {words}")

    def _line(self, place: Sequence[str | int]) -> int:
        node, line = self.root, 1
        for part in place:
            key, node = _inner(node, part)
            if key is None:
                break
            line = key.start_mark.line + 1
        return line


def _inner(node: yaml.Node | None, part: str | int) -> tuple[yaml.Node | None, yaml.Node | None]:
    """Return the node that names a part, and that of its value; None where it is not there."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == part:
                return key, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None, None


def _parsed(path: Path) -> _Parsed:
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise CaseError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CaseError(f"{path}: is no text in UTF-8") from error
    try:
        parsed = _json(path, text)
        parsed = _yaml(path, text) if parsed is None else parsed
    except RecursionError as error:
        raise CaseError(f"{path}: is nested too deeply") from error
    for key in _twice(parsed.root, set()):
        raise CaseError(f"{path}:{key.start_mark.line + 1}: {key.value}: stands there twice")
    return parsed


def _json(path: Path, text: str) -> _Parsed | None:
    """Return the content if it is JSON; raises `CaseError` if it is not, and is called so."""
    try:
        data = json.loads(text)
    except ValueError as error:
        if path.suffix != ".json":
            return None
        line = getattr(error, "lineno", 1)
        raise CaseError(f"{path}:{line}: the file is no JSON: {error}") from error
    # JSON is YAML but for the tabs between its words, which PyYAML refuses.
    return _Parsed(path, data, _nodes(text.replace("\t", " ")))


def _nodes(text: str) -> yaml.Node | None:
    try:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError:
        return None  # JSON all the same, of which then no line is known


def _yaml(path: Path, text: str) -> _Parsed:
    try:
        # Two readings: the nodes know their lines, the data is what the safe loader makes of them.
        root = yaml.compose(text, Loader=yaml.SafeLoader)
        return _Parsed(path, yaml.safe_load(text), root)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        raise CaseError(f"{path}{line}: the file is no YAML: {error.problem}") from error
    except (yaml.YAMLError, ValueError) as error:  # the latter: `2026-99-99` is taken for a date
        raise CaseError(f"{path}: the file is no YAML: {' '.join(str(error).split())}") from error


def _twice(node: yaml.Node | None, seen: set[int]) -> Iterator[yaml.Node]:
    """Yield the keys that stand twice in one object."""
    if node is None or id(node) in seen or isinstance(node, yaml.ScalarNode):
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for inner in node.value:
            yield from _twice(inner, seen)
        return
    names: set[str] = set()
    for key, value in node.value:
        if key.value in names:
            yield key
        if isinstance(key, yaml.ScalarNode):
            names.add(key.value)
        yield from _twice(value, seen)
