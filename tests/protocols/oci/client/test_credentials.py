"""Where credentials are found, in which order, and how logins are kept."""

from __future__ import annotations

import json
import stat
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from regshape.errors import AuthError, UsageError
from regshape.protocols.oci.client import credential_programs
from regshape.protocols.oci.client.credentials import find_credentials, remove_login, store_login
from regshape.transport.auth import Credentials

PROGRAM = """#!/usr/bin/env python3
import json, pathlib, sys
kept = pathlib.Path(__file__).with_name("kept.json")
logins = json.loads(kept.read_text()) if kept.exists() else {}
given = sys.stdin.read()
if sys.argv[1] == "store":
    login = json.loads(given)
    logins[login["ServerURL"]] = login
elif given not in logins:
    print("credentials not found in native keychain")
    sys.exit(1)
elif sys.argv[1] == "get":
    print(json.dumps(logins[given]))
else:
    del logins[given]
kept.write_text(json.dumps(logins))
"""


def basic(pair: str) -> dict[str, str]:
    return {"auth": b64encode(pair.encode()).decode()}


def written(path: Path, document: Mapping[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))
    return path


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {"HOME": str(tmp_path)}


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    path = tmp_path / "bin" / "docker-credential-test"
    path.parent.mkdir()
    path.write_text(PROGRAM)
    path.chmod(0o755)
    monkeypatch.setenv("PATH", str(path.parent), prepend=":")
    return "test"


async def test_each_source_gives_way_to_the_one_before_it(tmp_path: Path) -> None:
    environment = {
        "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
        "REGISTRY_AUTH_FILE": str(tmp_path / "named.json"),
        "REGSHAPE_USERNAME": "variable",
        "REGSHAPE_PASSWORD": "x",
    }
    paths = {
        "named": tmp_path / "named.json",
        "podman": tmp_path / "run" / "containers" / "auth.json",
        "docker": tmp_path / ".docker" / "config.json",
    }
    for name, path in paths.items():
        written(path, {"auths": {"r.example:5000": basic(f"{name}:x")}})

    async def user(**given: str) -> str | None:
        found = await find_credentials("r.example:5000", environment=environment, **given)
        return found.username if found else None

    assert await user(username="flag", password="y") == "flag"  # noqa: S106
    assert await user() == "variable"
    del environment["REGSHAPE_USERNAME"]
    for name, path in paths.items():
        assert await user() == name
        path.unlink()
    assert await user() is None


@pytest.mark.parametrize(
    ("key", "registry", "repository"),
    [
        ("r.example", "r.example", ""),
        ("r.example", "https://r.example/", "team/app"),
        ("r.example:5000", "http://r.example:5000", ""),
        ("https://r.example/v2/", "r.example", ""),
        ("https://index.docker.io/v1/", "docker.io", ""),
        ("docker.io", "registry-1.docker.io", "library/alpine"),
        ("r.example/team", "r.example", "team/app"),
        ("r.example/team/app", "r.example", "team/app"),
    ],
)
async def test_a_login_is_found_under_each_form_of_its_key(
    environment: dict[str, str], tmp_path: Path, key: str, registry: str, repository: str
) -> None:
    written(tmp_path / ".docker" / "config.json", {"auths": {key: basic("ann:a:b")}})
    found = await find_credentials(registry, repository, environment=environment)
    assert found == Credentials("ann", "a:b")
    assert "a:b" not in repr(found)


@pytest.mark.parametrize(
    ("key", "registry", "repository"),
    [
        ("r.example", "r.example:5000", ""),
        ("r.example:5000", "r.example", ""),
        ("evil-r.example", "r.example", ""),
        ("r.example/team", "r.example", ""),
        ("r.example/team", "r.example", "teams/app"),
        ("r.example/team/app", "r.example", "team"),
    ],
)
async def test_a_login_of_another_registry_or_repository_is_not_taken(
    environment: dict[str, str], tmp_path: Path, key: str, registry: str, repository: str
) -> None:
    written(tmp_path / ".docker" / "config.json", {"auths": {key: basic("ann:x")}})
    assert await find_credentials(registry, repository, environment=environment) is None


async def test_the_nearest_login_is_taken(environment: dict[str, str], tmp_path: Path) -> None:
    auths = {"r.example": basic("host:x"), "r.example/team": basic("team:x")}
    written(tmp_path / ".docker" / "config.json", {"auths": auths})
    found = await find_credentials("r.example", "team/app", environment=environment)
    assert found is not None
    assert found.username == "team"


async def test_an_identity_token_is_taken_for_what_it_is(
    environment: dict[str, str], tmp_path: Path
) -> None:
    entry = {**basic("ann:"), "identitytoken": "refresh"}
    written(tmp_path / ".docker" / "config.json", {"auths": {"r.example": entry}})
    found = await find_credentials("r.example", environment=environment)
    assert found is not None
    assert found.identity_token == "refresh"  # noqa: S105
    assert "refresh" not in repr(found)


