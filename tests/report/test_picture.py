from __future__ import annotations

from dataclasses import replace

from regshape.model import Level, Outcome, Result, Verdict
from regshape.report.picture import found_picture, judged_picture, shares
from tests.report.recorded import Recorded


def test_the_parts_of_the_bar_fill_it() -> None:
    parts = shares([("fail", 1), ("pass", 3)])
    assert [(part.x, part.width, part.kind) for part in parts] == [
        (0, 25, "fail"),
        (25, 75, "pass"),
    ]
    assert shares([]) == []


def test_bars_grow_with_the_logarithm_of_what_was_judged() -> None:
    verdicts = [
        Verdict(f"R-{judged}", Level.MUST, Outcome.PASS, judged) for judged in (0, 9, 99, 999)
    ]
    picture = judged_picture(verdicts)
    assert [bar.height for bar in picture.bars] == [1.5, 30.67, 61.33, 92]
    assert [bar.x for bar in picture.bars] == [0, 25, 50, 75]
    assert [tick.label for tick in picture.ticks] == ["1", "10", "100"]
    assert picture.sentence.startswith("3 of 4 requirements were judged")
    assert picture.bars[3].title == "R-999: pass, judged 999 times"


def test_a_campaign_that_judged_nothing_has_a_picture() -> None:
    assert judged_picture([]).bars == ()
    (bar,) = judged_picture([Verdict("R", Level.MUST, Outcome.SKIP, 0)]).bars
    assert (bar.x, bar.height) == (0, 1.5)


def test_steps_stand_where_the_findings_were_seen(result: Result) -> None:
    found = tuple(
        replace(result.findings[0], id=f"f{after}", seen_after=after) for after in (7528, 0)
    )
    picture = found_picture(replace(result, findings=found))
    assert [(bar.x, bar.width, bar.height) for bar in picture.bars] == [(0, 25, 46), (25, 75, 92)]
    assert [tick.label for tick in picture.ticks] == ["1", "2"]
    assert picture.sentence == (
        "The first of 2 findings was seen after 0 requests, the last after 7,528 of 30,112."
    )


def test_there_are_no_steps_where_nobody_knows_when(result: Result) -> None:
    assert found_picture(result).bars == ()
    assert found_picture(replace(result, findings=())).bars == ()


def test_everything_stands_within_the_plot(recorded: Recorded) -> None:
    pictures = (judged_picture(recorded.result.verdicts), found_picture(recorded.result))
    for picture in pictures:
        assert picture.bars
        for bar in picture.bars:
            assert 0 <= bar.x <= bar.x + bar.width <= 100.1
            assert 0 < bar.height <= 100
            assert abs(bar.y + bar.height - 100) < 0.1
        assert all(0 <= tick.y <= 100 for tick in picture.ticks)
