"""How long the command takes to begin: heavy libraries belong to the commands that need them."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

import pytest

WORDS = ("--version", "--help")
TRIES = 7
TIMES = 4.0
HEAVY = ("pydantic", "hypothesis", "httpx", "sqlalchemy", "anyio", "yaml", "h11", "starlette")
COMMANDS = ("regshape.cli.fuzz", "regshape.cli.oci.blob", "regshape.cli.ori.group")


def run(*words: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *words], check=True, capture_output=True)  # noqa: S603
    return time.perf_counter() - began


@pytest.mark.slow
@pytest.mark.parametrize("word", WORDS)
def test_the_command_begins_soon_after_typer_could_have(word: str) -> None:
    ratios = []
    for _ in range(TRIES):  # in turn, so that what else the machine does falls on both
        typer = run("-c", "import typer")
        ratios.append(run("-m", "regshape", word) / typer)
    assert statistics.median(ratios) <= TIMES, ratios


@pytest.mark.parametrize("word", WORDS)
def test_nothing_heavy_and_no_command_is_imported_to_begin(word: str) -> None:
    code = (
        "import sys\n"
        "from regshape.cli.main import app\n"
        f"try:\n    app([{word!r}])\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {HEAVY + COMMANDS!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run(  # noqa: S603 - this very program
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    )
    assert done.stderr.splitlines()[-1] == "[]"