@pytest.mark.parametrize("how", ["credsStore", "credHelpers"])
async def test_a_program_keeps_a_login(
    environment: dict[str, str], tmp_path: Path, program: str, how: str
) -> None:
    named = program if how == "credsStore" else {"r.example": program}
    config = written(tmp_path / ".docker" / "config.json", {how: named})
    await store_login("r.example", Credentials("ann", "secret"), environment)
    assert "secret" not in config.read_text()
    assert json.loads(config.read_text())[how] == named
    found = await find_credentials("r.example", environment=environment)
    assert found == Credentials("ann", "secret")
    assert await find_credentials("other.example", environment=environment) is None
    assert await remove_login("r.example", environment)
    assert await find_credentials("r.example", environment=environment) is None


async def test_a_program_may_keep_an_identity_token(
    environment: dict[str, str], tmp_path: Path, program: str
) -> None:
    written(tmp_path / ".docker" / "config.json", {"credsStore": program})
    await store_login("docker.io", Credentials("", "", "refresh"), environment)
    kept = json.loads((tmp_path / "bin" / "kept.json").read_text())
    assert kept["https://index.docker.io/v1/"]["Username"] == "<token>"
    found = await find_credentials("docker.io", environment=environment)
    assert found == Credentials("", "", "refresh")


async def test_a_missing_program_is_named(environment: dict[str, str], tmp_path: Path) -> None:
    written(tmp_path / ".docker" / "config.json", {"credsStore": "nowhere-to-be-found"})
    with pytest.raises(AuthError, match="docker-credential-nowhere-to-be-found is missing"):
        await find_credentials("r.example", environment=environment)


async def test_a_program_that_does_not_end_is_given_up(
    environment: dict[str, str], tmp_path: Path, program: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin" / f"docker-credential-{program}").write_text("#!/bin/sh\nexec sleep 60\n")
    monkeypatch.setattr(credential_programs, "SECONDS", 0.2)
    written(tmp_path / ".docker" / "config.json", {"credsStore": program})
    with pytest.raises(AuthError, match=r"did not end within 0\.2 s"):
        await find_credentials("r.example", environment=environment)


async def test_what_a_failing_program_prints_is_not_told(
    environment: dict[str, str], tmp_path: Path, program: str
) -> None:
    path = tmp_path / "bin" / f"docker-credential-{program}"
    path.write_text("#!/bin/sh\necho hunter2\nexit 3\n")
    written(tmp_path / ".docker" / "config.json", {"credsStore": program})
    with pytest.raises(AuthError, match="failed with status 3") as caught:
        await find_credentials("r.example", environment=environment)
    assert "hunter2" not in str(caught.value)


async def test_a_login_is_kept_for_its_owner_alone_and_beside_the_others(
    environment: dict[str, str], tmp_path: Path
) -> None:
    other = {"auths": {"o.example": basic("bob:x")}, "psFormat": "table"}
    config = written(tmp_path / ".docker" / "config.json", other)
    config.chmod(0o644)
    assert await store_login("r.example", Credentials("ann", "secret"), environment) == config
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    document = json.loads(config.read_text())
    assert document["psFormat"] == "table"
    assert set(document["auths"]) == {"o.example", "r.example"}
    assert await find_credentials("r.example", environment=environment) is not None
    assert [path.name for path in config.parent.iterdir()] == ["config.json"]
    assert await remove_login("https://r.example", environment)
    assert not await remove_login("r.example", environment)
    assert json.loads(config.read_text()) == other


async def test_a_first_login_makes_the_file(environment: dict[str, str], tmp_path: Path) -> None:
    environment["REGISTRY_AUTH_FILE"] = str(tmp_path / "new" / "auth.json")
    path = await store_login("r.example", Credentials("ann", "secret"), environment)
    assert path == tmp_path / "new" / "auth.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("content", "kind", "message"),
    [
        ("no json", UsageError, "Invalid JSON"),
        ('{"auths": []}', UsageError, "auths"),
        ('{"auths": {"r.example": {"auth": "%%%hunter2"}}}', AuthError, "is no base64"),
        ('{"auths": {"r.example": {"auth": "aHVudGVyMg=="}}}', AuthError, "has no colon"),
    ],
)
async def test_a_broken_file_is_named_without_its_secrets(
    environment: dict[str, str], tmp_path: Path, content: str, kind: type[Exception], message: str
) -> None:
    path = written(tmp_path / ".docker" / "config.json", {})
    path.write_text(content)
    with pytest.raises(kind, match=message) as caught:
        await find_credentials("r.example", environment=environment)
    assert str(path) in str(caught.value)
    assert "hunter2" not in str(caught.value)


async def test_half_of_a_login_is_none(environment: dict[str, str]) -> None:
    with pytest.raises(AuthError, match="no password for ann"):
        await find_credentials("r.example", username="ann", environment=environment)
