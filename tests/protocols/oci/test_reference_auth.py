import base64
import re
from collections.abc import AsyncIterator
from typing import Literal

import httpx
import pytest

from regshape.formats.digest import compute
from regshape.protocols.oci.reference import Incoming, Reference, ReferenceOptions
from regshape.protocols.oci.reference.memory import Rights

USERS = {"ann": "s3:cret", "bob": "pässword"}
CONTENT = b"secret"
DIGEST = compute(CONTENT)
UPLOADS = f"/v2/app/blobs/uploads/?digest={DIGEST}"
BASIC = "Basic " + base64.b64encode(b"ann:s3:cret").decode()


def connect(reference: Reference) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(reference.app), base_url="http://r:5000")


@pytest.fixture
async def basic() -> AsyncIterator[httpx.AsyncClient]:
    async with connect(Reference(ReferenceOptions(auth="basic", users=USERS))) as client:
        yield client


@pytest.fixture
async def bearer() -> AsyncIterator[httpx.AsyncClient]:
    async with connect(Reference(ReferenceOptions(auth="bearer", users=USERS))) as client:
        yield client


async def token(client: httpx.AsyncClient, *scopes: str) -> dict[str, str]:
    query = "&".join(["service=r", *(f"scope={scope}" for scope in scopes)])
    answer = await client.get(f"/token?{query}", headers={"Authorization": BASIC})
    assert answer.status_code == 200
    assert answer.json()["access_token"] == answer.json()["token"]
    assert answer.json()["expires_in"] >= 60
    return {"Authorization": f"Bearer {answer.json()['token']}"}


def challenge(answer: httpx.Response) -> str:
    assert answer.status_code == 401
    assert [error["code"] for error in answer.json()["errors"]] == ["UNAUTHORIZED"]
    return str(answer.headers["www-authenticate"])


@pytest.mark.parametrize("path", ["/v2/", "/v2/app/tags/list", "/v2/_catalog", "/v2/A/tags/list"])
async def test_nothing_is_answered_without_credentials(
    basic: httpx.AsyncClient, bearer: httpx.AsyncClient, path: str
) -> None:
    assert challenge(await basic.get(path)) == 'Basic realm="r:5000", charset="UTF-8"'
    assert challenge(await bearer.get(path)).startswith(
        'Bearer realm="http://r:5000/token",service="r:5000"'
    )
    assert (await basic.head(path)).status_code == 401


@pytest.mark.parametrize("user", USERS)
async def test_every_user_is_let_in_with_the_right_password(
    basic: httpx.AsyncClient, user: str
) -> None:
    encoded = base64.b64encode(f"{user}:{USERS[user]}".encode()).decode()
    for scheme in ("Basic", "basic", "BASIC"):
        answer = await basic.get("/v2/", headers={"Authorization": f"{scheme} {encoded}"})
        assert answer.status_code == 200


@pytest.mark.parametrize(
    "credentials",
    [
        "",
        "Basic",
        "Basic ",
        "Basic !!!",
        "Basic YW5u",
        "Bearer x",
        "Basic YW5uOg==",
        BASIC + "=",
        BASIC[6:],
        "Basic " + base64.b64encode(b"ann:\xff").decode(),
        "Basic YW5uOnMzOmNyZXR=",
        "Basic Om5vYm9keQ==",
    ],
)
async def test_wrong_credentials_are_refused(
    basic: httpx.AsyncClient, bearer: httpx.AsyncClient, credentials: str
) -> None:
    headers = {"Authorization": credentials}
    challenge(await basic.get("/v2/", headers=headers))
    challenge(await basic.post(UPLOADS, headers=headers, content=CONTENT))
    answer = await bearer.get("/token", headers=headers)
    assert challenge(answer).startswith("Basic realm=")
    right = {"Authorization": BASIC}
    assert (await basic.get("/v2/_catalog", headers=right)).json() == {"repositories": []}


