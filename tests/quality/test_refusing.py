"""A registry that refuses, or that something else stands before, is skipped with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus

import httpx
import pytest

from regshape.catalog import find
from regshape.engine.runner import run_campaign
from regshape.errors import TargetError
from regshape.model import Outcome, Result
from regshape.protocols.oci.models import ErrorCode
from regshape.protocols.oci.reference import Answer, Incoming, Reference, ReferenceOptions
from regshape.settings import Settings
from tests.quality.hunt import IDENTITIES

PULLER = ReferenceOptions(
    auth="bearer",
    users={"main": "secret", "other": "word"},
    rights={"main": {"*": ("pull",)}, "other": {}},
)
PUSHER = replace(PULLER, rights={"main": {"*": ("pull", "push")}, "other": {}})
CLOSED = replace(PULLER, rights={"main": {}, "other": {}})
HTML = {"Content-Type": "text/html"}
PAGE = b"<html><body>Not today</body></html>"


class Proxied(Reference):
    """Stands behind a proxy that shows a page of its own for whatever is refused."""

    def finish(self, answer: Answer, request: Incoming) -> Answer:
        if answer.status >= HTTPStatus.BAD_REQUEST:
            kept = {k: v for k, v in answer.headers.items() if k != "Content-Type"}
            answer = Answer(answer.status, {**kept, **HTML}, PAGE)
        return super().finish(answer, request)


class WritesProxied(Reference):
    """Stands behind a proxy that lets nothing through but reads."""

    def find_handler(self, request: Incoming) -> str:
        if request.method not in {"GET", "HEAD"}:
            raise self.refusal(HTTPStatus.FORBIDDEN, ErrorCode.DENIED, "")
        return super().find_handler(request)

    def finish(self, answer: Answer, request: Incoming) -> Answer:
        if answer.status == HTTPStatus.FORBIDDEN:
            answer = Answer(answer.status, HTML, PAGE)
        return super().finish(answer, request)


class Login(Reference):
    """Shows whoever comes a page to log in."""

    def find_handler(self, request: Incoming) -> str:
        return "get_page"

    def get_page(self, request: Incoming) -> Answer:
        del request
        return Answer(HTTPStatus.OK, HTML, PAGE)


async def campaign(registry: Reference, *, anonymous: bool = False) -> Result:
    named = IDENTITIES if registry.options.users and not anonymous else {}
    settings = Settings(
        target="http://embedded", seed=6, time=None, max_cases=250, use_corpus=False, **named
    )
    inner = httpx.ASGITransport(registry.app, raise_app_exceptions=False)
    return await run_campaign(settings, find("oci"), inner=inner)


def reasons(result: Result) -> Mapping[str, str]:
    assert [(f.requirement, f.summary) for f in result.findings] == []
    skipped = [v for v in result.verdicts if v.outcome is Outcome.SKIP]
    return {verdict.requirement: verdict.reason or "" for verdict in skipped}


@pytest.mark.parametrize(
    ("registry", "requirement", "reason"),
    [
        (Reference(PULLER), "OCI-ISO-07", "pushing does not work: POST was answered with 401"),
        (Reference(PUSHER), "OCI-DEL-06", "no delete-manifest: DELETE was answered with 401"),
        (Reference(CLOSED), "OCI-MNT-01", "pushing does not work: POST was answered with 401"),
        (WritesProxied(), "OCI-MNT-01", "pushing does not work: POST was answered with 403"),
        (
            Proxied(ReferenceOptions(delete=False)),
            "OCI-DEL-06",
            "no delete-manifest: DELETE was answered with 405",
        ),
    ],
    ids=["no pushes", "no deletes", "no rights", "proxy before writes", "proxy before errors"],
)
async def test_what_is_refused_is_skipped_with_the_reason(
    registry: Reference, requirement: str, reason: str
) -> None:
    assert reason in reasons(await campaign(registry))[requirement]


async def test_an_open_registry_is_not_held_to_keep_anything() -> None:
    open_to_all = ReferenceOptions(users={"main": "secret", "other": "word"})
    told = reasons(await campaign(Reference(open_to_all)))
    for number, reason in (
        ("01", "no guarded-reads: an anonymous GET was answered with 200"),
        ("02", "no guarded-writes: an anonymous POST was answered with 202"),
        ("03", "no private-reads: the second identity's GET was answered with 200"),
        ("04", "no private-writes: the second identity's POST was answered with 202"),
        ("07", "no scoped-tokens: with a token for another repository a GET was answered with 200"),
    ):
        assert told[f"OCI-ISO-{number}"] == reason
    assert told["OCI-MNT-04"].startswith("no foreign-mounts: ")


async def test_without_a_second_identity_what_concerns_it_is_skipped() -> None:
    alone = ReferenceOptions(auth="basic", users={"main": "secret"})
    alone_there = {key: IDENTITIES[key] for key in ("username", "password")}
    settings = Settings(
        target="http://embedded", time=None, max_cases=250, use_corpus=False, **alone_there
    )
    inner = httpx.ASGITransport(Reference(alone).app, raise_app_exceptions=False)
    result = await run_campaign(settings, find("oci"), inner=inner)
    assert "--other-username" in reasons(result)["OCI-ISO-03"]
    passed = {v.requirement for v in result.verdicts if v.outcome is Outcome.PASS}
    assert {"OCI-ISO-01", "OCI-ISO-02"} <= passed


@pytest.mark.parametrize(
    ("registry", "reason"),
    [(Reference(PULLER), "pass --username"), (Login(), "HTML")],
    ids=["anonymous", "a page to log in"],
)
async def test_what_cannot_be_spoken_to_is_said_before_anything_is_judged(
    registry: Reference, reason: str
) -> None:
    with pytest.raises(TargetError, match=reason):
        await campaign(registry, anonymous=True)
