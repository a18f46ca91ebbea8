"""The requests that a campaign sends, recorded, so that other clients can send the same again.

What is recorded is grouped by case: a script. Sent again, its repositories get other names, and the
Location of an answer takes the place of the one that was recorded, so that the server has the same
work to do. Left out are requests that no ordinary client can send (broken framing, illegal
headers), and cases with bodies so big that a few of them would decide the result.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

import anyio
import h11
import httpx

from regshape.catalog import find
from regshape.engine.runner import run_campaign
from regshape.settings import Settings
from regshape.transport.head import outgoing
from regshape.transport.wire import WireTransport

ID_LENGTH = 8
BIGGEST_BODY = 1024 * 1024
_SALTED = re.compile(rb"regshape/([0-9a-f]{9,})")


@dataclass(frozen=True, slots=True)
class Shot:
    """One request of a script. Its target is `before`, a Location of the script, and `after`."""

    method: str
    before: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    status: int
    location: bytes = b""
    link: int | None = None
    after: bytes = b""

    def target(self, locations: Sequence[bytes]) -> bytes:
        """Return the target, given the locations that the script's answers had so far."""
        if self.link is None:
            return self.before
        return self.before + locations[self.link] + self.after

    def renamed(self, old: bytes, new: bytes) -> Shot:
        headers = tuple((name, value.replace(old, new)) for name, value in self.headers)
        before, after = self.before.replace(old, new), self.after.replace(old, new)
        return replace(self, before=before, after=after, headers=headers)


Script = tuple[Shot, ...]


@dataclass(frozen=True, slots=True)
class Mix:
    """The scripts of a campaign, and the part of its id that is in all of its repositories."""

    id: bytes
    scripts: tuple[Script, ...]
    left_out: int

    def renamed(self, number: int) -> list[Script]:
        """Return the scripts with other repositories, of names as long as before."""
        new = b"%0*x" % (ID_LENGTH, number)
        return [tuple(shot.renamed(self.id, new) for shot in script) for script in self.scripts]


def location_of(value: str | bytes | None) -> bytes:
    """Return path and query of a Location."""
    text = value.decode("latin-1") if isinstance(value, bytes) else value or ""
    parts = urlsplit(text)
    return f"{parts.path}?{parts.query}".rstrip("?").encode("latin-1")


@dataclass
class Recording(WireTransport):
    """The wire, with a list of what went over it, by the task that sent it."""

    sent: list[tuple[int, Shot]] = field(default_factory=list)
    left_out: int = 0

    def __post_init__(self) -> None:
        super().__init__()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        message = await outgoing(request)
        response = await super().handle_async_request(request)
        target: bytes = request.extensions.get("target") or request.url.raw_path
        headers = tuple(request.headers.raw)
        if not message.sound or not _is_ordinary(request.method, target, headers):
            self.left_out += 1
            return response
        body = b"".join(request.stream) if isinstance(request.stream, httpx.ByteStream) else b""
        location = location_of(response.headers.get("location"))
        shot = Shot(request.method, target, headers, body, response.status_code, location)
        self.sent.append((anyio.get_current_task().id, shot))
        return response


def _is_ordinary(method: str, target: bytes, headers: tuple[tuple[bytes, bytes], ...]) -> bool:
    try:
        h11.Request(method=method, target=target, headers=list(headers))
    except h11.LocalProtocolError:
        return False
    return target.startswith(b"/") and method != "CONNECT"


async def record(url: str, seconds: float, seed: int) -> Mix:
    """Run a campaign and return the mix of what it sent."""
    recording = Recording()
    settings = Settings(target=url, seed=seed, time=seconds, use_corpus=False)
    result = await run_campaign(settings, find("oci"), inner=recording)
    scripts = [linked(script) for script in _by_case(recording.sent)]
    fit = tuple(script for script in scripts if all(_is_small(shot) for shot in script))
    return Mix(result.campaign.id[:ID_LENGTH].encode(), fit, recording.left_out)


def _is_small(shot: Shot) -> bool:
    return len(shot.body) <= BIGGEST_BODY


def _by_case(sent: Sequence[tuple[int, Shot]]) -> list[list[Shot]]:
    """Group by task and salt; a request that names no repository belongs to what came before."""
    scripts: list[list[Shot]] = []
    current: dict[int, tuple[bytes, list[Shot]]] = {}
    for task, shot in sent:
        salted = _SALTED.search(shot.before)
        salt, script = current.get(task, (b"", []))
        if not script or (salted is not None and salted[1] != salt):
            salt, script = salted[1] if salted else b"", []
            scripts.append(script)
            current[task] = (salt, script)
        script.append(shot)
    return scripts


def linked(script: Sequence[Shot]) -> Script:
    """Return the script with each target that a Location gave taken apart at that Location."""
    done: list[Shot] = []
    for shot in script:
        link = next(
            (i for i in range(len(done) - 1, -1, -1) if _is_from(shot, done[i].location)), None
        )
        if link is None:
            done.append(shot)
            continue
        before, _, after = shot.before.partition(done[link].location)
        done.append(replace(shot, before=before, link=link, after=after))
    return tuple(done)


def _is_from(shot: Shot, location: bytes) -> bool:
    return b"/uploads/" in location and location in shot.before
