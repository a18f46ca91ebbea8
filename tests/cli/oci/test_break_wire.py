"""Each built-in break rule through the command line, by the bytes that a server of sockets saw."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from regshape.mutators.rules import BUILT_IN
from tests.cli.oci.conftest import call, digest_of, document, manifest_of
from tests.cli.oci.recording import Recorder, answer, recording

BODY = manifest_of()
PASSWORD = ("-u", "me", "-p", "secret")
CHALLENGE = 'WWW-Authenticate: Basic realm="r"'


def reply(raw: bytes) -> bytes:
    """Answer like a registry that asks for a password, and takes everything."""
    if raw.startswith(b"GET /v2/ ") and b"\r\nauthorization:" not in raw.lower():
        return answer("401 Unauthorized", b"", CHALLENGE)
    if raw.startswith((b"PUT", b"POST")):
        return answer("201 Created", b"", "Location: /v2/app/manifests/v1")
    return answer("200 OK", b"", "Docker-Content-Digest: " + digest_of(b""))


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with recording(reply) as found:
        yield found


def put(recorder: Recorder, *rules: str) -> tuple[list[str], bytes]:
    """Put a manifest with the rules; return the head and the body that arrived."""
    words = ["--break"] + [word for rule in rules for word in ("--break-rules", rule)]
    call("manifest", "put", f"{recorder.address}/app:v1", *words, *PASSWORD, stdin=BODY)
    arrived = [
        (head, body)
        for head, body in zip(recorder.heads(), recorder.bodies(), strict=True)
        if "/v2/app/" in head[0]
    ]
    assert len(arrived) == 1, recorder.requests
    return arrived[0]


def values(head: list[str], name: str) -> list[str]:
    pairs = (line.partition(": ") for line in head[1:])
    return [value for key, _, value in pairs if key.lower() == name]


def put_requests(recorder: Recorder) -> list[tuple[set[str], bytes]]:
    # Where credentials are added, they come last: they are not in the log.
    arrived = zip(recorder.heads(), recorder.bodies(), strict=True)
    return [(set(head), body) for head, body in arrived if head[0].startswith("PUT")]


def test_unbroken_it_is_what_is_meant(recorder: Recorder) -> None:
    head, body = put(recorder, "custom-header=X-Nothing:1")
    assert head[0] == "PUT /v2/app/manifests/v1 HTTP/1.1"
    assert values(head, "authorization") == ["Basic bWU6c2VjcmV0"]
    assert values(head, "content-type") == ["application/vnd.oci.image.manifest.v1+json"]
    assert (values(head, "content-length"), body) == ([str(len(BODY))], BODY)


def test_wrong_digest(recorder: Recorder) -> None:
    digest = digest_of(b"x")
    words = ("--break", "--break-rules", "wrong-digest")
    call("manifest", "get", f"{recorder.address}/app@{digest}", *words)
    last = "1" if digest.endswith("0") else "0"
    assert f"GET /v2/app/manifests/{digest[:-1]}{last} HTTP/1.1" in [h[0] for h in recorder.heads()]
    call("manifest", "get", f"{recorder.address}/app@{digest}", *words[:2], "wrong-digest=md5:00")
    assert "GET /v2/app/manifests/md5:00 HTTP/1.1" in [h[0] for h in recorder.heads()]


def test_invalid_content_type(recorder: Recorder) -> None:
    head, body = put(recorder, "invalid-content-type=text/x")
    assert (values(head, "content-type"), body) == (["text/x"], BODY)


def test_skip_auth(recorder: Recorder) -> None:
    head, _ = put(recorder, "skip-auth")
    assert values(head, "authorization") == []


def test_expired_token(recorder: Recorder) -> None:
    head, _ = put(recorder, "expired-token=old")
    assert values(head, "authorization") == ["Bearer old"]


def test_corrupt_body(recorder: Recorder) -> None:
    head, body = put(recorder, "corrupt-body")
    assert body == BODY + b"\x00\xff"
    assert values(head, "content-length") == [str(len(BODY) + 2)]


def test_oversized_payload(recorder: Recorder) -> None:
    head, body = put(recorder, "oversized-payload")
    assert body == BODY + bytes(1024 * 1024)
    assert values(head, "content-length") == [str(len(BODY) + 1024 * 1024)]


def test_wrong_method(recorder: Recorder) -> None:
    head, body = put(recorder, "wrong-method=PATCH")
    assert (head[0], body) == ("PATCH /v2/app/manifests/v1 HTTP/1.1", BODY)


def test_custom_header(recorder: Recorder) -> None:
    head, _ = put(recorder, "custom-header=X-Mine: a: b")
    assert values(head, "x-mine") == ["a: b"]


def test_there_is_a_test_of_every_built_in_rule() -> None:
    assert {f"test_{name.replace('-', '_')}" for name in BUILT_IN} <= set(globals())


def test_rules_compose_in_their_order(recorder: Recorder) -> None:
    _, body = put(recorder, "corrupt-body=A", "oversized-payload=3", "corrupt-body=B")
    assert body == BODY + b"A\0\0\0B"


def test_a_file_of_rules_breaks_only_the_requests_that_it_means(
    recorder: Recorder, tmp_path: Path
) -> None:
    (tmp_path / "rules.yaml").write_text(
        """
rules:
  - rule: custom-header
    value: "X-Put: 1"
    when: {operation: push-manifest}
  - rule: custom-header
    value: "X-Get: 1"
    when: {method: GET}
  - target: path
    action: append
    value: /odd
    when: {path: /v2/*/manifests/*}
"""
    )
    head, _ = put(recorder, "rules.yaml")
    assert head[0] == "PUT /v2/app/manifests/v1/odd HTTP/1.1"
    assert (values(head, "x-put"), values(head, "x-get")) == (["1"], [])


def test_a_log_has_what_was_really_sent_and_replays_it(recorder: Recorder, tmp_path: Path) -> None:
    rules = ("--break-rules", "oversized-payload=5000", "--break-rules", "custom-header=X-A: b")
    words = ("--break", *rules, *PASSWORD, "--log-file", "log.jsonl")
    call("manifest", "put", f"{recorder.address}/app:v1", *words, stdin=BODY)
    text = (tmp_path / "log.jsonl").read_text()
    assert "bWU6c2VjcmV0" not in text
    assert "secret" not in text.replace("[redacted]", "")
    lines = [json.loads(line) for line in text.splitlines()]
    assert lines[-1]["rules"] == ["oversized-payload", "custom-header"]
    assert lines[-1]["operation"] == "push-manifest"
    sent = put_requests(recorder)
    recorder.requests.clear()
    environment = ("--username", "me", "--password-stdin")
    again = document("replay", "log.jsonl", *environment, stdin=b"secret\n")
    assert [one["same"] for one in again["exchanges"]] == [True]
    assert put_requests(recorder) == sent
