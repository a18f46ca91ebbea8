"""`regshape verdicts`: what earlier campaigns found out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from regshape.cli.comparing import diff, export, show_matrix
from regshape.cli.options import DEFAULT_STORE, JsonOption, StoreOption
from regshape.cli.requirements import requirements_of
from regshape.cli.sentences import Commands
from regshape.cli.stored import opened_store
from regshape.errors import UsageError

if TYPE_CHECKING:
    from regshape.engine.record import Store
    from regshape.model import CampaignInfo, Finding, Result

verdicts = typer.Typer(
    cls=Commands,
    help="What earlier campaigns found out.",
    epilog="Example: regshape verdicts show latest",
    no_args_is_help=True,
)


@verdicts.command("list", epilog="Example: regshape verdicts list --limit 5")
def list_campaigns(
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, help="Campaigns at most.")] = 20,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """List campaigns, newest first."""
    from regshape.report.document import campaign_to_json

    with opened_store(store) as opened:
        campaigns = opened.campaigns(limit)
        counts = {campaign.id: opened.outcomes(campaign.id) for campaign in campaigns}
    if as_json:
        data = [
            {**campaign_to_json(campaign), "outcomes": counts[campaign.id]}
            for campaign in campaigns
        ]
        typer.echo(json.dumps(data, indent=2))
        return
    from rich.text import Text

    from regshape.cli.screen import plain_console
    from regshape.report.wording import ENDINGS, effort, plain

    console = plain_console()
    for campaign in campaigns:
        tally = ", ".join(f"{number} {outcome}" for outcome, number in counts[campaign.id].items())
        console.print(
            Text.assemble((campaign.id, "bold"), f"  {campaign.started}  {campaign.protocol}")
        )
        console.print(Text(f"  {plain(campaign.target)}", overflow="fold"))
        console.print(Text(f"  {tally or 'nothing judged'} in {effort(campaign)}"))
        console.print(Text(f"  {ENDINGS.get(campaign.ended_by, campaign.ended_by)}", "dim"))
    if not campaigns:
        console.print("no campaigns yet: `regshape fuzz` runs one")


@verdicts.command("show", epilog="Example: regshape verdicts show 5f0c1a2b --json")
def show(
    what: Annotated[
        str | None,
        typer.Argument(metavar="CAMPAIGN|FINDING", help="An id's beginning, latest, a target."),
    ] = None,
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Show a campaign, or a finding, as it was reported."""
    with opened_store(store) as opened:
        if what is None and not opened.campaigns(1):
            raise UsageError(f"{store} has no campaigns yet: `regshape fuzz` runs one")
        found = _find(opened, what or "latest")
        seen = opened.sightings(found[0].id) if isinstance(found, tuple) else []
    if not isinstance(found, tuple):
        _show_result(found, as_json=as_json)
    else:
        _show_finding(*found, seen, as_json=as_json)


def _find(store: Store, what: str) -> Result | tuple[Finding, str, str]:
    try:
        return store.result(what)
    except UsageError as no_campaign:
        try:
            campaign, finding = store.found(what)
        except UsageError:
            raise no_campaign from None
        return finding, campaign.protocol, campaign.target


def _show_result(result: Result, *, as_json: bool) -> None:
    from regshape.report.document import render

    requirements = requirements_of(result.campaign.protocol)
    if as_json:
        typer.echo(render(result, requirements), nl=False)
        return
    from regshape.cli.screen import plain_console
    from regshape.report.terminal import print_result

    print_result(plain_console(), result, requirements)


def _show_finding(
    finding: Finding, protocol: str, target: str, seen: Sequence[CampaignInfo], *, as_json: bool
) -> None:
    from regshape.report.document import finding_to_json

    if as_json:
        typer.echo(json.dumps(finding_to_json(finding), indent=2))
        return
    from regshape.cli.screen import plain_console
    from regshape.report.terminal import print_finding
    from regshape.report.wording import plain

    known = {requirement.id: requirement for requirement in requirements_of(protocol)}
    requirement = known.get(finding.requirement)
    console = plain_console()
    print_finding(console, finding, requirement, target, whole=True)
    console.print()
    for campaign in seen:
        named = f"{campaign.started}  {plain(campaign.target)}"
        console.print(f"found by {campaign.id}  {named}", soft_wrap=True)


verdicts.command("diff", epilog="Example: regshape verdicts diff latest~1 latest")(diff)
verdicts.command("matrix", epilog="Example: regshape verdicts matrix --protocol oci")(show_matrix)
verdicts.command("export", epilog="Example: regshape verdicts export latest --format csv")(export)
