from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import anyio
import anyio.lowlevel
import httpx
import pytest

from regshape.model import Failure, Mutator, Request
from regshape.mutators.apply import apply
from regshape.transport.auth import AuthTransport, Credentials
from regshape.transport.client import Client, open_client

USER = Credentials("user", "pass")
BASIC = "Basic dXNlcjpwYXNz"
URL = "http://127.0.0.1:5000"

Handler = Callable[[httpx.Request], httpx.Response]


class Registry(httpx.AsyncBaseTransport):
    """A registry with a token endpoint, in memory: what it demands, and what it was sent."""

    def __init__(self, challenge: str, token: Mapping[str, object] | None = None) -> None:
        self.challenge = challenge
        self.token: Mapping[str, object] = token or {"token": "t-%d", "expires_in": 300}
        self.seen: list[httpx.Request] = []
        self.tokens = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.seen.append(request)
        await anyio.lowlevel.checkpoint()
        if request.url.path == "/token":
            return self._token()
        if "Authorization" in request.headers and "bad" not in request.headers["Authorization"]:
            return httpx.Response(200, content=b"in")
        return httpx.Response(401, headers={"WWW-Authenticate": self.challenge}, content=b"out")

    def _token(self) -> httpx.Response:
        self.tokens += 1
        body = json.dumps(self.token).replace("%d", str(self.tokens))
        return httpx.Response(200, content=body.encode())

    @property
    def values(self) -> list[str | None]:
        return [request.headers.get("Authorization") for request in self.seen]

    @property
    def paths(self) -> list[str]:
        return [str(request.url.copy_with(host="h", port=None)) for request in self.seen]


def a_client(
    registry: Registry, credentials: Credentials | None = USER, *, retry: bool = False
) -> Client:
    return open_client(URL, credentials, inner=registry, retry=retry, apply=apply)


GET = Request("GET", "/v2/a/tags/list")
BEARER = f'Bearer realm="{URL}/token",service="s"'


async def test_basic_is_learnt_once_and_then_sent_from_the_start() -> None:
    registry = Registry('Basic realm="x"')
    client = a_client(registry)
    for _ in range(2):
        assert (await client.send(GET)).status == 200
    assert registry.values == [None, BASIC, BASIC]
    assert registry.paths[0] == "http://h/v2/"


async def test_discover_says_how_the_registry_authenticates() -> None:
    assert await a_client(Registry('Basic realm="x"')).discover() == "basic"
    assert await a_client(Registry(BEARER), None).discover("/v2/") == "bearer"
    assert await a_client(Registry("Negotiate")).discover() is None
    nobody = open_client("http://127.0.0.1:9", USER)
    assert isinstance(await nobody.discover(), Failure)


async def test_a_token_is_fetched_once_for_each_scope() -> None:
    registry = Registry(BEARER)
    client = a_client(registry)
    async with anyio.create_task_group() as group:
        for number in range(6):
            group.start_soon(client.send, GET, (), f"repository:{number % 2}:pull,push")
    fetched = [path for path in registry.paths if "/token" in path]
    assert sorted(fetched) == [
        f"http://h/token?service=s&scope=repository%3A{number}%3Apull%2Cpush" for number in (0, 1)
    ]
    assert {value for value in registry.values if value} == {BASIC, "Bearer t-1", "Bearer t-2"}


async def test_without_a_scope_the_challenge_names_it() -> None:
    registry = Registry(BEARER + ',scope="registry:catalog:*"')
    await a_client(registry).send(GET)
    assert any("scope=registry%3Acatalog%3A%2A" in path for path in registry.paths)


async def test_a_token_that_has_nearly_expired_is_replaced() -> None:
    registry = Registry(BEARER, {"access_token": "t-%d", "expires_in": 0.01})
    client = a_client(registry)
    for _ in range(2):
        await client.send(GET)
        await anyio.sleep(0.02)
    assert registry.tokens == 2


async def test_anybodys_token_is_fetched_without_credentials() -> None:
    registry = Registry(BEARER)
    client = a_client(registry, None)
    await client.discover()
    assert (await client.send(GET)).status == 200
    assert registry.values == [None, None, "Bearer t-1"]


async def test_a_401_to_a_judged_request_is_an_answer() -> None:
    registry = Registry('Basic realm="x"')
    exchange = await a_client(registry).send(GET, [Mutator("skip", "auth", "skip")])
    assert exchange.status == 401
    assert registry.values == [None, None]


async def test_a_client_may_answer_a_401_once_with_a_new_token() -> None:
    registry = Registry(BEARER, {"token": "bad-%d"})
    exchange = await a_client(registry, retry=True).send(GET)
    assert exchange.status == 401
    assert registry.tokens == 2
    registry.token = {"token": "good"}
    assert (await a_client(registry, retry=True).send(GET)).status == 200


async def test_an_anonymous_client_learns_from_a_401() -> None:
    registry = Registry(BEARER)
    assert (await a_client(registry, None, retry=True).send(GET)).status == 200
    registry = Registry('Basic realm="x"')
    assert (await a_client(registry, None, retry=True).send(GET)).status == 401
    assert len(registry.seen) == 1


@pytest.mark.parametrize(
    ("registry_url", "realm"),
    [
        (URL, "http://other.example/token"),
        ("https://registry.example", "http://registry.example/token"),
        (URL, "ftp://127.0.0.1/token"),
        (URL, "http://a b/token"),
        (URL, ""),
    ],
)
async def test_credentials_never_go_where_they_are_not_safe(registry_url: str, realm: str) -> None:
    registry = Registry(f'Bearer realm="{realm}"')
    client = open_client(registry_url, USER, inner=registry)
    exchange = await client.send(GET)
    assert exchange.failure is not None
    assert exchange.failure.kind == "auth"
    assert registry.tokens == 0
    assert set(registry.values) == {None}


