from __future__ import annotations

import pytest

from regshape.protocols.ori.models import Advisory
from regshape.protocols.ori.reference import ReferenceOptions
from tests.protocols.ori.registries import Registry, codes

RECORD = {
    "schema_version": "1.7.0",
    "id": "ORI-2026-0001",
    "modified": "2026-01-02T03:04:05Z",
    "affected": [
        {
            "package": {"ecosystem": "Ori", "name": "@acme/json"},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": "1.0.1"}]}],
        }
    ],
}


async def names(registry: Registry, query: str) -> list[str]:
    answer = await registry.get(f"search?{query}")
    assert answer.status_code == 200, answer.text
    return [hit["name"] for hit in answer.json()["packages"]]


async def test_a_search_finds_the_names_that_hold_the_text() -> None:
    registry = Registry()
    for name in ("@acme/json", "@acme/xml", "@acme/a-json-b"):
        await registry.publish(name)
    assert await names(registry, "q=json") == ["@acme/a-json-b", "@acme/json"]
    assert await names(registry, "q=JSON") == ["@acme/a-json-b", "@acme/json"]
    assert await names(registry, "q=%40acme/xml") == ["@acme/xml"]
    assert await names(registry, "q=nothing") == []


@pytest.mark.parametrize(
    "text",
    ["%25", "_", "*", "'%22", "%27%20OR%201=1--", "%00", "%ff", "%", "+", "a" * 10_000, ".*"],
)
async def test_a_search_takes_its_text_as_it_is(text: str) -> None:
    registry = Registry()
    await registry.publish()
    assert await names(registry, f"q={text}") == []


@pytest.mark.parametrize("query", ["", "?q=", "?q", "?Q=json", "?q=a&q=b", "?q=a&limit=0"])
async def test_a_search_without_a_text_is_none(query: str) -> None:
    assert codes(await Registry().get(f"search{query}")) == (400, "QUERY_INVALID")


async def test_a_search_tells_of_the_newest_version_that_can_be_resolved() -> None:
    registry = Registry()
    for version in ("1.0.0", "1.2.0", "2.0.0-rc.1"):
        await registry.publish(version=version)

    async def told() -> str:
        hits = (await registry.get("search?q=json")).json()["packages"]
        return str(hits[0]["version"])

    assert await told() == "1.2.0"
    for version in ("1.2.0", "1.0.0"):
        await registry.post(f"packages/acme/json/{version}/yank")
    assert await told() == "2.0.0-rc.1"


async def test_pages_of_a_search_keep_the_text() -> None:
    registry = Registry()
    for letter in "abc":
        await registry.publish(f"@acme/json-{letter}")
    answer = await registry.get("search?q=json&limit=2")
    assert len(answer.json()["packages"]) == 2
    rest = await registry.get(answer.links["next"]["url"].removeprefix("/v1/"))
    assert [hit["name"] for hit in rest.json()["packages"]] == ["@acme/json-c"]
    assert "next" not in rest.links


async def test_advisories_are_told_as_they_were_given() -> None:
    second = {**RECORD, "id": "ORI-2026-0000", "database_specific": {"kept": [1]}}
    given = tuple(Advisory.model_validate(record) for record in (RECORD, second))
    answer = await Registry(ReferenceOptions(advisories=given)).get("advisories")
    assert answer.json() == {"advisories": [second, RECORD]}
    assert (await Registry().get("advisories")).json() == {"advisories": []}
