"""`regshape fuzz`: a campaign."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated

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
    ProtocolOption,
    StoreOption,
    UsernameOption,
)

SEEDS = 2**32
DEFAULT_TIME = "30s"


class FailOn(StrEnum):
    """What makes a campaign end with exit status 1."""

    MUST = "must"
    SHOULD = "should"
    NEVER = "never"


def _drawn() -> int:
    import secrets

    return secrets.randbelow(SEEDS)


def _budget(time: str | None, *, bounded: bool) -> float | None:
    if time is None and bounded:
        return None
    from regshape.engine.wanted import duration_of

    return duration_of("--time", time or DEFAULT_TIME)


def fuzz(  # noqa: PLR0913 - one parameter per option
    context: typer.Context,
    target: Annotated[
        str | None, typer.Argument(help="URL of the registry; without it, an embedded one.")
    ] = None,
    *,
    protocol: ProtocolOption = "oci",
    time: Annotated[
        str | None,
        typer.Option(
            metavar="DURATION",
            help="Budget of the random search: 45s, 10m, 2h.",
            show_default="30s, none with another bound",
        ),
    ] = None,
    max_cases: Annotated[int | None, typer.Option(min=1, help="Stop after so many cases.")] = None,
    max_requests: Annotated[
        int | None, typer.Option(min=1, help="Stop after so many requests.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="The campaign's seed.")] = None,
    concurrency: Annotated[
        int, typer.Option("--concurrency", "-c", min=1, max=1024, help="Cases in flight.")
    ] = 16,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes.")] = 1,
    rate: Annotated[float | None, typer.Option(help="Requests a second at most.")] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Requirements to judge; globs.")
    ] = None,
    skip: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Requirements to leave out; globs.")
    ] = None,
    mutator: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Mutators to use; all by default.")
    ] = None,
    repo_prefix: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Where the campaign works.", show_default="regshape"),
    ] = None,
    username: UsernameOption = None,
    password_stdin: PasswordStdinOption = False,
    other_username: OtherUsernameOption = None,
    other_repo_prefix: OtherPrefixOption = None,
    insecure: InsecureOption = False,
    ca_file: CaFileOption = None,
    authorized: AuthorizedOption = False,
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Send nothing that changes the registry.")
    ] = False,
    spec: Annotated[
        str | None,
        typer.Option(metavar="VERSION", help="Document to judge by.", show_default="newest"),
    ] = None,
    implementation: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="What the registry is, for `verdicts`; else probed."),
    ] = None,
    corpus: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Further cases to run first.")
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Known failures: they do not fail the run.")
    ] = None,
    update_baseline: Annotated[
        bool, typer.Option("--update-baseline", help="Write what failed to the baseline.")
    ] = False,
    resume: Annotated[
        str | None,
        typer.Option(metavar="CAMPAIGN", help="Go on with a campaign that has not ended."),
    ] = None,
    store: StoreOption = DEFAULT_STORE,
    report: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FORMAT=PATH",
            help="Write a report: json, junit, html, har, ndjson, markdown, sarif.",
        ),
    ] = None,
    as_json: JsonOption = False,
    fail_on: Annotated[FailOn, typer.Option(help="What ends with status 1.")] = FailOn.MUST,
    defect: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="Plant a defect in the embedded registry."),
    ] = None,
) -> None:
    """Fuzz a registry and judge it by its protocol's document."""
    from regshape.catalog import find
    from regshape.cli.known import Known
    from regshape.cli.resume import refuse_others, resumed
    from regshape.cli.run import Run
    from regshape.engine.access import Login, choose_access, existing_file
    from regshape.engine.wanted import build_settings, check_settings

    login = Login(username, password_stdin, other_username)
    kept = None
    if resume is not None:
        refuse_others(context)
        settings, access, kept = resumed(store, resume, login, authorized=authorized)
        entry = find(settings.protocol)
    else:
        entry = find(protocol)
        access = choose_access(target, protocol, login, authorized=authorized, defects=defect or ())
        settings = build_settings(
            protocol=protocol,
            target=access.url,
            implementation=implementation,
            spec=spec,
            time=_budget(time, bounded=max_cases is not None or max_requests is not None),
            max_cases=max_cases,
            max_requests=max_requests,
            seed=_drawn() if seed is None else seed,
            concurrency=concurrency,
            workers=workers,
            rate=rate,
            only=only or (),
            skip=skip or (),
            mutators=mutator or (),
            repo_prefix=_prefix(repo_prefix, protocol),
            other_repo_prefix=other_repo_prefix,
            insecure=insecure,
            ca_file=existing_file("--ca-file", ca_file),
            read_only=read_only,
            corpus=corpus,
            defects=access.defects,
            fail_on=fail_on.value,
            **access.credentials,
        )
        check_settings(settings, entry)
    known = Known.read(baseline, entry.protocol, update=update_baseline)
    run = Run(settings, entry, access, known, as_json=as_json, kept=kept)
    raise typer.Exit(run.whole(store, tuple(report or ())))


def _prefix(option: str | None, protocol: str) -> str:
    from regshape.engine.access import from_environment

    return option or from_environment("OCI_NAMESPACE", protocol, os.environ) or "regshape"