async def test_two_authorization_headers_are_refused(basic: httpx.AsyncClient) -> None:
    headers = [("Authorization", BASIC), ("Authorization", BASIC)]
    challenge(await basic.get("/v2/", headers=headers))


async def test_a_token_needs_credentials_and_bearer_authentication(
    basic: httpx.AsyncClient, bearer: httpx.AsyncClient
) -> None:
    challenge(await bearer.get("/token"))
    assert (await basic.get("/token", headers={"Authorization": BASIC})).status_code == 404


async def test_a_token_without_scope_only_tells_who_asks(bearer: httpx.AsyncClient) -> None:
    headers = await token(bearer)
    assert (await bearer.get("/v2/", headers=headers)).status_code == 200
    answer = await bearer.get("/v2/app/tags/list", headers=headers)
    assert 'scope="repository:app:pull",error="insufficient_scope"' in challenge(answer)


@pytest.mark.parametrize(
    ("method", "path", "actions"),
    [
        ("GET", "blobs/x", "pull"),
        ("HEAD", "manifests/x", "pull"),
        ("POST", "blobs/uploads/", "pull,push"),
        ("PATCH", "blobs/uploads/x", "pull,push"),
        ("PUT", "manifests/x", "pull,push"),
        ("DELETE", "blobs/uploads/x", "pull,push"),
        ("DELETE", "manifests/x", "delete"),
        ("DELETE", "blobs/x", "delete"),
    ],
)
async def test_the_challenge_names_the_scope_that_suffices(
    bearer: httpx.AsyncClient, method: str, path: str, actions: str
) -> None:
    answer = await bearer.request(method, f"/v2/app/{path}")
    found = re.search(r'scope="([^"]+)"', answer.headers["www-authenticate"])
    assert found is not None
    assert found[1] == f"repository:app:{actions}"
    headers = await token(bearer, found[1])
    answer = await bearer.request(method, f"/v2/app/{path}", headers=headers)
    assert answer.status_code not in {401, 403}


@pytest.mark.parametrize(
    "scope",
    [
        "repository:app:pull",
        "repository:other:pull,push,delete",
        "repository:app:push",
        "app:push",
        "repository:app/x:pull,push",
        "registry:catalog:*",
        "repository::push",
        "",
        "%00%ff",
    ],
)
async def test_a_token_of_another_scope_does_not_push(
    bearer: httpx.AsyncClient, scope: str
) -> None:
    headers = await token(bearer, scope)
    answer = await bearer.post(UPLOADS, headers=headers, content=CONTENT)
    assert 'error="insufficient_scope"' in challenge(answer)
    headers = await token(bearer, "repository:app:pull")
    assert (await bearer.get(f"/v2/app/blobs/{DIGEST}", headers=headers)).status_code == 404


async def test_a_push_token_does_not_delete(bearer: httpx.AsyncClient) -> None:
    headers = await token(bearer, "repository:app:pull,push")
    assert (await bearer.post(UPLOADS, headers=headers, content=CONTENT)).status_code == 201
    challenge(await bearer.delete(f"/v2/app/blobs/{DIGEST}", headers=headers))
    assert (await bearer.get(f"/v2/app/blobs/{DIGEST}", headers=headers)).status_code == 200


async def test_a_star_grants_every_action(bearer: httpx.AsyncClient) -> None:
    headers = await token(bearer, "repository:app:*", "registry:catalog:*")
    assert (await bearer.post(UPLOADS, headers=headers, content=CONTENT)).status_code == 201
    answer = await bearer.get("/v2/_catalog", headers=headers)
    assert answer.json() == {"repositories": ["app"]}
    assert (await bearer.delete(f"/v2/app/blobs/{DIGEST}", headers=headers)).status_code == 202


