from __future__ import annotations

from typing import Any

import pytest

from tests.protocols.ori.archives import packed
from tests.protocols.ori.registries import BOB, Registry, codes

VERSION = "packages/acme/json/1.0.0"
TRANSFER = "packages/acme/json/transfer"
OWNERS = "packages/acme/json/owners"
HOURS = 3600
DEEP = b"[" * 60_000


async def row(registry: Registry) -> dict[str, Any]:
    listed = (await registry.get("packages/acme/json/versions")).json()
    told = (await registry.get(f"{VERSION}/metadata")).json()
    assert {name: told[name] for name in listed[0]} == listed[0]
    return dict(listed[0])


async def test_a_yank_hides_a_version_and_comes_undone() -> None:
    registry, data = Registry(), packed()
    await registry.publish(data=data)
    for word, yanked in (("yank", True), ("yank", True), ("unyank", False), ("unyank", False)):
        answer = await registry.post(f"{VERSION}/{word}")
        assert (answer.status_code, answer.json()["yanked"]) == (200, yanked)
        assert (await row(registry))["yanked"] is yanked
        assert (await registry.get(f"{VERSION}/download")).content == data
        found = (await registry.get("search?q=json")).json()["packages"]
        assert [hit["name"] for hit in found] == ([] if yanked else ["@acme/json"])


async def test_a_deprecated_version_has_its_last_message() -> None:
    registry = Registry()
    await registry.publish()
    assert (await row(registry))["deprecated"] is None
    for message in ("Use 2.x", "Use 2.x", "Use 3.x \N{SNOWMAN}"):
        answer = await registry.post(f"{VERSION}/deprecate", json={"message": message})
        assert answer.status_code == 200
        assert (await row(registry))["deprecated"] == {"message": message}
    hit = (await registry.get("search?q=json")).json()["packages"][0]
    assert hit["deprecated"] == {"message": "Use 3.x \N{SNOWMAN}"}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"{}", (422, "FIELD_INVALID")),
        (b'{"message": ""}', (422, "FIELD_INVALID")),
        (b'{"message": " "}', (422, "FIELD_INVALID")),
        (b'{"message": 3}', (422, "FIELD_INVALID")),
        (b'{"message": "\\ud800"}', (422, "FIELD_INVALID")),
        (b"[]", (422, "FIELD_INVALID")),
        (b"", (400, "JSON_INVALID")),
        (b"{", (400, "JSON_INVALID")),
        (b"\xff", (400, "JSON_INVALID")),
        (DEEP, (400, "JSON_INVALID")),
        (b'{"message": "' + b"a" * 70_000 + b'"}', (413, "TOO_LARGE")),
    ],
)
async def test_a_message_is_some_text(content: bytes, expected: tuple[int, str]) -> None:
    registry = Registry()
    await registry.publish()
    headers = {"Content-Type": "application/json"}
    answer = await registry.post(f"{VERSION}/deprecate", content=content, headers=headers)
    assert codes(answer) == expected
    assert (await row(registry))["deprecated"] is None


async def test_a_message_that_is_no_json_is_of_another_type() -> None:
    registry = Registry()
    await registry.publish()
    for path in (f"{VERSION}/deprecate", TRANSFER):
        assert codes(await registry.post(path, data={"message": "x"}))[0] == 415


async def test_only_the_owner_changes_what_is_there() -> None:
    registry = Registry()
    await registry.publish()
    for word in ("yank", "unyank", "deprecate"):
        answer = await registry.post(f"{VERSION}/{word}", BOB, json={"message": "x"})
        assert codes(answer) == (403, "NOT_OWNER")
        answer = await registry.post(f"packages/acme/json/9.9.9/{word}", json={"message": "x"})
        assert codes(answer) == (404, "VERSION_UNKNOWN")
    assert (await row(registry))["yanked"] is False


# transfer


async def owner(registry: Registry) -> str:
    answer = await registry.get(OWNERS)
    assert answer.json()["transfer"] is None  # no party asks
    (name,) = answer.json()["owners"]
    return str(name)


async def waiting(registry: Registry, token: str = "alice") -> Any:  # noqa: S107 - a user's name
    return (await registry.get(OWNERS, token)).json()["transfer"]


