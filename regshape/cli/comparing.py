"""`regshape verdicts diff|matrix|export`: campaigns beside each other, and their verdicts as files.

RUN is `latest`, a target, an implementation (each may be followed by `@SPEC`), or the beginning of
an id; `~1` after it is the one before.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from regshape.cli.options import DEFAULT_STORE, JsonOption, ProtocolOption, StoreOption
from regshape.cli.requirements import requirements_of
from regshape.cli.stored import opened_store
from regshape.errors import UsageError

if TYPE_CHECKING:
    from regshape.model import CampaignInfo, Finding
    from regshape.report.difference import Change, Difference, Matrix

RUN = "latest, a target, an implementation, an id; ~1 is the one before."
SIGNS = {"pass": ".", "fail": "F", "warn": "W", "skip": "-", "inconclusive": "?", None: " "}
LEGEND = ". pass  F fail  W warn  - skip  ? inconclusive"


class ExportFormat(StrEnum):
    """What a campaign can be written as."""

    BASELINE = "baseline"
    JSON = "json"
    CSV = "csv"


def diff(
    before: Annotated[str, typer.Argument(metavar="RUN", help=RUN)],
    after: Annotated[str, typer.Argument(metavar="RUN", help="The later campaign.")],
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Show what is new, fixed, changed or flaky from one campaign to another."""
    from regshape.report.difference import difference

    with opened_store(store) as opened:
        old, new = opened.result(before), opened.result(after)
    if old.campaign.protocol != new.campaign.protocol:
        raise UsageError(
            f"{old.campaign.id} is about {old.campaign.protocol}, and {new.campaign.id} about "
            f"{new.campaign.protocol}: only campaigns of one protocol compare"
        )
    found = difference(old, new)
    if as_json:
        typer.echo(json.dumps(_diff_to_json(found, old.campaign, new.campaign), indent=2))
    else:
        _print_diff(found, old.campaign, new.campaign)


def _groups(found: Difference) -> Sequence[tuple[str, Sequence[Finding]]]:
    return (
        ("new", found.new),
        ("fixed", found.fixed),
        ("missing", found.missing),
        ("flaky", found.flaky),
    )


def _diff_to_json(found: Difference, before: CampaignInfo, after: CampaignInfo) -> dict[str, Any]:
    from regshape.report.document import campaign_to_json, finding_to_json

    return {
        "before": campaign_to_json(before),
        "after": campaign_to_json(after),
        **{name: [finding_to_json(each) for each in group] for name, group in _groups(found)},
        "changed": [
            {"requirement": change.requirement, "before": change.before, "after": change.after}
            for change in found.changed
        ],
    }


def _print_diff(found: Difference, before: CampaignInfo, after: CampaignInfo) -> None:
    from rich.text import Text

    from regshape.cli.screen import plain_console
    from regshape.report.redact import redact_finding
    from regshape.report.terminal import ID_LENGTH
    from regshape.report.wording import plain

    console = plain_console()
    for word, campaign in (("from", before), ("to", after)):
        console.print(f"{word:<4} {campaign.id}  {campaign.started}", soft_wrap=True)
        console.print(Text(f"     {plain(campaign.target)}", overflow="fold"))
    lines = [
        f"{name}: {each.id[:ID_LENGTH]} {each.requirement} {plain(redact_finding(each).summary)}"
        for name, group in _groups(found)
        for each in group
    ]
    lines += [_changed_line(change) for change in found.changed]
    console.print()
    for line in lines or ["no difference"]:
        console.print(Text(line))


def _changed_line(change: Change) -> str:
    before, after = change.before or "not known", change.after or "not known"
    return f"changed: {change.requirement} from {before} to {after}"


def show_matrix(
    protocol: ProtocolOption = "oci",
    store: StoreOption = DEFAULT_STORE,
    as_json: JsonOption = False,
) -> None:
    """Show requirements by targets: the latest campaign of each target and implementation."""
    from regshape.report.difference import matrix

    with opened_store(store) as opened:
        made = matrix(opened.latest_of_each(protocol))
    if not made.campaigns:
        raise UsageError(f"{store} has no campaigns of {protocol} yet: `regshape fuzz` runs one")
    if as_json:
        typer.echo(json.dumps(_matrix_to_json(made), indent=2))
    else:
        _print_matrix(made)


def _matrix_to_json(made: Matrix) -> dict[str, Any]:
    from regshape.report.document import campaign_to_json

    return {
        "campaigns": [campaign_to_json(campaign) for campaign in made.campaigns],
        "requirements": [
            {"requirement": id_, "outcomes": list(outcomes)} for id_, outcomes in made.rows
        ],
    }


def _print_matrix(made: Matrix) -> None:
    from rich.text import Text

    from regshape.cli.screen import plain_console
    from regshape.report.wording import plain

    console = plain_console()
    for number, campaign in enumerate(made.campaigns, 1):
        what = f" ({campaign.implementation})" if campaign.implementation else ""
        named = plain(f"{campaign.target}{what}, {campaign.spec}, {campaign.started}")
        console.print(Text(f"{number:>3}  {named}", overflow="fold"))
    console.print(f"\n{LEGEND}")
    head = " ".join(f"{number:>3}" for number in range(1, len(made.campaigns) + 1))
    console.print(f"{'requirement':<14}{head}", soft_wrap=True)
    for id_, outcomes in made.rows:
        signs = " ".join(f"{SIGNS[outcome]:>3}" for outcome in outcomes)
        console.print(f"{id_:<14}{signs}", soft_wrap=True)


def export(
    run: Annotated[str, typer.Argument(metavar="RUN", help=RUN)] = "latest",
    form: Annotated[
        ExportFormat, typer.Option("--format", help="What to write it as.")
    ] = ExportFormat.BASELINE,
    store: StoreOption = DEFAULT_STORE,
) -> None:
    """Write a campaign to stdout: as a baseline, as its result document, or its verdicts as CSV."""
    from regshape.report.baseline import baseline_of, baseline_text
    from regshape.report.difference import verdicts_csv
    from regshape.report.document import render

    with opened_store(store) as opened:
        result = opened.result(run)
    texts = {
        ExportFormat.BASELINE: lambda: baseline_text(baseline_of(result)),
        ExportFormat.JSON: lambda: render(result, requirements_of(result.campaign.protocol)),
        ExportFormat.CSV: lambda: verdicts_csv(result),
    }
    typer.echo(texts[form](), nl=False)
