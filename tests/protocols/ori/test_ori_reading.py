from __future__ import annotations

import hashlib

import pytest

from regshape.protocols.ori.reference.routes import ROUTES
from tests.protocols.ori.archives import packed
from tests.protocols.ori.registries import Registry, codes

MORE = '[dependencies]\n"std.json" = "bundled"\n[features]\ndefault = ["fast"]\nfast = []\n'


async def test_what_was_published_is_listed_told_of_and_downloaded() -> None:
    registry, data = Registry(), packed(more=MORE)
    answer = await registry.publish(data=data)
    checksum = f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert (answer.status_code, answer.json()) == (
        201,
        {
            "name": "@acme/json",
            "version": "1.0.0",
            "checksum": checksum,
            "published_at": "2027-01-15T08:00:00Z",
            "log_index": 0,
        },
    )
    assert answer.headers["location"] == "/v1/packages/acme/json/1.0.0/metadata"
    assert (await registry.get("packages/acme/json/versions")).json() == [
        {
            "version": "1.0.0",
            "yanked": False,
            "deprecated": None,
            "checksum": checksum,
            "published_at": "2027-01-15T08:00:00Z",
        }
    ]
    metadata = (await registry.get("packages/acme/json/1.0.0/metadata")).json()
    assert metadata["dependencies"] == {"std.json": "bundled"}
    assert metadata["features"] == {"default": ["fast"], "fast": []}
    assert (metadata["name"], metadata["checksum"]) == ("@acme/json", checksum)
    download = await registry.get("packages/acme/json/1.0.0/download")
    assert (download.status_code, download.content) == (200, data)
    assert download.headers["content-type"] == "application/octet-stream"


async def test_versions_are_listed_from_the_newest_on() -> None:
    registry = Registry()
    for version in ("1.0.0", "1.10.0", "1.9.0", "2.0.0-rc.1", "2.0.0-beta"):
        assert (await registry.publish(version=version)).status_code == 201
    listed = ["2.0.0-rc.1", "2.0.0-beta", "1.10.0", "1.9.0", "1.0.0"]
    assert await registry.versions() == listed


async def test_pages_follow_each_other_to_the_end_and_stand_still_meanwhile() -> None:
    registry = Registry()
    for minor in range(5):
        await registry.publish(version=f"1.{minor}.0")
    found, path = [], "packages/acme/json/versions?limit=2"
    while path:
        answer = await registry.get(path)
        found.append([row["version"] for row in answer.json()])
        path = answer.links.get("next", {}).get("url", "").removeprefix("/v1/")
        await registry.publish(version="9.0.0")
    assert found == [["1.4.0", "1.3.0"], ["1.2.0", "1.1.0"], ["1.0.0"]]


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=-1", "limit=x", "limit=", "limit=1&limit=2", "cursor=%00", "cursor="],
)
async def test_pages_that_are_none_are_refused(query: str) -> None:
    registry = Registry()
    await registry.publish()
    answer = await registry.get(f"packages/acme/json/versions?{query}")
    assert codes(answer) == (400, "QUERY_INVALID")


async def test_a_limit_without_bound_is_that_of_the_registry() -> None:
    registry = Registry()
    await registry.publish()
    answer = await registry.get(f"packages/acme/json/versions?limit={'9' * 5000}")
    assert len(answer.json()) == 1


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("packages/acme/other/versions", "PACKAGE_UNKNOWN"),
        ("packages/acme/other/owners", "PACKAGE_UNKNOWN"),
        ("packages/acme/json/9.9.9/metadata", "VERSION_UNKNOWN"),
        ("packages/acme/json/9.9.9/download", "VERSION_UNKNOWN"),
        ("packages/acme/json/1.0/download", "VERSION_UNKNOWN"),
        ("packages/acme%2Fjson/versions", "ROUTE_UNKNOWN"),
        ("packages/@acme/json/versions", "PACKAGE_UNKNOWN"),
        ("packages/acme/json/versions/", "ROUTE_UNKNOWN"),
        ("packages/acme/%00/versions", "PACKAGE_UNKNOWN"),
        ("log/lookup/acme/json/9.9.9", "VERSION_UNKNOWN"),
        ("log/tile/0/001", "TILE_UNKNOWN"),
        ("log/tile/0/000", "TILE_UNKNOWN"),
        ("log/tile/%2e%2e/checkpoint", "TILE_UNKNOWN"),
        ("log/tile", "ROUTE_UNKNOWN"),
        ("", "ROUTE_UNKNOWN"),
    ],
)
async def test_what_is_not_there_is_not_found(path: str, code: str) -> None:
    registry = Registry()
    await registry.publish()
    assert codes(await registry.get(path)) == (404, code)


async def test_a_path_that_cannot_be_decoded_is_no_request() -> None:
    for path in ("packages/%ff/json/versions", "packages/%zz/json/versions"):
        assert codes(await Registry().get(path)) == (400, "REQUEST_INVALID")


async def test_entity_tags_spare_a_second_transfer() -> None:
    registry = Registry()
    await registry.publish()
    for path in ("versions", "1.0.0/metadata", "1.0.0/download"):
        first = await registry.get(f"packages/acme/json/{path}")
        etag = first.headers["etag"]
        assert etag.startswith('"sha256:')
        for known in (etag, f"W/{etag}", f'"x", {etag}', "*"):
            again = await registry.get(
                f"packages/acme/json/{path}", headers={"If-None-Match": known}
            )
            assert (again.status_code, again.content) == (304, b"")
            assert again.headers["etag"] == etag
        other = await registry.get(f"packages/acme/json/{path}", headers={"If-None-Match": '"x"'})
        assert other.status_code == 200


async def test_the_entity_tag_changes_with_what_is_told() -> None:
    registry = Registry()
    await registry.publish()
    before = (await registry.get("packages/acme/json/versions")).headers["etag"]
    download = (await registry.get("packages/acme/json/1.0.0/download")).headers["etag"]
    await registry.post("packages/acme/json/1.0.0/yank")
    assert (await registry.get("packages/acme/json/versions")).headers["etag"] != before
    assert (await registry.get("packages/acme/json/1.0.0/download")).headers["etag"] == download


async def test_head_has_the_headers_of_get() -> None:
    registry = Registry()
    await registry.publish()
    for path in ("packages/acme/json/1.0.0/download", "packages/none/x/versions"):
        get, head = await registry.get(path), await registry.ask("HEAD", path)
        assert head.content == b""
        assert head.status_code == get.status_code
        assert {**head.headers, "x": ""}.keys() == {**get.headers, "x": ""}.keys()
        assert head.headers["content-length"] == str(len(get.content))


async def test_every_route_answers_and_names_the_methods_that_it_has() -> None:
    registry = Registry()
    await registry.publish()
    words = {"scope": "acme", "name": "json", "version": "1.0.0"}
    for route in ROUTES.values():
        path = route.path.removeprefix("/v1/").replace("{tile:path}", "0/000.p/1")
        path = path.format_map(words)
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "BREW"):
            answer = await registry.ask(method, path)
            allowed = method in route.allowed.split(", ")
            assert (answer.status_code in (404, 405)) is not allowed, (method, path)
            if not allowed:
                assert answer.headers["allow"] == route.allowed