async def test_a_blob_is_mounted_only_from_where_the_token_may_read(
    bearer: httpx.AsyncClient,
) -> None:
    both = await token(bearer, "repository:app:pull,push repository:copy:pull,push")
    await bearer.post(UPLOADS, headers=both, content=CONTENT)
    one = await token(bearer, "repository:copy:pull,push")
    for source in ("", "&from=app"):
        where = f"/v2/copy/blobs/uploads/?mount={DIGEST}{source}"
        assert (await bearer.post(where, headers=one)).status_code == 202
        answer = await bearer.head(f"/v2/copy/blobs/{DIGEST}", headers=one)
        assert answer.status_code == 404
    for source in ("", "&from=app"):
        where = f"/v2/copy/blobs/uploads/?mount={DIGEST}{source}"
        assert (await bearer.post(where, headers=both)).status_code == 201


async def test_a_changed_token_is_refused(bearer: httpx.AsyncClient) -> None:
    value = (await token(bearer, "repository:app:pull"))["Authorization"]
    payload, _, signature = value.removeprefix("Bearer ").partition(".")
    flipped = "0" if signature[-1] != "0" else "1"
    changed = [
        f"{payload}.{signature[:-1]}{flipped}",
        f"{payload}.{signature.upper()}",
        f"{payload}=.{signature}",
        f"{payload[:-4]}.{signature}",
        f"{payload}.",
        payload,
        f"{payload}.{signature}.",
        ".",
        "\x80.\x80",
        (await token(connect(Reference(ReferenceOptions("bearer", USERS)))))["Authorization"][7:],
    ]
    for text in changed:
        answer = await bearer.get("/v2/", headers=[(b"Authorization", b"Bearer " + text.encode())])
        assert 'error="invalid_token"' in challenge(answer)
    for scheme in ("Basic ", "", "Bearer"):
        headers = {"Authorization": scheme + value.removeprefix("Bearer ")}
        challenge(await bearer.get("/v2/", headers=headers))
    answer = await bearer.get("/v2/", headers={"Authorization": value.replace("Bearer", "bearer")})
    assert answer.status_code == 200


async def test_an_expired_token_is_refused() -> None:
    options = ReferenceOptions(auth="bearer", users=USERS, token_lifetime=-1)
    async with connect(Reference(options)) as client:
        answer = await client.get("/token", headers={"Authorization": BASIC})
        headers = {"Authorization": f"Bearer {answer.json()['token']}"}
        assert 'error="invalid_token"' in challenge(await client.get("/v2/", headers=headers))


@pytest.mark.parametrize("host", ["", 'x"y', "a b", "\x80", "x/y"])
async def test_a_host_that_is_none_is_not_repeated(bearer: httpx.AsyncClient, host: str) -> None:
    answer = await bearer.get("/v2/", headers=[(b"Host", host.encode("latin-1"))])
    assert challenge(answer).startswith('Bearer realm="http://localhost/token"')


async def test_a_body_is_not_read_before_its_sender_is_known(bearer: httpx.AsyncClient) -> None:
    read: list[bool] = []

    async def watched() -> AsyncIterator[bytes]:
        read.append(True)
        yield b"{}"

    assert (await bearer.put("/v2/app/manifests/v1", content=watched())).status_code == 401
    assert not read


RIGHTS: Rights = {
    "bob": {"team/*": ("pull", "push"), "app": ("pull",)},
    "": {"public/*": ("pull",)},
}
BOB = "Basic " + base64.b64encode("bob:pässword".encode()).decode()


def limited(auth: Literal["basic", "bearer"]) -> httpx.AsyncClient:
    return connect(Reference(ReferenceOptions(auth=auth, users=USERS, rights=RIGHTS)))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/", 200),
        ("GET", "/v2/app/tags/list", 404),
        ("GET", "/v2/team/a/tags/list", 404),
        ("GET", "/v2/secret/tags/list", 403),
        ("HEAD", "/v2/secret/manifests/v1", 403),
        ("POST", "/v2/team/a/blobs/uploads/", 202),
        ("POST", "/v2/app/blobs/uploads/", 403),
        ("DELETE", "/v2/team/a/manifests/v1", 403),
    ],
)
async def test_a_user_with_rights_may_do_no_more(method: str, path: str, status: int) -> None:
    async with limited("basic") as client:
        answer = await client.request(method, path, headers={"Authorization": BOB})
    assert answer.status_code == status
    if status == 403 and method != "HEAD":
        assert [error["code"] for error in answer.json()["errors"]] == ["DENIED"]


