"""Every command of the tree: help with an example, and one line for whoever mistypes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import typer

from regshape.cli.main import app


def walked(command: Any, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    command = getattr(command, "built", command)
    yield path, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from walked(inner, *path, name)


ROOT: Any = typer.main.get_command(app)
COMMANDS = dict(walked(ROOT))
LEAVES = [path for path, command in COMMANDS.items() if not hasattr(command, "commands")]
GROUPS = [path for path in COMMANDS if path not in LEAVES]


def options_of(path: tuple[str, ...]) -> dict[str, bool]:
    """Return a command's options, and whether each takes a value."""
    return {
        max(parameter.opts, key=len): not parameter.is_flag
        for parameter in COMMANDS[path].params
        if parameter.param_type_name == "option" and "--help" not in parameter.opts
    }


def named(value: object) -> str | None:
    return " ".join(value) or "regshape" if isinstance(value, tuple) else None


class Said:
    """Runs lines on the command that is built once, for building it takes longer than a line."""

    def __init__(self, captured: pytest.CaptureFixture[str]) -> None:
        self._captured = captured

    def refused(self, *words: str) -> str:
        """Return the only line that a line which makes no sense is answered with."""
        status, out, err = self.ran(*words)
        assert (status, out) == (2, ""), words
        assert err.startswith("error: ")
        assert err.count("\n") == 1
        return err

    def ran(self, *words: str) -> tuple[object, str, str]:
        with pytest.raises(SystemExit) as ended:
            ROOT.main(args=list(words), prog_name="regshape")
        return ended.value.code, *self._captured.readouterr()


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Said:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "dumb")
    return Said(capsys)


def test_the_tree_has_what_the_design_names() -> None:
    groups = {path[0] for path in COMMANDS if path}
    assert groups >= {
        *("fuzz", "replay", "serve", "requirements", "verdicts", "corpus"),
        *("ping", "manifest", "blob", "tag", "referrer", "catalog", "auth"),
    }


@pytest.mark.parametrize("name", ROOT.commands)
def test_what_the_whole_help_says_of_a_command_is_what_its_own_help_begins_with(name: str) -> None:
    deferred = COMMANDS[()].commands[name]
    assert deferred.built.name == name
    assert deferred.built.help.split("\n\n")[0] == deferred.help


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("regshape ve", "verdicts"),
        ("regshape verdicts l", "list"),
        ("regshape ori log wi", "witness"),
        ("regshape fuzz --max-c", "--max-cases"),
    ],
)
def test_commands_and_options_at_every_depth_are_completed(
    said: Said, monkeypatch: pytest.MonkeyPatch, line: str, completed: str
) -> None:
    monkeypatch.setenv("_REGSHAPE_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", line)
    monkeypatch.setenv("COMP_CWORD", str(line.count(" ")))
    assert said.ran() == (0, f"{completed}\n", "")


@pytest.mark.parametrize("path", COMMANDS, ids=named)
def test_every_command_has_help_with_an_example_of_itself(
    said: Said, path: tuple[str, ...]
) -> None:
    status, out, _ = said.ran(*path, "--help")
    assert status == 0
    assert COMMANDS[path].help
    assert f"Example: regshape {' '.join(path)}".rstrip() in " ".join(out.split())
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize("path", COMMANDS, ids=named)
def test_an_option_that_is_not_there_is_told_in_one_line(said: Said, path: tuple[str, ...]) -> None:
    line = said.refused(*path, "--nosuch")
    assert "--nosuch" in line
    assert f"see regshape {' '.join(path)}".rstrip() in line


@pytest.mark.parametrize("path", LEAVES, ids=named)
def test_a_word_too_many_is_told_in_one_line(said: Said, path: tuple[str, ...]) -> None:
    options = (each for each in COMMANDS[path].params if each.param_type_name == "option")
    needed = [word for each in options if each.required for word in (each.opts[0], "1")]
    assert " zzz)" in said.refused(*path, *needed, *["a"] * len(COMMANDS[path].params), "zzz")


@pytest.mark.parametrize("path", GROUPS, ids=named)
def test_a_command_that_is_not_there_is_told_in_one_line(said: Said, path: tuple[str, ...]) -> None:
    assert "No such command 'zzz'" in said.refused(*path, "zzz")


@pytest.mark.parametrize("path", LEAVES, ids=named)
def test_a_letter_too_many_is_told_with_the_option_that_was_meant(
    said: Said, path: tuple[str, ...]
) -> None:
    for option in options_of(path):
        assert f"No such option: {option}x" in (line := said.refused(*path, f"{option}x"))
        assert line.count(option) > 1


@pytest.mark.parametrize("path", LEAVES, ids=named)
def test_an_option_without_its_value_is_told_in_one_line(said: Said, path: tuple[str, ...]) -> None:
    for option in (name for name, takes_value in options_of(path).items() if takes_value):
        assert f"'{option}' requires an argument" in said.refused(*path, option)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("fuz", "No such command 'fuz'. Did you mean 'fuzz'?"),
        ("fuzz --seed x", "Invalid value for '--seed': Input should be a valid integer"),
        ("fuzz --fail-on may", "'--fail-on': 'may' is not one of 'must', 'should', 'never'"),
        ("serve --port 65536", "'--port': Input should be less than or equal to 65535"),
        ("verdicts diff latest", "Missing argument 'RUN'"),
        ("catalog lst", "No such command 'lst'. Did you mean 'list'?"),
    ],
)
def test_a_value_that_makes_no_sense_is_told_in_one_line(said: Said, line: str, told: str) -> None:
    assert told in said.refused(*line.split())


@pytest.mark.parametrize("path", [path for path in GROUPS if path != ("catalog",)], ids=named)
def test_a_group_by_itself_shows_its_commands(said: Said, path: tuple[str, ...]) -> None:
    status, out, _ = said.ran(*path)
    assert status == 2
    assert "Usage: regshape" in out
