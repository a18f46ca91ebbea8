"""A real campaign on the reference registry, with faults planted and every byte that was sent."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field

import anyio
import httpx
from pydantic import SecretStr

from regshape.catalog import ReferenceSettings, find
from regshape.engine.runner import run_campaign
from regshape.model import Requirement, Result
from regshape.settings import Settings

DEFECTS = (
    "chunk-order-ignored",
    "range-unanchored",
    "tags-unordered",
    "bad-digest-crashes",
    "blob-digest-bare",
    "refused-manifest-kept",
)
USER = "ada"
PASSWORD = "correct-horse-battery"  # noqa: S105 - of a registry in this process
PAIR = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


@dataclass
class Listening(httpx.AsyncBaseTransport):
    """Passes requests on, and keeps what they were authorized with."""

    inner: httpx.AsyncBaseTransport
    credentials: set[str] = field(default_factory=set)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        value = request.headers.get("authorization", "")
        if value:
            self.credentials.add(value.partition(" ")[2] or value)
        return await self.inner.handle_async_request(request)


@dataclass(frozen=True)
class Recorded:
    """What a campaign came to, and the secrets that it used."""

    result: Result
    requirements: Sequence[Requirement]
    secrets: frozenset[str]


def record(auth: str = "none") -> Recorded:
    """Run a campaign against the reference with `DEFECTS`; a real one, in this process."""
    entry = find("oci")
    users = {} if auth == "none" else {USER: PASSWORD}
    app = entry.reference(ReferenceSettings(auth=auth, users=users, defects=DEFECTS))
    listening = Listening(httpx.ASGITransport(app, raise_app_exceptions=False))
    settings = Settings(
        target="http://embedded",
        time=0,
        seed=3,
        confirmations=1,
        shrink_executions=60,
        username=USER if users else None,
        password=SecretStr(PASSWORD) if users else None,
    )

    async def work() -> Result:
        return await run_campaign(settings, entry, inner=listening)

    result = anyio.run(work)
    secrets = {PASSWORD, PAIR, *listening.credentials} if users else set()
    return Recorded(result, entry.protocol.requirements, frozenset(secrets))
