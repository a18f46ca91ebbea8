"""A registry in memory with callers: alice and bob, who can do all, and others who can do less."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx

from regshape.protocols.ori.models import TokenScope
from regshape.protocols.ori.reference import Grant, Reference, ReferenceOptions
from tests.protocols.ori.archives import packed

ALICE, BOB = "alice", "bob"
NOW = 1_800_000_000.0
ALL = frozenset(TokenScope)
GRANTS = {
    "alice": Grant("alice", ALL),
    "bob": Grant("bob", ALL),
    "carol": Grant("carol", ALL),
    "alice-read": Grant("alice", frozenset({TokenScope.READ})),
    "alice-publish": Grant("alice", frozenset({TokenScope.PUBLISH})),
    "alice-admin": Grant("alice", frozenset({TokenScope.ADMIN})),
    "alice-short": Grant("alice", ALL, expires=NOW + 100),
}
"""Grants by the texts of tokens, which are as plain as they look."""


@dataclass
class Clock:
    """A clock that stands until somebody moves it."""

    now: float = NOW

    def __call__(self) -> float:
        return self.now


@dataclass
class Registry:
    """A registry without a socket, and how to ask it."""

    options: ReferenceOptions | None = None
    clock: Clock = field(default_factory=Clock)
    kind: type[Reference] = Reference

    def __post_init__(self) -> None:
        options = self.options or ReferenceOptions(
            tokens=GRANTS, clock=self.clock, authenticated_limit=10**6, anonymous_limit=10**6
        )
        self.reference = self.kind(options)
        transport = httpx.ASGITransport(app=self.reference.app)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://ori.example")

    async def ask(
        self, method: str, path: str, token: str | None = None, **more: Any
    ) -> httpx.Response:
        headers = {**({"Authorization": f"Bearer {token}"} if token else {})}
        headers.update(more.pop("headers", {}))
        return await self.http.request(method, f"/v1/{path}", headers=headers, **more)

    async def get(self, path: str, token: str | None = None, **more: Any) -> httpx.Response:
        return await self.ask("GET", path, token, **more)

    async def post(self, path: str, token: str | None = ALICE, **more: Any) -> httpx.Response:
        return await self.ask("POST", path, token, **more)

    async def publish(
        self,
        name: str = "@acme/json",
        version: str = "1.0.0",
        token: str | None = ALICE,
        data: bytes | None = None,
    ) -> httpx.Response:
        content = packed(name, version) if data is None else data
        files = {"package": ("x.oripk", content, "application/octet-stream")}
        return await self.post(f"packages/{name.removeprefix('@')}/publish", token, files=files)

    async def versions(self, name: str = "acme/json") -> list[str]:
        rows = (await self.get(f"packages/{name}/versions")).json()
        return [row["version"] for row in rows]


def codes(answer: httpx.Response) -> tuple[int, str]:
    """Return status and code of a refusal, whose body has the form that it should."""
    (error,) = answer.json()["errors"]
    assert set(error) == {"code", "detail", "pointer"}
    return answer.status_code, str(error["code"])
