"""What is judged of a request that a mutator broke is what was asked, not what would have been."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

import httpx
import pytest

from regshape.catalog import find
from regshape.engine.judge import Judge
from regshape.engine.send import Executor
from regshape.engine.target import client_of
from regshape.model import Case, Mutator, Space, Step
from regshape.protocols.oci.reference import Reference
from regshape.protocols.oci.reference.messages import Incoming
from regshape.protocols.oci.reference.odd_manners import MalformedEndsSession
from regshape.protocols.serving import Answer
from regshape.settings import Settings

ENTRY = find("oci")


async def violated(registry: Reference, *steps: Step) -> set[str]:
    """Return the requirements that a case violates on a registry."""
    inner = httpx.ASGITransport(registry.app, raise_app_exceptions=False)
    protocol = ENTRY.protocol
    async with client_of(Settings(), inner) as client:
        executor = Executor(protocol, client.send, Space("regshape", "", "http://embedded"))
        executor.judge = Judge(protocol.requirements, tuple(protocol.operations))
        trace = await executor.run(Case("oci", steps), "b0")
    return {violation.requirement for violation in trace.violations}


def broken(operation: str, name: str, **arguments: object) -> Step:
    mutator: Mutator = next(m for m in ENTRY.breaks[operation] if m.name == name)
    return Step(operation, arguments, (mutator,))


class RefusesUnits(Reference):
    """Refuses a range unit that it does not know, which RFC 9110 (14.2) tells it to ignore."""

    def finish(self, answer: Answer, request: Incoming) -> Answer:
        if not (request.header(b"range") or "bytes=").startswith("bytes="):
            answer = replace(answer, status=416)
        return super().finish(answer, request)


class TakesTypesLiterally(Reference):
    """Sees no image in what was pushed with parameters, as a registry may."""

    def finish(self, answer: Answer, request: Incoming) -> Answer:
        if ";" in (request.header(b"content-type") or "") and request.method == "PUT":
            kept = {k: v for k, v in answer.headers.items() if k.lower() != "oci-subject"}
            answer = replace(answer, headers=kept)
        return super().finish(answer, request)


async def test_a_range_that_a_mutator_replaced_is_not_judged_as_the_one_that_was_meant() -> None:
    step = broken("get-blob", "range-unit-unknown", range="bytes=0-0")
    assert "OCI-BLOB-05" not in await violated(RefusesUnits(), step)


async def test_a_unit_that_is_refused_is_found_where_nothing_else_was_asked() -> None:
    assert "OCI-BLOB-01" in await violated(RefusesUnits(), broken("get-blob", "range-unit-unknown"))


async def test_an_image_behind_parameters_need_not_be_seen() -> None:
    step = broken("push-manifest", "content-type-parameters", shape="referrer-image")
    assert await violated(TakesTypesLiterally(), step) == set()
    assert await violated(TakesTypesLiterally(), Step("push-manifest")) == set()


@pytest.mark.parametrize("first", ["send-chunk", "finish-upload"])
@pytest.mark.parametrize(
    "then", [Step("send-chunk"), Step("finish-upload"), Step("cancel-upload")], ids=repr
)
async def test_a_session_that_was_refused_under_another_name_may_have_ended(
    first: str, then: Step
) -> None:
    foreign = Step(first, {"foreign": True})
    assert await violated(MalformedEndsSession(), foreign, then) == set()


class FailsAtForeignLayers(Reference):
    """Answers a manifest whose layers are kept elsewhere with 500, as distribution does."""

    def put_manifest(self, request: Incoming) -> Answer:
        if b"nondistributable" in request.body:
            return Answer(HTTPStatus.INTERNAL_SERVER_ERROR)
        return super().put_manifest(request)


@pytest.mark.parametrize("name", ["content-type-upper-case", "content-type-image"])
async def test_a_server_that_fails_at_what_is_missing_does_not_fail_at_what_was_broken(
    name: str,
) -> None:
    step = broken("push-manifest", name, shape="image-foreign")
    assert await violated(FailsAtForeignLayers(), step) == {"HTTP-03"}


class FailsAtUpperCase(Reference):
    """Answers a type that is written in capitals with 500."""

    def put_manifest(self, request: Incoming) -> Answer:
        if (request.header(b"content-type") or "").isupper():
            return Answer(HTTPStatus.INTERNAL_SERVER_ERROR)
        return super().put_manifest(request)


async def test_a_type_in_capitals_does_not_disagree() -> None:
    step = broken("push-manifest", "content-type-upper-case")
    assert await violated(FailsAtUpperCase(), step) == {"HTTP-03"}
