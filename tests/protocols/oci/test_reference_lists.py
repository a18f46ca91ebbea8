import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regshape.formats.digest import compute
from regshape.protocols.oci.models import EMPTY_JSON, IMAGE_INDEX, IMAGE_MANIFEST
from regshape.protocols.oci.reference import Reference, ReferenceOptions
from tests.protocols.oci.pushing import connect

EMPTY = compute(b"{}")
SUBJECT = compute(b"subject")
TAGS = ["B", "a", "b", "b.1", "c"]
LINK = re.compile(r'<([^>]+)>; rel="next"')
BAD_COUNTS = ["-1", "abc", "1.5", "0x2", "%202", "+3", "", "1&n=2", "1e3", "%00", "%ff"]


def image(**more: object) -> bytes:
    config = {"mediaType": EMPTY_JSON, "digest": EMPTY, "size": 2}
    return json.dumps({"schemaVersion": 2, "config": config, "layers": [], **more}).encode()


def subject(digest: str = SUBJECT) -> dict[str, object]:
    return {"mediaType": IMAGE_MANIFEST, "digest": digest, "size": 7}


async def push(
    client: httpx.AsyncClient, content: bytes, reference: str | None = None, name: str = "app"
) -> str:
    await client.post(f"/v2/{name}/blobs/uploads/?digest={EMPTY}", content=b"{}")
    where = f"/v2/{name}/manifests/{reference or compute(content)}"
    assert (await client.put(where, content=content)).status_code == 201
    return compute(content)


@pytest.fixture
async def registry() -> AsyncIterator[httpx.AsyncClient]:
    async with connect(Reference()) as client:
        for tag in reversed(TAGS):
            await push(client, image(), tag)
        yield client


async def listed(client: httpx.AsyncClient, query: str = "") -> tuple[list[str], str | None]:
    answer = await client.get(f"/v2/app/tags/list{query}")
    assert (answer.status_code, answer.json()["name"]) == (200, "app")
    link = answer.headers.get("link")
    return answer.json()["tags"], link


async def walk(client: httpx.AsyncClient, path: str, field: str) -> list[list[Any]]:
    pages: list[list[Any]] = []
    following: str | None = path
    while following is not None and len(pages) < 50:
        answer = await client.get(following)
        assert answer.status_code == 200
        pages.append(answer.json()[field])
        found = LINK.fullmatch(answer.headers.get("link", ""))
        following = found[1] if found else None
    return pages


async def test_tags_come_in_ascii_order(registry: httpx.AsyncClient) -> None:
    assert await listed(registry) == (TAGS, None)


@pytest.mark.parametrize("count", [1, 2, 4])
async def test_a_page_is_as_long_as_asked_for_and_links_to_the_next(
    registry: httpx.AsyncClient, count: int
) -> None:
    tags, link = await listed(registry, f"?n={count}")
    assert tags == TAGS[:count]
    assert link == f'</v2/app/tags/list?n={count}&last={TAGS[count - 1]}>; rel="next"'


@pytest.mark.parametrize("count", ["5", "6", "9" * 30, "9" * 5000, "0005"])
async def test_a_page_that_holds_everything_links_nowhere(
    registry: httpx.AsyncClient, count: str
) -> None:
    assert await listed(registry, f"?n={count}") == (TAGS, None)


@pytest.mark.parametrize("query", ["?n=0", "?n=0&last=a", "?n=000"])
async def test_no_tags_are_listed_where_none_are_asked_for(
    registry: httpx.AsyncClient, query: str
) -> None:
    assert await listed(registry, query) == ([], None)


@pytest.mark.parametrize(
    ("last", "rest"),
    [
        ("", TAGS),
        ("B", TAGS[1:]),
        ("b", TAGS[3:]),
        ("b.0", TAGS[3:]),
        ("c", []),
        ("zzz", []),
        ("%00", TAGS),
        ("%ff", []),
        ("%zz", TAGS),
        ("1", TAGS),
        ("b" * 129, TAGS[4:]),
    ],
)
async def test_a_listing_begins_after_the_last_tag_seen(
    registry: httpx.AsyncClient, last: str, rest: list[str]
) -> None:
    assert await listed(registry, f"?last={last}") == (rest, None)
    assert (await listed(registry, f"?last={last}&n=1"))[0] == rest[:1]


