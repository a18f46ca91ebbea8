from __future__ import annotations

import pytest

from regshape.catalog import find
from regshape.engine.generate import Numbered
from regshape.engine.judge import Tally
from regshape.engine.ledger import Ledger
from regshape.model import Case, Violation

CRASH = "open-upload | status 500"
LONG_NAME = Violation("OCI-NAME-02", CRASH, "it was wrong", ("name",))


def told(known: Violation, seen: Violation) -> bool:
    """Return whether the second is pursued once the first is known."""
    ledger = Ledger(Tally(find("oci").protocol, "1.1", {}), ())
    case = Numbered(0, "sweep", Case("oci", ()))
    assert list(ledger.absorb(case, [known], 1))
    return bool(list(ledger.absorb(case, [seen], 2)))


@pytest.mark.parametrize("broken", [("name",), ("name", "query x-unknown")])
def test_a_crash_is_told_once_by_the_row_that_says_most_of_it(broken: tuple[str, ...]) -> None:
    assert not told(LONG_NAME, Violation("HTTP-03", CRASH, "it was wrong", broken))


@pytest.mark.parametrize(
    "seen",
    [
        Violation("HTTP-03", CRASH, "broken otherwise", ("query digest",)),
        Violation("HTTP-03", CRASH, "nothing broken"),
        Violation("HTTP-03", "get-blob | status 500", "of another operation", ("name",)),
        Violation("HTTP-03", "open-upload | status 502", "another status", ("name",)),
        Violation("OCI-UPL-01", CRASH, "of a row that says as much", ("name",)),
    ],
)
def test_another_crash_is_told_beside_it(seen: Violation) -> None:
    assert told(LONG_NAME, seen)


def test_what_comes_of_breaking_something_is_told_beside_what_comes_of_nothing() -> None:
    known = Violation("OCI-PULL-06", "get-manifest | status 500", "nothing broken")
    assert told(known, known._replace(requirement="HTTP-03", broken=("name",)))


def test_a_crash_in_a_race_does_not_hide_one_of_a_single_request() -> None:
    known = Violation("OCI-RACE-01", "get-manifest | status 500", "in parallel with others")
    assert told(known, known._replace(requirement="HTTP-03"))
