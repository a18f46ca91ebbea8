"""The clients' shared options: one table each, understood before a group and behind a command.

A table is a dataclass, OCI's is here; `with_options` puts its fields behind a command's own
parameters, and hands over one value in which what stands nearer to the end of the line wins.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, get_type_hints

import typer

from regshape.cli.sentences import CLIENT_STATUSES, Commands
from regshape.errors import UsageError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

PANEL = "Client options (before the group, or behind the command)"


def _flag(*names: str, says: str) -> Any:
    return typer.Option(*names, help=says, rich_help_panel=PANEL, show_default=False)


def _value(*names: str, metavar: str, says: str) -> Any:
    return typer.Option(*names, metavar=metavar, help=says, rich_help_panel=PANEL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What every command of the client takes."""

    registry: Annotated[
        str | None, _value("--registry", "-r", metavar="HOST[:PORT]", says="The registry.")
    ] = None
    username: Annotated[str | None, _value("--username", "-u", metavar="NAME", says="Who.")] = None
    password: Annotated[
        str | None, _value("--password", "-p", metavar="TEXT", says="Also REGSHAPE_PASSWORD.")
    ] = None
    insecure: Annotated[
        bool, _flag("--insecure", says="Allow plain HTTP or an unchecked certificate.")
    ] = False
    ca_file: Annotated[
        Path | None, _value("--ca-file", metavar="FILE", says="Certificates to trust, PEM.")
    ] = None
    as_json: Annotated[bool, _flag("--json", says="One JSON document on stdout.")] = False
    verbose: Annotated[
        bool, _flag("--verbose", "-v", says="Say on stderr what was sent and answered.")
    ] = False
    time_methods: Annotated[bool, _flag("--time-methods", says="Time each operation.")] = False
    time_scenarios: Annotated[
        bool, _flag("--time-scenarios", says="Time what takes several requests.")
    ] = False
    debug_calls: Annotated[
        bool, _flag("--debug-calls", says="Show the headers of each request and answer.")
    ] = False
    break_mode: Annotated[bool, _flag("--break", says="Break requests, as --break-rules say.")] = (
        False
    )
    break_rules: Annotated[
        list[str] | None,
        _value(
            "--break-rules",
            metavar="FILE|RULE[=VALUE]",
            says="A file of rules, or a built-in one; repeatable.",
        ),
    ] = None
    log_file: Annotated[
        Path | None,
        _value("--log-file", metavar="FILE", says="Record each exchange, for `regshape replay`."),
    ] = None
    authorized: Annotated[
        bool,
        _flag("--authorized", says="With --break: not this machine, and its owner agrees."),
    ] = False


NOTHING = Options()

Table = TypeVar("Table", bound="DataclassInstance")

AddressArgument = Annotated[
    str | None, typer.Argument(metavar="[REGISTRY]", help="HOST[:PORT], or its URL.")
]
"""The registry where a command is about nothing else."""


def merged(outer: Table, inner: Table) -> Table:
    """Return the options of both; where both say something, the inner ones stand."""
    given = {
        field.name: value
        for field in fields(inner)
        if (value := getattr(inner, field.name)) != field.default
    }
    return replace(outer, **given)


def with_options(function: Callable[..., None]) -> Callable[..., None]:
    """Return a command for a function whose first parameter is the options, of whatever table.

    What a group before it was given counts too. A parameter `ctx` is given typer's context.
    """
    hints = get_type_hints(function, include_extras=True)
    first, *rest = inspect.signature(function).parameters.items()
    table = hints.get(first[0], Options)
    own = [parameter.replace(annotation=hints[name]) for name, parameter in rest if name != "ctx"]
    wants_context = "ctx" in hints

    def command(ctx: typer.Context, **values: Any) -> None:
        here = table(**{field.name: values.pop(field.name) for field in fields(table)})
        ctx.obj = merged(ctx.obj, here) if isinstance(ctx.obj, table) else here
        if wants_context:
            values["ctx"] = ctx
        function(ctx.obj, **values)

    _describe(command, function, [*own, *_shared(table)])
    return command


def _describe(
    command: Callable[..., None],
    function: Callable[..., None],
    parameters: Sequence[inspect.Parameter],
) -> None:
    context = inspect.Parameter(
        "ctx", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context
    )
    keyword_only = [
        parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY) for parameter in parameters
    ]
    signature = inspect.Signature([context, *keyword_only])
    command.__doc__, command.__name__ = function.__doc__, function.__name__
    command.__signature__ = signature  # type: ignore[attr-defined]


@cache
def _shared(table: type[Any]) -> tuple[inspect.Parameter, ...]:
    hints = get_type_hints(table, include_extras=True)
    return tuple(
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=field.default,
            annotation=hints[field.name],
        )
        for field in fields(table)
    )


def group(name: str, about: str, example: str, kind: type[Commands] = Commands) -> typer.Typer:
    """Return a command group that takes the shared options too."""

    def take(options: Options) -> None:
        """Take what stands before the command."""

    app = typer.Typer(
        name=name,
        cls=kind,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
    )
    epilog = f"Example: {example}\n\n{CLIENT_STATUSES}"
    app.callback(help=about, epilog=epilog)(with_options(take))
    return app


def only_for_the_client(options: Options, command: str | None, client: frozenset[str]) -> None:
    """Check that a command that is not the client's was given none of its options before it.

    Raises:
        UsageError: it was.
    """
    if command is None or command in client or options == NOTHING:
        return
    raise UsageError(
        f"what stands before {command} is for the client's commands only: "
        f"write the options of {command} behind it"
    )
