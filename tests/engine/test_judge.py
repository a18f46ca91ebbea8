from __future__ import annotations

from dataclasses import replace

import pytest

from regshape.catalog import find
from regshape.engine.judge import Judge, Tally, able, selected
from regshape.errors import UsageError
from regshape.model import (
    Call,
    Capability,
    Check,
    Exchange,
    Expectation,
    Fault,
    Level,
    Mutator,
    Outcome,
    Request,
    Requirement,
)
from regshape.settings import Settings

OCI = find("oci").protocol
REQUEST = Request("GET", "/")
ANSWER = Exchange("GET", "/", status=500)
BROKEN = Mutator("n-letters", "query", "replace", "n", "abc", Expectation.REJECT)
HARMLESS = Mutator("x", "header", "replace", "X", "1", Expectation.TOLERATE)


def requirement(id_: str, check: Check, *operations: str) -> Requirement:
    return Requirement(id_, Level.MUST, "1", "It does.", "here", frozenset(operations), check)


def fault(aspect: str = "status 500", *, wide: bool = False) -> Check:
    return lambda call, exchange: Fault(aspect, "it was wrong", wide)


def call(operation: str = "list", *mutators: Mutator, cause: Call | None = None) -> Call:
    return Call(operation, REQUEST, None, mutators=mutators, cause=cause)


def signature(of: Call, *, wide: bool = False) -> str:
    _, violations = Judge([requirement("A", fault(wide=wide))], [of.operation]).judge(of, ANSWER)
    return violations[0].signature


def test_what_says_nothing_is_not_judged() -> None:
    judge = Judge([requirement("A", lambda call, exchange: False)], ["list"])
    assert judge.judge(call(), ANSWER) == ([], [])


def test_what_is_met_is_judged_and_no_violation() -> None:
    judge = Judge([requirement("A", lambda call, exchange: True)], ["list"])
    assert judge.judge(call(), ANSWER) == (["A"], [])


def test_the_same_aspect_is_reported_by_the_first_requirement_of_the_table_only() -> None:
    table = [requirement("A", fault()), requirement("B", fault()), requirement("C", fault("other"))]
    judged, violations = Judge(table, ["list"]).judge(call(), ANSWER)
    assert judged == ["A", "B", "C"]
    assert [item.requirement for item in violations] == ["A", "C"]


def test_a_check_runs_on_its_operations_only() -> None:
    judge = Judge([requirement("A", fault(), "push")], ["list", "push"])
    assert judge.judge(call("list"), ANSWER) == ([], [])
    assert judge.judge(call("push"), ANSWER)[0] == ["A"]


def test_a_signature_names_the_operation_and_what_was_wrong() -> None:
    assert signature(call("list")) == "list | status 500"


def test_a_signature_names_what_was_broken_but_not_how() -> None:
    assert signature(call("list", BROKEN)) == "list | status 500 | query n"


def test_a_mutator_that_changes_nothing_is_not_in_a_signature() -> None:
    assert signature(call("list", HARMLESS)) == "list | status 500"


def test_a_readback_is_named_after_what_it_reads_back() -> None:
    cause = call("push", BROKEN)
    assert signature(call("get", cause=cause)) == "push>get | status 500 | query n"


def test_what_has_one_cause_for_all_operations_is_named_by_it_alone() -> None:
    assert signature(call("list", BROKEN), wide=True) == "status 500"


def test_patterns_choose_requirements() -> None:
    kept, skipped = selected(OCI, Settings(only=("OCI-CHK-*",), skip=("OCI-CHK-07",)), "dev")
    ids = {item.id for item in kept}
    assert "OCI-CHK-05" in ids
    assert all(id_.startswith("OCI-CHK-") for id_ in ids)
    assert skipped["OCI-CHK-07"] == "left out by --skip"
    assert skipped["OCI-BLOB-01"] == "left out by --only"


