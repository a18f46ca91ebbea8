"""Requests in parallel: of two publishes of one version one succeeds, and nothing is lost."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence

from regshape.model import Fault, Race, Requirement, Turn
from regshape.protocols.judging import json_of
from regshape.protocols.ori.facts import PublishFacts
from regshape.protocols.ori.requirements.table import CREATED, MUST, OK, numbers_of, row

SECTION = "7.2 Immutability"
KEY = tuple[str, str]


def _publishes(race: Race) -> Iterator[tuple[KEY, Turn]]:
    for turn in (turn for lane in race.lanes for turn in lane):
        facts = turn.call.facts
        if isinstance(facts, PublishFacts) and turn.call.operation == "publish":
            if turn.call.mutators or turn.exchange.failure is not None or facts.transferred:
                continue
            yield (facts.package, facts.version), turn


def one_created(race: Race) -> Sequence[Fault] | None:
    """Of several publishes of one version exactly one is answered with 201."""
    attempts: dict[KEY, list[Turn]] = defaultdict(list)
    for key, turn in _publishes(race):
        attempts[key].append(turn)
    several = {key: turns for key, turns in attempts.items() if len(turns) > 1}
    if not several:
        return None
    return [
        Fault(
            "several created",
            f"{len(created)} publishes of {version} at once were answered with 201",
            wide=True,
            among=("publish",),
        )
        for (_, version), turns in several.items()
        if len(created := [turn for turn in turns if turn.exchange.status == CREATED]) > 1
    ]


def nothing_lost(race: Race) -> Sequence[Fault] | None:
    """What was acknowledged in parallel is listed and downloaded as it was sent."""
    created = {key: turn for key, turn in _publishes(race) if turn.exchange.status == CREATED}
    if not created or not race.after:
        return None
    return [*_unlisted(race, created), *_other_bytes(race, created)]


def _unlisted(race: Race, created: dict[KEY, Turn]) -> Iterator[Fault]:
    lists = {
        turn.call.facts.package: numbers_of(turn.exchange)
        for turn in race.after
        if turn.call.operation == "list-versions" and turn.exchange.status == OK
    }
    for package, version in created:
        if package in lists and version not in lists[package]:
            what = f"{version} was answered with 201 and is not listed"
            yield Fault("lost", what, wide=True, among=("publish",))


def _other_bytes(race: Race, created: dict[KEY, Turn]) -> Iterator[Fault]:
    told = {
        (turn.call.facts.package, turn.call.facts.version): json_of(turn.exchange)
        for turn in race.after
        if turn.call.operation == "get-metadata" and turn.exchange.status == OK
    }
    for turn in race.after:
        facts = turn.call.facts
        key = (facts.package, getattr(facts, "version", ""))
        if turn.call.operation != "get-archive" or key not in created:
            continue
        sha256 = hashlib.sha256(turn.exchange.answer).hexdigest()
        sent = created[key].call.request.body
        if turn.exchange.status != OK or turn.exchange.answer not in sent:
            what = f"the download of {key[1]} is not what was answered with 201"
            yield Fault("other bytes", what, wide=True, among=("publish",))
        elif isinstance(told.get(key), dict) and sha256 not in str(told[key]):
            what = f"the checksum of {key[1]} is not that of its download"
            yield Fault("other checksum", what, wide=True, among=("publish",))


OVERLAPS: tuple[Requirement, ...] = (
    row("ORI-67", MUST, SECTION,
        "Of several publishes of one version at the same time exactly one succeeds.",
        race=one_created),
    row("ORI-68", MUST, SECTION,
        "What was acknowledged in parallel is listed, and its bytes are those that were sent.",
        race=nothing_lost),
)  # fmt: skip
