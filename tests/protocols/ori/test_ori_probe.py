from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from regshape.catalog import ReferenceSettings, find
from regshape.engine.runner import run_campaign
from regshape.errors import TargetError
from regshape.model import Capability, Space
from regshape.protocols.ori.calls import ADVISORIES
from regshape.protocols.ori.protocol import Ori
from regshape.protocols.ori.reference import Reference
from regshape.protocols.ori.reference.campaigns import OPTIONS, TOKENS
from regshape.protocols.ori.timeline import HEADER
from regshape.settings import Settings
from regshape.transport.client import open_client
from tests.protocols.ori.registries import GRANTS, Registry

ENTRY = find("ori")


async def probed(
    app: Any, tokens: Mapping[str, str] = TOKENS, salt: str = "p1"
) -> Mapping[str, Capability]:
    """Return what the probe believes of a registry, by name."""
    inner = httpx.ASGITransport(app)
    space = Space("regshape", salt, "http://embedded", identities=frozenset(tokens))
    play = Ori().probe(space)
    async with open_client("http://embedded", tokens=tokens, inner=inner) as client:
        call = next(play)
        while True:
            exchange = await client.send(call.request, call.mutators, identity=call.identity)
            try:
                call = play.send(exchange)
            except StopIteration as stop:
                return {item.name: item for item in stop.value}


async def test_the_registry_of_a_campaign_can_do_all() -> None:
    found = await probed(ENTRY.reference(ReferenceSettings()))
    assert [name for name, item in found.items() if not item.present] == []
    assert {move for moves in ENTRY.moves for move in moves.needs} <= set(found)


async def test_nothing_is_asked_twice() -> None:
    asked: list[tuple[str, bytes | None, bytes | None]] = []
    app = ENTRY.reference(ReferenceSettings())

    async def noting(scope: Any, receive: Any, send: Any) -> None:
        headers = dict(scope["headers"])
        shown = headers.get(b"authorization"), headers.get(HEADER.lower().encode())
        asked.append((scope["path"], *shown))
        await app(scope, receive, send)

    await probed(noting)
    there = [what for what in asked if what[0] == ADVISORIES]
    assert len(there) == len(set(there)) == 1 + len(TOKENS) + 1


async def test_another_registry_has_no_time_of_ones_own() -> None:
    found = await probed(Reference(OPTIONS).app)
    assert [name for name, item in found.items() if not item.present] == ["own-time"]


async def test_limits_of_a_registrys_own_are_told_with_what_they_are() -> None:
    tiers = (await probed(Registry().reference.app, {"main": "alice"}))["stock-tiers"]
    assert not tiers.present
    assert tiers.reason == "the registry states 1000000 with and 1000000 without a token"


async def test_a_token_that_was_not_given_or_is_not_taken_is_missing() -> None:
    assert "nobody" not in GRANTS
    found = await probed(Registry().reference.app, {"main": "alice", "reader": "nobody"})
    assert not found["second-identity"].present
    assert not found["token-publisher"].present
    assert found["token-reader"].reason == "a GET as reader was answered with 401"


async def test_nobody_is_asked_for_who_has_no_token() -> None:
    asked: list[bytes | None] = []
    app = ENTRY.reference(ReferenceSettings())

    async def noting(scope: Any, receive: Any, send: Any) -> None:
        asked.append(dict(scope["headers"]).get(b"authorization"))
        await app(scope, receive, send)

    found = await probed(noting, {"reader": TOKENS["reader"]})
    assert len(asked) == 5
    assert set(asked) == {None, f"Bearer {TOKENS['reader']}".encode()}
    assert found["token"].reason == "there is no token: set REGSHAPE_TOKEN"
    assert found["second-identity"].reason == "there is no token of other: set REGSHAPE_TOKEN_OTHER"
    assert {name for name, item in found.items() if item.present} == {
        *("log", "owners", "stock-tiers", "own-time", "token-reader")
    }


async def test_limits_are_not_those_of_a_tier_that_nobody_has_a_token_for() -> None:
    tiers = (await probed(Registry().reference.app, {}))["stock-tiers"]
    assert tiers.reason == "the registry states 1000000 without a token"
    assert not tiers.present


async def refused(answer: httpx.Response, **tokens: str) -> str:
    """Return why a campaign cannot begin on what answers all with one answer."""

    def all_alike(_: httpx.Request) -> httpx.Response:
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)

    settings = Settings.model_validate(
        {"target": "http://embedded", "protocol": "ori", "time": 0, "tokens": tokens}
    )
    with pytest.raises(TargetError) as error:
        await run_campaign(settings, ENTRY, inner=httpx.MockTransport(all_alike))
    return str(error.value)


async def test_what_is_no_ori_registry_is_told_with_what_it_answers() -> None:
    told = await refused(httpx.Response(200, html="<p>hello"))
    assert told.startswith("GET /v1/advisories was answered with 200 and no JSON: give the URL of")


async def test_a_registry_that_takes_no_token_asks_for_one() -> None:
    told = await refused(httpx.Response(401, json={}), main="t")
    assert told == "the registry does not take the token that was given: set REGSHAPE_TOKEN"


async def test_a_registry_that_answers_nobody_without_a_token_asks_for_one() -> None:
    told = await refused(httpx.Response(401, json={}))
    assert told == "the registry wants a token: set REGSHAPE_TOKEN"