@pytest.mark.parametrize("pattern", ["OCI-NONE-*", "oci-chk-07"])
def test_a_pattern_that_names_no_requirement_is_an_error(pattern: str) -> None:
    with pytest.raises(UsageError, match="no requirement"):
        selected(OCI, Settings(skip=(pattern,)), "1.1")


def test_what_is_not_in_a_version_is_skipped_with_the_version_that_has_it() -> None:
    _, skipped = selected(OCI, Settings(), "1.1")
    assert skipped["OCI-CAN-01"] == "not in version 1.1: --spec dev judges it"
    assert "OCI-CAN-01" not in selected(OCI, Settings(), "dev")[1]


def test_a_level_is_that_of_the_version() -> None:
    assert Tally(OCI, "1.1", {}).level("OCI-PULL-02") is Level.SHOULD
    assert Tally(OCI, "dev", {}).level("OCI-PULL-02") is Level.MUST


def test_what_needs_an_absent_feature_is_neither_judged_nor_passed() -> None:
    absent = {"mount": Capability("mount", present=False, reason="POST was answered with 202")}
    assert "OCI-MNT-01" not in {item.id for item in able(OCI.requirements, absent)}
    tally = Tally(OCI, "1.1", {})
    tally.lacks(absent)
    verdict = tally.verdict("OCI-MNT-01")
    assert verdict.outcome is Outcome.SKIP
    assert verdict.reason == "no mount: POST was answered with 202"


def test_what_needs_several_features_is_skipped_for_the_first_that_is_absent() -> None:
    logged = find("ori").protocol
    lacks = {
        name: Capability(name, present=name == "token", reason=f"no {name} there")
        for name in ("log", "token")
    }
    kept = {item.id for item in able(logged.requirements, lacks)}
    assert "ORI-57" not in kept
    assert "ORI-01" in kept
    tally = Tally(logged, "1", {})
    tally.lacks(lacks)
    assert tally.verdict("ORI-57").reason == "no log: no log there"
    tally = Tally(logged, "1", {})
    tally.lacks({name: replace(item, present=False) for name, item in lacks.items()})
    assert tally.verdict("ORI-57").reason == "no token: no token there"


def test_what_was_not_judged_is_inconclusive_and_no_pass() -> None:
    assert Tally(OCI, "1.1", {}).verdict("OCI-CHK-07").outcome is Outcome.INCONCLUSIVE


def test_what_was_judged_passes_with_its_count() -> None:
    tally = Tally(OCI, "1.1", {})
    tally.count(["OCI-CHK-07", "OCI-CHK-07"])
    tally.add({"OCI-CHK-07": 3})
    verdict = tally.verdict("OCI-CHK-07")
    assert (verdict.outcome, verdict.judged) == (Outcome.PASS, 5)


def test_a_finding_fails_a_must_and_warns_of_the_rest() -> None:
    tally = Tally(OCI, "1.1", {})
    for id_ in ("OCI-CHK-07", "OCI-UPL-06"):
        tally.count([id_])
        tally.found(id_, "f1")
    assert tally.verdict("OCI-CHK-07").outcome is Outcome.FAIL
    assert tally.verdict("OCI-UPL-06").outcome is Outcome.WARN


def test_what_could_not_be_shown_again_is_inconclusive_unless_something_else_was() -> None:
    tally = Tally(OCI, "1.1", {})
    tally.count(["OCI-CHK-07"])
    tally.doubt("OCI-CHK-07", "seen once")
    assert tally.verdict("OCI-CHK-07").outcome is Outcome.INCONCLUSIVE
    tally.found("OCI-CHK-07", "f1")
    assert tally.verdict("OCI-CHK-07").outcome is Outcome.FAIL


def test_there_is_a_verdict_for_every_requirement_in_the_order_of_the_table() -> None:
    verdicts = Tally(OCI, "1.1", {}).verdicts()
    assert [item.requirement for item in verdicts] == [item.id for item in OCI.requirements]
