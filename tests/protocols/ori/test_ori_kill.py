"""A registry that is killed while it is published to, again and again, loses nothing."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from regshape.formats import merkle, tiles
from regshape.formats.digest import compute
from regshape.formats.notes import Checkpoint, Verifier, open_note, parse_checkpoint, parse_verifier
from regshape.formats.tiles import Tile, Tiled
from regshape.protocols.ori import package
from regshape.protocols.ori.models import log_record
from regshape.protocols.ori.reference.disk import ARCHIVES, Disk
from regshape.protocols.ori.reference.records import Grant, new_token
from tests.protocols.ori.archives import project
from tests.protocols.ori.registries import ALL

KILLS = 20
PUBLISHERS = 3
MOST = 40
"""Versions of a publisher between two kills, so that no caller reaches the rate limit."""
NOISE = (0, 1000, 300_000)
"""Bytes that do not compress, so that some archives take several writes."""


@dataclass
class Seen:
    """What the registry has acknowledged before it was killed."""

    published: dict[tuple[str, str], bytes] = field(default_factory=dict)
    sent: set[tuple[str, str]] = field(default_factory=set)
    yanked: set[tuple[str, str]] = field(default_factory=set)
    states: list[Checkpoint] = field(default_factory=list)


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, Verifier]]:
    """Run the registry in a process of its own, and kill it at the end of the block."""
    command = [sys.executable, "-m", "regshape", "ori", "serve", "--port", "0"]
    with subprocess.Popen(  # noqa: S603 - this program
        [*command, "--data", str(folder)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix("listening on ").strip()
        key = process.stdout.readline().removeprefix("log key ").strip()
        try:
            yield url, parse_verifier(key)
        finally:
            process.kill()


def new_caller(folder: Path, user: str = "alice") -> str:
    """Return a token of its own for each caller: the limits are the real ones."""
    journal = Disk(folder, "ori.localhost")
    text, kept = new_token(Grant(user, ALL), time.time())
    journal.add_token(kept)
    journal.close()
    return text


@contextmanager
def asking(url: str, token: str) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=f"{url}/v1", headers=headers, timeout=20, trust_env=False) as http:
        yield http


def publish(url: str, token: str, name: str, versions: range, seen: Seen) -> None:
    """Publish versions, and yank every third, until nobody answers."""
    with asking(url, token) as http:
        path = f"packages/acme/{name}"
        for number in versions:
            version = f"0.0.{number}"
            noise = os.urandom(NOISE[number % 3])
            data = package.build({**project(f"@acme/{name}", version), "src/noise": noise})
            seen.sent.add((name, version))
            try:
                answer = http.post(f"{path}/publish", files={"package": data})
                assert answer.status_code == 201, answer.text
                seen.published[name, version] = data
                if number % 3 == 0:
                    assert http.post(f"{path}/{version}/yank").status_code == 200
                    seen.yanked.add((name, version))
            except httpx.TransportError:
                return


def watch(http: httpx.Client, key: Verifier) -> Checkpoint:
    return parse_checkpoint(open_note(http.get("log/checkpoint").text, [key]))


def publish_and_kill(folder: Path, turn: int, seen: Seen) -> None:
    with served(folder) as (url, key):
        first = turn * 1000
        threads = [
            threading.Thread(
                target=publish,
                args=(url, new_caller(folder), f"p{number}", range(first, first + MOST), seen),
            )
            for number in range(PUBLISHERS)
        ]
        for thread in threads:
            thread.start()
        with asking(url, new_caller(folder)) as http:
            seen.states.append(watch(http, key))
            time.sleep(random.uniform(0.1, 0.8))
            seen.states.append(watch(http, key))
    for thread in threads:
        thread.join()


def check_versions(http: httpx.Client, name: str, seen: Seen) -> int:
    """Check every version of a package that is listed, and return how many there are."""
    rows = {row["version"]: row for row in http.get(f"packages/acme/{name}/versions").json()}
    acknowledged = {version for known, version in seen.published if known == name}
    assert acknowledged <= set(rows)
    assert {(name, version) for version in rows} <= seen.sent
    for version, row in rows.items():
        content = http.get(f"packages/acme/{name}/{version}/download").content
        assert package.check(content).checksum == row["checksum"]
        assert seen.published.get((name, version), content) == content
        assert row["yanked"] or (name, version) not in seen.yanked
    return len(rows)


def check_log(http: httpx.Client, key: Verifier, seen: Seen, listed: int) -> None:
    """Check that the log has each version once, and is what it was with more at its end."""
    last = watch(http, key)
    assert last.size == listed
    tree = Tiled(last.size, lambda tile: http.get(f"log/tile/{tile.path}").content)
    assert merkle.root(last.size, tree.node) == last.root
    for old in seen.states:
        proof = merkle.consistency_proof(old.size, last.size, tree.node)
        assert merkle.consistent(old.size, last.size, old.root, last.root, proof)
    records: list[bytes] = []
    for index in range(0, last.size, tiles.WIDTH):
        tile = Tile(None, index // tiles.WIDTH, min(tiles.WIDTH, last.size - index))
        records += tiles.entries_of(http.get(f"log/tile/{tile.path}").content)
    assert len(set(records)) == listed
    for (name, version), data in seen.published.items():
        assert log_record(f"@acme/{name}", version, compute(data)) in records


@pytest.mark.slow
def test_a_registry_that_is_killed_loses_nothing(tmp_path: Path) -> None:
    seen = Seen()
    for turn in range(KILLS):
        publish_and_kill(tmp_path, turn, seen)
    assert len(seen.published) > KILLS
    with served(tmp_path) as (url, key):
        listed = 0
        for number in range(PUBLISHERS):
            with asking(url, new_caller(tmp_path)) as http:
                listed += check_versions(http, f"p{number}", seen)
        with asking(url, new_caller(tmp_path)) as http:
            check_log(http, key, seen, listed)
        assert len(list((tmp_path / ARCHIVES).iterdir())) == listed
