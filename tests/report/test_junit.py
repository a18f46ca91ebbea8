from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from regshape.model import Level, Outcome, Requirement, Result, Verdict
from regshape.report.junit import class_name, render, valid
from tests.report.conftest import KNOWN, with_bytes
from tests.report.recorded import Recorded

# junit-10.xsd of Jenkins' xunit plugin, and properties in a test case as pytest writes them
CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase", "system-out", "system-err"},
    "properties": {"property"},
    "property": set[str](),
    "testcase": {"properties", "skipped", "error", "failure", "system-out", "system-err"},
    "failure": set[str](),
    "error": set[str](),
    "skipped": set[str](),
}
NEEDED = {
    "testsuites": set[str](),
    "testsuite": {"name", "tests", "failures", "errors"},
    "properties": set[str](),
    "property": {"name", "value"},
    "testcase": {"name", "classname"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "skipped": {"message", "type"},
}
ALLOWED = {
    "testsuites": {"name", "time", "tests", "failures", "errors", "disabled"},
    "testsuite": NEEDED["testsuite"] | {"skipped", "time", "timestamp", "hostname", "id"},
    "testcase": NEEDED["testcase"] | {"time", "group"},
}


def against_the_schema(element: ET.Element) -> Iterator[str]:
    tag = element.tag
    if tag not in CHILDREN:
        yield f"unknown element {tag}"
        return
    names = set(element.keys())
    if not NEEDED[tag] <= names <= ALLOWED.get(tag, NEEDED[tag]):
        yield f"{tag} has {names}"
    for child in element:
        if child.tag not in CHILDREN[tag]:
            yield f"{child.tag} in {tag}"
        yield from against_the_schema(child)


def cases(text: str) -> dict[str, TestCase]:
    (suite,) = JUnitXml.fromstring(text.encode())
    assert isinstance(suite, TestSuite)
    return {str(case.name): case for case in suite}


def facts(text: str, name: str) -> dict[str, str]:
    found = ET.fromstring(text).iterfind(f".//testcase[@name='{name}']//property")  # noqa: S314
    return {entry.get("name", ""): entry.get("value", "") for entry in found}


def test_a_real_campaign_reads_back_as_it_was(recorded: Recorded) -> None:
    result = recorded.result
    text = render(result, recorded.requirements)
    read = cases(text)
    (suite,) = JUnitXml.fromstring(text.encode())
    assert list(read) == [verdict.requirement for verdict in result.verdicts]
    failed = {name for name, case in read.items() if case.is_failure}
    assert failed == {v.requirement for v in result.verdicts if v.outcome is Outcome.FAIL} != set()
    passed = {name for name, case in read.items() if case.is_passed}
    assert passed == {v.requirement for v in result.verdicts if v.outcome is Outcome.PASS}
    counted = (suite.tests, suite.failures, suite.errors, suite.skipped)
    assert counted == (len(read), len(failed), 0, len(read) - len(failed) - len(passed))
    properties = ET.fromstring(text).iterfind("testsuite/properties/property")  # noqa: S314
    assert {found.get("name") for found in properties} >= {"spec", "seed", "target"}


def test_a_report_keeps_to_the_schema_that_readers_use(recorded: Recorded) -> None:
    whole = ET.fromstring(render(recorded.result, recorded.requirements))  # noqa: S314 - our own
    assert list(against_the_schema(whole)) == []
    whole[0].append(ET.Element("rerun"))
    assert list(against_the_schema(whole)) == ["rerun in testsuite", "unknown element rerun"]


def test_a_failure_tells_the_sentence_the_case_and_the_replay(
    result: Result, requirements: tuple[Requirement, ...]
) -> None:
    text = render(result, requirements)
    (failure,) = cases(text)["OCI-CHK-03"].result
    assert isinstance(failure, Failure)
    assert (failure.type, failure.message) == ("MUST", result.findings[0].summary)
    for part in (
        "MUST: The Content-Range header of a chunk MUST match `^[0-9]+-[0-9]+$`;",
        "from https://github.com/opencontainers/distribution-spec/",
        "finding 5f0c1a2b3c4d5e6f, seen 5 of 5 times",
        "patch-upload was broken by content-range-garbage: it must be refused",
        "PATCH /v2/regshape/0a1b2c3d/blobs/uploads/",
        '"operation": "patch-upload"',
        *result.findings[0].replay,
    ):
        assert part in str(failure.text)
    assert facts(text, "OCI-CHK-03") == {
        "level": "MUST",
        "outcome": "fail",
        "judged": "214",
        "source": requirements[1].source,
    }


def test_what_is_no_failure_is_skipped_with_its_reason(result: Result) -> None:
    read = cases(render(result, ()))
    told = {
        name: [(entry.type, entry.message) for entry in case.result if isinstance(entry, Skipped)]
        for name, case in read.items()
        if case.is_skipped
    }
    assert told == {
        "OCI-CHK-05": [("regshape.warn", "SHOULD: no finding kept")],
        "OCI-REF-01": [("regshape.skip", "the referrers API answers 404")],
        "OCI-REF-02": [("regshape.skip", "the referrers API answers 404")],
        "OCI-RACE-01": [("regshape.inconclusive", "seen 1 of 5 times")],
    }


def test_a_failure_that_the_baseline_knows_is_skipped() -> None:
    (entry,) = cases(render(KNOWN, ()))["OCI-CHK-03"].result
    assert (type(entry), entry.type) == (Skipped, "regshape.known")
    assert str(entry.message).startswith("known failure, fixed in 3.0: a chunk with the malformed")


def test_class_names_are_the_sections() -> None:
    assert class_name("oci", "RFC 9110 §15.5.2") == "regshape.oci.rfc-9110-15-5-2"
    assert class_name("oci", "Pushing a blob in chunks") == "regshape.oci.pushing-a-blob-in-chunks"
    assert class_name("oci", "§") == "regshape.oci"


def test_any_byte_may_stand_in_a_finding() -> None:
    text = render(with_bytes(bytes(range(256))), ())
    (failure,) = cases(text)["OCI-CHK-03"].result
    assert "\\x00\\x01" in str(failure.text)
    assert "\\x1b" in str(failure.message)


@pytest.mark.parametrize(
    ("text", "kept"),
    [("a\tb\nc", "a\tb\nc"), ("\x00\x1b", "\\x00\\x1b"), ("\ud800\ufffe", "\\ud800\\ufffe")],
)
def test_what_xml_forbids_is_written_out(text: str, kept: str) -> None:
    assert valid(text) == kept


def test_a_campaign_without_verdicts_is_an_empty_suite(result: Result) -> None:
    assert cases(render(replace(result, verdicts=(), findings=()), ())) == {}


def test_many_findings_of_one_requirement_are_counted(result: Result) -> None:
    many = tuple(replace(result.findings[0], id=f"f{number}") for number in range(12))
    ids = tuple(finding.id for finding in many)
    verdict = Verdict("OCI-CHK-03", Level.MUST, Outcome.FAIL, 9, None, ids)
    (failure,) = cases(render(replace(result, verdicts=(verdict,), findings=many), ()))[
        "OCI-CHK-03"
    ].result
    assert str(failure.message).endswith("(and 11 more)")
    assert "and 2 findings more" in str(failure.text)


def test_a_campaign_that_was_cut_short_is_an_error(result: Result) -> None:
    lost = replace(result, campaign=replace(result.campaign, ended_by="target-lost"))
    text = render(lost, ())
    (error,) = cases(text)["campaign"].result
    assert (type(error), error.message) == (Error, "the target was lost")
    (suite,) = JUnitXml.fromstring(text.encode())
    assert (suite.tests, suite.errors) == (len(result.verdicts) + 1, 1)
    assert list(against_the_schema(ET.fromstring(text))) == []  # noqa: S314 - our own
