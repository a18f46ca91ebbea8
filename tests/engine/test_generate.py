from __future__ import annotations

import json
import time
from collections import Counter
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import strategies as st

from regshape.catalog import find
from regshape.engine.generate import BUFFER_SIZE, Drawer, corpus_cases, sweep
from regshape.engine.mutate import combinations
from regshape.errors import CaseError
from regshape.model import Case, Step
from regshape.report.codec import case_to_json
from regshape.strategies.common import Move, programs

ENTRY = find("oci")


def drawer(seed: int = 7) -> Drawer:
    return Drawer(ENTRY.cases(ENTRY.moves, combinations(ENTRY.breaks)), seed)


def text(case: Case | None) -> str:
    assert case is not None
    return json.dumps(case_to_json(case), sort_keys=True)


def test_the_same_seed_draws_the_same_cases_byte_for_byte() -> None:
    first = [text(case) for _, case in islice(drawer().cases(), 200)]
    assert first == [text(case) for _, case in islice(drawer().cases(), 200)]


def test_another_seed_draws_other_cases() -> None:
    first = [text(case) for _, case in islice(drawer(1).cases(), 50)]
    assert first != [text(case) for _, case in islice(drawer(2).cases(), 50)]


def test_a_case_depends_on_its_number_and_on_no_other() -> None:
    one = drawer()
    forwards = {number: text(one.case(one.buffer(number))) for number in range(60)}
    other = drawer()
    for number in reversed(range(60)):
        assert text(other.case(other.buffer(number))) == forwards[number]


def test_cases_can_be_drawn_from_any_number_on() -> None:
    whole = [text(case) for _, case in islice(drawer().cases(), 30)]
    assert [text(case) for _, case in islice(drawer().cases(20), 10)] == whole[20:]


def test_a_buffer_is_long_enough_for_the_longest_case() -> None:
    one = drawer()
    drawn = [one.case(one.buffer(number)) for number in range(300)]
    assert None not in drawn
    assert max(len(case.steps) for case in drawn if case is not None) >= 8
    assert len(one.buffer(0)) == BUFFER_SIZE


def test_a_buffer_that_is_too_short_has_no_case() -> None:
    assert Drawer(st.builds(Case, st.just("oci"), st.just(())), 0).case(b"") is not None
    assert drawer().case(b"") is None


def test_cases_are_drawn_faster_than_any_registry_answers() -> None:
    one = drawer()
    one.case(one.buffer(0))
    began = time.perf_counter()
    for number in range(500):
        one.case(one.buffer(number))
    assert 500 / (time.perf_counter() - began) > 200


def swept() -> list[Case]:
    return list(sweep("oci", ENTRY.moves, ENTRY.programs, ENTRY.breaks))


def test_the_sweep_has_every_move_and_every_program_once() -> None:
    cases = [text(case) for case in swept()]
    prepared = list(dict.fromkeys(text(case) for case in ENTRY.programs))
    assert cases[: len(prepared)] == prepared
    alone = {text(Case("oci", (move.step(),))) for move in ENTRY.moves}
    assert alone <= set(cases)


def test_the_sweep_breaks_each_operation_in_each_way_once() -> None:
    firsts = {move.operation: move for move in reversed(ENTRY.moves)}
    broken = Counter(
        (step.operation, step.mutators)
        for case in swept()
        for step in case.steps
        if step.mutators
        and len(case.steps) == 1
        and step.arguments == firsts[step.operation].arguments
    )
    assert broken == {
        (operation, (mutator,)): 1 for operation, group in ENTRY.breaks.items() for mutator in group
    }


def test_no_step_of_the_sweep_is_broken_in_two_ways() -> None:
    assert max(len(step.mutators) for case in swept() for step in case.steps) == 1


def test_the_sweep_has_no_case_twice() -> None:
    cases = [text(case) for case in swept()]
    assert [case for case, count in Counter(cases).items() if count > 1] == []


def test_operations_take_turns_at_being_broken() -> None:
    broken = [case for case in swept()[len(ENTRY.programs) :] if case.steps[0].mutators]
    first = {case.steps[0].operation for case in broken[: 2 * len(ENTRY.breaks)]}
    assert first == {operation for operation, group in ENTRY.breaks.items() if group}


def test_a_corpus_is_read_by_file_name(tmp_path: Path) -> None:
    for name in ("b", "a"):
        document = case_to_json(Case("oci", (Step("ping"),), comment=name))
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    (tmp_path / "notes.txt").write_text("no case")
    cases = corpus_cases("oci", tmp_path, built_in=False)
    assert [case.comment for case in cases] == ["a", "b"]


def test_a_corpus_that_is_not_there_is_empty(tmp_path: Path) -> None:
    assert corpus_cases("oci", tmp_path / "absent", built_in=False) == []


def test_a_file_that_is_no_case_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{}")
    with pytest.raises(CaseError, match=r"broken\.json"):
        corpus_cases("oci", tmp_path, built_in=False)


def test_what_belongs_together_is_drawn_whole_and_left_out_where_a_part_is_missing() -> None:
    pair = (Step("a"), Step("b", {"which": 1}))

    def drawn(*operations: str) -> list[Step]:
        one = Drawer(programs("p", [Move(name) for name in operations], {}, (pair,)), 0)
        cases = [one.case(one.buffer(number)) for number in range(60)]
        return [step for case in cases if case is not None for step in case.steps]

    assert pair[1] in drawn("a", "b")
    assert {step.operation for step in drawn("a")} == {"a"}
