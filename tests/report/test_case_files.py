from __future__ import annotations

import json
from pathlib import Path

import pytest

from regshape.errors import CaseError, UsageError
from regshape.model import Case, Requirement, Result, Step
from regshape.report.case_files import add_case, case_of, protocol_of, read_cases, read_corpus
from regshape.report.document import render

CASE = Case("oci", (Step("list-tags", {"tags": 2, "n": 1}),), "about tags")


def test_a_finding_becomes_a_case_with_a_comment(result: Result, tmp_path: Path) -> None:
    (finding,) = result.findings
    name, case = case_of(finding)
    assert name == "oci-chk-03-5f0c1a2b.json"
    assert case.comment.startswith("OCI-CHK-03: a chunk with the malformed Content-Range")
    assert case_of(finding, "issue 12")[1].comment == "issue 12"
    path = add_case(tmp_path / "c", name, case)
    assert path is not None
    assert read_corpus(tmp_path / "c") == {name: case}


def test_a_file_is_the_same_whatever_the_order_of_the_arguments(tmp_path: Path) -> None:
    turned = Case("oci", (Step("list-tags", {"n": 1, "tags": 2}),), "about tags")
    texts = []
    for number, case in enumerate((CASE, turned)):
        path = add_case(tmp_path / str(number), "a.json", case)
        assert path is not None
        texts.append(path.read_text())
    assert texts[0] == texts[1]
    assert texts[0].startswith('{\n  "protocol": "oci",\n  "comment": "about tags",\n  "steps": [')


def test_a_case_that_is_there_is_not_written_again_and_no_other_is_overwritten(
    tmp_path: Path,
) -> None:
    assert add_case(tmp_path, "a.json", CASE) is not None
    assert add_case(tmp_path, "b.json", CASE) is None
    with pytest.raises(UsageError, match=r"a\.json is another case: name another folder"):
        add_case(tmp_path, "a.json", Case("oci", (Step("ping"),)))
    assert read_corpus(tmp_path) == {"a.json": CASE}


def test_cases_come_from_a_report_a_folder_or_a_file(
    result: Result, requirements: tuple[Requirement, ...], tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    report.write_text(render(result, requirements))
    found = read_cases(report)
    assert {name: case.steps for name, case in found.items()} == {
        "oci-chk-03-5f0c1a2b.json": result.findings[0].case.steps
    }
    add_case(tmp_path / "c", "a.json", CASE)
    assert read_cases(tmp_path / "c") == {"a.json": CASE}
    assert read_cases(tmp_path / "c" / "a.json") == {"a.json": CASE}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "neither a case nor a report"),
        ("{}", "protocol: is missing"),
        ('{"findings": [{"id": 1}]}', r"findings\.0: is no finding"),
        ('{"findings": [7]}', r"findings\.0: is no finding"),
        (
            json.dumps({"findings": [{"id": "a", "requirement": "R", "summary": "s"}]}),
            r"findings\.0\.case: the whole: must be an object",
        ),
    ],
)
def test_what_holds_no_cases_is_said_with_its_place(
    tmp_path: Path, text: str, sentence: str
) -> None:
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(CaseError, match=sentence):
        read_cases(path)


def test_folders_that_cannot_serve_are_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no such folder of cases"):
        read_corpus(tmp_path / "none")
    (tmp_path / "f").touch()
    with pytest.raises(UsageError, match="there is no such folder of cases"):
        add_case(tmp_path / "f", "a.json", CASE)
    with pytest.raises(UsageError, match="a corpus is of one protocol, and this has none"):
        protocol_of({})
    with pytest.raises(UsageError, match="this has oci, ori"):
        protocol_of({"a": CASE, "b": Case("ori", ())})
