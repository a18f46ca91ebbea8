"""Times and headers: on stderr if asked for, without secrets, and not even measured otherwise."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.cli.oci.conftest import call, done, serving

SECRET = "hush-hush"  # noqa: S105 - a test's own
UPLOAD = "regshape.protocols.oci.client.blob_client.BlobClient.upload completed in"


def test_nothing_is_told_unless_it_is_asked_for(registry: str, repo: str) -> None:
    assert done("blob", "upload", "-r", registry, repo, "-", stdin=b"x").stderr == ""


@pytest.mark.parametrize(
    ("option", "told", "not_told"),
    [
        ("--time-methods", f"[TIMING] {UPLOAD}", "[SCENARIO]"),
        ("--time-scenarios", "[SCENARIO] blob upload completed in", "[TIMING]"),
        ("--debug-calls", "[CALL] POST http://", "[TIMING]"),
    ],
)
def test_each_option_tells_its_own_on_stderr_alone(
    registry: str, repo: str, tmp_path: Path, option: str, told: str, not_told: str
) -> None:
    (tmp_path / "layer").write_bytes(b"layer")
    ran = done("blob", "upload", "-r", registry, repo, "layer", "--json", option)
    assert json.loads(ran.stdout)["size"] == 5
    assert told in ran.stderr
    assert not_told not in ran.stderr


def test_what_fails_is_timed_too(registry: str, repo: str) -> None:
    ran = call("tag", "list", "-r", registry, repo, "--time-methods")
    assert ran.exit_code == 4
    assert "TagClient.list failed after" in ran.stderr


@pytest.mark.parametrize("auth", ["basic", "bearer"])
def test_headers_are_told_without_passwords_and_tokens(auth: str) -> None:
    with serving("--auth", auth, "--user", f"me:{SECRET}") as address:
        ran = done("ping", address, "-u", "me", "-p", SECRET, "--debug-calls")
    assert "Authorization: " + auth.title() + " [redacted]" in ran.stderr
    assert SECRET not in ran.output
    assert ran.stderr.count("[redacted]") == ran.stderr.count("Authorization: ")


def test_the_clock_is_not_even_read_when_nothing_is_timed(
    registry: str, repo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads: list[float] = []

    def read() -> float:
        reads.append(0.0)
        return 0.0

    monkeypatch.setattr(
        "regshape.protocols.oci.client.telemetry.time", SimpleNamespace(perf_counter=read)
    )
    words = ("blob", "upload", "-r", registry, repo, "-")
    done(*words, stdin=b"x")
    assert reads == []
    done(*words, "--time-methods", stdin=b"x")
    assert len(reads) == 2
