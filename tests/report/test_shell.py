from __future__ import annotations

import subprocess

import pytest

from regshape.report.shell import fold_command

DIGEST = "sha256:" + "0123456789abcdef" * 4
COMMANDS = (
    "printf '%s|' -i http://127.0.0.1:5000/v2/",
    f"printf '%s|' -X PUT -H 'Content-Type: application/json' 'http://h:1/v2/a/blobs/{DIGEST}?a=1&b=2'",
    f"printf '%s|' http://127.0.0.1:5000/v2/regshape/abc/manifests/{DIGEST}/{DIGEST} -i",
    f"printf '%s|' --data-binary '{'x' * 300}' --end",
    "printf '%s|' \"double quoted, with $HOME in it\" 'it'\\''s' a\\ b --more --of \\\\ x",
    "printf '%s|' '' ''",
)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("width", [30, 60, 80])
def test_a_folded_command_does_what_the_whole_one_does(command: str, width: int) -> None:
    folded = fold_command(command, width)
    assert run("\n".join(folded)) == run(command)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("width", [60, 80])
def test_no_line_is_longer_than_the_width(command: str, width: int) -> None:
    assert max(len(line) for line in fold_command(command, width)) <= width


def test_a_short_command_stays_whole() -> None:
    assert fold_command("curl -i http://h/v2/", 60) == ["curl -i http://h/v2/"]


def run(command: str) -> str:
    return subprocess.run(  # noqa: S603 - the commands above
        ["/bin/sh", "-c", command], capture_output=True, text=True, check=True
    ).stdout


def test_a_command_whose_quotes_do_not_close_is_left_alone() -> None:
    assert fold_command("echo it's " + "x " * 60, 60) == ["echo it's " + "x " * 60]
