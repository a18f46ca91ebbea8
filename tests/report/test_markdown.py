from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from regshape.model import Comparison, KnownFailure, Requirement, Result
from regshape.report.markdown import code, escaped, fenced, render
from tests.report.conftest import KNOWN, with_bytes
from tests.report.recorded import Recorded

GITHUB = MarkdownIt("gfm-like", {"linkify": False})
GITHUB_LIMIT = 1024 * 1024


def inline(text: str) -> list[Token]:
    (_, middle, _) = GITHUB.parse(text)
    return middle.children or []


def test_the_summary_of_a_real_campaign_is_a_table_and_a_block_for_each_finding(
    recorded: Recorded,
) -> None:
    text = render(recorded.result, recorded.requirements)
    tokens = GITHUB.parse(text)
    rows = sum(token.type == "tr_open" for token in tokens)
    failed = {finding.requirement for finding in recorded.result.findings}
    assert rows == 1 + len(failed) > 1
    blocks = [token for token in tokens if token.type == "fence"]
    assert len(blocks) == 2 * len(recorded.result.findings)
    assert text.count("<details>") == text.count("</details>") == len(blocks) // 2 + 1
    assert len(text.encode()) < GITHUB_LIMIT


def test_it_says_what_the_terminal_says(
    result: Result, requirements: tuple[Requirement, ...]
) -> None:
    text = render(result, requirements)
    for part in (
        "6 requirements: 1 pass, 1 fail, 1 warn, 2 skip, 1 inconclusive",
        "oci 1.1, seed 7, campaign `c0ffee0123456789`; the time was up",
        "[OCI-CHK-03](https://github.com/opencontainers/distribution-spec/blob/main/spec.md#",
        "seen 5 of 5 times",
        "- patch-upload was broken by content-range-garbage: it must be refused",
        '"operation": "patch-upload"',
        result.findings[0].replay[1],
        "- skip: the referrers API answers 404 (2 requirements)",
    ):
        assert part in text


def test_many_findings_stay_under_what_github_shows(result: Result) -> None:
    finding = replace(result.findings[0], replay=("curl " + "x" * 100_000,) * 3)
    many = replace(result, findings=(finding,) * 500)
    text = render(many, ())
    assert "and 470 findings more: `regshape verdicts show c0ffee0123456789`" in text
    assert len(text.encode()) < GITHUB_LIMIT


@pytest.mark.parametrize(
    "text",
    ["a|b", "**b**", "<img src=x>", "[a](http://b)", "`x`", "# a", "@you", "&lt;", "a\nb", "$x$"],
)
def test_what_a_peer_sent_shows_as_it_is(text: str) -> None:
    shown = "".join(
        token.content for token in inline(f"x{escaped(text)}") if token.type != "text_special"
    )
    kinds = {token.type for token in inline(f"x{escaped(text)}")}
    assert kinds <= {"text", "text_special"}
    assert shown == "x" + text.replace("\n", " ")


@pytest.mark.parametrize("text", ["a`b", "``", "`", "a|b", "a"])
def test_code_holds_any_backticks(text: str) -> None:
    (only,) = inline(code(text).replace("\\|", "|"))
    assert (only.type, only.content) == ("code_inline", text)


def test_a_block_is_not_ended_by_what_it_holds() -> None:
    (token,) = GITHUB.parse(fenced("a\n```\n# b\n````", "sh"))
    assert (token.type, token.content) == ("fence", "a\n```\n# b\n````\n")


def test_any_byte_may_stand_in_a_finding() -> None:
    text = render(with_bytes(bytes(range(256))), ())
    assert "\x00" not in text
    assert "\x1b" not in text


def test_what_the_baseline_knows_is_told_apart(result: Result) -> None:
    text = render(KNOWN, ())
    assert "| known | OCI-CHK-03 |" in text
    assert "### Findings" not in text
    assert "- known: `5f0c1a2b3c4d5e6f` OCI-CHK-03 a chunk with" in text
    over = KnownFailure("OCI-CHK-03", result.findings[0].id, expires=date(2026, 11, 1))
    gone = KnownFailure("OCI-TAGS-01", "abc")
    baseline = Comparison(expired=(over,), fixed=(gone,))
    text = render(replace(result, baseline=baseline), ())
    assert "### Findings" in text
    assert "OCI-CHK-03 since 2026-11-01" in text
    assert "- fixed: `abc` OCI-TAGS-01 no longer fails" in text
