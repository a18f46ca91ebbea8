"""Cases and exchanges as JSON, in case files, stores and reports, and back.

Reading is strict: a case file with a field that nobody knows is a mistake of its author, and the
message says which field of which file. What is written was redacted before.
"""

from __future__ import annotations

import base64
import codecs
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from pydantic_core import ErrorDetails

from regshape.errors import CaseError
from regshape.model import (
    PLAIN,
    Case,
    Ending,
    Exchange,
    Expectation,
    Failure,
    Headers,
    Mutator,
    Step,
)
from regshape.report.clean import BODY_LIMIT, clean_exchange

PRINTABLE_CONTROLS = frozenset("\t\n\r")


class StrictFile(BaseModel):
    """A form of file that is read strictly: no field more, no type guessed."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


_File = TypeVar("_File", bound=StrictFile)


class _MutatorFile(StrictFile):
    name: str
    target: str
    action: str
    key: str | None = None
    value: str | int | None = None
    expect: Literal["reject", "tolerate", "unspecified"] = "unspecified"

    def build(self) -> Mutator:
        return Mutator(
            self.name, self.target, self.action, self.key, self.value, Expectation(self.expect)
        )


class _StepFile(StrictFile):
    operation: str
    arguments: dict[str, JsonValue] = Field(default_factory=dict)
    mutators: list[_MutatorFile] = Field(default_factory=list)

    def build(self) -> Step:
        built = tuple(mutator.build() for mutator in self.mutators)
        return Step(self.operation, dict(self.arguments), built)


class _CaseFile(StrictFile):
    protocol: str
    comment: str = ""
    steps: list[_StepFile]
    parallel: list[list[_StepFile]] = Field(default_factory=list)

    def build(self) -> Case:
        return Case(
            self.protocol,
            tuple(step.build() for step in self.steps),
            self.comment,
            tuple(tuple(step.build() for step in steps) for steps in self.parallel),
        )


class _FailureFile(StrictFile):
    kind: str
    detail: str


_Pair: TypeAlias = Annotated[list[str], Field(min_length=2, max_length=2)]


class _ExchangeFile(StrictFile):
    method: str
    target: str
    headers: list[_Pair] = Field(default_factory=list)
    body: str | None = None
    body_base64: str | None = None
    body_length: int | None = None
    status: int | None = None
    reason: str = ""
    answer_headers: list[_Pair] = Field(default_factory=list)
    answer: str | None = None
    answer_base64: str | None = None
    answer_length: int | None = None
    failure: _FailureFile | None = None
    seconds: float = 0.0
    version: str = PLAIN.version
    ending: Ending = PLAIN.ending

    def build(self) -> Exchange:
        failure = self.failure
        return Exchange(
            method=self.method,
            target=self.target,
            headers=_headers(self.headers),
            body=_bytes(self.body, self.body_base64),
            status=self.status,
            reason=self.reason,
            answer_headers=_headers(self.answer_headers),
            answer=_bytes(self.answer, self.answer_base64),
            failure=Failure(failure.kind, failure.detail) if failure else None,
            seconds=self.seconds,
            body_length=self.body_length,
            answer_length=self.answer_length,
            version=self.version,
            ending=self.ending,
        )


# --- cases ------------------------------------------------------------------------------------


def case_to_json(case: Case) -> dict[str, Any]:
    """Return the case as its file has it; fields at their default are left out."""
    steps = [_step_to_json(step) for step in case.steps]
    comment = {"comment": case.comment} if case.comment else {}
    lists = [[_step_to_json(step) for step in steps] for steps in case.parallel]
    parallel = {"parallel": lists} if lists else {}
    return {"protocol": case.protocol, **comment, "steps": steps, **parallel}


def case_text(case: Case) -> str:
    """Return the text of a case file: fields in one order, arguments by name, so that it diffs."""
    steps = (replace(step, arguments=dict(sorted(step.arguments.items()))) for step in case.steps)
    return json.dumps(case_to_json(replace(case, steps=tuple(steps))), indent=2) + "\n"


def case_from_json(data: object, where: str) -> Case:
    """Return the case that parsed JSON stands for.

    Raises:
        CaseError: it is no case; the message names `where` (a file, say) and the field.
    """
    return validated(_CaseFile, data, where).build()


def case_from_text(text: str | bytes, where: str) -> Case:
    """Return the case that the text of a case file stands for.

    Raises:
        CaseError: it is no JSON, or no case.
    """
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CaseError(f"{where}: not a case file, since it is not JSON: {error}") from error
    return case_from_json(data, where)


def read_case(path: Path) -> Case:
    """Return the case in a file.

    Raises:
        CaseError: the file cannot be read, or holds no case.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise CaseError(f"{path}: cannot be read: {error.strerror}") from error
    return case_from_text(data, str(path))