@pytest.mark.parametrize("path", ["/v2/app/tags/list", "/v2/_catalog"])
@pytest.mark.parametrize("query", [*(f"n={count}" for count in BAD_COUNTS), "last=a&last=b"])
async def test_a_broken_page_parameter_is_refused(
    registry: httpx.AsyncClient, path: str, query: str
) -> None:
    answer = await registry.get(f"{path}?{query}")
    assert answer.status_code == 400
    assert [error["code"] for error in answer.json()["errors"]] == ["UNSUPPORTED"]


async def test_unknown_parameters_are_ignored(registry: httpx.AsyncClient) -> None:
    assert await listed(registry, "?x=%zz&&=&y&ns=example.org") == (TAGS, None)


async def test_a_repository_without_tags_lists_none(registry: httpx.AsyncClient) -> None:
    await registry.post(f"/v2/bare/blobs/uploads/?digest={EMPTY}", content=b"{}")
    answer = await registry.get("/v2/bare/tags/list")
    assert answer.json() == {"name": "bare", "tags": []}


async def test_a_repository_that_holds_nothing_is_unknown(registry: httpx.AsyncClient) -> None:
    await registry.post("/v2/begun/blobs/uploads/")
    for path in ("begun/tags/list", "none/tags/list", "none/_oci/ext/discover"):
        answer = await registry.get(f"/v2/{path}")
        assert answer.status_code == 404
        assert answer.json()["errors"][0]["code"] == "NAME_UNKNOWN"


