from __future__ import annotations

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

import pytest

from regshape.model import Comparison, Exchange, KnownFailure, Outcome, Requirement, Result
from regshape.report.html import render
from tests.report.conftest import KNOWN, with_bytes
from tests.report.recorded import Recorded

MOST = 2_000_000
LOADING = {"src", "srcset", "data", "poster", "background", "action", "formaction", "style"}


@dataclass
class Page(HTMLParser):
    """A page that was read: its tags with their attributes, and its text."""

    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, name: str) -> list[dict[str, str]]:
        return [attributes for tag, attributes in self.tags if tag == name]

    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def page(result: Result, requirements: Sequence[Requirement] = ()) -> Page:
    read = Page()
    read.feed(render(result, requirements))
    return read


def test_every_verdict_and_every_finding_of_a_real_campaign_is_shown(recorded: Recorded) -> None:
    read = page(recorded.result, recorded.requirements)
    rows = [row for row in read.all("tr") if "data-outcome" in row]
    by_name = {row["data-requirement"]: (row["data-level"], row["data-outcome"]) for row in rows}
    assert by_name == {
        verdict.requirement: (verdict.level.value, verdict.outcome.value)
        for verdict in recorded.result.verdicts
    }
    shown = {article["id"] for article in read.all("article")}
    assert shown == {f"f-{finding.id}" for finding in recorded.result.findings} != set()
    sections = {requirement.section for requirement in recorded.requirements}
    assert len([row for row in read.all("tr") if row.get("class") == "section"]) == len(sections)


def test_links_within_the_page_lead_somewhere_and_no_id_stands_twice(recorded: Recorded) -> None:
    read = page(recorded.result, recorded.requirements)
    ids = Counter(attributes["id"] for _, attributes in read.tags if "id" in attributes)
    assert [name for name, number in ids.items() if number > 1] == []
    targets = [link["href"] for link in read.all("a")]
    assert {target[1:] for target in targets if target.startswith("#")} <= set(ids)
    labels = [
        name
        for _, attributes in read.tags
        for name in attributes.get("aria-labelledby", "").split()
    ]
    assert set(labels) <= set(ids)


