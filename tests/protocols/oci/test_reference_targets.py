import json
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message

from regshape.formats.digest import compute
from regshape.protocols.oci.models import ErrorCode
from regshape.protocols.oci.reference import (
    Answer,
    Incoming,
    Reference,
    ReferenceOptions,
    StoredManifest,
)

EMPTY = compute(b"")
LEGAL_NAMES = [
    "a",
    "a/b",
    "a.b",
    "a_b",
    "a__b",
    "a-----b",
    "0",
    "blobs",
    "a/manifests",
    "tags/list",
]
LEGAL_NAMES += ["v2", "a/blobs/uploads", "a" * 255, "/".join("a" * 128), "uploads", "token"]
ILLEGAL_NAMES = ["A", "a/B", "a..b", "a___b", "-a", "a-", "a//b", ".a", "a%20b", "%C3%A9", "%2e%2e"]
ILLEGAL_NAMES += ["a" * 256, "..", "a/../b", "a%2Fb", "a_", "a/_b", "%61%5Fb_", "a%252Fb", "a\nb"]
UNDECODABLE = ["%2F", "x%2f", "%zz", "%", "%a", "%ff", "%00", "\x00", "\xff", "%c0%af", "a%"]


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes

    def codes(self) -> list[str]:
        return [error["code"] for error in json.loads(self.body)["errors"]]


async def ask(
    reference: Reference,
    method: str,
    target: str,
    headers: list[tuple[bytes, bytes]] | None = None,
    body: bytes = b"",
) -> Reply:
    raw, _, query = target.encode("latin-1").partition(b"?")
    scope = {
        "type": "http",
        "method": method,
        "scheme": "http",
        "path": raw.decode("latin-1"),
        "raw_path": raw,
        "query_string": query,
        "headers": headers or [],
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    async def send(message: Message) -> None:
        sent.append(message)

    await reference.app(scope, receive, send)
    start, content = sent
    found = [(key.decode(), value.decode("latin-1")) for key, value in start["headers"]]
    assert len(dict(found)) == len(found)
    return Reply(start["status"], dict(found), content["body"])


@pytest.mark.parametrize("name", LEGAL_NAMES)
async def test_a_legal_name_takes_uploads_and_is_listed(name: str) -> None:
    reference = Reference()
    reply = await ask(reference, "POST", f"/v2/{name}/blobs/uploads/?digest={EMPTY}")
    assert (reply.status, reply.headers["location"]) == (201, f"/v2/{name}/blobs/{EMPTY}")
    assert (await ask(reference, "GET", reply.headers["location"])).status == 200
    session = await ask(reference, "POST", f"/v2/{name}/blobs/uploads/")
    assert (await ask(reference, "GET", session.headers["location"])).status == 204
    tags = await ask(reference, "GET", f"/v2/{name}/tags/list")
    assert json.loads(tags.body) == {"name": name, "tags": []}
    for path in (f"manifests/{EMPTY}", "manifests/x", "manifests/list", "manifests/uploads"):
        assert (await ask(reference, "GET", f"/v2/{name}/{path}")).codes() == ["MANIFEST_UNKNOWN"]


@pytest.mark.parametrize("name", ILLEGAL_NAMES + UNDECODABLE)
async def test_an_illegal_name_is_refused_everywhere(name: str) -> None:
    reference = Reference()
    asked = [
        ("POST", f"blobs/uploads/?digest={EMPTY}"),
        ("POST", "blobs/uploads/"),
        ("GET", "tags/list"),
        ("GET", f"referrers/{EMPTY}"),
        ("GET", f"blobs/{EMPTY}"),
        ("PUT", "manifests/latest"),
        ("DELETE", "manifests/latest"),
        ("GET", "_oci/ext/discover"),
    ]
    for method, path in asked:
        reply = await ask(reference, method, f"/v2/{name}/{path}")
        assert (reply.status, reply.codes()) == (400, ["NAME_INVALID"]), (method, path)
    assert reference.store == Reference().store


@pytest.mark.parametrize("reference_text", UNDECODABLE)
async def test_an_undecodable_reference_is_refused(reference_text: str) -> None:
    for path in ("manifests", "blobs", "referrers", "blobs/uploads"):
        reply = await ask(Reference(), "GET", f"/v2/app/{path}/{reference_text}")
        assert reply.status == 400


@pytest.mark.parametrize(
    "target",
    [
        "/",
        "",
        "*",
        "/v1/",
        "/v2/app",
        "/v2/app/",
        "//v2/",
        "/V2/",
        "/v2/app/tags",
        "/v2/app/tags/",
        "/v2/app/tags/list/",
        "/v2/app/manifests/x/",
        "/v2/_x",
        "/v2/_x/manifests/y",
        "/v2//",
        "/v2/app/_x/y/z",
        "/v2/_catalog/",
        "/v2/_oci/ext",
        "host:443",
        "/token",
        "/token/",
        "/v2/app/manifests",
        "http://host",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "FROB"])
async def test_what_is_no_route_is_not_found(method: str, target: str) -> None:
    reply = await ask(Reference(), method, target)
    assert (reply.status, reply.codes()) == (404, ["UNSUPPORTED"])


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/v2/", "GET, HEAD"),
        ("/v2/_catalog", "GET, HEAD"),
        ("/v2/_oci/ext/discover", "GET, HEAD"),
        ("/v2/app/_oci/ext/discover", "GET, HEAD"),
        ("/v2/app/tags/list", "GET, HEAD"),
        (f"/v2/app/referrers/{EMPTY}", "GET, HEAD"),
        (f"/v2/app/blobs/{EMPTY}", "GET, HEAD, DELETE"),
        ("/v2/app/blobs/uploads/", "POST"),
        ("/v2/app/blobs/uploads/x", "GET, HEAD, PATCH, PUT, DELETE"),
        ("/v2/app/manifests/v1", "GET, HEAD, PUT, DELETE"),
    ],
)
async def test_a_method_that_a_route_lacks_is_told_which_it_has(path: str, allowed: str) -> None:
    methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "FROB", "get"]
    for method in methods:
        reply = await ask(Reference(), method, path)
        if method in allowed.split(", "):
            assert reply.status != 405
        else:
            assert (reply.status, reply.headers["allow"]) == (405, allowed)
            assert method == "HEAD" or reply.codes() == ["UNSUPPORTED"]


