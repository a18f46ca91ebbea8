from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import anyio
import httpx
import pytest
from typer.testing import Result as Ran

from regshape.cli.embedded import embedded_registry
from regshape.cli.interrupt import until_stopped
from regshape.errors import TargetError

Cli = Callable[..., Ran]


@contextmanager
def serving(*words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    with subprocess.Popen(  # noqa: S603 - this program
        [sys.executable, "-m", "regshape", "serve", "--port", "0", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("listening on http://127.0.0.1:"), process.stderr
        try:
            yield process, line.removeprefix("listening on ").strip()
        finally:
            process.kill()


def status_of(url: str) -> int:
    with urllib.request.urlopen(f"{url}/v2/", timeout=5) as answer:  # noqa: S310 - http
        return int(answer.status)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_listens_once_it_says_so_and_stops_cleanly(number: signal.Signals) -> None:
    with serving() as (process, url):
        assert status_of(url) == 200
        process.send_signal(number)
        assert process.wait(10) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_an_idle_connection_does_not_keep_it_from_stopping() -> None:
    with serving() as (process, url):
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as idle:
            idle.sendall(b"GET /v2/ HTTP/1.1\r\nHost: x\r\n\r\n")
            assert idle.recv(1024)
            process.terminate()
            assert process.wait(10) == 0


def test_credentials_are_asked_for() -> None:
    with serving("--auth", "basic", "--user", "bob:hunter2") as (_, url):
        with pytest.raises(urllib.error.HTTPError) as refused:
            status_of(url)
        refused.value.close()
        assert refused.value.code == 401


def test_a_user_may_do_what_is_granted_and_anybody_what_is_granted_to_nobody() -> None:
    granted = ("--grant", "bob:team/*:pull,push", "--grant", ":public/*:pull")
    with serving("--auth", "basic", "--user", "bob:hunter2", *granted) as (_, url):
        statuses = [
            httpx.request(method, f"{url}/v2/{path}", auth=login).status_code
            for method, path, login in (
                ("POST", "team/a/blobs/uploads/", ("bob", "hunter2")),
                ("POST", "other/blobs/uploads/", ("bob", "hunter2")),
                ("GET", "public/a/tags/list", None),
                ("GET", "team/a/tags/list", None),
            )
        ]
    assert statuses == [202, 403, 404, 401]


def test_an_odd_twin_is_served() -> None:
    with serving("--odd", "sparing") as (_, url):
        answer = httpx.post(f"{url}/v2/a/blobs/uploads/")
        assert answer.headers["location"].startswith(f"{url}/v2/a/blobs/uploads/")
        assert answer.headers["oci-chunk-min-length"] == "64"


def test_a_port_that_is_taken_is_said_in_one_sentence(cli: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = cli("serve", "--port", str(port))
    assert ran.exit_code == 2
    assert ran.stderr == (
        f"error: cannot listen on port {port} of 127.0.0.1: Address already in use; "
        "choose another with --port (0: any free)\n"
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--protocol oic", "no protocol 'oic'"),
        ("--defect nosuch", "there is no defect of oci 'nosuch'"),
        ("--user bob", "--user must be NAME:PASSWORD"),
        ("--grant bob", "--grant must be NAME:GLOB:ACTIONS, of pull, push and delete"),
        ("--grant bob:a/*:pull,write", "--grant must be NAME:GLOB:ACTIONS"),
        ("--odd even", "there is no odd twin of oci 'even'"),
        ("--auth basic", "--auth basic needs at least one --user NAME:PASSWORD"),
        ("--host 192.0.2.1 --port 0", "cannot listen on port 0 of 192.0.2.1"),
        ("--host a..b", "--host a..b is no address of this machine"),
    ],
)
def test_what_makes_no_sense_is_said_in_one_sentence(cli: Cli, words: str, sentence: str) -> None:
    ran = cli("serve", *words.split())
    assert (ran.exit_code, ran.stdout) == (2, "")
    assert sentence in ran.stderr
    assert ran.stderr.count("\n") == 1


# --- the same one, embedded -------------------------------------------------------------------


def test_an_embedded_registry_lives_as_long_as_its_block() -> None:
    with embedded_registry("oci") as url:
        assert status_of(url) == 200
    with pytest.raises(OSError, match="refused"):
        status_of(url)


def test_an_embedded_registry_that_does_not_start_is_an_error(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(TargetError, match="did not start"), embedded_registry("oci", ["nosuch"]):
        pass
    assert "there is no defect of oci 'nosuch'" in capfd.readouterr().err


def test_an_embedded_registry_ends_even_if_its_owner_is_killed() -> None:
    code = (
        "import time; from regshape.cli.embedded import embedded_registry\n"
        "with embedded_registry('oci') as url: print(url, flush=True); time.sleep(60)"
    )
    with subprocess.Popen(  # noqa: S603 - this interpreter
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        url = owner.stdout.readline().strip()
        assert status_of(url) == 200
        owner.kill()
    assert gone(url)


def gone(url: str) -> bool:
    async def wait() -> bool:
        host, port = url.removeprefix("http://").split(":")
        with anyio.move_on_after(10):
            while True:
                try:
                    await (await anyio.connect_tcp(host, int(port))).aclose()
                except OSError:
                    return True
                await anyio.sleep(0.05)
        return False

    return anyio.run(wait)


# --- signals ----------------------------------------------------------------------------------


async def test_the_first_signal_is_an_event() -> None:
    async def work(stop: anyio.Event) -> str:
        os.kill(os.getpid(), signal.SIGINT)
        await stop.wait()
        return "done"

    assert await until_stopped(work) == "done"


@pytest.mark.parametrize(
    "error",
    [
        TargetError("gone"),
        ExceptionGroup("x", [ValueError("y"), ExceptionGroup("z", [TargetError("gone")])]),
    ],
)
async def test_an_error_of_ours_comes_out_as_it_is(error: Exception) -> None:
    async def work(_: anyio.Event) -> None:
        raise error

    with pytest.raises(TargetError, match=r"^gone$"):
        await until_stopped(work)