def test_nothing_is_loaded_from_anywhere(recorded: Recorded) -> None:
    read = page(recorded.result, recorded.requirements)
    assert not {tag for tag, _ in read.tags} & {"link", "img", "iframe", "object", "base", "embed"}
    assert not [(tag, names) for tag, names in read.tags if LOADING & set(names)]
    assert not [(tag, names) for tag, names in read.tags if tag != "a" and "href" in names]
    text = render(recorded.result, recorded.requirements)
    (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert "url(" not in style
    assert "@import" not in style


def test_the_policy_allows_this_script_and_this_style_alone(recorded: Recorded) -> None:
    text = render(recorded.result, recorded.requirements)
    (policy,) = (
        meta["content"]
        for meta in page(recorded.result, recorded.requirements).all("meta")
        if meta.get("http-equiv") == "Content-Security-Policy"
    )
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    for rule, tag in (("style-src", "style"), ("script-src", "script")):
        (inside,) = re.findall(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert rules[rule] == f"'sha256-{digest}'"


def test_a_finding_has_its_sentence_case_exchanges_and_replay(
    result: Result, requirements: Sequence[Requirement]
) -> None:
    text = page(result, requirements).text()
    for part in (
        "1 requirement not met",
        "oci 1.1 on http://127.0.0.1:5000",
        "MUST The Content-Range header of a chunk MUST match `^[0-9]+-[0-9]+$`;",
        "seen 5 of 5 times",
        "patch-upload was broken by content-range-garbage: it must be refused",
        "patch-upload size=3 broken by content-range-garbage",
        "POST /v2/regshape/0a1b2c3d/blobs/uploads/ HTTP/1.1",
        "HTTP/1.1 202 Accepted",
        "Content-Range: 3- abc",
        "(timeout: no answer within 10 s)",
        "regshape replay 5f0c1a2b3c4d5e6f http://127.0.0.1:5000",
        result.findings[0].replay[1],
        "the referrers API answers 404",
    ):
        assert part in text


@pytest.mark.parametrize(
    "attack", ["<script>alert(1)</script>", "</pre><img src=x onerror=a>", '"']
)
def test_what_a_peer_sent_is_text_and_nothing_else(result: Result, attack: str) -> None:
    exchange = Exchange(
        attack, f"/{attack}", ((attack, attack),), attack.encode(), 200, attack, ((attack, attack),)
    )
    finding = replace(
        result.findings[0],
        summary=attack,
        exchanges=(exchange,),
        replay=(attack,),
        signature=attack,
    )
    verdicts = tuple(replace(verdict, reason=attack) for verdict in result.verdicts)
    campaign = replace(result.campaign, implementation=attack)
    read = page(replace(result, campaign=campaign, verdicts=verdicts, findings=(finding,)))
    assert len(read.all("script")) == 1
    assert read.all("img") == []
    assert attack in read.text()


def test_bytes_that_are_no_text_are_shown_in_hexadecimal() -> None:
    text = page(with_bytes(bytes(range(256)))).text()
    assert "00 01 02 03" in text
    assert "fd fe ff" in text


def test_long_bodies_are_cut_and_it_says_so() -> None:
    text = page(with_bytes(b"x" * 1_000_000)).text()
    assert "(cut: the first 2,000 of 1,000,000 bytes)" in text


def test_thirty_large_findings_stay_under_two_megabytes(result: Result) -> None:
    body = b"<&\x27\x22>" * 4096
    exchange = replace(
        result.findings[0].exchanges[1],
        body=body,
        answer=body,
        answer_headers=(("x", "<" * 9000),) * 4,
    )
    findings = tuple(
        replace(
            result.findings[0],
            id=f"{number:012x}",
            exchanges=(exchange,) * 60,
            replay=("curl " + "<" * 3000,) * 60,
        )
        for number in range(30)
    )
    text = render(replace(result, findings=findings), ())
    assert text.count("<article") == 30
    assert "and 35 exchanges more" in text
    assert len(text.encode()) < MOST


def test_what_the_baseline_knows_is_no_failure(result: Result) -> None:
    read = page(KNOWN)
    assert "Nothing failed beyond the baseline" in read.text()
    assert "1 known failures" in read.text()
    assert "(fixed in 3.0)" in read.text()
    (row,) = (row for row in read.all("tr") if row.get("data-requirement") == "OCI-CHK-03")
    assert row["data-outcome"] == "known"
    gone = Comparison(fixed=(KnownFailure("OCI-TAGS-01", "abc", summary="n=0 gave 1 tag"),))
    text = page(replace(result, baseline=gone)).text()
    assert "1 no longer fail OCI-TAGS-01 n=0 gave 1 tag" in text
    assert "1 requirement not met" in text


@pytest.mark.parametrize(
    ("outcome", "headline"),
    [(Outcome.PASS, "Nothing failed"), (Outcome.WARN, "No requirement violated")],
)
def test_a_campaign_without_findings_says_so(
    result: Result, outcome: Outcome, headline: str
) -> None:
    verdict = replace(result.verdicts[0], outcome=outcome)
    text = page(replace(result, verdicts=(verdict,), findings=())).text()
    assert headline in text
    assert "Nothing was found." in text


def test_a_campaign_that_judged_nothing_has_a_page(result: Result) -> None:
    campaign = replace(result.campaign, seconds=0.0, requests=0)
    text = page(replace(result, campaign=campaign, verdicts=(), findings=())).text()
    assert "Nothing failed" in text


def test_a_campaign_that_was_cut_short_says_so_at_the_top(result: Result) -> None:
    lost = replace(result, campaign=replace(result.campaign, ended_by="target-lost"))
    assert "cut short: the target was lost." in page(lost).text()
    assert "cut short" not in page(result).text()
