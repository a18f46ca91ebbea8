"""What is left out of a plan: steps that need what the target lacks, or that may not be sent."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from regshape.catalog import PROTOCOLS, Entry, find
from regshape.engine.plan import plan_of
from regshape.model import Capability
from regshape.settings import Settings
from regshape.strategies.common import plain

ENTRY = find("oci")
NEEDS = [
    pytest.param(entry, need, id=f"{name}-{need}")
    for name, entry in PROTOCOLS.items()
    for need in sorted({need for move in entry.moves for need in move.needs})
]


@pytest.mark.parametrize(("entry", "need"), NEEDS)
def test_no_program_has_a_move_that_needs_what_the_target_lacks(entry: Entry, need: str) -> None:
    lacking = {need: Capability(need, present=False, reason="the target lacks it")}
    left_out = [(move.operation, move.arguments) for move in entry.moves if need in move.needs]
    programs = plan_of(entry, Settings(), lacking).programs
    assert programs
    assert all(plain(step) not in left_out for case in programs for step in case.steps)


def test_a_program_has_no_mutator_that_was_not_chosen() -> None:
    plan = plan_of(ENTRY, Settings(mutators=("method-*",)), {})
    names = {
        mutator.name for case in plan.programs for step in case.steps for mutator in step.mutators
    }
    assert names
    assert all(name.startswith("method-") for name in names)


@pytest.mark.parametrize(
    ("changes", "broken"),
    [({}, False), ({"username": "me"}, True), ({"tokens": {"main": "t"}}, True),
     ({"tokens": {"reader": "t"}}, False)],
)  # fmt: skip
def test_no_credentials_are_broken_that_the_first_identity_does_not_have(
    changes: Mapping[str, object], *, broken: bool
) -> None:
    plan = plan_of(find("ori"), Settings.model_validate(changes), {})
    targets = {mutator.target for group in plan.breaks.values() for mutator in group}
    assert ("auth" in targets) is broken


def test_a_race_among_the_programs_stays_whole() -> None:
    races = [case for case in ENTRY.programs if case.parallel]
    assert races
    assert set(map(repr, races)) <= set(map(repr, plan_of(ENTRY, Settings(), {}).programs))
