"""What has one cause is told once, by what forbids it, and in words that are true."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from regshape.catalog import find
from regshape.engine.judge import Judge, able
from regshape.engine.send import Executor, Trace
from regshape.engine.target import client_of
from regshape.model import Case, Space, Step
from regshape.protocols.oci.reference import Reference
from regshape.protocols.oci.reference.messages import Incoming
from regshape.protocols.oci.state import OWN, State
from regshape.protocols.serving import Answer, RefusedError
from regshape.settings import Settings

ENTRY = find("oci")


class OwnCatalogue(Reference):
    """Tells what is wrong with a request for its catalogue by a code of its own."""

    def get_catalog(self, request: Incoming) -> Answer:
        entries = [{"code": "PAGINATION_NUMBER_INVALID", "message": "n"}]
        raise RefusedError(self.errors(400, entries))


class SaysItTwice(Reference):
    """Writes the body of an error twice."""

    def finish(self, answer: Answer, request: Incoming) -> Answer:
        if answer.status == 404:
            answer = replace(answer, body=answer.body * 2)
        return super().finish(answer, request)


class FailsOnMissing(Reference):
    """Fails where a manifest is not there."""

    def manifest_unknown(self, reference: str) -> RefusedError:
        return RefusedError(replace(super().manifest_unknown(reference).answer, status=500))


class RefusesUnits(Reference):
    """Refuses units of ranges that it does not know, before it looks for the blob."""

    def get_blob(self, request: Incoming) -> Answer:
        if not (request.header(b"range") or "bytes=").startswith("bytes="):
            return Answer(416)
        return super().get_blob(request)


class FailsOnRanges(Reference):
    def get_blob(self, request: Incoming) -> Answer:
        return Answer(500) if request.header(b"range") else super().get_blob(request)


class FailsToDelete(Reference):
    """Fails to delete a blob that is not there."""

    def delete_blob(self, request: Incoming) -> Answer:
        try:
            return super().delete_blob(request)
        except RefusedError as refused:
            return replace(refused.answer, status=500)


class NoStatus(Reference):
    """Has no status of uploads, as go-containerregistry has none."""

    def get_session(self, request: Incoming) -> Answer:
        raise self.digest_invalid("that is no digest")


class OneStore(Reference):
    """Finds a blob in whatever repository it is."""

    def find_blob(self, name: str, digest: str) -> bytes | None:
        del name
        found = (repo.blobs.get(digest) for repo in self.store.repositories.values())
        return next((content for content in found if content is not None), None)


class TagsOutlive(Reference):
    """Keeps the tags of a manifest that is deleted, and serves it by them."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: dict[str, Answer] = {}

    def get_manifest(self, request: Incoming) -> Answer:
        try:
            answer = super().get_manifest(request)
        except RefusedError:
            if request.path not in self.kept:
                raise
            return self.kept[request.path]
        if ":" not in request.reference:
            self.kept[request.path] = answer
        return answer


async def told(registry: Reference, *steps: Step) -> tuple[Trace, set[str]]:
    """Return an execution after a probe, and the requirements that it violates."""
    inner = httpx.ASGITransport(registry.app, raise_app_exceptions=False)
    protocol = ENTRY.protocol
    async with client_of(Settings(), inner) as client:
        executor = Executor(protocol, client.send, Space("regshape", "", "http://embedded"))
        await executor.probe("c0")
        kept = able(protocol.requirements, executor.capabilities)
        executor.judge = Judge(kept, tuple(protocol.operations))
        trace = await executor.run(Case("oci", steps), "c1")
    return trace, {violation.requirement for violation in trace.violations}


def step(operation: str, mutator: str, **arguments: object) -> Step:
    found = next(m for m in ENTRY.breaks[operation] if m.name == mutator)
    return Step(operation, arguments, (found,))


async def test_the_table_of_codes_is_not_that_of_an_extension() -> None:
    trace, requirements = await told(OwnCatalogue(), step("list-catalog", "n-negative"))
    assert trace.turns[0].exchange.status == 400
    assert requirements == set()


async def test_a_body_of_two_documents_is_said_to_be_none() -> None:
    trace, requirements = await told(SaysItTwice(), Step("get-manifest", {"want": "missing"}))
    assert "OCI-ERR-01" in requirements
    assert "is no JSON document (Extra data" in trace.violations[0].summary


@pytest.mark.parametrize("mutator", ["accept-all", "accept-q", "accept-absent"])
async def test_what_is_missing_is_missing_whatever_is_accepted(mutator: str) -> None:
    _, requirements = await told(
        FailsOnMissing(), Step("push-manifest"), step("get-manifest", mutator, want="missing")
    )
    assert requirements == {"OCI-PULL-06"}


async def test_a_refused_unit_is_not_a_blob_that_is_not_there() -> None:
    missing = step("get-blob", "range-unit-unknown", want="missing")
    assert (await told(RefusesUnits(), Step("finish-upload"), missing))[1] == set()
    there = step("get-blob", "range-unit-unknown")
    assert (await told(RefusesUnits(), there))[1] == {"OCI-BLOB-01"}


async def test_what_a_recommendation_speaks_of_may_still_not_fail() -> None:
    _, requirements = await told(FailsOnRanges(), Step("get-blob", {"range": "bytes=0-0"}))
    assert requirements == {"HTTP-03"}


@pytest.mark.parametrize("before", ["ping", "open-upload", "finish-upload"])
async def test_a_blob_that_is_not_there_is_not_found_in_any_repository(before: str) -> None:
    missing = Step("delete-blob", {"want": "missing"})
    assert (await told(FailsToDelete(), Step(before), missing))[1] == {"OCI-DEL-08"}


async def test_a_registry_without_a_status_of_uploads_is_told_so_once() -> None:
    ahead, old = Step("send-chunk", {"order": "ahead"}), {"chunks": 1, "location": "oldest"}
    assert (await told(NoStatus(), ahead))[1] == set()
    assert (await told(NoStatus(), Step("upload-status")))[1] == {"OCI-CHK-08"}
    assert "OCI-CHK-09" not in (await told(NoStatus(), Step("upload-status", old)))[1]


async def test_tags_that_outlive_their_manifest_are_told_by_the_first_read() -> None:
    tags = Step("list-tags", {"tags": 4})
    pulls = [Step("get-manifest", {"which": which}) for which in range(4)]
    deletion, again = Step("delete-manifest"), Step("get-manifest", {"want": "deleted"})
    trace, _ = await told(TagsOutlive(), tags, *pulls, deletion, again)
    causes = {violation.cause for violation in trace.violations}
    assert causes <= {"delete-manifest>get-manifest | status 200"}


async def test_where_repositories_share_blobs_no_content_is_that_of_another_case() -> None:
    inner = httpx.ASGITransport(OneStore().app, raise_app_exceptions=False)
    async with client_of(Settings(), inner) as client:
        executor = Executor(ENTRY.protocol, client.send, Space("regshape", "", "http://embedded"))
        await executor.probe("c0")
        shared = State(executor.space("c1"))
    assert not executor.capabilities["isolated-blobs"].present
    assert len(shared.fresh(0)) == len(shared.fresh(1)) == OWN
    assert len(State(Space("regshape", "c1")).fresh(0)) == 0
