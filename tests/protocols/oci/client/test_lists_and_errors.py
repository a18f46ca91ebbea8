"""Lists and their pages, referrers, refusals, redirects, break mode, telemetry and the log."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from regshape import BreakModeConfig, BreakRule, RegistryClient, TelemetryConfig, TransportConfig
from regshape.errors import (
    AuthError,
    BreakModeConfigError,
    DigestInvalidError,
    ManifestNotFoundError,
    NameUnknownError,
    RegistryConnectionError,
    RegistryError,
    TlsError,
    TooManyRequestsError,
    UnsupportedError,
    UsageError,
)
from regshape.formats.digest import compute
from regshape.model import Exchange, Failure
from regshape.mutators.rules import When, corrupt_body, custom_header, skip_auth, wrong_digest
from regshape.protocols.oci.client.refusals import refusal
from regshape.protocols.oci.models import (
    EMPTY_JSON,
    IMAGE_MANIFEST,
    Descriptor,
    ImageIndex,
    ImageManifest,
)
from regshape.protocols.oci.reference import Reference, ReferenceOptions
from regshape.report.exchange_log import Logged
from regshape.transport.auth import Credentials
from regshape.transport.faults import fault
from tests.conftest import Serve
from tests.transport.hostile import answering, serving, whole

ANN = Credentials("ann", "secret")
USERS = {"ann": "secret"}


def into(seen: list[Exchange]) -> Callable[[Logged], None]:
    return lambda logged: seen.append(logged.exchange)


def client(app: Any, **more: Any) -> RegistryClient:
    inner = httpx.ASGITransport(app)
    return RegistryClient(TransportConfig("http://registry", inner=inner, **more))


async def pushed(registry: RegistryClient, *tags: str, **more: Any) -> Descriptor:
    config = await registry.blobs.upload("app", b"{}")
    config = config.model_copy(update={"media_type": EMPTY_JSON})
    manifest = ImageManifest(media_type=IMAGE_MANIFEST, config=config, **more)
    for tag in tags:
        await registry.manifests.put("app", tag, manifest)
    return await registry.manifests.put("app", None, manifest)


async def test_all_pages_are_followed_and_one_can_be_asked_for() -> None:
    tags = [f"v{n}" for n in range(7)]
    async with client(Reference().app) as registry:
        await pushed(registry, *tags)
        assert [tag async for tag in registry.tags.all("app", page=3)] == tags
        assert (await registry.tags.list("app", limit=2, last="v1")).tags == ("v2", "v3")
        assert [name async for name in registry.catalog.all(page=1)] == ["app"]
        with pytest.raises(NameUnknownError, match=r"tags of none: .* 404"):
            await registry.tags.list("none")


@pytest.mark.parametrize(
    ("link", "message"),
    [
        ("</v2/app/tags/list>; rel=next", "in a circle"),
        ("<http://other.example/v2/app/tags/list>; rel=next", "on another host"),
    ],
)
async def test_pages_that_lead_astray_are_not_followed(link: str, message: str) -> None:
    async def listed(_: Request) -> Response:
        return JSONResponse({"name": "app", "tags": None}, headers={"Link": link})

    async with client(Starlette(routes=[Route("/v2/app/tags/list", listed)])) as registry:
        with pytest.raises(RegistryError, match=message):
            _ = [tag async for tag in registry.tags.all("app")]


@pytest.mark.parametrize("has_api", [True, False])
async def test_referrers_come_from_the_api_or_from_the_tag(*, has_api: bool) -> None:
    async with client(Reference(ReferenceOptions(referrers=has_api)).app) as registry:
        subject = await pushed(registry, "v1")
        first = await pushed(registry, subject=subject, artifact_type="x/one")
        second = await pushed(registry, subject=subject, artifact_type="x/two")
        await pushed(registry, subject=subject, artifact_type="x/two")
        found = await registry.referrers.list("app", subject.digest)
        assert {one.digest for one in found.manifests} == {first.digest, second.digest}
        chosen = registry.referrers.all("app", subject.digest, "x/two")
        assert [one.artifact_type async for one in chosen] == ["x/two"]
        none = await registry.referrers.list("app", compute(b"none"))
        assert none.manifests == ()
        tags = (await registry.tags.list("app")).tags
        assert len(tags) == (1 if has_api else 2)


@pytest.mark.parametrize("auth", ["basic", "bearer"])
async def test_credentials_open_what_is_closed_and_wrong_ones_do_not(
    auth: Any, serve: Serve
) -> None:
    options = ReferenceOptions(auth=auth, users=USERS)
    async with serve(Reference(options).app) as url:
        async with RegistryClient(TransportConfig(url, ANN)) as registry:
            stored = await pushed(registry, "v1")
            await registry.blobs.upload("app", b"x" * 100_000, chunked=True, chunk_size=30_000)
            assert (await registry.manifests.head("app", "v1")).digest == stored.digest
            await registry.manifests.delete("app", stored.digest)
        for wrong in (Credentials("ann", "wrong"), None):
            async with RegistryClient(TransportConfig(url, wrong)) as registry:
                with pytest.raises(AuthError) as caught:
                    await registry.manifests.put("app", "v2", b'{"schemaVersion":2}', "x/y")
                assert "wrong" not in str(caught.value)


async def test_credentials_do_not_follow_a_redirect_to_another_origin(serve: Serve) -> None:
    content = b"stored elsewhere"
    seen: list[str | None] = []

    async def elsewhere(request: Request) -> Response:
        seen.append(request.headers.get("authorization"))
        return Response(content)

    async with serve(Starlette(routes=[Route("/store", elsewhere)])) as other:

        async def blob(request: Request) -> Response:
            seen.append(request.headers.get("authorization"))
            if "authorization" not in request.headers:
                return Response(None, 401, headers={"WWW-Authenticate": 'Basic realm="r"'})
            return Response(None, 307, headers={"Location": f"{other}/store?signature=1%2B"})

        routes = [Route("/v2/app/blobs/{digest}", blob), Route("/v2/", blob)]
        async with (
            serve(Starlette(routes=routes)) as url,
            RegistryClient(TransportConfig(url, ANN)) as registry,
        ):
            assert await registry.blobs.get("app", compute(content)) == content
    assert seen[-2:] == [ANN.basic(), None]


async def test_an_identity_token_is_exchanged_and_goes_nowhere_else(serve: Serve) -> None:
    forms: list[str] = []
    sent: list[str | None] = []

    async def token(request: Request) -> Response:
        forms.append((await request.body()).decode())
        return JSONResponse({"access_token": "access"})

    async def ping(request: Request) -> Response:
        sent.append(request.headers.get("authorization"))
        if sent[-1] == "Bearer access":
            return JSONResponse({})
        realm = f'Bearer realm="{request.base_url}token",service="svc"'
        return JSONResponse({}, 401, headers={"WWW-Authenticate": realm})

    routes = [Route("/token", token, methods=["POST"]), Route("/v2/", ping)]
    async with serve(Starlette(routes=routes)) as url:
        config = TransportConfig(url, Credentials("", "", "refresh me"))
        async with RegistryClient(config) as registry:
            await registry.ping()
    assert sent == [None, "Bearer access"]
    form = (
        "grant_type=refresh_token&service=svc&client_id=regshape&scope=&refresh_token=refresh%20me"
    )
    assert forms == [form]


# --- refusals and faults --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "operation", "kind"),
    [
        (404, b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}', "get-blob", ManifestNotFoundError),
        (404, b"", "head-manifest", ManifestNotFoundError),
        (404, b"<html>", "list-catalog", RegistryError),
        (403, b'{"errors":[{"code":"UNAUTHORIZED"}]}', "get-blob", AuthError),
        (429, b'{"errors":[]}', "get-blob", TooManyRequestsError),
        (405, b'{"errors":[{"code":"OWN_CODE"}]}', "delete-blob", UnsupportedError),
        (400, b'{"errors":[{"code":"X"},{"code":"DIGEST_INVALID"}]}', "x", DigestInvalidError),
        (500, b"", "get-blob", RegistryError),
    ],
)
def test_a_refusal_has_the_error_of_its_code_or_status(
    status: int, body: bytes, operation: str, kind: type[Exception]
) -> None:
    error = refusal(Exchange("GET", "/", status=status, answer=body), operation, "doing")
    assert type(error) is kind
    assert error.status_code == status


def test_what_a_registry_says_cannot_move_the_cursor() -> None:
    body = json.dumps({"errors": [{"code": "DENIED", "message": "a\x1b[2Jb\nc"}]}).encode()
    text = str(refusal(Exchange("GET", "/", status=403, answer=body), "get-blob", "doing"))
    assert text == "doing: the registry answered 403 (DENIED: a [2Jb c)"


def test_each_kind_of_failure_has_its_error() -> None:
    assert type(fault(Failure("tls", "no trust"), "x")) is TlsError
    assert type(fault(Failure("auth", "no token"), "x")) is AuthError
    assert type(fault(Failure("cut-off", "ends"), "x")) is RegistryConnectionError


@pytest.mark.parametrize("name", ["App", "app//x", "app/../x", "app?x", ""])
async def test_what_is_no_name_is_not_sent(name: str) -> None:
    async with client(Reference().app) as registry:
        with pytest.raises(UsageError, match="is no repository"):
            await registry.tags.list(name)


async def test_a_manifest_of_another_digest_is_refused() -> None:
    answer = whole(b'{"schemaVersion":2}', b"Docker-Content-Digest: " + compute(b"x").encode())
    async with (
        serving(answering(answer)) as peer,
        RegistryClient(TransportConfig(peer.url)) as registry,
    ):
        with pytest.raises(DigestInvalidError):
            await registry.manifests.get("app", "v1")
        with pytest.raises(DigestInvalidError):
            await registry.manifests.get("app", compute(b"y"))


async def test_http_is_tried_only_where_tls_is_not_spoken_and_may_be_missing(
    serve: Serve,
) -> None:
    async with serve(Reference().app) as url:
        host = url.removeprefix("http://")
        async with RegistryClient(TransportConfig(host, insecure=True)) as registry:
            assert (await registry.ping()).url == url
        async with RegistryClient(TransportConfig(host)) as registry:
            with pytest.raises((TlsError, RegistryConnectionError)):
                await registry.ping()


# --- break mode, telemetry, log -------------------------------------------------------------------


def breaking(*rules: BreakRule) -> BreakModeConfig:
    return BreakModeConfig(enabled=True, rules=rules)


async def test_rules_break_what_they_are_for_in_their_order() -> None:
    seen: list[Exchange] = []
    rules = (
        custom_header("X-One", "1"),
        BreakRule("second", "header", "replace", "X-One", "2", when=When(methods=("PUT",))),
        BreakRule("third", "body", "append", None, "!", when=When(operations=("finish-upload",))),
    )
    async with client(
        Reference().app,
        break_mode=breaking(*rules),
        log=into(seen),
    ) as registry:
        with pytest.raises(DigestInvalidError):
            await registry.blobs.upload("app", b"content")
    sent = [(one.method, dict(one.headers).get("X-One"), one.body) for one in seen]
    assert sent[-2:] == [("POST", "1", b""), ("PUT", "2", b"content!")]


async def test_a_wrong_digest_is_really_sent() -> None:
    seen: list[Exchange] = []
    config = breaking(wrong_digest())
    async with client(Reference().app, break_mode=config, log=into(seen)) as registry:
        with pytest.raises(RegistryError) as caught:
            await registry.blobs.upload("app", b"content")
        with pytest.raises(RegistryError):
            await registry.blobs.get("app", compute(b"content"))
    assert caught.value.status_code == 400
    assert compute(b"content") not in "".join(one.target for one in seen).replace("%3A", ":")


async def test_skipped_credentials_are_not_brought_back() -> None:
    options = ReferenceOptions(auth="bearer", users=USERS)
    seen: list[Exchange] = []
    config = breaking(skip_auth())
    app = Reference(options).app
    async with client(app, credentials=ANN, break_mode=config, log=into(seen)) as registry:
        with pytest.raises(AuthError):
            await registry.tags.list("app")
    assert seen[-1].target == "/v2/app/tags/list"
    assert "Authorization" not in dict(seen[-1].headers)
    assert sum(one.target == "/v2/app/tags/list" for one in seen) == 1


async def test_rules_do_nothing_unless_break_mode_is_on() -> None:
    config = BreakModeConfig(rules=(corrupt_body(),))
    async with client(Reference().app, break_mode=config) as registry:
        await registry.blobs.upload("app", b"content", compute(b"content"))


def test_a_rule_that_fits_nothing_is_named() -> None:
    with pytest.raises(BreakModeConfigError, match=r"break rule 'mine': no action 'melt'"):
        breaking(BreakRule("mine", "body", "melt"))


async def test_telemetry_tells_times_and_headers_but_no_secret() -> None:
    output = io.StringIO()
    telemetry = TelemetryConfig(
        time_methods=True, time_scenarios=True, debug_calls=True, output=output
    )
    options = ReferenceOptions(auth="basic", users=USERS)
    app = Reference(options).app
    async with client(app, credentials=ANN, telemetry=telemetry) as registry:
        await registry.blobs.upload("app", b"content")
        with pytest.raises(RegistryError):
            await registry.manifests.get("app", "none")
    text = output.getvalue()
    assert "[SCENARIO] blob upload completed in 0." in text
    assert "BlobClient.upload completed in 0." in text
    assert "ManifestClient.get failed after 0." in text
    assert "[CALL] PUT http://registry/v2/app/blobs/uploads/" in text
    assert "[RESPONSE HEADERS] 201\n" in text
    assert ANN.basic().partition(" ")[2] not in text


async def test_nothing_is_told_when_telemetry_is_off(capsys: pytest.CaptureFixture[str]) -> None:
    async with client(Reference().app) as registry:
        await registry.blobs.upload("app", b"content")
    assert capsys.readouterr() == ("", "")


async def test_the_log_has_the_lengths_of_what_it_does_not_keep() -> None:
    seen: list[Exchange] = []
    content = b"x" * 100_000
    async with client(Reference().app, log=into(seen)) as registry:
        stored = await registry.blobs.upload("app", content)
        await registry.blobs.get("app", stored.digest)
    put, get = seen[-2:]
    assert (put.method, put.body_length, put.status) == ("PUT", 100_000, 201)
    assert (get.answer_length, len(get.answer)) == (100_000, 4096)
    assert get.failure is None


def test_an_index_is_read_back_as_it_was_written() -> None:
    index = ImageIndex(manifests=())
    assert ImageIndex.model_validate_json(index.to_json()) == index
    assert index.digest() == compute(b'{"schemaVersion":2,"manifests":[]}')
