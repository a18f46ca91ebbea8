"""Every check on real turns with the reference, and on the same turns with their answers changed.

A turn of the reference fulfils a requirement or says nothing of it; access, load and redirects say
nothing of any; and for every requirement there is a change of an answer that violates it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache, partial

import anyio
import httpx
import pytest

from regshape.catalog import find
from regshape.engine.generate import sweep
from regshape.engine.send import Executor
from regshape.engine.target import client_of
from regshape.model import Exchange, Failure, Fault, Requirement, Space, Turn
from regshape.protocols.oci.reference import Reference, ReferenceOptions
from regshape.settings import Settings
from tests.quality.hunt import IDENTITIES

ENTRY = find("oci")
JUDGED = [item for item in ENTRY.protocol.requirements if item.check is not None]
GUARDED = ReferenceOptions(
    auth="bearer",
    users={"main": "secret", "other": "word"},
    rights={
        "other": {"regshape-other/*": ("pull", "push", "delete")},
        "": {"public/*": ("pull",)},
    },
)
OF_ANY_ANSWER = ("OCI-ERR", "OCI-WRN", "HTTP")
"""Rows that hold for every answer, whatever it is an answer to."""

OF_TWO_ANSWERS = frozenset({"OCI-UPL-02", "OCI-RFR-13"})
"""Rows that compare an answer with an earlier one."""


def with_headers(exchange: Exchange, **headers: str) -> Exchange:
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    kept = tuple(pair for pair in exchange.answer_headers if pair[0] not in given)
    return replace(exchange, answer_headers=(*kept, *given.items()))


def with_json(exchange: Exchange, **fields: object) -> Exchange:
    try:
        document = json.loads(exchange.answer)
    except ValueError:
        document = {}
    changed = {**document, **fields} if isinstance(document, dict) else fields
    return replace(exchange, answer=json.dumps(changed).encode())


def errors(exchange: Exchange, **entry: object) -> Exchange:
    told = with_json(replace(exchange, status=404), errors=[entry])
    return with_headers(told, content_type="application/json")


CHANGES: Mapping[str, Callable[[Exchange], Exchange]] = {
    **{
        f"status {status}": partial(replace, status=status)
        for status in (200, 201, 202, 206, 218, 400, 401, 404, 405, 416, 418, 429, 500, 600)
    },
    "no headers": lambda exchange: replace(exchange, answer_headers=()),
    "other bytes": lambda exchange: replace(exchange, answer=exchange.answer + b"x"),
    "no bytes": lambda exchange: replace(exchange, answer=b""),
    "no object": lambda exchange: replace(exchange, answer=b"[]"),
    "other tags": lambda exchange: with_json(exchange, tags=["b", "a", "B", "zzzzz", "a"]),
    "no tags": lambda exchange: with_json(exchange, tags=[]),
    "no list": lambda exchange: with_json(exchange, tags=None, manifests=None),
    "no referrers": lambda exchange: with_json(exchange, manifests=[]),
    "other referrers": lambda exchange: with_json(exchange, manifests=[{"digest": "sha256:0"}]),
    "bare referrers": lambda exchange: replace(
        exchange,
        answer=exchange.answer.replace(b'"artifactType"', b'"x"').replace(b'"annotations"', b'"y"'),
    ),
    "bad extensions": lambda exchange: with_json(exchange, extensions=[{"name": "A!"}]),
    "no error": errors,
    "lower-case code": lambda exchange: errors(exchange, code="lower"),
    "unknown code": lambda exchange: errors(exchange, code="UNHEARD_OF"),
    "trace": lambda exchange: errors(exchange, code="DENIED", message="goroutine 1 [running]"),
    "strange headers": lambda exchange: with_headers(
        exchange,
        docker_content_digest="sha256:" + "0" * 64,
        content_type="text/plain; charset=x",
        content_length="12345",
        content_range="bytes 1-2/3",
        range="0--1",
        link="</x>; rel=other",
        location="",
        oci_subject="sha256:0",
        oci_tag="other",
        oci_filters_applied="none",
        oci_chunk_min_length="some",
        warning="199 - x" * 600,
    ),
    "a link": lambda exchange: with_headers(exchange, link="</x>; rel=next"),
    "no whole answer": lambda exchange: replace(exchange, failure=Failure("cut-off", "it ended")),
    "no answer": lambda exchange: Exchange(
        exchange.method, exchange.target, failure=Failure("timeout", "it did not come")
    ),
}


@cache
def turns() -> list[Turn]:
    return [
        turn
        for options in (
            ReferenceOptions(),
            ReferenceOptions(delete=False, page_limit=1),
            GUARDED,
        )
        for turn in anyio.run(_turns, options)
    ]


async def _turns(options: ReferenceOptions) -> list[Turn]:
    inner = httpx.ASGITransport(Reference(options).app, raise_app_exceptions=False)
    settings = Settings(**IDENTITIES) if options.users else Settings()
    async with client_of(settings, inner) as client:
        executor = Executor(ENTRY.protocol, client.send, Space("regshape", "", "http://embedded"))
        await executor.probe("a0")
        whole = sweep("oci", ENTRY.moves, ENTRY.programs, ENTRY.breaks)
        cases = [case for case in whole if not case.parallel]  # a race is judged as one
        traces = [await executor.run(case, f"b{at:x}") for at, case in enumerate(cases)]
    return [turn for trace in traces for turn in trace.turns if _small(turn)]


def _small(turn: Turn) -> bool:
    return len(turn.exchange.body) < 10_000 or turn.call.operation == "push-manifest"


def applicable(requirement: Requirement) -> Iterator[Turn]:
    wanted = requirement.operations
    return (turn for turn in turns() if not wanted or turn.call.operation in wanted)


def found(requirement: Requirement, turn: Turn, exchange: Exchange) -> Fault | bool:
    assert requirement.check is not None
    return requirement.check(turn.call, exchange)


@pytest.mark.parametrize("requirement", JUDGED, ids=lambda item: item.id)
def test_what_the_reference_answers_is_no_fault(requirement: Requirement) -> None:
    told = [found(requirement, turn, turn.exchange) for turn in applicable(requirement)]
    assert [fault for fault in told if isinstance(fault, Fault)] == []
    assert False in told or requirement.id.startswith("HTTP") or True in told


@pytest.mark.parametrize("requirement", JUDGED, ids=lambda item: item.id)
def test_access_load_and_redirects_are_not_judged(requirement: Requirement) -> None:
    if requirement.id.startswith(OF_ANY_ANSWER):
        pytest.skip("holds for every answer")
    for turn in applicable(requirement):
        for status in (307, 401, 403, 429, 503):
            refused = replace(turn.exchange, status=status, answer=b"", answer_headers=())
            told = found(requirement, turn, refused)
            assert not isinstance(told, Fault), (status, turn.call.operation, told)


@pytest.mark.parametrize("requirement", JUDGED, ids=lambda item: item.id)
def test_some_answer_violates_it(requirement: Requirement) -> None:
    if requirement.id in OF_TWO_ANSWERS:
        pytest.skip("takes two answers: the planted faults show it")
    violating = next(
        (
            name
            for turn in applicable(requirement)
            for name, change in CHANGES.items()
            if isinstance(found(requirement, turn, change(turn.exchange)), Fault)
        ),
        None,
    )
    assert violating is not None
