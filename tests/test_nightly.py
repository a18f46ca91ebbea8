"""The jobs of the README: their YAML parses, and their commands are those of the command line."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from regshape.cli.main import app
from regshape.report.choose import parse_order

README = Path(__file__).parents[1] / "README.md"
COMMAND = re.compile(r"^regshape .*$", re.MULTILINE)


def jobs() -> list[Any]:
    blocks = re.findall(r"```yaml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    return [yaml.safe_load(block) for block in blocks if "regshape fuzz" in block]


def texts(node: object) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for value in node.values():
            yield from texts(value)
    elif isinstance(node, list):
        for value in node:
            yield from texts(value)


def commands() -> list[list[str]]:
    """Return the words of every command of regshape in the jobs and in the shell examples."""
    blocks = re.findall(r"```sh\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    found = [*blocks, *(text for job in jobs() for text in texts(job))]
    return [_words(line) for text in found for line in COMMAND.findall(text)]


def _words(line: str) -> list[str]:
    """Return a command's words without what the shell itself reads: comments and redirections."""
    words = shlex.split(line, comments=True)[1:]
    ends = [place for place, word in enumerate(words) if word in {"<", ">", "|"}]
    return words[: ends[0]] if ends else words


def test_there_is_a_job_for_github_and_one_for_gitlab() -> None:
    github, gitlab = jobs()
    steps = github["jobs"]["conformance"]["steps"]
    assert any("regshape fuzz" in step.get("run", "") for step in steps)
    assert "schedule" in github[True]  # `on`, as YAML 1.1 reads it
    assert any("regshape fuzz" in line for line in gitlab["conformance"]["script"])


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_of_the_readme_is_one_of_the_command_line(words: list[str]) -> None:
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands"):
        assert words, "a group alone does nothing"
        command, words = command.commands[words[0]], words[1:]
        command = getattr(command, "built", command)
    context = command.make_context(command.name, list(words), resilient_parsing=False)
    for order in context.params.get("report") or ():
        parse_order(order)
