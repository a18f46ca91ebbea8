"""Campaigns for other programs: `await regshape.fuzz(target)`.

What comes back is `regshape.model.Result`, the values that the result document is written from:
observers, baselines and reports take the same, and nothing has to be parsed again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import anyio

from regshape.catalog import find
from regshape.engine.access import Login, choose_access
from regshape.engine.runner import run_campaign
from regshape.engine.wanted import check_settings
from regshape.errors import UsageError
from regshape.model import CampaignInfo, Finding, Observer, Result, Verdict
from regshape.settings import Settings
from regshape.transport.in_process import asgi

OnEvent: TypeAlias = Callable[[str, object], None]
"""Called with the name of an event and its value, a value of `regshape.model`.

The names are those of `Observer`'s methods; the value of `phase` is its name with the number
of its cases, or None where that is not known.
"""


async def fuzz(
    target: str | Callable[..., Any],
    protocol: str = "oci",
    settings: Settings | None = None,
    *,
    authorized: bool = False,
    on_event: OnEvent | None = None,
    stop: anyio.Event | None = None,
) -> Result:
    """Run a campaign against a registry and return what it came to; nothing is stored.

    Args:
        target: the URL of a registry, or an ASGI application, which is called in this process.
        protocol: a name of the catalogue.
        settings: what decides what the campaign does; its `target` and `protocol` do not count.
        authorized: whether the owner of a target that is not this machine agrees.
        on_event: is called for each event; what it raises ends the campaign.
        stop: ends the campaign early once it is set, with what was learnt.

    Raises:
        UsageError: something that is named does not exist, or the target may not be attacked.
        CaseError: a file of the corpus is no case.
        TargetError: the target does not answer, or not as a registry of the protocol.
    """
    entry = find(protocol)
    aimed, inner = _aimed(target, protocol, settings or Settings(), authorized=authorized)
    check_settings(aimed, entry)
    observers: list[Observer] = [] if on_event is None else [_Calling(on_event)]
    return await run_campaign(aimed, entry, observers, stop=stop, inner=inner)


def _aimed(
    target: str | Callable[..., Any], protocol: str, settings: Settings, *, authorized: bool
) -> tuple[Settings, object]:
    if not isinstance(target, str):
        return settings.model_copy(update={"protocol": protocol, "target": None}), asgi(target)
    login = Login(None, password_stdin=False)
    access = choose_access(
        target, protocol, login, authorized=authorized, prefix="", environment={}
    )
    if access.url is None:
        raise UsageError(f"{target!r} is no URL: give one, or an ASGI application")
    changes: dict[str, object] = {"protocol": protocol, "target": access.url}
    if access.username is not None:
        settings = Settings.model_validate(
            {**dict(settings), "username": access.username, "password": access.password}
        )
    return settings.model_copy(update=changes), None


@dataclass(frozen=True, slots=True)
class _Calling:
    """The observer that calls a function."""

    call: OnEvent

    def started(self, campaign: CampaignInfo) -> None:
        self.call("started", campaign)

    def phase(self, name: str, total: int | None) -> None:
        self.call("phase", (name, total))

    def progress(self, campaign: CampaignInfo) -> None:
        self.call("progress", campaign)

    def verdict(self, verdict: Verdict) -> None:
        self.call("verdict", verdict)

    def finding(self, finding: Finding) -> None:
        self.call("finding", finding)

    def finished(self, result: Result) -> None:
        self.call("finished", result)