@pytest.mark.parametrize(
    "target",
    [
        "/v2/app/blobs/%73ha256%3A{}",
        "/%76%32/app/blobs/sha256:{}",
        "/v2/a%70p/blobs/sha256:{}",
        "http://host:1/v2/app/blobs/sha256:{}",
        "HTTPS://host/v2/app/blobs/sha256:{}",
    ],
)
async def test_a_target_is_decoded_once_and_may_be_absolute(target: str) -> None:
    reference = Reference()
    await ask(reference, "POST", f"/v2/app/blobs/uploads/?digest={EMPTY}")
    reply = await ask(reference, "GET", target.format(EMPTY.partition(":")[2]))
    assert reply.status == 200


async def test_a_server_that_keeps_no_raw_path_is_served_too() -> None:
    reference = Reference()
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/v2/a b/tags/list", "headers": []}
    await reference.app(scope, receive, send)
    assert sent[0]["status"] == 400


async def test_a_client_that_goes_away_stores_nothing() -> None:
    reference = Reference()
    session = await ask(reference, "POST", "/v2/app/blobs/uploads/")
    messages: list[Message] = [
        {"type": "http.request", "body": b"half", "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return messages.pop(0)

    async def send(message: Message) -> None:
        pytest.fail(f"answered {message}")

    scope: dict[str, Any] = {"type": "http", "method": "PATCH", "scheme": "http", "headers": []}
    scope |= {"path": session.headers["location"], "query_string": b""}
    await reference.app(scope, receive, send)
    assert not messages
    status = await ask(reference, "GET", session.headers["location"])
    assert status.headers["range"] == "0-0"


async def test_a_manifest_over_the_limit_is_refused_unread() -> None:
    reference = Reference(ReferenceOptions(max_manifest=100))
    headers = [(b"content-length", b"101")]
    reply = await ask(reference, "PUT", "/v2/app/manifests/v1", headers)
    assert (reply.status, reply.codes()) == (413, ["SIZE_INVALID"])


async def test_a_chunked_body_has_no_claimed_length() -> None:
    headers = [(b"transfer-encoding", b"chunked"), (b"content-length", b"7")]
    target = f"/v2/app/blobs/uploads/?digest={EMPTY}"
    assert (await ask(Reference(), "POST", target, headers)).status == 201


async def test_small_methods_can_be_overridden_one_by_one() -> None:
    class NoOrder:
        def check_order(self, session: object, start: int) -> None:
            """Take any chunk."""

    class LongerThanItIs:
        def finish(self, answer: Answer, request: Incoming) -> Answer:
            finished: Answer = super().finish(answer, request)  # type: ignore[misc]
            return replace(finished, headers={**finished.headers, "Content-Length": "7"})

    planted: Reference = type("Planted", (NoOrder, LongerThanItIs, Reference), {})()
    session = await ask(planted, "POST", "/v2/app/blobs/uploads/")
    assert session.headers["content-length"] == "7"
    where = session.headers["location"]
    reply = await ask(planted, "PATCH", where, [(b"content-range", b"3-4")], b"xx")
    assert reply.status == 202


METHODS = ["GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "OPTIONS", "FROB", ""]
WORDS = ["", "v2", "app", "blobs", "uploads", "manifests", "tags", "list", "referrers", "token"]
WORDS += ["_oci", "ext", "discover", "_catalog", "latest", EMPTY, "..", "%2e", "%zz", "%00", "\xff"]
QUERIES = ["n=1", "n=-1", "n", "last=a", "digest=", f"digest={EMPTY}", f"mount={EMPTY}", "from=app"]
QUERIES += [
    "tag=a",
    "tag=%ff",
    "artifactType=x%2By",
    "digest-algorithm=sha512",
    "=",
    "%zz=%",
    "cursor",
]
NAMES = [b"accept", b"range", b"if-range", b"if-match", b"if-none-match", b"content-range", b"host"]
NAMES += [b"content-length", b"content-type", b"transfer-encoding", b"authorization", b"x"]
VALUES = [
    b"",
    b"*",
    b"0-0",
    b"bytes=0-",
    b"bytes=-0",
    b"Basic YTpi",
    b"Bearer a.b",
    b"chunked",
    b"0",
]
BODIES = [b"", b"x", b"{}", b"[]", b"\xff", b'{"schemaVersion":2,"manifests":[]}']

TARGETS = st.one_of(
    st.lists(st.sampled_from(WORDS), max_size=7).map(lambda words: "/" + "/".join(words)),
    st.binary(max_size=20).map(lambda raw: "/v2/" + raw.decode("latin-1")),
)
QUERY = st.lists(st.sampled_from(QUERIES), max_size=3).map(lambda pairs: "?" + "&".join(pairs))
HEADERS = st.lists(
    st.tuples(st.sampled_from(NAMES), st.sampled_from(VALUES) | st.binary(max_size=8)), max_size=3
)


@given(
    method=st.sampled_from(METHODS),
    target=TARGETS,
    query=QUERY,
    headers=HEADERS,
    body=st.sampled_from(BODIES),
    auth=st.sampled_from(["none", "basic", "bearer"]),
)
async def test_every_request_gets_a_well_formed_answer(
    method: str,
    target: str,
    query: str,
    headers: list[tuple[bytes, bytes]],
    body: bytes,
    auth: Any,
) -> None:
    reference = Reference(ReferenceOptions(auth=auth, users={"a": "b"}))
    reference.store_blob("app", EMPTY, b"")
    reference.store_manifest("app", StoredManifest(EMPTY, b"{}", "x/y"), ["latest"])
    reply = await ask(reference, method, target + query, headers, body)
    assert 200 <= reply.status < 500
    if reply.status in {204, 304}:
        assert "content-length" not in reply.headers
        assert reply.body == b""
    elif method != "HEAD":
        assert reply.headers["content-length"] == str(len(reply.body))
    else:
        assert reply.body == b""
    if reply.status >= 400 and method != "HEAD":
        assert reply.headers["content-type"] == "application/json"
        assert set(reply.codes()) <= set(ErrorCode)
    assert ("www-authenticate" in reply.headers) == (reply.status == 401)
    assert ("allow" in reply.headers) == (reply.status == 405)
