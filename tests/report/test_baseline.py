from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from regshape.errors import CaseError, UsageError
from regshape.model import Comparison, KnownFailure, Outcome, Result, Standing
from regshape.report.baseline import (
    Baseline,
    baseline_of,
    baseline_text,
    compared,
    read_baseline,
    updated,
    write_baseline,
)
from regshape.report.document import result_to_json
from regshape.report.terminal import render

HEAD = '{"format": 1, "protocol": "oci", "spec": "1", "entries": '
TODAY = date(2026, 11, 21)
OLD = KnownFailure("OCI-PULL-01", "0ld", "status 500", "a pull was answered with 500")


def known(result: Result, **changes: object) -> KnownFailure:
    (entry,) = baseline_of(result).entries
    return replace(entry, **changes)  # type: ignore[arg-type]


def comparison(result: Result, *entries: KnownFailure) -> Comparison:
    told = compared(result, Baseline("oci", "1.1", entries), TODAY).baseline
    assert told is not None
    return told


def test_a_file_reads_back_as_it_was_written(result: Result, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "baseline.json"
    entry = known(result, reason="the vendor knows", expires=date(2027, 1, 31))
    baseline = Baseline("oci", "1.1", (entry, OLD))
    write_baseline(path, baseline)
    assert read_baseline(path, "oci") == baseline
    assert [item.name for item in path.parent.iterdir()] == ["baseline.json"]


def test_the_file_has_one_field_a_line_and_an_order_of_its_own(result: Result) -> None:
    text = baseline_text(baseline_of(result))
    data = json.loads(text)
    assert (data["format"], data["protocol"], data["spec"]) == (1, "oci", "1.1")
    assert '\n      "finding": "5f0c1a2b3c4d5e6f",\n' in text
    (finding,) = result.findings
    other = replace(finding, id="aa", requirement="OCI-A-01")
    turned = [
        baseline_text(baseline_of(replace(result, findings=findings)))
        for findings in ((finding, other), (other, finding))
    ]
    assert turned[0] == turned[1]


def test_what_is_known_is_excused_and_what_is_not_is_new(result: Result) -> None:
    told = compared(result, baseline_of(result), TODAY)
    verdict = next(v for v in told.verdicts if v.outcome is Outcome.FAIL)
    assert told.is_excused(verdict)
    assert told.standing(verdict.findings[0]) is Standing.KNOWN
    unknown = compared(result, Baseline("oci", "1.1"), TODAY)
    assert not unknown.is_excused(verdict)
    assert unknown.standing(verdict.findings[0]) is Standing.NEW
    assert not result.is_excused(verdict)


def test_one_new_finding_beside_a_known_one_is_not_excused(result: Result) -> None:
    (finding,) = result.findings
    second = replace(finding, id="5ec0nd")
    verdict = replace(result.verdicts[1], findings=(finding.id, second.id))
    both = replace(result, verdicts=(verdict,), findings=(finding, second))
    assert not compared(both, baseline_of(result), TODAY).is_excused(verdict)


def test_a_verdict_without_findings_is_never_excused(result: Result) -> None:
    told = compared(result, baseline_of(result), TODAY)
    assert not told.is_excused(replace(result.verdicts[1], findings=()))


@pytest.mark.parametrize(
    ("expires", "standing"),
    [
        (date(2026, 11, 20), Standing.EXPIRED),
        (date(2026, 11, 21), Standing.KNOWN),
        (date(2026, 11, 22), Standing.KNOWN),
    ],
)
def test_an_entry_holds_to_the_end_of_its_day(
    result: Result, expires: date, standing: Standing
) -> None:
    told = compared(result, Baseline("oci", "1.1", (known(result, expires=expires),)), TODAY)
    assert told.standing(result.findings[0].id) is standing
    assert told.is_excused(result.verdicts[1]) is (standing is Standing.KNOWN)


def test_what_no_longer_fails_is_fixed_if_its_requirement_was_judged(result: Result) -> None:
    assert comparison(result, OLD).fixed == (OLD,)
    for requirement in ("OCI-REF-01", "OCI-RACE-01", "OCI-NEVER-01"):
        assert comparison(result, replace(OLD, requirement=requirement)).fixed == ()
    unjudged = replace(result, verdicts=(replace(result.verdicts[0], judged=0),))
    assert comparison(unjudged, OLD).fixed == ()


@pytest.mark.parametrize("ended_by", ["interrupt", "target-lost", "running"])
def test_a_campaign_that_was_cut_short_shows_nothing_to_be_fixed(
    result: Result, ended_by: str
) -> None:
    cut = replace(result, campaign=replace(result.campaign, ended_by=ended_by))
    assert comparison(cut, OLD).fixed == ()


def test_an_update_adds_what_is_new_drops_what_is_fixed_and_keeps_the_rest(result: Result) -> None:
    excused = known(result, reason="the vendor knows", expires=date(2026, 1, 1))
    unjudged = replace(OLD, requirement="OCI-REF-01")
    after = updated(Baseline("oci", "1.1", (unjudged, OLD, excused)), result, TODAY)
    assert list(after.entries) == [excused, unjudged]
    assert updated(Baseline("oci", "1.1"), result, TODAY) == baseline_of(result)


def test_the_cases_of_the_entries_are_there_to_be_run_again(result: Result) -> None:
    baseline = baseline_of(result)
    assert baseline.cases() == (result.findings[0].case,)
    assert Baseline("oci", "1.1", (OLD,)).cases() == ()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", r"b\.json: not a baseline, since it is not JSON"),
        ("[" * 100_000, r"b\.json: not a baseline, since it is not JSON"),
        ("[]", r"b\.json: the whole: must be an object"),
        ("{}", r"b\.json: format: is missing"),
        ('{"format": 2, "protocol": "oci", "spec": "1.1", "entries": []}', "format: must be one"),
        (HEAD + '[{"finding": "a"}]}', r"entries\.0\.requirement: is missing"),
        (
            HEAD + '[{"finding": "a", "requirement": "R", "expires": "soon"}]}',
            r"entries\.0\.expires: must be a valid date",
        ),
        (
            HEAD + '[{"finding": "a", "requirement": "R", "case": {"protocol": "oci"}}]}',
            r"entries\.0\.case: steps: is missing",
        ),
    ],
)
def test_what_is_no_baseline_is_said_with_its_place(
    tmp_path: Path, text: str, sentence: str
) -> None:
    path = tmp_path / "b.json"
    path.write_text(text)
    with pytest.raises(CaseError, match=sentence):
        read_baseline(path, "oci")


