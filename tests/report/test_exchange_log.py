from __future__ import annotations

import json
from pathlib import Path

import pytest

from regshape.errors import UsageError
from regshape.model import Exchange
from regshape.report.exchange_log import ExchangeLog, Logged, is_log, read_log

EXCHANGE = Exchange(
    "PUT",
    "/v2/a/manifests/t",
    (("Authorization", "Bearer abc.def"),),
    b'{"password": "hunter2"}',
    status=201,
    version="HTTP/9.9",
    ending="rst",
)
LOGGED = Logged("http://127.0.0.1:5000", "push-manifest", ("a", "b"), EXCHANGE, "2026-11-21T10:00Z")


def test_a_line_is_read_back_without_its_secrets(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = ExchangeLog(path)
    log.write(LOGGED)
    log.write(LOGGED)
    log.close()
    first, second = read_log(path)
    assert first == second
    assert (first.registry, first.operation, first.rules, first.at) == (
        LOGGED.registry,
        LOGGED.operation,
        LOGGED.rules,
        LOGGED.at,
    )
    assert (first.exchange.version, first.exchange.ending) == ("HTTP/9.9", "rst")
    assert first.exchange.headers == (("Authorization", "Bearer [redacted]"),)
    assert b"hunter2" not in path.read_bytes()


def test_a_line_is_there_before_the_log_is_closed(tmp_path: Path) -> None:
    log = ExchangeLog(tmp_path / "log")
    log.write(LOGGED)
    (line,) = (tmp_path / "log").read_text().splitlines()
    assert json.loads(line)["exchange"]["status"] == 201
    log.close()


def test_a_log_is_told_from_a_case(tmp_path: Path) -> None:
    path = tmp_path / "x"
    for text, is_one in (
        ('{"exchange": {}}\nwhatever', True),
        ('{"protocol": "oci", "steps": []}', False),
        ('{\n"exchange": {}}', False),
        ("[1]", False),
        ("", False),
    ):
        path.write_text(text)
        assert is_log(path) is is_one
    assert not is_log(tmp_path / "absent")
    assert not is_log(tmp_path)


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be written: Is a directory"):
        ExchangeLog(tmp_path)
    log = ExchangeLog(Path("/dev/full"))
    with pytest.raises(UsageError, match="/dev/full: cannot be written: No space left on device"):
        log.write(LOGGED)
    log.close()