def _step_to_json(step: Step) -> dict[str, Any]:
    data: dict[str, Any] = {"operation": step.operation}
    if step.arguments:
        data["arguments"] = dict(step.arguments)
    if step.mutators:
        data["mutators"] = [_mutator_to_json(mutator) for mutator in step.mutators]
    return data


def _mutator_to_json(mutator: Mutator) -> dict[str, Any]:
    data: dict[str, Any] = {
        "name": mutator.name,
        "target": mutator.target,
        "action": mutator.action,
        "key": mutator.key,
        "value": mutator.value,
        "expect": mutator.expect.value,
    }
    return {name: value for name, value in data.items() if value is not None}


# --- exchanges --------------------------------------------------------------------------------


def exchange_to_json(exchange: Exchange, limit: int = BODY_LIMIT) -> dict[str, Any]:
    """Return the exchange without secrets, bodies as text where they are text, cut at the limit.

    A body that is no printable UTF-8 stands under `body_base64` (`answer_base64`); the true length
    of one that was cut stands under `body_length` (`answer_length`).
    """
    clean = clean_exchange(exchange, limit)
    failure = clean.failure
    return {
        "method": clean.method,
        "target": clean.target,
        "headers": [list(pair) for pair in clean.headers],
        **_body_to_json("body", clean.body, clean.body_length),
        "status": clean.status,
        "reason": clean.reason,
        "answer_headers": [list(pair) for pair in clean.answer_headers],
        **_body_to_json("answer", clean.answer, clean.answer_length),
        "failure": {"kind": failure.kind, "detail": failure.detail} if failure else None,
        "seconds": round(clean.seconds, 6),
        **_frame_to_json(clean),
    }


def _frame_to_json(exchange: Exchange) -> dict[str, str]:
    frame = {"version": exchange.version, "ending": exchange.ending}
    plain = {"version": PLAIN.version, "ending": PLAIN.ending}
    return {name: value for name, value in frame.items() if value != plain[name]}


def exchange_from_json(data: object, where: str) -> Exchange:
    """Return the exchange that parsed JSON stands for; a body that was cut stays cut.

    Raises:
        CaseError: it is no exchange; the message names `where` and the field.
    """
    return validated(_ExchangeFile, data, where).build()


def _body_to_json(name: str, body: bytes, length: int | None) -> dict[str, Any]:
    noted = {} if length is None else {f"{name}_length": length}
    text = printable(body, whole=length is None)
    if text is None:
        return {f"{name}_base64": base64.b64encode(body).decode("ascii"), **noted}
    return {name: text, **noted}


def printable(data: bytes, *, whole: bool = True) -> str | None:
    """Return the text that bytes are, None where they are no text that can be shown as it is."""
    # A cut may fall inside a character: then the incremental decoder keeps the rest to itself.
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(data, final=whole)
    except UnicodeDecodeError:
        return None
    printable = all(char.isprintable() or char in PRINTABLE_CONTROLS for char in text)
    return text if printable else None


def _headers(pairs: Sequence[Sequence[str]]) -> Headers:
    return tuple((pair[0], pair[1]) for pair in pairs)


def _bytes(text: str | None, encoded: str | None) -> bytes:
    if encoded is not None:
        return base64.b64decode(encoded)
    return (text or "").encode()


# --- what is wrong, in words ------------------------------------------------------------------

_PHRASES: Mapping[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "is no field of this format",
    "string_type": "must be a text",
    "list_type": "must be a list",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "model_attributes_type": "must be an object",
    "int_type": "must be a number",
}


def validated(kind: type[_File], data: object, where: str) -> _File:
    """Return parsed JSON as a form of file.

    Raises:
        CaseError: it has another form; the message names `where` and the field.
    """
    try:
        return kind.model_validate(data)
    except ValidationError as error:
        raise CaseError(f"{where}: {_describe(error.errors(include_url=False)[0])}") from error


def _describe(error: ErrorDetails) -> str:
    field = ".".join(str(part) for part in error["loc"]) or "the whole"
    return f"{field}: {_phrase(error)}"


def _phrase(error: ErrorDetails) -> str:
    if error["type"] == "literal_error":
        expected = str(error["ctx"]["expected"]).replace("'", "").replace(" or ", ", ")
        return f"must be one of {expected}"
    return _PHRASES.get(error["type"], error["msg"].replace("Input should", "must"))