def test_a_baseline_of_another_protocol_or_none_at_all_is_said(tmp_path: Path) -> None:
    path = tmp_path / "b.json"
    write_baseline(path, Baseline("ori", "1"))
    with pytest.raises(UsageError, match=r"b\.json is a baseline of ori, and this is about oci"):
        read_baseline(path, "oci")
    with pytest.raises(CaseError, match=r"none\.json cannot be read: No such file"):
        read_baseline(tmp_path / "none.json", "oci")


def test_a_baseline_that_cannot_be_written_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(UsageError, match="folder cannot be written: Is a directory"):
        write_baseline(tmp_path / "folder", Baseline("oci", "1.1"))
    assert [item.name for item in tmp_path.iterdir()] == ["folder"]


def test_no_secret_gets_into_the_file(result: Result) -> None:
    (finding,) = result.findings
    told = replace(finding, summary="refused: Authorization: Basic czNjcjN0")
    assert "czNjcjN0" not in baseline_text(baseline_of(replace(result, findings=(told,))))


def test_the_document_says_what_the_baseline_says(result: Result) -> None:
    assert result_to_json(result, ())["baseline"] is None
    entry = known(result, reason="the vendor knows", expires=date(2027, 1, 31))
    told = result_to_json(compared(result, Baseline("oci", "1.1", (entry, OLD)), TODAY), ())[
        "baseline"
    ]
    (row,) = told["known"]
    assert (row["finding"], row["reason"]) == (entry.finding, "the vendor knows")
    assert row["expires"] == "2027-01-31"
    assert [row["finding"] for row in told["fixed"]] == ["0ld"]
    assert told["expired"] == []


@pytest.mark.parametrize("width", [60, 80])
def test_the_tables_show_known_failures_in_a_line_and_what_is_fixed(
    result: Result, width: int
) -> None:
    entry = known(result, reason="the vendor knows")
    text = render(compared(result, Baseline("oci", "1.1", (entry, OLD)), TODAY), (), width)
    words = " ".join(text.split())
    assert "known: 5f0c1a2b OCI-CHK-03 a chunk" in words
    assert words.count("the vendor knows") == 1
    assert "fixed: 0ld OCI-PULL-01 a pull was answered with 500: no longer fails" in words
    assert "regshape replay" not in text
    assert max(map(len, text.splitlines())) <= width
    late = known(result, expires=date(2026, 11, 1))
    text = render(compared(result, Baseline("oci", "1.1", (late,)), TODAY), (), width)
    assert "since 2026-11-01" in " ".join(text.split())
    assert "regshape replay" in text
