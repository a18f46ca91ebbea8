"""What goes wrong ends with one clear line, the documented status, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.oci.conftest import LAYER, call, digest_of, manifest_of, pushed, serving
from tests.cli.oci.recording import Answer, Recorder, answer, recording

DIGEST = digest_of(LAYER)
CLOSED = "127.0.0.1:1"


def failed(status: int, *words: str, stdin: bytes | None = None) -> str:
    """Run a command that must fail with that status and one line, which is returned."""
    ran = call(*words, stdin=stdin)
    assert ran.exit_code == status, ran.output
    assert ran.stdout == ""
    assert ran.stderr.startswith("error: ")
    assert ran.stderr.count("\n") == 1
    return ran.stderr


@pytest.fixture
def nobody() -> Iterator[Recorder]:
    """A registry that must not be asked anything."""
    with recording(lambda raw: None) as recorder:
        yield recorder
    assert recorder.requests == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("manifest get {r}/A", "no repository's name: it has no upper-case letters"),
        ("manifest get http://{r}/a", "leave out http:// here"),
        ("manifest get -r {r} {r}/a", "and so does --registry"),
        ("manifest get {r}/a@sha256:12", "needs 64 lower-case hex digits"),
        ("manifest get {r}/a --raw --json", "both want stdout"),
        ("manifest get app", "no registry is named"),
        ("manifest put {r}/a --file none.json", "--file none.json: cannot be read: No such file"),
        ("blob get -r {r} {r}/a " + DIGEST, "write --registry"),
        ("blob get -r {r} a latest", "'latest' is no digest"),
        ("blob get -r {r} a " + DIGEST + " --json", "add --output FILE"),
        ("blob upload -r {r} a none", "none: there is no such file"),
        ("blob upload -r {r} a f --chunk-size 3", "--chunk-size is nothing without --chunked"),
        ("tag list -r {r} a --all --last x", "leave out --last"),
        ("ping -r {r} {r}", "the registry is named twice"),
        ("ping r:port", "is no address"),
        ("ping http://r.example", "is not encrypted: add --insecure"),
        ("ping ftp://r.example", "is no address: write HOST[:PORT] or its URL"),
        ("ping http://me:secret@{r}", "use --username, --password"),
        ("ping {r} --ca-file none.pem", "there is no such file"),
        (
            "ping {r} --break",
            "needs --break-rules: a file, or built-in rules: wrong-digest",
        ),
        ("ping {r} --break-rules skip-auth", "nothing without --break"),
        (
            "ping {r} --break --break-rules skip-auht",
            "neither such a file nor such a built-in",
        ),
        ("ping {r} --break --break-rules none.yaml", "none.yaml: cannot be read: No such file"),
        ("ping {r} --break --break-rules wrong-method", "rule wrong-method: it needs the method"),
        ("ping r.example --break --break-rules skip-auth", "add --authorized if its owner agrees"),
        ("ping {r} --log-file /none/log", "--log-file /none/log: cannot be written: No such file"),
    ],
)
def test_wrong_usage_is_said_before_anything_is_sent(
    nobody: Recorder, tmp_path: Path, words: str, said: str
) -> None:
    (tmp_path / "f").write_bytes(b"x")
    error = failed(2, *words.format(r=nobody.address).split())
    assert said in error
    assert "secret" not in error


def test_what_is_before_another_command_is_not_lost_in_silence() -> None:
    assert "for the client's commands only" in failed(2, "--json", "requirements")


def test_a_registry_that_is_not_there_is_status_3() -> None:
    assert "127.0.0.1" in failed(3, "ping", f"http://{CLOSED}")
    failed(3, "tag", "list", "-r", CLOSED, "app")


def test_a_web_page_is_no_registry() -> None:
    page = answer("200 OK", b"<html></html>", "Content-Type: text/html; charset=utf-8")
    with recording(lambda raw: page) as recorder:
        assert "a web page answers there" in failed(1, "ping", recorder.url)
        assert "is no TagList" in failed(1, "tag", "list", "-r", recorder.url, "app")


@pytest.mark.parametrize(
    "words",
    [
        "manifest get {r}/{n}:none",
        "manifest delete {r}/{n}:none",
        "blob get -r {r} {n} {d} -o f",
        "blob head -r {r} {n} {d}",
        "blob delete -r {r} {n} {d}",
        "tag list -r {r} {n}-none",
    ],
)
def test_what_is_not_there_is_status_4(
    registry: str, repo: str, tmp_path: Path, words: str
) -> None:
    pushed(registry, repo)
    failed(4, *words.format(r=registry, n=repo, d=digest_of(b"none")).split())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("auth", ["basic", "bearer"])
def test_who_may_not_come_in_is_status_5(auth: str) -> None:
    with serving("--auth", auth, "--user", "me:right") as address:
        failed(5, "ping", address)
        error = failed(5, "ping", address, "-u", "me", "-p", "wrong-secret")
        assert "wrong-secret" not in error
        assert call("ping", address, "-u", "me", "-p", "right").exit_code == 0


LIES: dict[str, Answer] = {
    "other": lambda raw: answer("200 OK", b"x" * len(LAYER)),
    "shorter": lambda raw: answer("200 OK", LAYER[:-1]),
    "longer": lambda raw: answer("200 OK", LAYER + b"x"),
}


@pytest.mark.parametrize("lie", LIES)
def test_content_of_another_digest_is_status_6_and_not_kept(lie: str, tmp_path: Path) -> None:
    with recording(LIES[lie]) as recorder:
        words = ("blob", "get", "-r", recorder.url, "app", DIGEST, "-o", "f")
        assert "digest" in failed(6, *words)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_was_there_stays_what_it_was(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"before")
    with recording(LIES["other"]) as recorder:
        failed(6, "blob", "get", "-r", recorder.url, "app", DIGEST, "-o", "f")
    assert (tmp_path / "f").read_bytes() == b"before"


def test_an_answer_that_is_cut_short_is_status_3_and_not_kept(tmp_path: Path) -> None:
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(LAYER)}\r\nConnection: close\r\n\r\n"

    with recording(lambda raw: head.encode() + LAYER[:100]) as recorder:
        words = ("blob", "get", "-r", recorder.url, "app", DIGEST, "-o", "f")
        recorder.closing = True
        failed(3, *words)
    assert list(tmp_path.iterdir()) == []


def test_a_manifest_of_another_digest_is_status_6(tmp_path: Path) -> None:
    with recording(lambda raw: answer("200 OK", manifest_of())) as recorder:
        failed(6, "manifest", "get", f"{recorder.address}/app@{DIGEST}", "-o", "f")
    assert list(tmp_path.iterdir()) == []


def test_what_the_registry_does_not_do_is_status_7(registry: str) -> None:
    with serving("--no-delete") as address:
        pushed(address, "app")
        failed(7, "tag", "delete", "-r", address, "app", "v1")
        failed(7, "blob", "delete", "-r", address, "app", DIGEST)


def test_too_many_requests_is_status_8() -> None:
    body = b'{"errors": [{"code": "TOOMANYREQUESTS", "message": "slow down"}]}'
    with recording(lambda raw: answer("429 Too Many Requests", body)) as recorder:
        assert "slow down" in failed(8, "tag", "list", "-r", recorder.url, "app")


def test_a_manifest_that_the_registry_refuses_is_status_1(registry: str, repo: str) -> None:
    image = f"{registry}/{repo}:v1"
    failed(1, "manifest", "put", image, stdin=manifest_of(b"not there"))


def test_a_manifest_that_is_none_is_status_2(nobody: Recorder) -> None:
    error = failed(2, "manifest", "put", f"{nobody.address}/a:v1", stdin=b"<xml>")
    assert "no JSON object: give its media type" in error


def test_a_full_disk_is_status_9(registry: str, repo: str) -> None:
    digest = pushed(registry, repo)
    words = ("blob", "get", "-r", registry, repo, DIGEST, "-o", "/dev/full")
    assert "No space left on device" in failed(9, *words)
    image = f"{registry}/{repo}@{digest}"
    assert "No space left" in failed(9, "manifest", "get", image, "-o", "/dev/full")
    full = Path("/dev/full")
    assert full.is_char_device()


def test_a_folder_that_is_not_there_is_status_9(registry: str, repo: str) -> None:
    pushed(registry, repo)
    words = ("blob", "get", "-r", registry, repo, DIGEST, "-o", "none/f")
    assert "none/f: cannot be written: No such file or directory" in failed(9, *words)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_download_that_is_interrupted_leaves_nothing(number: int, tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + bytes(100_000)
    command = [sys.executable, "-m", "regshape", "blob", "get", "-o", "f", "-r"]
    with recording(lambda raw: head) as recorder:
        process = subprocess.Popen(  # noqa: S603 - this program
            [*command, recorder.url, "app", DIGEST],
            stderr=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ},
            text=True,
        )
        _wait_for_part(tmp_path)
        process.send_signal(number)
        out, error = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "")
    assert "Traceback" not in error
    assert list(tmp_path.iterdir()) == []


def _wait_for_part(folder: Path) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        if any(path.stat().st_size >= 100_000 for path in folder.iterdir()):
            return
        time.sleep(0.02)
    pytest.fail("the download does not begin")


def test_a_reader_of_stdout_that_has_enough_is_no_error(registry: str, repo: str) -> None:
    pushed(registry, repo)
    command = f"{sys.executable} -m regshape tag list -r {registry} {repo} | true"
    done = subprocess.run(  # noqa: S602 - a pipe is what it is about
        command, shell=True, check=True, capture_output=True, text=True
    )
    assert done.stderr == ""
