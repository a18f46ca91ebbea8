"""A registry that does nothing wrong is accused of nothing, however it uses its freedom.

Each class below is the reference registry, changed in a way that the specification allows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from http import HTTPStatus

import httpx
import pytest

from regshape.catalog import find
from regshape.engine.runner import replay, run_campaign
from regshape.model import Case, Mutator, Result, Step
from regshape.protocols.oci.breaks import BREAKS
from regshape.protocols.oci.models import ErrorCode
from regshape.protocols.oci.reference import (
    Answer,
    Incoming,
    Reference,
    ReferenceOptions,
)
from regshape.protocols.oci.reference.memory import Rights
from regshape.protocols.oci.reference.odd import ODD
from regshape.protocols.oci.reference.odd_answers import OF_ANSWERS, TextErrors
from regshape.protocols.oci.reference.odd_manners import (
    OF_MANNERS,
    KeepsWhatIsInUse,
    KeptBySha256Too,
    StatefulLocations,
)
from regshape.settings import Settings
from tests.conftest import Serve
from tests.quality.hunt import IDENTITIES

USERS = {"main": "secret", "other": "word"}
RIGHTS: Rights = {
    "other": {"regshape-other/*": ("pull", "push", "delete")},
    "": {"public/*": ("pull",)},
}
NO_HEADERS: Mapping[str, str] = {}
BASIC = ReferenceOptions(auth="basic", users=USERS)
BEARER = replace(BASIC, auth="bearer")
OPTIONS: Mapping[str, ReferenceOptions] = {
    "as it comes": ReferenceOptions(),
    "with basic authentication": BASIC,
    "with bearer authentication": BEARER,
    "with rights, basic": replace(BASIC, rights=RIGHTS),
    "with rights, bearer": replace(BEARER, rights=RIGHTS),
    "without deletes": ReferenceOptions(delete=False),
    "without referrers": ReferenceOptions(referrers=False),
    "without mounts": ReferenceOptions(mount=False),
    "without single posts": ReferenceOptions(single_post=False),
    "with pages of two": ReferenceOptions(page_limit=2),
    "with chunks of 64 bytes": ReferenceOptions(chunk_min_length=64),
}


class HtmlErrors(TextErrors):
    kind = "text/html"


class PagesElsewhere(Reference):
    def link(self, path: str, *parameters: tuple[str, str]) -> str:
        return super().link(f"http://pages.example{path}", *parameters)


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
            raise self.refusal(status, ErrorCode.TOOMANYREQUESTS, "busy", {"Retry-After": "0"})
        return super().find_handler(request)


class CancelAnsweredOtherwise(Reference):
    """Cancels with 202: 204 is only recommended."""

    def cancel_upload(self, request: Incoming) -> Answer:
        return replace(super().cancel_upload(request), status=HTTPStatus.ACCEPTED)


class BlobsShared(Reference):
    """Finds a blob of any repository in every other, which is a fault, but the only one."""

    def find_blob(self, name: str, digest: str) -> bytes | None:
        found = super().find_blob(name, digest)
        others = (repository.blobs.get(digest) for repository in self.store.repositories.values())
        return found if found is not None else next((blob for blob in others if blob), None)


class ProjectsFirst(Reference):
    """Takes uploads for names of two components only."""

    def start_upload(self, request: Incoming) -> Answer:
        if request.name.count("/") != 1:
            raise self.refusal(HTTPStatus.NOT_FOUND, ErrorCode.NAME_UNKNOWN, "no such project")
        return super().start_upload(request)


VARIANTS: Sequence[type[Reference]] = (
    *OF_ANSWERS,
    *OF_MANNERS,
    HtmlErrors,
    PagesElsewhere,
    BlobsElsewhere,
    ReadOnly,
    Busy,
    ProjectsFirst,
)


NIGHTLY = pytest.mark.nightly
LONGER = [pytest.param(spec, 5000, marks=NIGHTLY) for spec in ("1.1", "dev")]
"""What the nightly run searches of each registry: the version of the specification, and cases."""


async def accused(registry: Reference, *, seed: int, cases: int, spec: str = "dev") -> Result:
    """Run a campaign in process and return its result; nothing may be inconclusive for doubt."""
    credentials = IDENTITIES if registry.options.users else {}
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


@pytest.mark.parametrize("how", ["as it comes", "with rights, basic", "with rights, bearer"])
@pytest.mark.parametrize("name", ODD)
async def test_an_odd_twin_is_accused_of_nothing(name: str, how: str) -> None:
    await accused(ODD[name](OPTIONS[how]), seed=4, cases=400)


async def test_a_content_that_is_there_by_another_digest_was_not_stored_by_a_push_cut_off(
    serve: Serve,
) -> None:
    cut = Mutator("short-then-reset", "frame", "truncate", "rst")
    steps = (
        Step("finish-upload", {"algorithm": "sha512"}),
        Step("delete-blob"),
        Step("post-blob", {"want": "deleted"}, (cut,)),
    )
    async with serve(KeptBySha256Too().app) as url:
        result = await replay(Settings(target=url), find("oci"), Case("oci", steps))
    assert [violation.summary for violation in result.violations] == []


async def test_a_registry_that_shares_its_blobs_is_accused_of_that_alone() -> None:
    settings = Settings(target="http://embedded", seed=1, time=None, max_cases=400, spec="dev")
    inner = httpx.ASGITransport(BlobsShared().app, raise_app_exceptions=False)
    result = await run_campaign(settings, find("oci"), inner=inner)
    accused_of = {finding.requirement for finding in result.findings}
    assert accused_of <= {"OCI-BLOB-04", "OCI-DEL-12", "OCI-PULL-07"}
    assert "OCI-BLOB-04" in accused_of


async def test_a_manifest_that_another_has_for_its_subject_may_be_kept() -> None:
    referrer = Step("push-manifest", {"shape": "referrer", "subject": "present"})
    steps = (referrer, Step("delete-manifest", {"which": 1}))
    inner = httpx.ASGITransport(KeepsWhatIsInUse().app)
    plain = Settings(target="http://embedded")
    result = await replay(plain, find("oci"), Case("oci", steps), inner=inner)
    assert [violation.summary for violation in result.violations] == []


async def test_an_old_location_is_refused_whatever_digest_is_sent_to_it() -> None:
    wrong = next(item for item in BREAKS["finish-upload"] if item.name == "digest-md5")
    steps = (Step("send-chunk"), Step("finish-upload", {"location": "oldest"}, (wrong,)))
    inner = httpx.ASGITransport(StatefulLocations().app)
    plain = Settings(target="http://embedded")
    result = await replay(plain, find("oci"), Case("oci", steps), inner=inner)
    assert [violation.summary for violation in result.violations] == []


@pytest.mark.slow
@pytest.mark.parametrize(("spec", "cases"), [("dev", 1500), *LONGER])
@pytest.mark.parametrize("how", ["as it comes", "with rights, basic", "with rights, bearer"])
@pytest.mark.parametrize("name", ODD)
async def test_no_search_accuses_an_odd_twin(name: str, how: str, spec: str, cases: int) -> None:
    await accused(ODD[name](OPTIONS[how]), seed=5, cases=cases, spec=spec)


async def test_a_cancel_that_is_not_answered_with_204_breaks_no_released_version() -> None:
    await accused(CancelAnsweredOtherwise(), seed=3, cases=300, spec="1.1")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [3, *(pytest.param(n, marks=NIGHTLY) for n in range(4, 9))])
@pytest.mark.parametrize("how", list(OPTIONS))
@pytest.mark.parametrize(("spec", "cases"), [("dev", 1500), *LONGER])
async def test_no_seed_accuses_a_registry_that_does_nothing_wrong(
    how: str, seed: int, spec: str, cases: int
) -> None:
    await accused(Reference(OPTIONS[how]), seed=seed, cases=cases, spec=spec)


@pytest.mark.slow
@pytest.mark.parametrize(("spec", "cases"), [("dev", 1000), *LONGER])
@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.__name__)
async def test_no_search_accuses_a_registry_that_uses_its_freedom(
    variant: type[Reference], spec: str, cases: int
) -> None:
    await accused(variant(), seed=11, cases=cases, spec=spec)
