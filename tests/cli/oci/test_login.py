"""Logging in and out, and credentials that are found again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.oci.conftest import call, document, done, pushed, serving


@pytest.fixture(scope="module")
def guarded() -> Iterator[str]:
    with serving("--auth", "bearer", "--user", "me:secret") as address:
        yield address


def test_a_login_is_kept_used_and_forgotten(guarded: str, repo: str, tmp_path: Path) -> None:
    words = ("auth", "login", guarded, "-u", "me", "--password-stdin")
    found = document(*words, stdin=b"secret\n")
    kept = tmp_path / "docker" / "config.json"
    assert found == {"registry": guarded, "username": "me", "kept": str(kept)}
    assert list(json.loads(kept.read_text())["auths"]) == [guarded]
    assert kept.stat().st_mode & 0o077 == 0
    pushed(guarded, repo)
    assert document("tag", "list", "-r", guarded, repo)["tags"] == ["v1"]
    assert document("catalog", "-r", guarded)["repositories"] == [repo]
    assert document("auth", "logout", guarded) == {"registry": guarded, "forgotten": True}
    assert call("tag", "list", "-r", guarded, repo).exit_code == 5
    assert done("auth", "logout", guarded).stdout == f"was not logged in to {guarded}\n"


def test_a_wrong_password_is_not_kept(guarded: str, tmp_path: Path) -> None:
    ran = call("auth", "login", guarded, "-u", "me", "-p", "wrong-one")
    assert (ran.exit_code, ran.stdout) == (5, "")
    assert "wrong-one" not in ran.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("-u me", "there is no password for me"),
        ("-p secret", "--username is missing"),
        ("-u me -p secret --password-stdin", "leave one of them out"),
    ],
)
def test_half_a_login_is_wrong_usage(guarded: str, words: str, said: str) -> None:
    ran = call("auth", "login", guarded, *words.split())
    assert ran.exit_code == 2
    assert said in ran.stderr


def test_flags_and_environment_are_credentials_too(
    guarded: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    done("ping", guarded, "-u", "me", "-p", "secret")
    monkeypatch.setenv("REGSHAPE_PASSWORD", "secret")
    done("ping", guarded, "-u", "me")


def test_skip_auth_really_skips_it_and_says_so(guarded: str) -> None:
    words = ("-u", "me", "-p", "secret", "--break", "--break-rules", "skip-auth")
    ran = call("catalog", "-r", guarded, *words)
    assert ran.exit_code == 5
    assert "GET /v2/_catalog -> 401" in ran.stderr
    assert "broken by skip-auth" in ran.stderr
    assert "secret" not in ran.stderr
