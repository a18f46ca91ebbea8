"""A registry that does nothing wrong is accused of nothing, however it uses its freedom.

Each class below is the reference registry, changed in a way that the specification allows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any

import httpx
import pytest

from regshape.catalog import find
from regshape.engine.runner import run_campaign
from regshape.formats import digest as digests
from regshape.model import Result
from regshape.protocols.oci.models import IMAGE_CONFIG, ErrorCode
from regshape.protocols.oci.reference import (
    Answer,
    Incoming,
    Reference,
    ReferenceOptions,
    RefusedError,
    Session,
    StoredManifest,
)
from regshape.protocols.oci.reference.ranges import parse_range
from regshape.settings import Settings

NO_HEADERS: Mapping[str, str] = {}
BASIC = ReferenceOptions(auth="basic", users={"someone": "secret"})
BEARER = replace(BASIC, auth="bearer")
OPTIONS: Mapping[str, ReferenceOptions] = {
    "as it comes": ReferenceOptions(),
    "with basic authentication": BASIC,
    "with bearer authentication": BEARER,
    "without deletes": ReferenceOptions(delete=False),
    "without referrers": ReferenceOptions(referrers=False),
    "without mounts": ReferenceOptions(mount=False),
    "without single posts": ReferenceOptions(single_post=False),
    "with pages of two": ReferenceOptions(page_limit=2),
    "with chunks of 64 bytes": ReferenceOptions(chunk_min_length=64),
}


class AbsoluteLocations(Reference):
    def location(self, name: str, route: str, reference: str) -> str:
        return f"http://embedded{super().location(name, route, reference)}"


class LexicalOrder(Reference):
    """Leaves case out, and puts tags that differ in nothing else in either order."""

    def folded(self, tag: str) -> str:
        return tag.lower()

    def order_tags(self, tags: Iterable[str]) -> list[str]:
        return sorted(sorted(tags, reverse=True), key=self.folded)

    def tag_page(self, ordered: Sequence[str], count: int | None, last: str) -> list[str]:
        start = sum(self.folded(tag) <= self.folded(last) for tag in ordered)
        if last in ordered:
            start = list(ordered).index(last) + 1
        return list(ordered[start:] if count is None else ordered[start : start + count])


class UpperCaseOrder(LexicalOrder):
    """Compares in upper case, where `_` comes after all letters."""

    def folded(self, tag: str) -> str:
        return tag.upper()


class TextErrors(Reference):
    kind = "text/plain; charset=utf-8"

    def errors(
        self, status: int, entries: list[dict[str, Any]], headers: Mapping[str, str] = NO_HEADERS
    ) -> Answer:
        return Answer(status, {"Content-Type": self.kind, **headers}, b"<html>no</html>")


class HtmlErrors(TextErrors):
    kind = "text/html"


class EmptyErrors(Reference):
    """Says JSON of a body that is not there."""

    def errors(
        self, status: int, entries: list[dict[str, Any]], headers: Mapping[str, str] = NO_HEADERS
    ) -> Answer:
        return Answer(status, {"Content-Type": "application/json", **headers})


class LegacyCodes(Reference):
    def manifest_invalid(self, message: str) -> RefusedError:
        answer = super().manifest_invalid(message).answer
        return RefusedError(
            replace(answer, body=answer.body.replace(b"MANIFEST_INVALID", b"TAG_INVALID"))
        )


class NothingFound(Reference):
    """Answers 404 where it could say that a reference or a name is none."""

    def finish(self, answer: Answer, request: Incoming) -> Answer:
        reading = request.method in {"GET", "HEAD", "DELETE"} and request.reference
        if answer.status == HTTPStatus.BAD_REQUEST and reading and request.route != "referrers":
            answer = replace(answer, status=HTTPStatus.NOT_FOUND)
        return super().finish(answer, request)


class NoRangeOfNothing(Reference):
    def session_headers(self, session: Session) -> dict[str, str]:
        headers = super().session_headers(session)
        if not session.size:
            del headers["Range"]
        return headers


class OtherDigest(Reference):
    """Names manifests by the digest of another algorithm than the client does."""

    def manifest_headers(self, manifest: StoredManifest) -> dict[str, str]:
        digest = digests.compute(manifest.content, "sha512")
        return {**super().manifest_headers(manifest), "Docker-Content-Digest": digest}


class StatefulLocations(Reference):
    """Has a new location for each chunk, with a query; the old ones can only be asked."""

    def session_location(self, session: Session) -> str:
        return f"{super().session_location(session)}?_state={session.size}&x=%7B"

    def append_chunk(self, request: Incoming) -> Answer:
        self.check_state(request)
        return super().append_chunk(request)

    def finish_upload(self, request: Incoming) -> Answer:
        self.check_state(request)
        return super().finish_upload(request)

    def check_state(self, request: Incoming) -> None:
        session = self.need_session(request.name, request.reference)
        if request.parameter("_state") != str(session.size):
            raise self.upload_invalid("an old location")


class RelativeLinks(Reference):
    """Links relative to the request, among links of other relations."""

    def link(self, path: str, *parameters: tuple[str, str]) -> str:
        here = path.rpartition("/")[2]
        return f'<first>; rel="first"; title="a, <b>; c", {super().link(here, *parameters)}'


class PagesElsewhere(Reference):
    def link(self, path: str, *parameters: tuple[str, str]) -> str:
        return super().link(f"http://pages.example{path}", *parameters)


class KeepsWhatIsInUse(Reference):
    """Refuses to delete what a manifest refers to, as zot does."""

    def check_unused(self, name: str, digest: str) -> None:
        repository = self.find_repository(name)
        others = repository.manifests.values() if repository is not None else ()
        if any(digest.encode() in manifest.content for manifest in others):
            raise self.refusal(
                HTTPStatus.METHOD_NOT_ALLOWED, ErrorCode.DENIED, "in use", {"Allow": "GET"}
            )

    def remove_manifest(self, name: str, digest: str) -> bool:
        repository = self.find_repository(name)
        if repository is not None and digest in repository.manifests:
            self.check_unused(name, digest)
        return super().remove_manifest(name, digest)

    def remove_blob(self, name: str, digest: str) -> bool:
        self.check_unused(name, digest)
        return super().remove_blob(name, digest)


class RepositoryByUpload(Reference):
    """A repository exists from the first upload on, and for ever."""

    def open_session(self, name: str, algorithm: str | None) -> Session:
        self.make_repository(name)
        return super().open_session(name, algorithm)

    def forget_if_empty(self, repository: Any) -> None: ...


class UpperCaseTypes(Reference):
    def finish(self, answer: Answer, request: Incoming) -> Answer:
        headers = {
            key: value.upper() if key == "Content-Type" else value
            for key, value in answer.headers.items()
        }
        return super().finish(replace(answer, headers=headers), request)


class LengthRequired(Reference):
    def claimed_length(self, request: Incoming) -> int | None:
        if request.header(b"transfer-encoding") is not None:
            raise self.refusal(
                HTTPStatus.LENGTH_REQUIRED, ErrorCode.SIZE_INVALID, "Content-Length is required"
            )
        return super().claimed_length(request)


class NoRanges(Reference):
    def blob_answer(self, request: Incoming, content: bytes, headers: dict[str, str]) -> Answer:
        return Answer(HTTPStatus.OK, headers, content)


class InvalidRangesRefused(Reference):
    def blob_answer(self, request: Incoming, content: bytes, headers: dict[str, str]) -> Answer:
        asked = request.header(b"range") or ""
        if asked.startswith("bytes") and "," not in asked and parse_range(asked) is None:
            raise self.refusal(HTTPStatus.BAD_REQUEST, ErrorCode.UNSUPPORTED, "invalid Range")
        return super().blob_answer(request, content, headers)


class SubjectsOfImagesOnly(Reference):
    def subject(self, document: Any) -> str | None:
        return None if "manifests" in document else super().subject(document)


class LastMustBeThere(Reference):
    def tag_page(self, ordered: Sequence[str], count: int | None, last: str) -> list[str]:
        if last and last not in ordered:
            raise self.list_refusal("there is no such tag")
        return super().tag_page(ordered, count, last)


class MalformedEndsSession(Reference):
    """Gives an upload up on any refusal but that of the order of chunks."""

    def append_chunk(self, request: Incoming) -> Answer:
        try:
            return super().append_chunk(request)
        except RefusedError as refused:
            self.give_up(request, refused)
            raise

    def finish_upload(self, request: Incoming) -> Answer:
        try:
            return super().finish_upload(request)
        except RefusedError as refused:
            self.give_up(request, refused)
            raise

    def give_up(self, request: Incoming, refused: RefusedError) -> None:
        if refused.answer.status != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            self.store.sessions.pop(request.reference, None)


class BlobsElsewhere(Reference):
    """Sends who wants a blob to another host."""

    def get_blob(self, request: Incoming) -> Answer:
        answer = super().get_blob(request)
        if answer.status != HTTPStatus.OK or request.method == "HEAD":
            return answer
        return Answer(HTTPStatus.TEMPORARY_REDIRECT, {"Location": "http://blobs.example/1"})


class ReadOnly(Reference):
    def find_handler(self, request: Incoming) -> str:
        if request.method not in {"GET", "HEAD"}:
            raise self.refusal(HTTPStatus.FORBIDDEN, ErrorCode.DENIED, "read only")
        return super().find_handler(request)


class Busy(Reference):
    """Refuses every seventh request for its load, with 429 or 503."""

    requests = 0
    statuses = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)

    def find_handler(self, request: Incoming) -> str:
        self.requests += 1
        if self.requests > 60 and self.requests % 7 == 0:
            status = self.statuses[self.requests % 2]
            raise self.refusal(status, ErrorCode.TOOMANYREQUESTS, "busy", {"Retry-After": "1"})
        return super().find_handler(request)


class UnknownParametersRefused(Reference):
    def find_handler(self, request: Incoming) -> str:
        if any(key.startswith("x-") for key, _ in request.query):
            raise self.refusal(HTTPStatus.BAD_REQUEST, ErrorCode.UNSUPPORTED, "unknown parameter")
        return super().find_handler(request)


class PartsNotNeeded(Reference):
    """Accepts manifests whatever is missing."""

    def check_references(self, name: str, document: Any) -> None: ...


class ConfigsRead(Reference):
    """Reads the config of an image, which must then be one."""

    def flaw(self, document: Any, media_type: str) -> str | None:
        found = super().flaw(document, media_type)
        config = document.get("config") if found is None else None
        if config is not None and config["mediaType"] == IMAGE_CONFIG:
            return "the config is none"
        return found


class CancelAnsweredOtherwise(Reference):
    """Cancels with 202: 204 is only recommended."""

    def cancel_upload(self, request: Incoming) -> Answer:
        return replace(super().cancel_upload(request), status=HTTPStatus.ACCEPTED)


class NoCancel(Reference):
    def cancel_upload(self, request: Incoming) -> Answer:
        raise self.method_not_allowed(request, {"GET": ""})


class Sha256Only(Reference):
    def check_digest(self, text: str) -> None:
        if text.startswith("sha512"):
            raise self.digest_invalid("not supported")
        super().check_digest(text)

    def hinted_algorithm(self, hints: list[str]) -> str | None:
        if "sha512" in hints:
            raise self.digest_invalid("not supported")
        return super().hinted_algorithm(hints)


class ProjectsFirst(Reference):
    """Takes uploads for names of two components only."""

    def start_upload(self, request: Incoming) -> Answer:
        if request.name.count("/") != 1:
            raise self.refusal(HTTPStatus.NOT_FOUND, ErrorCode.NAME_UNKNOWN, "no such project")
        return super().start_upload(request)


class Warns(Reference):
    def finish(self, answer: Answer, request: Incoming) -> Answer:
        warning = '299 - "a, b", 299 - "c \\"d\\""'
        return super().finish(
            replace(answer, headers={**answer.headers, "Warning": warning}), request
        )


class ChunksNeedRanges(Reference):
    def append_chunk(self, request: Incoming) -> Answer:
        if request.header(b"content-range") is None:
            raise self.upload_invalid("Content-Range is required")
        return super().append_chunk(request)


class TagsNotDeleted(Reference):
    """Deletes manifests, and with them their tags, but no tag alone."""

    def delete_manifest(self, request: Incoming) -> Answer:
        if not self.is_digest(request.reference):
            raise self.refusal(HTTPStatus.BAD_REQUEST, ErrorCode.UNSUPPORTED, "by digest only")
        return super().delete_manifest(request)


VARIANTS: Sequence[type[Reference]] = (
    AbsoluteLocations, LexicalOrder, UpperCaseOrder, TextErrors, HtmlErrors, EmptyErrors,
    LegacyCodes, NothingFound, NoRangeOfNothing, OtherDigest, StatefulLocations, RelativeLinks,
    PagesElsewhere, KeepsWhatIsInUse, RepositoryByUpload, UpperCaseTypes, LengthRequired, NoRanges,
    InvalidRangesRefused, SubjectsOfImagesOnly, LastMustBeThere, MalformedEndsSession,
    BlobsElsewhere, ReadOnly, Busy, UnknownParametersRefused, PartsNotNeeded, ConfigsRead,
    NoCancel, Sha256Only, ProjectsFirst, Warns, ChunksNeedRanges, TagsNotDeleted,
)  # fmt: skip


NIGHTLY = pytest.mark.nightly


async def accused(registry: Reference, *, seed: int, cases: int, spec: str = "dev") -> Result:
    """Run a campaign in process and return its result; nothing may be inconclusive for doubt."""
    credentials = {"username": "someone", "password": "secret"} if registry.options.users else {}
    settings = Settings(
        target="http://embedded",
        seed=seed,
        time=None,
        max_cases=cases,
        spec=spec,
        use_corpus=False,
        confirmations=2,
        **credentials,
    )
    inner = httpx.ASGITransport(registry.app, raise_app_exceptions=False)
    result = await run_campaign(settings, find("oci"), inner=inner)
    doubts = [v for v in result.verdicts if v.outcome.value == "inconclusive" and v.judged]
    told = [f"{f.requirement}: {f.summary} {f.case}" for f in result.findings]
    assert (told, doubts) == ([], [])
    return result


@pytest.mark.parametrize("spec", ["1.1", "dev"])
async def test_the_reference_is_accused_of_nothing(spec: str) -> None:
    result = await accused(Reference(), seed=1, cases=1200, spec=spec)
    assert result.campaign.cases == 1200
    passed = [verdict for verdict in result.verdicts if verdict.outcome.value == "pass"]
    assert len(passed) > 95


@pytest.mark.parametrize("how", list(OPTIONS)[1:])
async def test_a_registry_that_is_set_up_otherwise_is_accused_of_nothing(how: str) -> None:
    await accused(Reference(OPTIONS[how]), seed=2, cases=350)


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.__name__)
async def test_a_registry_may_use_its_freedom(variant: type[Reference]) -> None:
    await accused(variant(), seed=3, cases=260)


async def test_a_cancel_that_is_not_answered_with_204_breaks_no_released_version() -> None:
    await accused(CancelAnsweredOtherwise(), seed=3, cases=300, spec="1.1")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [3, *(pytest.param(n, marks=NIGHTLY) for n in range(4, 9))])
@pytest.mark.parametrize("how", list(OPTIONS))
@pytest.mark.parametrize("spec", ["1.1", "dev"])
async def test_no_seed_accuses_a_registry_that_does_nothing_wrong(
    how: str, seed: int, spec: str
) -> None:
    await accused(Reference(OPTIONS[how]), seed=seed, cases=3000, spec=spec)


@pytest.mark.slow
@pytest.mark.parametrize("spec", [pytest.param("1.1", marks=NIGHTLY), "dev"])
@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.__name__)
async def test_no_search_accuses_a_registry_that_uses_its_freedom(
    variant: type[Reference], spec: str
) -> None:
    await accused(variant(), seed=11, cases=3000, spec=spec)