async def test_a_package_passes_on_once_both_agree() -> None:
    registry = Registry()
    await registry.publish()
    offered = await registry.post(TRANSFER, json={"to": "bob"})
    assert offered.status_code == 202
    assert offered.json()["owners"] == ["alice"]
    assert offered.json()["transfer"] == {"to": "bob", "expires_at": "2027-01-18T08:00:00Z"}
    assert codes(await registry.publish(version="1.1.0", token=BOB))[0] == 403
    assert await owner(registry) == "alice"
    taken = await registry.post(TRANSFER, BOB, json={"accept": True})
    assert (taken.status_code, taken.json()["owners"]) == (200, ["bob"])
    assert codes(await registry.publish(version="1.1.0"))[0] == 403
    assert (await registry.publish(version="1.1.0", token=BOB)).status_code == 201
    assert codes(await registry.post(f"{VERSION}/yank"))[0] == 403
    # The scope stays with who came first; one package of it is bob's.
    assert (await registry.publish("@acme/other")).status_code == 201
    assert codes(await registry.publish("@acme/third", token=BOB))[0] == 403


async def test_one_party_alone_moves_nothing() -> None:
    registry = Registry()
    await registry.publish()
    assert codes(await registry.post(TRANSFER, BOB, json={"accept": True}))[0] == 403
    await registry.post(TRANSFER, json={"to": "bob"})
    assert codes(await registry.post(TRANSFER, json={"accept": True}))[0] == 403
    for body in ({"to": "carol"}, {"accept": True}, {"cancel": True}, {}):
        assert codes(await registry.post(TRANSFER, "carol", json=body)) == (403, "NOT_OWNER")
    assert codes(await registry.post(TRANSFER, BOB, json={"cancel": True}))[0] == 403
    assert codes(await registry.post(TRANSFER, BOB, json={"to": "bob"}))[0] == 403
    assert await owner(registry) == "alice"
    assert (await waiting(registry))["to"] == "bob"
    assert await waiting(registry, "carol") is None


async def test_an_offer_stands_once_until_it_is_taken_back() -> None:
    registry = Registry()
    await registry.publish()
    await registry.post(TRANSFER, json={"to": "bob"})
    registry.clock.now += HOURS
    again = await registry.post(TRANSFER, json={"to": "bob"})
    assert (again.status_code, again.json()["transfer"]["expires_at"]) == (
        202,
        "2027-01-18T08:00:00Z",
    )
    assert codes(await registry.post(TRANSFER, json={"to": "carol"})) == (409, "TRANSFER_PENDING")
    for _ in range(2):
        answer = await registry.post(TRANSFER, json={"cancel": True})
        assert (answer.status_code, answer.json()["transfer"]) == (200, None)
    assert codes(await registry.post(TRANSFER, BOB, json={"accept": True}))[0] == 403
    assert (await registry.post(TRANSFER, json={"to": "carol"})).status_code == 202


async def test_an_offer_ends_after_three_days() -> None:
    registry = Registry()
    await registry.publish()
    await registry.post(TRANSFER, json={"to": "bob"})
    registry.clock.now += 72 * HOURS
    assert codes(await registry.post(TRANSFER, BOB, json={"accept": True})) == (
        409,
        "TRANSFER_EXPIRED",
    )
    assert await waiting(registry) is None
    assert (await registry.post(TRANSFER, json={"to": "bob"})).status_code == 202
    registry.clock.now += 72 * HOURS - 1
    assert (await registry.post(TRANSFER, BOB, json={"accept": True})).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {},
        [],
        {"to": "alice"},
        {"to": ""},
        {"to": "a b"},
        {"to": 3},
        {"accept": False},
        {"accept": 1},
        {"cancel": "yes"},
        {"to": "bob", "cancel": True},
    ],
)
async def test_a_transfer_asks_for_one_thing(body: Any) -> None:
    registry = Registry()
    await registry.publish()
    assert codes(await registry.post(TRANSFER, json=body)) == (422, "FIELD_INVALID")
    assert await waiting(registry) is None


async def test_a_package_that_is_not_there_passes_to_nobody() -> None:
    answer = await Registry().post(TRANSFER, json={"to": "bob"})
    assert codes(answer) == (404, "PACKAGE_UNKNOWN")
