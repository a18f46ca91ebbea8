"""Findings of one cause are told together, and those of two are kept apart."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from regshape.catalog import ReferenceSettings, find
from regshape.engine.runner import run_campaign
from regshape.model import Case, Finding, Level, Requirement, Step
from regshape.model.causes import Cause, causes_of
from regshape.settings import Settings

ENTRY = find("oci")
ROWS = tuple(
    Requirement(id_, Level.MUST, "1", "It holds.", "https://", operations, follows=follows)
    for id_, operations, follows in (
        ("A", frozenset({"get", "put"}), ()),
        ("B", frozenset({"get"}), ()),
        ("C", frozenset({"get"}), ("A", "B")),
        ("ALL", frozenset(), ()),
    )
) + tuple(
    Requirement(id_, Level.MUST, "1", "It holds.", "https://", race=lambda race: ())
    for id_ in ("RACE-1", "RACE-2")
)


def finding(requirement: str, signature: str, requests: int = 1) -> Finding:
    case = Case("p", (Step("get"),))
    return Finding(
        f"{requirement}{signature}", requirement, signature, "", case, (), (1, 1), requests, 0, ()
    )


def told(*found: tuple[str, str]) -> list[list[tuple[str, str]]]:
    causes = causes_of([finding(*one) for one in found], ROWS)
    return [[(one.requirement, one.signature) for one in cause.findings] for cause in causes]


def test_one_aspect_of_a_requirement_is_one_cause_on_all_operations() -> None:
    assert len(told(("A", "get | no digest"), ("A", "put>get | no digest | body"))) == 1


def test_each_operation_has_its_own_way_to_accept_what_it_must_refuse() -> None:
    assert len(told(("A", "get | status 200"), ("A", "put | status 201"))) == 1


def test_two_aspects_of_one_operation_are_two_causes() -> None:
    assert len(told(("A", "get | no digest"), ("A", "get | other digest"))) == 2


def test_one_wrong_status_of_one_operation_is_one_cause() -> None:
    assert len(told(("A", "get | status 400"), ("B", "put>get | status 400"))) == 1
    assert len(told(("A", "get | status 400"), ("B", "get | status 404"))) == 2


def test_failures_of_the_server_are_told_apart_by_what_provoked_them() -> None:
    assert len(told(("ALL", "put | status 500 | body"), ("ALL", "put | status 500 | name"))) == 2
    assert len(told(("ALL", "put | status 500 | name"), ("ALL", "get | status 500 | name"))) == 1
    assert len(told(("ALL", "put | status 204"), ("ALL", "get | status 204"))) == 2


def race(requirement: str, signature: str, *lists: str) -> Finding:
    parallel = tuple(tuple(Step(name) for name in names.split()) for names in lists)
    return replace(finding(requirement, signature), case=Case("p", (), parallel=parallel))


def test_races_between_the_same_operations_are_one_cause_whatever_was_lost() -> None:
    torn = race("RACE-2", "torn", "put", "put list-all")
    found = [race("RACE-1", "lost | put", "put", "put"), torn]
    (cause,) = causes_of(found, ROWS)
    assert ({one.id for one in cause.findings}, cause.operations) == (
        {one.id for one in found},
        ("put",),
    )


def test_races_between_other_operations_are_other_causes() -> None:
    found = [race("RACE-1", "lost | put", "put", "put"), race("RACE-1", "lost", "put", "drop")]
    assert [cause.operations for cause in causes_of(found, ROWS)] == [("put",), ("drop", "put")]


def test_a_race_is_another_cause_than_what_fails_without_one() -> None:
    found = [finding("A", "put | lost"), race("RACE-1", "lost", "put", "put")]
    assert len(causes_of(found, ROWS)) == 2


def test_what_follows_is_told_with_what_it_follows_from() -> None:
    one, other = ("C", "get | short"), ("A", "put | no digest")
    assert told(one, other) == [[other, one]]
    assert told(other, one) == [[other, one]]


def test_what_follows_from_two_causes_does_not_make_them_one() -> None:
    found = told(("A", "put | no digest"), ("B", "get | no list"), ("C", "get | short"))
    assert [len(cause) for cause in found] == [2, 1]


def test_the_smallest_case_stands_for_the_cause_and_operations_are_listed() -> None:
    large, small = finding("A", "put>get | no digest", 3), finding("A", "get | no digest", 1)
    (cause,) = causes_of([large, small], ROWS)
    assert cause.first is small
    assert cause.operations == ("get", "put")


def test_no_findings_have_no_cause() -> None:
    assert causes_of([], ROWS) == []


async def found_with(*defects: str) -> list[Cause]:
    app = ENTRY.reference(ReferenceSettings(defects=defects))
    settings = Settings(target="http://embedded", seed=0, time=0, spec="dev", use_corpus=False)
    inner = httpx.ASGITransport(app, raise_app_exceptions=False)
    result = await run_campaign(settings, ENTRY, inner=inner)
    return causes_of(result.findings, ENTRY.protocol.requirements)


PAIRS = (
    ("push-without-location", "push-answers-old-digest"),
    ("list-named-short", "page-size-ignored"),
    ("chunk-without-range", "cancel-answers-200"),
)


@pytest.mark.parametrize("pair", PAIRS, ids="+".join)
async def test_two_faults_of_one_registry_are_two_causes(pair: tuple[str, str]) -> None:
    causes = await found_with(*pair)
    first = ENTRY.defects[pair[0]].requirements
    assert len(causes) == 2
    causes.sort(key=lambda cause: cause.first.requirement not in first)
    for name, cause in zip(pair, causes, strict=True):
        told_of = {one.requirement for one in cause.findings}
        assert told_of & set(ENTRY.defects[name].requirements)


async def test_one_fault_of_many_operations_is_one_cause() -> None:
    (cause,) = await found_with("cancelled-kept")
    assert {"cancel-upload", "finish-upload", "send-chunk"} <= set(cause.operations)
    assert {one.requirement for one in cause.findings} == {"OCI-CAN-02"}
