from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from regshape.model import Result
from regshape.report.live import LiveProgress


def make(budget: float | None = 30.0) -> tuple[LiveProgress, list[float], io.StringIO]:
    clock = [100.0]
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=True, width=60)
    return LiveProgress(console, budget, lambda: clock[0]), clock, screen


def test_the_line_says_how_far_a_search_is(result: Result) -> None:
    live, clock, _ = make()
    live.started(replace(result.campaign, cases=0, requests=0, seconds=0.0))
    live.phase("search", None)
    clock[0] += 9.4
    live.progress(result.campaign)
    live.finding(result.findings[0])
    assert live.line() == "search  5,210 cases  30,112 req  965/s  1 found  0:21 left"
    live.finished(result)


def test_the_line_says_how_much_of_a_sweep_is_done(result: Result) -> None:
    live, _, _ = make()
    live.started(replace(result.campaign, cases=10))
    live.phase("sweep", 400)
    live.progress(replace(result.campaign, cases=110))
    assert live.line().endswith("  25%")
    live.close()


def test_the_longest_line_fits_in_sixty_columns(result: Result) -> None:
    live, _, screen = make(7200.0)
    live.started(result.campaign)
    live.phase("search", None)
    live.progress(replace(result.campaign, cases=999_999, requests=9_999_999, seconds=1200.0))
    for _ in range(999):
        live.finding(result.findings[0])
    assert len(live.line()) <= 60
    assert "…" not in screen.getvalue()
    live.close()


def test_it_leaves_the_terminal_alone_once_closed(result: Result) -> None:
    live, _, screen = make()
    live.started(result.campaign)
    live.phase("search", None)
    live.close()
    written = screen.getvalue()
    live.progress(result.campaign)
    assert screen.getvalue() == written
    live.close()
