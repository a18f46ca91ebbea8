"""What every protocol of the catalogue has to keep, so that its verdicts can be trusted."""

from __future__ import annotations

import json
from collections import Counter

import httpx
import pytest

from regshape.catalog import PROTOCOLS, Entry, ReferenceSettings
from regshape.engine.generate import corpus_cases
from regshape.engine.runner import run_campaign
from regshape.model import Case, Level, Outcome
from regshape.mutators.apply import validate
from regshape.report.codec import case_from_json, case_to_json
from regshape.settings import Settings

KNOWN_MISSING: frozenset[str] = frozenset()
"""Requirements with a check that no defect trips yet. It may only become smaller."""

ENTRIES = [pytest.param(entry, id=name) for name, entry in PROTOCOLS.items()]


def replayed(case: Case) -> Case:
    return case_from_json(json.loads(json.dumps(case_to_json(case))), "here")


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_requirement_has_a_check_or_says_why_not(entry: Entry) -> None:
    for requirement in entry.protocol.requirements:
        assert requirement.checked == (requirement.waiver is None), requirement.id


@pytest.mark.parametrize("entry", ENTRIES)
def test_requirements_are_told_apart_by_their_ids(entry: Entry) -> None:
    counts = Counter(requirement.id for requirement in entry.protocol.requirements)
    assert [id_ for id_, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("entry", ENTRIES)
def test_requirements_say_where_they_stand(entry: Entry) -> None:
    for requirement in entry.protocol.requirements:
        assert "https://" in requirement.source, requirement.id
        assert requirement.text.endswith("."), requirement.id
        assert requirement.since in {"", *entry.protocol.versions}, requirement.id


@pytest.mark.parametrize("entry", ENTRIES)
def test_requirements_are_judged_on_operations_that_there_are(entry: Entry) -> None:
    known = set(entry.protocol.operations)
    for requirement in entry.protocol.requirements:
        assert requirement.operations <= known, requirement.id


@pytest.mark.parametrize("entry", ENTRIES)
def test_what_follows_from_what_has_no_circle_and_names_what_there_is(entry: Entry) -> None:
    follows = {row.id: row.follows for row in entry.protocol.requirements}
    for row, sources in follows.items():
        ahead = list(sources)
        while ahead:
            source = ahead.pop()
            assert source in follows
            assert source != row
            ahead += follows[source]


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_must_is_shown_to_fail_by_a_defect(entry: Entry) -> None:
    shown = {id_ for defect in entry.defects.values() for id_ in defect.requirements}
    musts = {
        requirement.id
        for requirement in entry.protocol.requirements
        if requirement.level is Level.MUST and requirement.checked
    }
    assert musts - shown == KNOWN_MISSING & musts


@pytest.mark.parametrize("entry", ENTRIES)
def test_defects_name_requirements_that_there_are(entry: Entry) -> None:
    judged = {item.id for item in entry.protocol.requirements if item.checked}
    for name, defect in entry.defects.items():
        assert defect.name == name
        assert defect.requirements, name
        assert set(defect.requirements) <= judged, name


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_defect_says_what_it_takes_to_see_it(entry: Entry) -> None:
    assert [name for name, defect in entry.defects.items() if not defect.kind] == []


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_defect_can_be_planted(entry: Entry) -> None:
    for name in entry.defects:
        assert callable(entry.reference(ReferenceSettings(defects=(name,))))


@pytest.mark.parametrize("entry", ENTRIES)
def test_moves_and_programs_name_operations_that_there_are(entry: Entry) -> None:
    known = set(entry.protocol.operations)
    assert {move.operation for move in entry.moves} <= known
    cases = (*entry.programs, *entry.races)
    assert {step.operation for case in cases for step in case.all_steps()} <= known
    assert set(entry.breaks) <= known


@pytest.mark.parametrize("entry", ENTRIES)
def test_every_operation_has_a_move(entry: Entry) -> None:
    assert set(entry.protocol.operations) == {move.operation for move in entry.moves}


@pytest.mark.parametrize("entry", ENTRIES)
def test_moves_and_programs_can_be_written_down_and_replayed(entry: Entry) -> None:
    for move in entry.moves:
        assert json.loads(json.dumps(move.arguments)) == move.arguments
        case = Case(entry.protocol.name, (move.step(),))
        assert replayed(case) == case
    for case in (*entry.programs, *entry.races):
        assert replayed(case) == case


@pytest.mark.parametrize("entry", ENTRIES)
def test_mutators_can_be_applied_and_are_told_apart_by_their_names(entry: Entry) -> None:
    for operation, group in entry.breaks.items():
        names = [mutator.name for mutator in group]
        assert len(names) == len(set(names)), operation
        for mutator in group:
            validate(mutator)


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_corpus_can_be_read(entry: Entry) -> None:
    known = set(entry.protocol.operations)
    for case in corpus_cases(entry.corpus, None, built_in=True):
        assert {step.operation for step in case.steps} <= known


@pytest.mark.parametrize("entry", ENTRIES)
@pytest.mark.parametrize("delete", [True, False])
async def test_the_reference_passes_whatever_is_judged(entry: Entry, *, delete: bool) -> None:
    app = entry.reference(ReferenceSettings(delete=delete))
    inner = httpx.ASGITransport(app, raise_app_exceptions=False)
    settings = Settings.model_validate(
        {
            "target": "http://embedded",
            "time": 0,
            "protocol": entry.protocol.name,
            "tokens": entry.tokens,
        }
    )
    result = await run_campaign(settings, entry, inner=inner)
    assert [finding.summary for finding in result.findings] == []
    outcomes = {verdict.outcome for verdict in result.verdicts}
    assert outcomes <= {Outcome.PASS, Outcome.SKIP, Outcome.INCONCLUSIVE}
