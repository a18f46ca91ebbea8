"""Make a corpus smaller on a target: shrink what fails there, drop what adds nothing.

The rule: a case that shows nothing on this target stays as it is, since what it once showed may
come back; what is dropped shows nothing that a smaller case does not show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from regshape.catalog import Entry
from regshape.engine.campaign import Campaign
from regshape.engine.shrink import shrink_program, simplify, size
from regshape.engine.target import client_of
from regshape.model import Case, Violation
from regshape.settings import Settings


@dataclass(frozen=True, slots=True)
class Distilled:
    """What became of a case: a smaller one, or none because `like` shows as much."""

    name: str
    case: Case
    became: Case | None
    like: str | None = None


@dataclass(frozen=True, slots=True)
class _Shown:
    name: str
    before: Case
    case: Case
    violations: tuple[Violation, ...]


async def distil(
    settings: Settings, entry: Entry, cases: Mapping[str, Case], *, inner: object = None
) -> list[Distilled]:
    """Return what becomes of each case on the settings' target, in their order.

    Raises:
        TargetError: the target does not answer, or not as a registry of the protocol.
    """
    async with client_of(settings, inner) as client:
        campaign = Campaign(settings, entry, client)
        await campaign.learn()
        shown = [
            await _shrunk(campaign, name, case, settings.shrink_executions)
            for name, case in cases.items()
        ]
    return _sifted(shown)


async def _shrunk(campaign: Campaign, name: str, case: Case, budget: int) -> _Shown:
    trace = await campaign.executor.run(case, campaign.salt())
    wanted = tuple({violation.identity: violation for violation in trace.violations}.values())
    if not wanted or trace.was_refused():
        return _Shown(name, case, case, ())

    async def shows(smaller: Case) -> bool:
        again = await campaign.executor.run(smaller, campaign.salt())
        return all(again.shows(violation) is not None for violation in wanted)

    shrunk = await shrink_program(case, shows, budget)
    simple = await simplify(shrunk.case, shows, budget - shrunk.executions)
    return _Shown(name, case, simple.case, wanted)


def _sifted(shown: list[_Shown]) -> list[Distilled]:
    kept: list[_Shown] = []
    dropped: dict[str, str] = {}
    for each in sorted(shown, key=lambda item: size(item.case)):
        like = next((other for other in kept if _adds_nothing(each, other)), None)
        if like is None:
            kept.append(each)
        else:
            dropped[each.name] = like.name
    return [
        Distilled(
            each.name,
            each.before,
            None if each.name in dropped else each.case,
            dropped.get(each.name),
        )
        for each in shown
    ]


def _adds_nothing(each: _Shown, other: _Shown) -> bool:
    if not each.violations:
        return each.case.steps == other.case.steps
    return all(
        any(known.explains(violation) for known in other.violations)
        for violation in each.violations
    )
