from __future__ import annotations

import csv
import io
from dataclasses import replace

from regshape.model import Outcome, Result, Verdict
from regshape.report.difference import Change, Difference, difference, matrix, verdicts_csv


def without(result: Result, *, judged: int = 9) -> Result:
    verdicts = tuple(
        replace(verdict, outcome=Outcome.PASS, findings=(), judged=judged)
        if verdict.findings
        else verdict
        for verdict in result.verdicts
    )
    return replace(result, verdicts=verdicts, findings=())


def shaky(result: Result) -> Result:
    return replace(result, findings=(replace(result.findings[0], reproduced=(2, 5)),))


def test_a_campaign_does_not_differ_from_itself(result: Result) -> None:
    assert difference(result, result) == Difference()


def test_what_only_one_has_is_new_or_fixed(result: Result) -> None:
    assert difference(without(result), result) == Difference(new=result.findings)
    assert difference(result, without(result)) == Difference(fixed=result.findings)


def test_what_was_not_judged_again_is_missing_and_not_fixed(result: Result) -> None:
    assert difference(result, without(result, judged=0)).missing == result.findings
    assert difference(result, replace(result, verdicts=(), findings=())).fixed == ()


def test_what_does_not_show_every_time_is_flaky_whoever_has_it(result: Result) -> None:
    for before, after in (
        (shaky(result), result),
        (result, shaky(result)),
        (shaky(result), without(result)),
        (without(result), shaky(result)),
    ):
        found = difference(before, after)
        assert [finding.id for finding in found.flaky] == [result.findings[0].id]
        assert (found.new, found.fixed, found.missing) == ((), (), ())


def test_outcomes_that_no_finding_accounts_for_have_changed(result: Result) -> None:
    later = replace(
        result,
        verdicts=(
            replace(result.verdicts[0], outcome=Outcome.SKIP),
            *result.verdicts[1:-1],
            Verdict("OCI-NEW-01", result.verdicts[0].level, Outcome.PASS, 1),
        ),
    )
    assert difference(result, later).changed == (
        Change("OCI-PULL-01", Outcome.PASS, Outcome.SKIP),
        Change("OCI-RACE-01", Outcome.INCONCLUSIVE, None),
        Change("OCI-NEW-01", None, Outcome.PASS),
    )


def test_a_matrix_has_a_column_for_each_campaign(result: Result) -> None:
    fewer = replace(without(result), verdicts=without(result).verdicts[:2])
    made = matrix([result, fewer])
    assert len(made.campaigns) == 2
    rows = dict(made.rows)
    assert rows["OCI-CHK-03"] == (Outcome.FAIL, Outcome.PASS)
    assert rows["OCI-RACE-01"] == (Outcome.INCONCLUSIVE, None)
    assert list(rows) == [verdict.requirement for verdict in result.verdicts]


def test_csv_reads_back(result: Result) -> None:
    rows = list(csv.DictReader(io.StringIO(verdicts_csv(result))))
    assert [row["requirement"] for row in rows] == [v.requirement for v in result.verdicts]
    assert rows[1]["findings"] == result.findings[0].id
    assert (rows[3]["outcome"], rows[3]["reason"]) == ("skip", "the referrers API answers 404")
