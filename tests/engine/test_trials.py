"""Trying a race: what counts as confirmed, which form stands, and what time does to it."""

from __future__ import annotations

from collections.abc import Callable

import anyio

from regshape.engine.send import Trace
from regshape.engine.trials import HURRIED_RACES, RACES, RaceCourse, Shown, Trials, Try
from regshape.model import Case, Step, Violation

PUSH, PING = Step("push-manifest"), Step("ping")
FOUND = Case("oci", (PING,), parallel=((PUSH, PING), (PUSH,), (PING,)))
SMALLEST = Case("oci", (), parallel=((PUSH,), (PUSH,)))
LOST: Shown = (Trace(), Violation("OCI-RACE-02", "tag lost", "a tag is lost"))


def two_pushes(case: Case) -> bool:
    return sum(PUSH in steps for steps in case.parallel) > 1


def every(number: int, shows: Callable[[Case], bool] = two_pushes, seconds: float = 0) -> Try:
    """Return what shows a race every so many executions."""
    executed = 0

    async def attempt(case: Case) -> Shown | None:
        nonlocal executed
        executed += 1
        await anyio.sleep(seconds)
        return LOST if shows(case) and executed % number == 0 else None

    return attempt


async def test_the_smallest_form_stands_with_all_its_executions() -> None:
    trials = Trials(FOUND, every(1))
    await RaceCourse().run(trials, FOUND, 300)
    form = trials.confirmed()
    assert form is not None
    assert (form.case, form.seen, form.tried) == (SMALLEST, RACES, RACES)


async def test_a_race_that_shows_now_and_then_has_its_rate() -> None:
    trials = Trials(FOUND, every(4))
    await RaceCourse().run(trials, FOUND, 300)
    form = trials.confirmed()
    assert form is not None
    assert 2 <= form.seen <= RACES // 3
    assert form.tried >= RACES


async def test_a_race_that_is_never_seen_again_is_not_confirmed() -> None:
    trials = Trials(FOUND, every(10_000))
    await RaceCourse().run(trials, FOUND, 300)
    assert (trials.confirmed(), trials.executions) == (None, RACES)


async def test_a_form_that_was_seen_once_gives_way_to_the_one_before_it() -> None:
    smaller_shown = 0

    def shows(case: Case) -> bool:
        nonlocal smaller_shown
        smaller_shown += case != FOUND and two_pushes(case)
        return case == FOUND or (two_pushes(case) and smaller_shown == 1)

    trials = Trials(FOUND, every(1, shows))
    await RaceCourse().run(trials, FOUND, 300)
    form = trials.confirmed()
    assert form is not None
    assert (form.case, form.seen) == (FOUND, RACES)


async def test_when_time_is_up_before_it_a_race_is_tried_a_few_times_and_not_shrunk() -> None:
    course = RaceCourse()
    course.hurry(anyio.current_time() + 5)
    trials = Trials(FOUND, every(10_000))
    await course.run(trials, FOUND, 300)
    assert trials.executions == HURRIED_RACES
    trials = Trials(FOUND, every(1))
    await course.run(trials, FOUND, 300)
    form = trials.confirmed()
    assert form is not None
    assert (form.case, form.seen, form.tried) == (FOUND, 2, 2)


async def test_what_was_confirmed_stays_when_time_ends_while_it_is_shrunk() -> None:
    course, trials = RaceCourse(), Trials(FOUND, every(1, seconds=0.01))
    began = anyio.current_time()
    async with anyio.create_task_group() as group:
        group.start_soon(course.run, trials, FOUND, 300)
        await anyio.sleep(0.05)
        course.hurry(anyio.current_time() + 0.02)
    assert anyio.current_time() - began < 1
    form = trials.confirmed()
    assert form is not None
    assert form.seen >= 2
    assert form.tried < RACES


async def test_a_try_that_takes_too_long_is_cut_off_and_what_was_confirmed_stays() -> None:
    tries = 0

    async def attempt(_case: Case) -> Shown | None:
        nonlocal tries
        tries += 1
        if tries > 1:
            await anyio.sleep(60)
        return LOST

    course, trials = RaceCourse(), Trials(FOUND, attempt)
    async with anyio.create_task_group() as group:
        group.start_soon(course.run, trials, FOUND, 300)
        await anyio.sleep(0.02)
        course.hurry(anyio.current_time() + 0.02)
    form = trials.confirmed()
    assert form is not None
    assert (form.case, form.seen, form.tried) == (FOUND, 2, 2)