@pytest.mark.parametrize(("name", "status"), [("public/a", 404), ("app", 401)])
async def test_who_shows_no_credentials_may_do_what_is_granted_to_nobody(
    name: str, status: int
) -> None:
    async with limited("basic") as client:
        assert (await client.get(f"/v2/{name}/tags/list")).status_code == status
        challenge(await client.post(f"/v2/{name}/blobs/uploads/"))
    async with limited("bearer") as client:
        answer = await client.get(f"/token?scope=repository:{name}:pull,push")
        headers = {"Authorization": f"Bearer {answer.json()['token']}"}
        assert (await client.get(f"/v2/{name}/tags/list", headers=headers)).status_code == status
        challenge(await client.post(f"/v2/{name}/blobs/uploads/", headers=headers))


async def test_a_token_grants_what_is_asked_for_and_allowed() -> None:
    async with limited("bearer") as client:
        scopes = "scope=repository:team/a:pull,delete&scope=repository:secret:*"
        answer = await client.get(f"/token?{scopes}", headers={"Authorization": BOB})
        headers = {"Authorization": f"Bearer {answer.json()['token']}"}
        assert (await client.get("/v2/team/a/tags/list", headers=headers)).status_code == 404
        for method, path in (
            ("DELETE", "/v2/team/a/manifests/v1"),
            ("POST", "/v2/team/a/blobs/uploads/"),
            ("GET", "/v2/secret/tags/list"),
        ):
            challenge(await client.request(method, path, headers=headers))


async def test_the_catalogue_shows_what_may_be_pulled() -> None:
    async with limited("basic") as client:
        for name in ("app", "secret", "team/a"):
            where = f"/v2/{name}/blobs/uploads/?digest={DIGEST}"
            pushed = await client.post(where, headers={"Authorization": BASIC}, content=CONTENT)
            assert pushed.status_code == 201
        for header, names in ((BASIC, ["app", "secret", "team/a"]), (BOB, ["app", "team/a"])):
            listed = await client.get("/v2/_catalog", headers={"Authorization": header})
            assert listed.json() == {"repositories": names}


async def test_nothing_is_mounted_from_where_a_user_may_not_pull() -> None:
    async with limited("basic") as client:
        first = {"Authorization": BASIC}
        where = f"/v2/secret/blobs/uploads/?digest={DIGEST}"
        assert (await client.post(where, headers=first, content=CONTENT)).status_code == 201
        for source in ("&from=secret", ""):
            mount = f"/v2/team/a/blobs/uploads/?mount={DIGEST}{source}"
            tried = await client.post(mount, headers={"Authorization": BOB})
            assert tried.status_code == 202
            assert (await client.post(mount, headers=first)).status_code == 201
            await client.delete(f"/v2/team/a/blobs/{DIGEST}", headers=first)


class Counting(Reference):
    """Counts how often it looks up what a token allows."""

    read = 0

    def may_read(self, request: Incoming, name: str) -> bool:
        self.read += 1
        return super().may_read(request, name)


async def test_a_mount_from_anywhere_reads_its_token_only_for_where_the_blob_is() -> None:
    """Else it takes seconds in a registry of many repositories, and holds up all others."""
    registry = Counting(ReferenceOptions(auth="bearer", users=USERS))
    names = [f"app{number}" for number in range(20)]
    async with connect(registry) as client:
        headers = await token(client, *(f"repository:{name}:pull,push" for name in [*names, "to"]))
        for name in names:
            content = CONTENT if name == names[-1] else name.encode()
            where = f"/v2/{name}/blobs/uploads/?digest={compute(content)}"
            assert (await client.post(where, headers=headers, content=content)).status_code == 201
        mount = f"/v2/to/blobs/uploads/?mount={DIGEST}"
        assert (await client.post(mount, headers=headers)).status_code == 201
    assert registry.read == 1
