from __future__ import annotations

import pytest

from regshape.protocols.ori.reference import ReferenceOptions
from tests.protocols.ori.registries import GRANTS, NOW, Clock, Registry, codes

READS = ["packages/acme/json/versions", "search?q=x", "advisories", "log/checkpoint", "nowhere"]
CHANGES = {
    "packages/acme/json/publish": "publish",
    "packages/acme/json/1.0.0/yank": "publish",
    "packages/acme/json/1.0.0/unyank": "publish",
    "packages/acme/json/1.0.0/deprecate": "publish",
    "packages/acme/json/transfer": "admin",
}
BAD = [
    "Bearer unknown",
    "Bearer",
    "Bearer ",
    "Bearer alice bob",
    "Bearer al\xfcice",
    "Basic YWxpY2U6",
    "alice",
    "",
    "Token alice",
    f"Bearer {'a' * 5000}",
]


@pytest.mark.parametrize("shown", BAD)
async def test_a_bad_token_is_refused_everywhere(shown: str) -> None:
    registry = Registry()
    for method, path in [("GET", path) for path in READS] + [("POST", path) for path in CHANGES]:
        headers = {"Authorization": shown.encode("latin-1")}
        answer = await registry.ask(method, path, headers=headers)
        assert codes(answer) == (401, "UNAUTHORIZED")
        assert answer.headers["www-authenticate"] == 'Bearer realm="ori", error="invalid_token"'
        assert "alice" not in answer.text


async def test_two_tokens_are_none() -> None:
    headers = [("Authorization", "Bearer alice"), ("Authorization", "Bearer bob")]
    answer = await Registry().http.get("/v1/advisories", headers=headers)
    assert answer.status_code == 401


async def test_the_scheme_may_have_any_case_and_some_space() -> None:
    for shown in ("bearer alice", "BEARER alice", "Bearer   alice", " Bearer alice "):
        answer = await Registry().get("advisories", headers={"Authorization": shown})
        assert answer.status_code == 200


async def test_what_changes_something_needs_a_token() -> None:
    for path in CHANGES:
        answer = await Registry().post(path, token=None)
        assert codes(answer) == (401, "UNAUTHORIZED")
        assert answer.headers["www-authenticate"] == 'Bearer realm="ori"'


@pytest.mark.parametrize("have", ["read", "publish", "admin"])
async def test_no_scope_implies_another(have: str) -> None:
    registry = Registry()
    await registry.publish()
    for path, scope in CHANGES.items():
        answer = await registry.post(path, f"alice-{have}")
        assert (answer.status_code == 403) is (scope != have), path
        if scope != have:
            assert codes(answer) == (403, "SCOPE_MISSING")
            assert f'scope="{scope}"' in answer.headers["www-authenticate"]
    for path in ("packages/acme/json/versions", "packages/acme/json/1.0.0/download", "search?q=j"):
        assert (await registry.get(path, f"alice-{have}")).status_code == 200


async def test_a_token_ends_when_its_time_comes() -> None:
    registry = Registry()
    assert (await registry.get("advisories", "alice-short")).status_code == 200
    registry.clock.now += 100
    assert (await registry.get("advisories", "alice-short")).status_code == 401


async def test_a_registry_may_want_a_token_for_reading() -> None:
    registry = Registry(ReferenceOptions(auth="required", tokens=GRANTS, clock=Clock()))
    assert (await registry.get("advisories")).status_code == 401
    assert codes(await registry.get("advisories", "alice-admin")) == (403, "SCOPE_MISSING")
    assert (await registry.get("advisories", "alice-read")).status_code == 200


# rate limits


def limited() -> Registry:
    clock = Clock()
    return Registry(ReferenceOptions(tokens=GRANTS, clock=clock), clock)


@pytest.mark.parametrize(("token", "limit"), [(None, 100), ("alice", 1000)])
async def test_a_caller_has_as_many_requests_as_its_tier(token: str | None, limit: int) -> None:
    registry = limited()
    for number in range(1, limit + 1):
        answer = await registry.get("nowhere" if number % 2 else "advisories", token)
        assert answer.status_code in (200, 404)
        assert answer.headers["x-ratelimit-limit"] == str(limit)
        assert answer.headers["x-ratelimit-remaining"] == str(limit - number)
        assert answer.headers["x-ratelimit-reset"] == str(int(NOW) + 60)
    refused = await registry.get("advisories", token)
    assert codes(refused) == (429, "RATE_LIMITED")
    assert refused.headers["retry-after"] == "60"
    assert refused.headers["x-ratelimit-remaining"] == "0"


async def test_a_window_is_fixed_and_then_over() -> None:
    registry = limited()
    for _ in range(100):
        await registry.get("advisories")
    registry.clock.now += 59.5
    refused = await registry.get("advisories")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    registry.clock.now += 0.5
    answer = await registry.get("advisories")
    assert answer.status_code == 200
    assert answer.headers["x-ratelimit-remaining"] == "99"
    assert answer.headers["x-ratelimit-reset"] == str(int(NOW) + 120)


async def test_callers_are_counted_apart_and_bad_tokens_as_none() -> None:
    registry = limited()
    for number in range(100):
        await registry.get("advisories", f"bad-{number}")
    assert (await registry.get("advisories", "bad")).status_code == 429
    assert (await registry.get("advisories")).status_code == 429
    for token in ("alice", "bob"):
        answer = await registry.get("advisories", token)
        assert answer.headers["x-ratelimit-remaining"] == "999"


async def test_callers_who_are_gone_are_forgotten() -> None:
    registry = limited()
    for number in range(10_001):
        registry.reference.count(None, str(number))
    registry.clock.now += 61
    registry.reference.count(None, "last")
    assert set(registry.reference.windows) == {"client last"}
