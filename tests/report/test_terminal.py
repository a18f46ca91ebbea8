from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from regshape.model import Exchange, Requirement, Result
from regshape.report.terminal import render


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(
    result: Result, requirements: Sequence[Requirement], width: int
) -> None:
    assert max(len(line) for line in render(result, requirements, width).splitlines()) <= width


def test_it_opens_with_everything_in_one_sentence(
    result: Result, requirements: Sequence[Requirement]
) -> None:
    text = render(result, requirements, 200)
    assert text.splitlines()[0].strip() == (
        "6 requirements: 1 pass, 1 fail, 1 warn, 2 skip, 1 inconclusive "
        "in 31 s, 5,210 cases, 30,112 requests (965/s)"
    )
    assert "seed 7, campaign c0ffee0123456789; the time was up" in text


@pytest.mark.parametrize("width", [60, 80])
def test_a_finding_shows_the_sentence_the_steps_and_how_to_see_it_again(
    result: Result, requirements: Sequence[Requirement], width: int
) -> None:
    text = render(result, requirements, width)
    words = " ".join(text.split())
    assert "The Content-Range header of a chunk MUST match `^[0-9]+-[0-9]+$`" in words
    assert "   1 POST /v2/regshape/0a1b2c3d/blobs/uploads/ -> 202\n" in text
    assert re.search(r"^ +2 PATCH /v2/regshape/.*…&n=1 -> 202$", text, re.MULTILINE)
    assert "   3 GET /v2/ -> timeout\n" in text
    assert "\nregshape replay 5f0c1a2b http://127.0.0.1:5000\n" in text
    assert "patch-upload was broken by content-range-garbage: it must be refused" in words


def test_skips_are_grouped_by_their_reason(
    result: Result, requirements: Sequence[Requirement]
) -> None:
    text = render(result, requirements)
    assert "skip: the referrers API answers 404 (OCI-REF-01, OCI-REF-02)" in text
    assert "inconclusive: seen 1 of 5 times (OCI-RACE-01)" in text


def test_findings_past_the_twentieth_are_counted(
    result: Result, requirements: Sequence[Requirement]
) -> None:
    (finding,) = result.findings
    many = tuple(
        replace(finding, id=f"{number:08x}", signature=f"push-manifest | fault {number}")
        for number in range(23)
    )
    text = render(replace(result, findings=many), requirements)
    assert text.count("regshape replay") == 20
    assert "and 3 causes more: regshape verdicts show c0ffee0123456789" in text


def test_what_a_peer_sent_cannot_command_the_terminal_nor_rich(
    result: Result, requirements: Sequence[Requirement]
) -> None:
    (finding,) = result.findings
    hostile = "\x1b]0;owned\x07[bold]:smile:\u202e\n"
    evil = replace(
        finding,
        summary=hostile,
        exchanges=(Exchange(hostile, hostile, status=200),),
        replay=(f"curl {hostile}",),
    )
    text = render(replace(result, findings=(evil,)), requirements)
    assert not any(char in text for char in "\x1b\x07\u202e")
    assert "[bold]:smile:" in text


def test_a_campaign_without_any_verdict_still_says_so(result: Result) -> None:
    text = render(replace(result, verdicts=(), findings=()), ())
    assert text.startswith("0 requirements: none judged in 31 s")


def test_one_cause_is_told_once_with_where_else_it_shows(
    result: Result, requirements: Sequence[Requirement]
) -> None:
    (finding,) = result.findings
    both = tuple(
        replace(finding, id=f"{number:08x}", signature=f"{operation} | no digest")
        for number, operation in enumerate(("get-blob", "head-blob"))
    )
    text = render(replace(result, findings=both), requirements)
    assert text.count("regshape replay") == 1
    assert "the same cause, on get-blob, head-blob: 00000001" in text
