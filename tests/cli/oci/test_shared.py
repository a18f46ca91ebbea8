from __future__ import annotations

from pathlib import Path
from typing import Annotated

import pytest
import typer
from typer.testing import CliRunner

from regshape.cli.oci.shared import NOTHING, Options, group, only_for_the_client, with_options
from regshape.cli.sentences import Commands
from regshape.errors import UsageError

SEEN: list[tuple[Options, str, bool]] = []


def built() -> typer.Typer:
    app = typer.Typer(cls=Commands)
    app.callback()(with_options(lambda options: None))
    things = group("thing", "Things.", "regshape thing get x")

    def get(
        options: Options,
        name: Annotated[str, typer.Argument(help="What.")],
        *,
        raw: Annotated[bool, typer.Option("--raw", help="As it is.")] = False,
    ) -> None:
        """Get a thing."""
        SEEN.append((options, name, raw))

    things.command()(with_options(get))
    app.add_typer(things)
    return app


def run(line: str) -> Options:
    SEEN.clear()
    ran = CliRunner().invoke(built(), line.split())
    assert ran.exit_code == 0, ran.output
    ((options, name, _),) = SEEN
    assert name == "x"
    return options


@pytest.mark.parametrize(
    "line", ["{} thing get x", "thing {} get x", "thing get {} x", "thing get x {}"]
)
@pytest.mark.parametrize(
    ("given", "options"),
    [
        ("--registry r:5000", Options(registry="r:5000")),
        ("-r r -u me -p secret", Options(registry="r", username="me", password="secret")),  # noqa: S106
        ("--insecure --ca-file ca.pem", Options(insecure=True, ca_file=Path("ca.pem"))),
        ("--json -v", Options(as_json=True, verbose=True)),
        ("--time-methods --time-scenarios", Options(time_methods=True, time_scenarios=True)),
        ("--debug-calls --log-file l", Options(debug_calls=True, log_file=Path("l"))),
        (
            "--break --break-rules a.yaml --break-rules skip-auth --authorized",
            Options(break_mode=True, break_rules=["a.yaml", "skip-auth"], authorized=True),
        ),
    ],
)
def test_an_option_means_the_same_wherever_it_stands(
    line: str, given: str, options: Options
) -> None:
    assert run(line.format(given)) == options


def test_what_stands_further_behind_wins() -> None:
    assert run("-r a --json thing -r b get x -r c") == Options(registry="c", as_json=True)


def test_the_help_of_a_command_has_its_own_options_and_the_shared_ones() -> None:
    said = CliRunner().invoke(built(), ["thing", "get", "--help"], env={"COLUMNS": "80"}).stdout
    for word in ("Get a thing.", "--raw", "--registry", "--break-rules", "--log-file"):
        assert word in said


def test_other_commands_are_not_given_the_clients_options() -> None:
    only_for_the_client(NOTHING, "fuzz", frozenset({"ping"}))
    only_for_the_client(Options(as_json=True), "ping", frozenset({"ping"}))
    with pytest.raises(UsageError, match="write the options of fuzz behind it"):
        only_for_the_client(Options(as_json=True), "fuzz", frozenset({"ping"}))