@pytest.mark.parametrize(
    "realm", ["https://auth.example/token", "http://localhost:1/token", "http://127.0.0.1/token"]
)
async def test_credentials_go_to_a_token_endpoint_that_is_as_safe(realm: str) -> None:
    registry = Registry(f'Bearer realm="{realm}?x=1",service="s"')
    exchange = await open_client(URL, USER, inner=registry).send(GET)
    assert exchange.status == 200
    assert "http" in registry.paths[1]
    assert registry.paths[1].endswith("/token?x=1&service=s")


@pytest.mark.parametrize(
    "token",
    [
        {"nothing": 1},
        {"token": ""},
        {"token": 5},
        {"token": "a\r\nX-Injected: 1"},
        {"token": "\u00e9"},
    ],
)
async def test_an_unusable_token_is_a_failure(token: Mapping[str, object]) -> None:
    exchange = await a_client(Registry(BEARER, token)).send(GET)
    assert exchange.failure is not None
    assert exchange.failure.kind == "auth"
    assert "token" in exchange.failure.detail


@pytest.mark.parametrize("answer", [b"", b"[]", b"{", b"[" * 100_000, b'{"token": "x"}'])
async def test_any_answer_of_a_token_endpoint_is_coped_with(answer: bytes) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/token":
            return httpx.Response(200, content=answer)
        return httpx.Response(401, headers={"WWW-Authenticate": BEARER})

    client = open_client(URL, USER, inner=httpx.MockTransport(handle))
    exchange = await client.send(GET)
    assert (exchange.failure is None) == answer.endswith(b"}")


async def test_a_token_endpoint_that_refuses_is_a_failure_of_auth() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        return httpx.Response(401, headers={"WWW-Authenticate": BEARER})

    client = open_client(URL, USER, inner=httpx.MockTransport(handle))
    exchange = await client.send(GET, scope="repository:a:pull")
    assert exchange.failure == Failure(
        "auth", "the token endpoint 127.0.0.1 answered 401 for 'repository:a:pull'"
    )


async def test_a_request_for_another_origin_goes_without() -> None:
    registry = Registry('Basic realm="x"')
    auth = AuthTransport(registry, USER, URL, fetch=registry, retry=True)
    for other in ("http://127.0.0.1:5001/", "https://127.0.0.1:5000/", "http://localhost:5000/"):
        response = await auth.handle_async_request(httpx.Request("GET", other))
        assert response.status_code == 401
    assert set(registry.values) == {None}


async def test_secrets_are_sent_but_never_recorded() -> None:
    registry = Registry('Basic realm="x"')
    exchange = await a_client(registry).send(GET)
    assert registry.values[-1] == BASIC
    assert "dXNlcjpwYXNz" not in repr(exchange)
    assert ("Authorization", "Basic ***") in exchange.headers
    assert "pass" not in repr(USER)


async def test_what_a_mutator_says_in_place_of_a_secret_is_recorded() -> None:
    expired = Mutator("expired", "auth", "replace", None, "Bearer old")
    exchange = await a_client(Registry('Basic realm="x"')).send(GET, [expired])
    assert ("Authorization", "Bearer old") in exchange.headers
    corrupt = Mutator("corrupt", "auth", "corrupt")
    exchange = await a_client(Registry('Basic realm="x"')).send(GET, [corrupt])
    assert ("Authorization", "Basic ***") in exchange.headers


async def test_what_one_identity_was_given_is_never_sent_for_another() -> None:
    registry = Registry(BEARER)
    client = open_client(URL, USER, other=Credentials("other", "word"), inner=registry)
    for identity in ("main", "other", "anonymous", "main"):
        await client.send(GET, scope="repository:a:pull", identity=identity)
    asked = [r.headers.get("Authorization") for r in registry.seen if r.url.path == "/token"]
    shown = [r.headers.get("Authorization") for r in registry.seen if r.url.path != "/token"]
    assert asked == [BASIC, "Basic b3RoZXI6d29yZA==", None]
    assert shown == [None, "Bearer t-1", "Bearer t-2", "Bearer t-3", "Bearer t-1"]


async def test_who_is_anonymous_and_gets_no_token_shows_none() -> None:
    registry = Registry(BEARER, {"nothing": "here"})
    client = open_client(URL, inner=registry)
    await client.discover()
    assert (await client.send(GET, identity="anonymous")).status == 401
    failure = (await client.send(GET)).failure
    assert failure is not None
    assert failure.kind == "auth"


async def test_a_second_identity_needs_credentials() -> None:
    client = open_client(URL, USER, inner=Registry('Basic realm="x"'))
    failure = (await client.send(GET, identity="other")).failure
    assert failure == Failure("auth", "there is no second identity: give --other-username")


async def test_a_token_that_was_given_is_sent_for_its_identity_alone() -> None:
    registry = Registry('Bearer realm="x"')
    tokens = {"main": "one", "reader": "two"}
    client = open_client(URL, tokens=tokens, inner=registry, apply=apply)
    for identity in ("main", "reader", "anonymous"):
        await client.send(GET, identity=identity)
    missing = await client.send(GET, identity="manager")
    assert registry.values == ["Bearer one", "Bearer two", None]
    assert missing.failure is not None
    assert "REGSHAPE_TOKEN_MANAGER" in missing.failure.detail


async def test_a_token_that_was_given_can_be_broken_and_left_out() -> None:
    registry = Registry('Bearer realm="x"')
    client = open_client(URL, tokens={"main": "one"}, inner=registry, apply=apply)
    await client.send(GET, [Mutator("skip", "auth", "skip")])
    await client.send(GET, [Mutator("scheme", "auth", "case", None, "upper")])
    assert registry.values == [None, "BEARER one"]
