"""The report as JUnit XML, one test case for each requirement.

A violated MUST is a `<failure>`; what is only recommended, what a baseline knows, and what was not
judged is `<skipped>` with its reason, since every reader of JUnit takes a failure for a broken
build. A campaign that was cut short adds a test case with an `<error>`. The elements are those of
the schema that Jenkins publishes (junit-10.xsd), with `<properties>` in a test case as pytest
writes them.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from xml.etree import ElementTree as ET

from regshape.model import CampaignInfo, Finding, Outcome, Requirement, Result, Verdict
from regshape.report.clean import clean_result
from regshape.report.codec import case_to_json
from regshape.report.wording import CUT_SHORT, ENDINGS, address_in, answered, broken, counted

MAX_FINDINGS = 10
"""Findings of one requirement that are told whole."""

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML 1.0 document may hold, not even escaped (XML 1.0, section 2.2)."""

_NOT_NAME = re.compile(r"[^a-z0-9]+")


def render(result: Result, requirements: Sequence[Requirement]) -> str:
    """Return the report, one suite with one test case for each verdict."""
    clean = clean_result(result)
    known = {requirement.id: requirement for requirement in requirements}
    suite = _suite(clean)
    suite.extend(
        _case(verdict, known.get(verdict.requirement), clean) for verdict in clean.verdicts
    )
    suite.extend(_cut_short(clean.campaign))
    counts = {name: suite.get(name, "") for name in ("tests", "failures", "errors", "time")}
    whole = ET.Element("testsuites", {"name": "regshape", **counts})
    whole.append(suite)
    ET.indent(whole)
    return ET.tostring(whole, encoding="unicode", xml_declaration=True) + "\n"


def valid(text: str) -> str:
    r"""Return the text with what XML forbids written as `\x00`, `\ud800`."""
    return _NOT_XML.sub(lambda found: ascii(found.group())[1:-1], text)


def class_name(protocol: str, section: str) -> str:
    """Return `regshape.oci.pushing-a-blob-in-chunks`: readers split it at its dots."""
    slug = _NOT_NAME.sub("-", section.lower()).strip("-")
    return f"regshape.{protocol}.{slug}" if slug else f"regshape.{protocol}"


def _suite(result: Result) -> ET.Element:
    campaign = result.campaign
    cut_short = campaign.ended_by in CUT_SHORT
    kinds = Counter(_judgement(verdict, result)[0] for verdict in result.verdicts)
    attributes = {
        "name": f"regshape.{campaign.protocol}",
        "tests": str(len(result.verdicts) + cut_short),
        "failures": str(kinds["failure"]),
        "errors": str(int(cut_short)),
        "skipped": str(kinds["skipped"]),
        "time": f"{campaign.seconds:.3f}",
        "timestamp": campaign.started.removesuffix("Z"),  # the schema knows no zone
        "hostname": valid(campaign.target),
    }
    suite = ET.Element("testsuite", attributes)
    facts = {
        "target": campaign.target,
        "implementation": campaign.implementation or "",
        "spec": campaign.spec,
        "seed": campaign.seed,
        "campaign": campaign.id,
        "cases": campaign.cases,
        "requests": campaign.requests,
        "ended_by": campaign.ended_by,
    }
    suite.append(_properties(facts))
    return suite


def _case(verdict: Verdict, requirement: Requirement | None, result: Result) -> ET.Element:
    section = requirement.section if requirement else verdict.requirement.rpartition("-")[0]
    attributes = {
        "classname": class_name(result.campaign.protocol, section),
        "name": verdict.requirement,
        "time": "0",  # all are judged all the time
    }
    case = ET.Element("testcase", attributes)
    case.append(_properties(_facts(verdict, requirement)))
    kind, type_, message = _judgement(verdict, result)
    if kind:
        said = ET.SubElement(case, kind, {"message": valid(message), "type": type_})
        said.text = valid("\n\n".join(_told(_findings(verdict, result), requirement)))
    return case


def _cut_short(campaign: CampaignInfo) -> Iterator[ET.Element]:
    """Yield a test case with an error where the campaign did not come to its end."""
    if campaign.ended_by in CUT_SHORT:
        attributes = {"classname": f"regshape.{campaign.protocol}", "name": "campaign", "time": "0"}
        case = ET.Element("testcase", attributes)
        told = {"message": ENDINGS[campaign.ended_by], "type": campaign.ended_by}
        ET.SubElement(case, "error", told)
        yield case


def _judgement(verdict: Verdict, result: Result) -> tuple[str, str, str]:
    """Return the element that a verdict comes to (none where it passed), its type and message."""
    outcome = verdict.outcome
    if outcome is Outcome.PASS:
        return "", "", ""
    if outcome in (Outcome.SKIP, Outcome.INCONCLUSIVE):
        return "skipped", f"regshape.{outcome}", verdict.reason or "no reason given"
    message = _message(verdict, _findings(verdict, result))
    if result.is_excused(verdict):
        return "skipped", "regshape.known", f"{_excuses(verdict, result)}: {message}"
    if outcome is Outcome.WARN:
        return "skipped", "regshape.warn", f"{verdict.level}: {message}"
    return "failure", verdict.level.value, message


def _findings(verdict: Verdict, result: Result) -> list[Finding]:
    return [finding for finding in result.findings if finding.requirement == verdict.requirement]


def _excuses(verdict: Verdict, result: Result) -> str:
    known = result.baseline.known if result.baseline else ()
    reasons = [entry.reason for entry in known if entry.finding in verdict.findings]
    return ", ".join(["known failure", *dict.fromkeys(filter(None, reasons))])


def _facts(verdict: Verdict, requirement: Requirement | None) -> Mapping[str, object]:
    source = {"source": requirement.source} if requirement else {}
    return {
        "level": verdict.level.value,
        "outcome": verdict.outcome.value,
        "judged": verdict.judged,
        **source,
    }


def _properties(facts: Mapping[str, object]) -> ET.Element:
    whole = ET.Element("properties")
    for name, value in facts.items():
        ET.SubElement(whole, "property", {"name": name, "value": valid(str(value))})
    return whole


def _message(verdict: Verdict, findings: Sequence[Finding]) -> str:
    if not findings:
        return verdict.reason or "no finding was kept"
    more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
    return f"{findings[0].summary}{more}"


def _told(findings: Sequence[Finding], requirement: Requirement | None) -> Iterator[str]:
    if findings and requirement is not None:
        source = address_in(requirement.source) or requirement.source
        yield f"{requirement.level}: {requirement.text}\nfrom {source}"
    for finding in findings[:MAX_FINDINGS]:
        yield "\n".join(_lines(finding))
    rest = len(findings) - MAX_FINDINGS
    if rest > 0:
        yield f"and {counted(rest, 'finding')} more"


def _lines(finding: Finding) -> Iterator[str]:
    seen, tried = finding.reproduced
    yield f"finding {finding.id}, seen {seen} of {tried} times: {finding.summary}"
    yield from broken(finding.case)
    for number, exchange in enumerate(finding.exchanges, 1):
        yield f"{number:>4} {exchange.method} {exchange.target} -> {answered(exchange)}"
    yield f"minimal case: {json.dumps(case_to_json(finding.case))}"
    yield "replay:"
    yield from finding.replay
