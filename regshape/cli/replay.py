"""`regshape replay`: a case or a recorded finding once more."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regshape.cli.options import (
    DEFAULT_STORE,
    AuthorizedOption,
    CaFileOption,
    InsecureOption,
    JsonOption,
    OtherPrefixOption,
    OtherUsernameOption,
    PasswordStdinOption,
    StoreOption,
    UsernameOption,
)
from regshape.cli.sentences import FAILED, OK
from regshape.cli.stored import opened_store

if TYPE_CHECKING:
    from regshape.catalog import Entry
    from regshape.engine.access import Access, Login
    from regshape.engine.runner import ReplayResult
    from regshape.model import Case
    from regshape.settings import Settings


def replay(  # noqa: PLR0913 - one parameter per option
    what: Annotated[
        str,
        typer.Argument(
            metavar="FILE|FINDING",
            help="A case file, a finding's id, or a log that a client's --log-file wrote.",
        ),
    ],
    target: Annotated[
        str | None, typer.Argument(help="URL of the registry; a finding's own by default.")
    ] = None,
    *,
    store: StoreOption = DEFAULT_STORE,
    username: UsernameOption = None,
    password_stdin: PasswordStdinOption = False,
    other_username: OtherUsernameOption = None,
    other_repo_prefix: OtherPrefixOption = None,
    insecure: InsecureOption = False,
    ca_file: CaFileOption = None,
    authorized: AuthorizedOption = False,
    as_json: JsonOption = False,
) -> None:
    """Run a case or a recorded finding once more; exit status 1 if it fails again.

    Of a log every request is sent once more; exit status 1 if one is answered differently.
    """
    from regshape.catalog import find
    from regshape.engine.access import Login, choose_access, existing_file
    from regshape.engine.wanted import build_settings
    from regshape.report.exchange_log import is_log

    login = Login(username, password_stdin, other_username)
    reach = {"insecure": insecure, "ca_file": existing_file("--ca-file", ca_file)}
    if is_log(Path(what)):
        log = Path(what)
        again = _replay_log(log, target, login, reach, authorized=authorized, as_json=as_json)
        raise typer.Exit(again)
    case, known_target = _case(what, store)
    entry = find(case.protocol)
    named = target or known_target
    access = choose_access(named, case.protocol, login, authorized=authorized)
    _check(case, access, entry)
    settings = build_settings(
        protocol=case.protocol, other_repo_prefix=other_repo_prefix, **access.credentials, **reach
    )
    outcome = _replay(settings, access, entry, case)
    (_print_json if as_json else _print)(case, access, outcome)
    raise typer.Exit(FAILED if outcome.violations else OK)


def _replay_log(
    path: Path,
    target: str | None,
    login: Login,
    reach: dict[str, Any],
    *,
    authorized: bool,
    as_json: bool,
) -> int:
    import anyio

    from regshape.catalog import find
    from regshape.cli import replay_log
    from regshape.cli.run import registry_of
    from regshape.engine.access import choose_access
    from regshape.engine.wanted import build_settings
    from regshape.report.exchange_log import AUTH, read_log

    lines = tuple(line for line in read_log(path) if line.operation != AUTH)
    known_target = target or replay_log.origin_of(lines, str(path))
    access = choose_access(known_target, "oci", login, authorized=authorized)
    settings = build_settings(**access.credentials, **reach)
    with registry_of(settings, access, find("oci")) as aimed:
        resent = anyio.run(replay_log.resend, aimed, lines)
    show = replay_log.print_resent_json if as_json else replay_log.print_resent
    show(resent, access.label)
    return replay_log.status_of(resent)


def _case(what: str, store: str) -> tuple[Case, str | None]:
    from regshape.report.codec import read_case

    path = Path(what)
    if path.exists() or path.suffix == ".json" or len(path.parts) > 1:
        return read_case(path), None
    with opened_store(store) as opened:
        campaign, finding = opened.found(what)
    return finding.case, campaign.target


def _check(case: Case, access: Access, entry: Entry) -> None:
    from regshape.engine.wanted import check_names

    operations = (step.operation for step in case.all_steps())
    check_names(f"defect of {case.protocol}", access.defects, entry.defects)
    check_names("operation", operations, entry.protocol.operations)


def _replay(settings: Settings, access: Access, entry: Entry, case: Case) -> ReplayResult:
    import anyio

    from regshape.cli.run import registry_of
    from regshape.engine.runner import replay as run

    with registry_of(settings, access, entry) as aimed:
        return anyio.run(run, aimed, entry, case)


def _print(case: Case, access: Access, outcome: ReplayResult) -> None:
    from rich.text import Text

    from regshape.cli.screen import plain_console
    from regshape.report.redact import redact_exchange, redact_line
    from regshape.report.terminal import broken_steps, exchange_line
    from regshape.report.wording import counted, plain

    console = plain_console()
    steps = counted(len(list(case.all_steps())), "step")
    console.print(f"{steps} of {case.protocol} on {access.label}", soft_wrap=True)
    for number, exchange in enumerate(outcome.exchanges, 1):
        line = exchange_line(number, redact_exchange(exchange), console.width)
        console.print(line, no_wrap=True, overflow="crop")
    for sentence in broken_steps(case):
        console.print(sentence)
    console.print()
    violated = {violation.requirement for violation in outcome.violations}
    for violation in outcome.violations:
        told = plain(redact_line(violation.summary))
        console.print(Text.assemble(("fail ", "bold red"), f"{violation.requirement}: {told}"))
    if case.parallel:
        console.print(f"a race: it failed {outcome.seen} times of {outcome.tried}")
    met = [name for name in outcome.judged if name not in violated]
    if met:
        console.print(Text.assemble(("pass ", "green"), ", ".join(met)))
    if not outcome.judged:
        console.print("no requirement was judged")


def _print_json(case: Case, access: Access, outcome: ReplayResult) -> None:
    from regshape.report.codec import case_to_json, exchange_to_json
    from regshape.report.redact import redact_line

    data: dict[str, Any] = {
        "target": access.label,
        "case": case_to_json(case),
        "exchanges": [exchange_to_json(exchange) for exchange in outcome.exchanges],
        "violations": [
            {
                "requirement": violation.requirement,
                "signature": violation.signature,
                "summary": redact_line(violation.summary),
            }
            for violation in outcome.violations
        ],
        "judged": list(outcome.judged),
        "reproduced": f"{outcome.seen}/{outcome.tried}",
    }
    typer.echo(json.dumps(data, indent=2))
