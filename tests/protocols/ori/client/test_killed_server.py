"""A registry on disk is killed while it is used: nothing acknowledged is lost, nothing torn."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio
import pytest
from anyio import to_thread

from regshape.errors import LogForkError, RegistryError, TransportError
from regshape.formats.digest import compute
from regshape.protocols.ori.client import OriClient, OriConfig
from regshape.protocols.ori.client.log_client import Signed
from tests.protocols.ori.archives import packed

NAME = "@acme/json"
LISTENING = "listening on "
CONFLICT = 409
PAUSE = 0.15
"""Seconds between two operations of one client: its token allows 1000 requests a minute."""


@dataclass
class Server:
    """`regshape ori serve` on a folder, at one port for all its lives."""

    data: Path
    port: int = 0
    kills: int = 0
    process: subprocess.Popen[str] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, "-m", "regshape", "ori", "serve"]
        self.process = subprocess.Popen(  # noqa: S603 - this program
            [*command, "--data", self.data, "--port", str(self.port)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith(LISTENING), line
        self.port = int(line.rpartition(":")[2])

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        assert self.process.wait() == -signal.SIGKILL
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.kills += 1

    def token(self, user: str) -> str:
        """Return a new token that is reads and publishes."""
        scopes = [word for scope in ("read", "publish") for word in ("--scope", scope)]
        command = [sys.executable, "-m", "regshape", "ori", "token", "create", "--json"]
        made = subprocess.run(  # noqa: S603 - this program
            [*command, "--data", self.data, "--user", user, *scopes],
            check=True,
            capture_output=True,
            text=True,
        )
        return str(json.loads(made.stdout)["token"])


@dataclass
class Seen:
    """What the registry has acknowledged, and what its log has signed, in order."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    checkpoints: list[Signed] = field(default_factory=list)
    downloads: int = 0
    cut: int = 0


def archive(version: str) -> bytes:
    return packed(NAME, version, more=f'[features]\nf = ["{version}"]\n')


async def publish(registry: OriClient, seen: Seen) -> None:
    """Publish one version after another, each until it is there."""
    while True:
        version = f"0.0.{len(seen.acknowledged)}"
        data = archive(version)
        try:
            await registry.publish(data)
        except TransportError as error:
            seen.cut += 1
            if str(error).startswith("publish "):
                await anyio.sleep(PAUSE)
                continue  # nobody knows whether it is there
        except RegistryError as error:
            if error.status_code != CONFLICT:
                raise
        seen.acknowledged[version] = compute(data)
        await anyio.sleep(PAUSE)


async def download(registry: OriClient, seen: Seen, folder: Path, seed: int) -> None:
    """Download what was acknowledged, and compare every byte."""
    await to_thread.run_sync(folder.mkdir)
    choice = random.Random(seed)
    while True:
        await anyio.sleep(PAUSE)
        if not seen.acknowledged:
            continue
        version = choice.choice(list(seen.acknowledged))
        path = folder / "a.oripk"
        try:
            await registry.download(NAME, version, path)
        except TransportError:
            seen.cut += 1
            assert list(folder.iterdir()) == []  # noqa: ASYNC240
            continue
        assert await anyio.Path(path).read_bytes() == archive(version)
        await anyio.Path(path).unlink()
        seen.downloads += 1


async def witness(registry: OriClient, seen: Seen) -> None:
    """Look at the log again and again; the client refuses one that does not go on."""
    while True:
        try:
            seen.checkpoints.append((await registry.log.witness()).now)
        except TransportError:
            seen.cut += 1
        await anyio.sleep(PAUSE)


async def murder(server: Server, seconds: float, kills: int) -> None:
    """Kill the server, and start it again, at moments that nobody has chosen."""
    for _ in range(kills):
        await anyio.sleep(seconds / kills * random.uniform(0.5, 1.0))
        await to_thread.run_sync(server.kill)
        await to_thread.run_sync(server.start)
    await anyio.sleep(seconds / kills / 2)


@asynccontextmanager
async def client(server: Server, user: str, memory: Path | None) -> AsyncIterator[OriClient]:
    token = await to_thread.run_sync(server.token, user)
    async with OriClient(OriConfig(server.url, token, memory=memory)) as registry:
        yield registry


async def check(server: Server, seen: Seen) -> None:
    """Check what is there when all is quiet."""
    async with client(server, "alice", None) as registry:
        rows = await registry.versions(NAME)
        listed = {row.version: row.checksum for row in rows}
        assert len(listed) == len(rows)
        assert seen.acknowledged.items() <= listed.items()
        for version, checksum in listed.items():
            assert checksum == compute(archive(version))
        last = (await registry.log.witness()).now
        records = await registry.log.entries(last.checkpoint)
        assert sorted(records) == sorted(f"{NAME} {key} {value}" for key, value in listed.items())
        for older, newer in zip(seen.checkpoints, [*seen.checkpoints[1:], last], strict=True):
            assert older.checkpoint.size <= newer.checkpoint.size
            await registry.log._check_consistent(older, newer)
        await registry.log._check_consistent(seen.checkpoints[0], last)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("seconds", "kills"), [(6.0, 3), pytest.param(60.0, 10, marks=pytest.mark.nightly)]
)
async def test_a_killed_registry_loses_nothing_that_it_has_acknowledged(
    tmp_path: Path, seconds: float, kills: int
) -> None:
    server, seen = Server(tmp_path / "data"), Seen()
    await to_thread.run_sync(server.start)
    try:
        async with (
            client(server, "alice", tmp_path / "alice.json") as alice,
            client(server, "bob", tmp_path / "shared.json") as bob,
            client(server, "carol", tmp_path / "shared.json") as carol,
            client(server, "dave", tmp_path / "shared.json") as dave,
            anyio.create_task_group() as group,
        ):
            group.start_soon(publish, alice, seen)
            group.start_soon(download, bob, seen, tmp_path / "bob", 1)
            group.start_soon(download, carol, seen, tmp_path / "carol", 2)
            group.start_soon(witness, dave, seen)
            await murder(server, seconds, kills)
            group.cancel_scope.cancel()
        await to_thread.run_sync(server.kill)
        await to_thread.run_sync(server.start)
        await check(server, seen)
    finally:
        await to_thread.run_sync(server.kill)
    assert server.kills == kills + 2
    assert seen.cut > 0
    assert len(seen.acknowledged) > kills
    assert seen.downloads > kills


@pytest.mark.slow
async def test_what_a_registry_has_lost_is_noticed(tmp_path: Path) -> None:
    server, seen = Server(tmp_path / "data"), Seen()
    await to_thread.run_sync(server.start)
    try:
        async with client(server, "alice", None) as alice:
            await alice.publish(archive("0.0.0"))
            seen.checkpoints.append((await alice.log.witness()).now)
        seen.acknowledged["0.0.0"] = compute(archive("0.0.0"))
        await check(server, seen)
        with pytest.raises(AssertionError):
            await check(server, replace(seen, acknowledged={"0.0.1": compute(b"")}))
        signed = seen.checkpoints[0]
        other = replace(signed, checkpoint=replace(signed.checkpoint, root=bytes(32)))
        with pytest.raises(LogForkError):
            await check(server, replace(seen, checkpoints=[other]))
    finally:
        await to_thread.run_sync(server.kill)
