from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner, Result

from regshape.cli.main import app
from regshape.formats.notes import open_note, parse_checkpoint, parse_verifier
from tests.protocols.ori.archives import packed

PUBLISH = "/v1/packages/acme/json/publish"


def ori(*words: str) -> Result:
    return CliRunner().invoke(app, ["ori", *words])


@contextmanager
def serving(*words: str) -> Iterator[tuple[str, list[str]]]:
    """Run `regshape ori serve`, and yield its address and the two lines below it."""
    command = [sys.executable, "-m", "regshape", "ori", "serve", "--port", "0", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix("listening on ").strip()
        key = process.stdout.readline().removeprefix("log key ").strip()
        rest = [] if "--data" in words else [process.stdout.readline()]
        try:
            yield url, [key, *rest]
        finally:
            process.terminate()
            assert process.wait(10) == 0


def publish(url: str, token: str, version: str = "1.0.0") -> int:
    headers = {"Authorization": f"Bearer {token}"}
    files = {"package": packed(version=version)}
    return httpx.post(url + PUBLISH, files=files, headers=headers).status_code


def test_a_registry_in_memory_prints_its_key_and_a_token() -> None:
    with serving("--name", "log.example") as (url, lines):
        verifier = parse_verifier(lines[0])
        assert publish(url, lines[1].split()[1]) == 201
        note = httpx.get(f"{url}/v1/log/checkpoint").text
        assert parse_checkpoint(open_note(note, [verifier])).size == 1


def test_a_registry_in_a_folder_is_there_again_with_its_key(tmp_path: Path) -> None:
    data = str(tmp_path / "registry")
    made = ori("token", "create", "--data", data, "--user", "alice", "--scope", "publish")
    assert made.exit_code == 0
    keys = []
    for version in ("1.0.0", "1.1.0"):
        with serving("--data", data) as (url, lines):
            keys += lines
            assert publish(url, made.stdout.strip(), version) == 201
            listed = httpx.get(f"{url}/v1/packages/acme/json/versions").json()
    assert len(set(keys)) == 1
    assert [row["version"] for row in listed] == ["1.1.0", "1.0.0"]
    other = ori("serve", "--data", data, "--name", "other.example", "--port", "0")
    assert (other.exit_code, "--name ori.localhost" in other.stderr) == (2, True)


def test_advisories_of_the_folder_are_told(tmp_path: Path) -> None:
    (tmp_path / "advisories").mkdir()
    record = {"id": "ORI-1", "modified": "2026-01-02T03:04:05Z"}
    (tmp_path / "advisories" / "one.json").write_text(json.dumps(record))
    with serving("--data", str(tmp_path)) as (url, _):
        assert httpx.get(f"{url}/v1/advisories").json() == {"advisories": [record]}
    for wrong in ("{}", "[", '{"id": "x", "modified": "yesterday"}'):
        (tmp_path / "advisories" / "two.json").write_text(wrong)
        ran = ori("serve", "--data", str(tmp_path), "--port", "0")
        assert ran.exit_code == 2
        assert "two.json is no advisory" in ran.stderr


def test_tokens_are_listed_without_their_texts_and_revoked(tmp_path: Path) -> None:
    data = ("--data", str(tmp_path / "registry"))
    words = ("--user", "alice", "--scope", "read", "--scope", "publish", "--days", "30", "--json")
    made = json.loads(ori("token", "create", *data, *words).stdout)
    listed = ori("token", "list", *data, "--json")
    (row,) = json.loads(listed.stdout)
    assert row == {name: value for name, value in made.items() if name != "token"}
    assert (row["user"], row["scopes"]) == ("alice", ["publish", "read"])
    assert made["token"] not in listed.stdout
    assert made["id"] in ori("token", "list", *data).stdout
    assert ori("token", "revoke", made["id"], *data).exit_code == 0
    assert ori("token", "list", *data).stdout == ""
    assert ori("token", "revoke", made["id"], *data).exit_code == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("token", "create", "--user", "alice", "--scope", "all"), "no scope 'all'"),
        (("token", "create", "--user", "a b", "--scope", "read"), "--user"),
        (("token", "list"), "there is no registry"),
        (("token", "revoke", "x"), "there is no registry"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    ran = ori(*words, "--data", str(tmp_path / "none"))
    assert ran.exit_code == 2
    assert says in ran.stderr
    assert ran.stderr.count("\n") == 1
