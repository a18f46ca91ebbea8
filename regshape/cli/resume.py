"""Going on with a campaign that was killed, interrupted, or lost its target."""

from __future__ import annotations

import typer

from regshape.cli.stored import opened_store
from regshape.engine.access import Access, Login, choose_access
from regshape.engine.progress import Checkpoint
from regshape.engine.wanted import build_settings
from regshape.errors import UsageError
from regshape.settings import Settings

STILL_FREE = frozenset(
    {"resume", "username", "password_stdin", "other_username", "authorized", "store", "report"}
    | {"as_json", "baseline", "update_baseline"}
)
"""Parameters of `fuzz` that a campaign does not keep: all others stay as they were."""


def refuse_others(context: typer.Context) -> None:
    """Raise `UsageError` if an option is given that would make it another campaign."""
    for parameter in context.command.params:
        name = parameter.name or ""
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE" and name not in STILL_FREE:
            option = "TARGET" if name == "target" else max(parameter.opts, key=len)
            raise UsageError(f"--resume goes on as the campaign began: leave {option} out")


def resumed(
    store_url: str, campaign: str, login: Login, *, authorized: bool
) -> tuple[Settings, Access, Checkpoint]:
    """Return the settings, the target and the checkpoint of a campaign that has not ended.

    Raises:
        UsageError: there is no such campaign, it has ended, or its target may not be attacked.
        StoreError: the store cannot be read.
    """
    with opened_store(store_url) as store:
        info, kept = store.checkpoint(campaign)
    access = choose_access(info.target, info.protocol, login, authorized=authorized)
    fields = {
        **kept.origin.settings,
        "target": access.url,
        "defects": access.defects,
        **access.credentials,
    }
    return build_settings(**fields), access, kept
