"""`regshape corpus`: folders of regression cases."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from regshape.cli.options import (
    DEFAULT_STORE,
    AuthorizedOption,
    CaFileOption,
    InsecureOption,
    JsonOption,
    PasswordStdinOption,
    ProtocolOption,
    StoreOption,
    UsernameOption,
)
from regshape.cli.sentences import Commands
from regshape.cli.stored import opened_store

if TYPE_CHECKING:
    from regshape.engine.access import Access, Login
    from regshape.model import Case
    from regshape.settings import Settings

corpus = typer.Typer(
    cls=Commands,
    help="Regression cases: findings made to last.",
    epilog="Example: regshape corpus run http://127.0.0.1:5000 --from corpus",
    no_args_is_help=True,
)

TargetArgument = Annotated[
    str | None, typer.Argument(help="URL of the registry; without it, an embedded one.")
]
ToOption = Annotated[Path, typer.Option("--to", metavar="DIR", help="The folder of cases.")]
DEFAULT_FOLDER = Path("corpus")


@corpus.command(epilog="Example: regshape corpus add 5f0c1a2b --comment 'issue 12'")
def add(
    finding: Annotated[str, typer.Argument(metavar="FINDING", help="The beginning of its id.")],
    to: ToOption = DEFAULT_FOLDER,
    comment: Annotated[
        str, typer.Option(help="What it is about.", show_default="what was seen")
    ] = "",
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Make a finding a regression case."""
    from regshape.report.case_files import add_case, case_of

    with opened_store(store) as opened:
        name, case = case_of(opened.finding(finding), comment)
    path = add_case(to, name, case)
    typer.echo(f"{path} is written" if path else f"{to} has such a case already")


@corpus.command("import", epilog="Example: regshape corpus import report.json --to corpus")
def import_cases(
    source: Annotated[Path, typer.Argument(help="A result document, a case, or a folder.")],
    to: ToOption = DEFAULT_FOLDER,
) -> None:
    """Take cases from a report, a case file or another folder."""
    from regshape.report.case_files import add_case, read_cases

    written = [add_case(to, name, case) for name, case in read_cases(source).items()]
    new = [path for path in written if path is not None]
    for path in new:
        typer.echo(f"{path} is written")
    typer.echo(f"{len(new)} cases taken, {len(written) - len(new)} there already")


@corpus.command("list", epilog="Example: regshape corpus list corpus --json")
def list_cases(
    folder: Annotated[
        Path | None, typer.Argument(metavar="DIR", help="A folder; the built-in cases.")
    ] = None,
    protocol: ProtocolOption = "oci",
    as_json: JsonOption = False,
) -> None:
    """List cases with their comments."""
    from regshape.report.case_files import read_corpus
    from regshape.report.codec import case_to_json

    with _folder(folder, protocol) as there:
        cases = read_corpus(there)
    if as_json:
        rows = [{"name": name, "case": case_to_json(case)} for name, case in cases.items()]
        typer.echo(json.dumps(rows, indent=2))
        return
    from rich.text import Text

    from regshape.cli.screen import plain_console
    from regshape.report.wording import counted, plain

    console = plain_console()
    for name, case in cases.items():
        steps = counted(len(case.steps), "step")
        console.print(Text.assemble((plain(name), "bold"), f", {steps}: {plain(case.comment)}"))
    console.print(counted(len(cases), "case"))


@corpus.command(epilog="Example: regshape corpus run http://127.0.0.1:5000 --from corpus")
def run(  # noqa: PLR0913 - one parameter per option
    target: TargetArgument = None,
    folder: Annotated[
        Path | None,
        typer.Option("--from", metavar="DIR", help="The cases.", show_default="built-in"),
    ] = None,
    *,
    protocol: ProtocolOption = "oci",
    username: UsernameOption = None,
    password_stdin: PasswordStdinOption = False,
    insecure: InsecureOption = False,
    ca_file: CaFileOption = None,
    authorized: AuthorizedOption = False,
    store: StoreOption = DEFAULT_STORE,
    report: Annotated[
        list[str] | None, typer.Option(metavar="FORMAT=PATH", help="Write a report.")
    ] = None,
    as_json: JsonOption = False,
    baseline: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Known failures: they do not fail the run.")
    ] = None,
) -> None:
    """Run the cases of a corpus and nothing else; exit status 1 if any of them fails."""
    from regshape.catalog import find
    from regshape.cli.known import Known
    from regshape.cli.run import Run
    from regshape.engine.access import Login, existing_file
    from regshape.report.case_files import protocol_of, read_corpus

    if folder is not None:
        protocol = protocol_of(read_corpus(folder))
    entry = find(protocol)
    access, settings = _settings(
        target, protocol, Login(username, password_stdin), authorized=authorized
    )
    changes = {
        "corpus": folder,
        "use_corpus": folder is None,
        "insecure": insecure,
        "ca_file": existing_file("--ca-file", ca_file),
    }
    known = Known.read(baseline, entry.protocol, update=False)
    ready = Run(settings.model_copy(update=changes), entry, access, known, as_json=as_json)
    raise typer.Exit(ready.whole(store, tuple(report or ())))


@corpus.command(epilog="Example: regshape corpus minimize corpus http://127.0.0.1:5000")
def minimize(  # noqa: PLR0913 - one parameter per option
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of cases.")],
    target: TargetArgument = None,
    *,
    username: UsernameOption = None,
    password_stdin: PasswordStdinOption = False,
    insecure: InsecureOption = False,
    ca_file: CaFileOption = None,
    authorized: AuthorizedOption = False,
) -> None:
    """Shrink the cases that fail on a registry, and drop those that show nothing more."""
    from regshape.catalog import find
    from regshape.cli.run import registry_of
    from regshape.engine.access import Login, existing_file
    from regshape.report.case_files import protocol_of, read_corpus

    cases = read_corpus(folder)
    protocol = protocol_of(cases)
    login = Login(username, password_stdin)
    access, settings = _settings(target, protocol, login, authorized=authorized)
    changes = {"insecure": insecure, "ca_file": existing_file("--ca-file", ca_file)}
    with registry_of(settings.model_copy(update=changes), access, find(protocol)) as aimed:
        _minimize(folder, cases, aimed)


def _minimize(folder: Path, cases: dict[str, Case], settings: Settings) -> None:
    import anyio

    from regshape.catalog import find
    from regshape.engine.distil import distil
    from regshape.report.case_files import write_case

    made = anyio.run(distil, settings, find(settings.protocol), cases)
    for item in made:
        if item.became is None:
            (folder / item.name).unlink()
            typer.echo(f"{item.name} is dropped: {item.like} shows as much")
        elif item.became != item.case:
            write_case(folder / item.name, item.became)
            typer.echo(f"{item.name} is smaller now")
    left = sum(item.became is not None for item in made)
    typer.echo(f"{left} of {len(made)} cases are left")


def _settings(
    target: str | None, protocol: str, login: Login, *, authorized: bool
) -> tuple[Access, Settings]:
    from regshape.engine.access import choose_access
    from regshape.settings import Settings

    access = choose_access(target, protocol, login, authorized=authorized)
    settings = Settings(
        protocol=protocol,
        target=access.url,
        time=0,
        sweep=False,
        defects=access.defects,
        **access.credentials,
    )
    return access, settings


@contextmanager
def _folder(folder: Path | None, protocol: str) -> Iterator[Path]:
    from importlib.resources import as_file, files

    from regshape.catalog import find

    if folder is not None:
        yield folder
        return
    with as_file(files("regshape.corpora").joinpath(find(protocol).corpus)) as there:
        yield there
