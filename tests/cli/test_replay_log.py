from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import Result as Ran

from regshape.model import Exchange, Failure
from regshape.report.exchange_log import ExchangeLog, Logged
from tests.cli.oci.recording import Recorder, answer, recording

Cli = Callable[..., Ran]


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    with recording(lambda raw: answer("201 Created")) as found:
        yield found


def log(path: Path, registry: str, *exchanges: Exchange) -> str:
    file = ExchangeLog(path)
    for exchange in exchanges:
        file.write(Logged(registry, "push-manifest", ("custom-header",), exchange))
    file.close()
    return str(path)


PUT = Exchange(
    "PUT",
    "/v2/a/manifests/t?x=%zz",
    (("Host", "old:5000"), ("X-A", "b"), ("x-a", "c"), ("Content-Length", "5")),
    b"{}\x00\xff\n",
    status=201,
    version="HTTP/1.0",
    ending="fin",
)


def test_what_was_recorded_is_sent_once_more_byte_for_byte(
    cli: Cli, tmp_path: Path, recorder: Recorder
) -> None:
    path = log(tmp_path / "log.jsonl", "http://old:5000", PUT)
    ran = cli("replay", path, recorder.url)
    assert (ran.exit_code, ran.stderr) == (0, "")
    assert recorder.requests == [
        b"PUT /v2/a/manifests/t?x=%zz HTTP/1.0\r\nHost: "
        + recorder.address.encode()
        + b"\r\nX-A: b\r\nx-a: c\r\nContent-Length: 5\r\n\r\n{}\x00\xff\n"
    ]
    assert "   1 PUT /v2/a/manifests/t?x=%zz -> 201\n" in ran.stdout


def test_nothing_is_added_that_was_not_sent(cli: Cli, tmp_path: Path, recorder: Recorder) -> None:
    bare = Exchange("POST", "/v2/a/blobs/uploads/", (), b"", status=400)
    path = log(tmp_path / "log.jsonl", recorder.url, bare)
    ran = cli("replay", path)
    assert ran.exit_code == 1
    assert recorder.requests == [b"POST /v2/a/blobs/uploads/ HTTP/1.1\r\n\r\n"]
    assert "-> 201\n     before: 400" in ran.stdout


def test_credentials_go_only_where_there_were_some(
    cli: Cli, tmp_path: Path, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGSHAPE_PASSWORD", "secret")
    secret = ("Authorization", "Basic eDp5")
    path = log(
        tmp_path / "log.jsonl",
        recorder.url,
        Exchange("GET", "/v2/", (("Host", "x"), secret), status=201),
        Exchange("GET", "/v2/", (("Host", "x"),), status=201),
    )
    assert "eDp5" not in Path(path).read_text()
    assert cli("replay", path, "-u", "me").exit_code == 0
    ping, *sent = recorder.heads()
    assert ping[0] == "GET /v2/ HTTP/1.1"
    assert [
        any(line.startswith("Authorization: Basic bWU6") for line in head) for head in sent
    ] == [
        True,
        False,
    ]


def test_what_cannot_be_sent_as_it_was_is_not_sent(
    cli: Cli, tmp_path: Path, recorder: Recorder
) -> None:
    path = log(
        tmp_path / "log.jsonl",
        recorder.url,
        Exchange("PUT", "/v2/a/blobs/uploads/1", (), bytes(3 * 1024 * 1024), status=201),
        Exchange("GET", "/v2/?token=abc", (), status=201),
    )
    ran = cli("replay", path, "--json")
    assert ran.exit_code == 1
    assert recorder.requests == []
    document = json.loads(ran.stdout)
    assert [one["skipped"] for one in document["exchanges"]] == [
        "its body of 3145728 bytes was not recorded whole",
        "a secret was taken out of it",
    ]


def test_a_failure_is_compared_by_its_kind(cli: Cli, tmp_path: Path) -> None:
    closed = Exchange("GET", "/v2/", (), failure=Failure("closed", "then"))
    with recording(lambda raw: None) as recorder:
        path = log(tmp_path / "log.jsonl", recorder.url, closed)
        document = json.loads(cli("replay", path, "--json").stdout)
    (one,) = document["exchanges"]
    assert (one["same"], one["recorded"]) == (True, {"status": None, "failure": "closed"})
    assert one["rules"] == ["custom-header"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("nonsense", "log.jsonl:2: the line: Invalid JSON"),
        ('{"registry": "http://x"}', "log.jsonl:2: exchange: Field required"),
        ('{"registry": "http://x", "exchange": {}}', "log.jsonl:2: exchange: method: is missing"),
    ],
)
def test_a_line_that_is_none_is_named(
    cli: Cli, tmp_path: Path, recorder: Recorder, line: str, said: str
) -> None:
    path = Path(log(tmp_path / "log.jsonl", recorder.url, PUT))
    path.write_text(path.read_text() + line + "\n")
    ran = cli("replay", str(path))
    assert ran.exit_code == 2
    assert said in ran.stderr
    assert recorder.requests == []


def test_lines_of_two_registries_need_a_target(
    cli: Cli, tmp_path: Path, recorder: Recorder
) -> None:
    path = log(tmp_path / "log.jsonl", recorder.url, PUT)
    log(tmp_path / "log.jsonl", "http://127.0.0.1:1", PUT)
    ran = cli("replay", path)
    assert ran.exit_code == 2
    assert "name the TARGET to replay on" in ran.stderr
    assert cli("replay", path, recorder.url).exit_code == 0


def test_a_registry_elsewhere_needs_consent(cli: Cli, tmp_path: Path) -> None:
    ran = cli("replay", log(tmp_path / "log.jsonl", "https://registry.example.org", PUT))
    assert ran.exit_code == 2
    assert "--authorized" in ran.stderr