@given(
    tags=st.lists(st.from_regex(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,4}", fullmatch=True), max_size=8),
    count=st.integers(1, 10),
    limit=st.none() | st.integers(1, 5),
)
async def test_pages_of_any_size_give_every_tag_once(
    tags: list[str], count: int, limit: int | None
) -> None:
    async with connect(Reference(ReferenceOptions(page_limit=limit))) as client:
        await push(client, image())
        for tag in tags:
            await push(client, image(), tag)
        pages = await walk(client, f"/v2/app/tags/list?n={count}", "tags")
    assert [tag for page in pages for tag in page] == sorted(set(tags))
    assert all(len(page) == min(count, limit or count) for page in pages[:-1])


async def test_the_catalogue_is_paged_like_tags(registry: httpx.AsyncClient) -> None:
    for name in ("a/b", "a-b", "zoo"):
        await push(registry, image(), name=name)
    expected = ["a-b", "a/b", "app", "zoo"]
    assert (await registry.get("/v2/_catalog")).json() == {"repositories": expected}
    assert await walk(registry, "/v2/_catalog?n=2", "repositories") == [expected[:2], expected[2:]]
    answer = await registry.get("/v2/_catalog?last=a%2Fb&n=1")
    assert answer.json() == {"repositories": ["app"]}
    assert answer.headers["link"] == '</v2/_catalog?n=1&last=app>; rel="next"'


async def test_extensions_are_discovered_at_both_levels(registry: httpx.AsyncClient) -> None:
    for path in ("/v2/_oci/ext/discover", "/v2/app/_oci/ext/discover"):
        (extension,) = (await registry.get(path)).json()["extensions"]
        assert extension["name"] == "_oci"
        assert extension["url"].startswith("https://")
        assert extension["endpoints"] == ["_oci/ext/discover"]


async def referrers(
    client: httpx.AsyncClient, query: str = "", name: str = "app"
) -> httpx.Response:
    answer = await client.get(f"/v2/{name}/referrers/{SUBJECT}{query}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == IMAGE_INDEX
    assert (answer.json()["schemaVersion"], answer.json()["mediaType"]) == (2, IMAGE_INDEX)
    return answer


async def test_what_nothing_refers_to_has_an_empty_index(registry: httpx.AsyncClient) -> None:
    for name in ("app", "none"):
        assert (await referrers(registry, name=name)).json()["manifests"] == []


@pytest.mark.parametrize("digest", ["sha256:x", "latest", "foo:bar", "", "%ff"])
async def test_referrers_of_what_is_no_digest_are_refused(
    registry: httpx.AsyncClient, digest: str
) -> None:
    assert (await registry.get(f"/v2/app/referrers/{digest}")).status_code == 400


async def test_a_referrer_is_described_as_it_describes_itself(registry: httpx.AsyncClient) -> None:
    index = json.dumps(
        {"schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": [], "subject": subject()}
    ).encode()
    contents = {
        "own": image(subject=subject(), artifactType="x/own", annotations={"é": "\ud800"}),
        "config": image(subject=subject(), artifactType=""),
        "index": index,
        "typed": index.replace(b'"manifests"', b'"artifactType": "x/y", "manifests"'),
    }
    digests = {name: await push(registry, content) for name, content in contents.items()}
    found = {item["digest"]: item for item in (await referrers(registry)).json()["manifests"]}
    assert set(found) == set(digests.values())
    assert found[digests["own"]] == {
        "mediaType": IMAGE_MANIFEST,
        "digest": digests["own"],
        "size": len(contents["own"]),
        "artifactType": "x/own",
        "annotations": {"é": "\ud800"},
    }
    assert found[digests["config"]]["artifactType"] == EMPTY_JSON
    assert found[digests["index"]].get("artifactType") is None
    assert found[digests["index"]]["mediaType"] == IMAGE_INDEX
    assert found[digests["typed"]]["artifactType"] == "x/y"
    assert list(found) == sorted(found)


async def test_only_referrers_of_this_repository_and_subject_are_listed(
    registry: httpx.AsyncClient,
) -> None:
    await push(registry, image(subject=subject()), name="elsewhere")
    await push(registry, image(subject=subject(compute(b"another"))))
    assert (await referrers(registry)).json()["manifests"] == []


async def test_a_deleted_referrer_is_listed_no_more(registry: httpx.AsyncClient) -> None:
    digest = await push(registry, image(subject=subject()), "signature")
    await registry.delete("/v2/app/manifests/signature")
    assert len((await referrers(registry)).json()["manifests"]) == 1
    await registry.delete(f"/v2/app/manifests/{digest}")
    assert (await referrers(registry)).json()["manifests"] == []


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?artifactType=x/a%2Bjson", ["x/a+json"]),
        ("?artifactType=x/a+json", ["x/a+json"]),
        ("?artifactType=x/none", []),
        ("?artifactType=x/a%2Bjson&artifactType=x/b", ["x/a+json", "x/b"]),
    ],
)
async def test_referrers_are_filtered_by_artifact_type(
    registry: httpx.AsyncClient, query: str, expected: list[str]
) -> None:
    for artifact_type in ("x/a+json", "x/b"):
        await push(registry, image(subject=subject(), artifactType=artifact_type))
    answer = await referrers(registry, query)
    found = sorted(item["artifactType"] for item in answer.json()["manifests"])
    assert found == expected
    assert answer.headers["oci-filters-applied"] == "artifactType"


@pytest.mark.parametrize("query", ["", "?artifactType=", "?n=-1&last=x", "?artifacttype=x"])
async def test_nothing_is_filtered_unless_asked_for(
    registry: httpx.AsyncClient, query: str
) -> None:
    await push(registry, image(subject=subject(), artifactType="x/y"))
    answer = await referrers(registry, query)
    assert len(answer.json()["manifests"]) == 1
    assert "oci-filters-applied" not in answer.headers


@pytest.mark.parametrize("query", ["", "?artifactType=x/a%2Bb&artifactType=x/c"])
async def test_pages_of_referrers_give_each_of_them_once(query: str) -> None:
    async with connect(Reference(ReferenceOptions(page_limit=2))) as client:
        digests = [
            await push(client, image(subject=subject(), artifactType=kind, n=number))
            for number, kind in enumerate(["x/a+b", "x/c", "x/a+b", "x/c", "x/c"])
        ]
        pages = await walk(client, f"/v2/app/referrers/{SUBJECT}{query}", "manifests")
    assert [len(page) for page in pages] == [2, 2, 1]
    assert [item["digest"] for page in pages for item in page] == sorted(digests)


async def test_referrers_can_be_switched_off() -> None:
    async with connect(Reference(ReferenceOptions(referrers=False))) as client:
        assert (await client.get(f"/v2/app/referrers/{SUBJECT}")).status_code == 404
