from __future__ import annotations

import json
from pathlib import Path

import pytest

from regshape.errors import UsageError
from regshape.model import Result
from regshape.report.choose import (
    FORMATS,
    ReportOrder,
    WhileItRuns,
    append_summary,
    check_writable,
    choose_orders,
    parse_order,
    watching,
    write,
)
from tests.report.recorded import PASSWORD, Recorded, record


def unbroken(error: UsageError) -> None:
    raise AssertionError(error)


def test_every_format_that_is_documented_is_there() -> None:
    assert set(FORMATS) == {"json", "junit", "html", "har", "ndjson", "markdown", "sarif"}


def test_an_order_has_a_format_and_a_path_that_may_hold_an_equals_sign() -> None:
    assert parse_order("json=out/a=b.json") == ReportOrder("json", Path("out/a=b.json"))


@pytest.mark.parametrize("text", ["json", "json=", "=x", ""])
def test_an_order_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_order(text)


def test_an_unknown_format_says_which_there_are() -> None:
    with pytest.raises(UsageError, match="--report 'pdf' is no format: there is json, junit"):
        parse_order("pdf=x")


def test_two_reports_do_not_share_a_file(tmp_path: Path) -> None:
    texts = [f"json={tmp_path}/r", f"junit={tmp_path}/../{tmp_path.name}/r"]
    with pytest.raises(UsageError, match="--report json and junit would be written to one file"):
        choose_orders(texts)


def test_a_path_is_tried_before_and_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "new" / "r.json"
    check_writable(ReportOrder("json", path))
    assert path.parent.is_dir()
    assert not path.exists()
    path.write_text("old")
    check_writable(ReportOrder("json", path))
    assert path.read_text() == "old"


@pytest.mark.parametrize("name", FORMATS)
def test_a_path_that_cannot_be_written_is_said(tmp_path: Path, result: Result, name: str) -> None:
    order = ReportOrder(name, tmp_path)
    said = f"--report {name}=.* cannot be written: Is a directory"
    with pytest.raises(UsageError, match=said):
        choose_orders([f"{name}={tmp_path}"])
    with pytest.raises(UsageError, match=said), watching([order], unbroken):
        write(order, result, ())


@pytest.mark.parametrize("name", FORMATS)
def test_a_report_is_written(tmp_path: Path, recorded: Recorded, name: str) -> None:
    path = tmp_path / "report"
    text = told(ReportOrder(name, path), recorded)
    assert recorded.result.campaign.id in text
    assert all(finding.id in text for finding in recorded.result.findings)


def told(order: ReportOrder, recorded: Recorded) -> str:
    """Write a report as a campaign would, and return its text."""
    with watching([order], unbroken) as observers:
        assert bool(observers) == isinstance(FORMATS[order.format], WhileItRuns)
        for observer in observers:
            observer.started(recorded.result.campaign)
            for finding in recorded.result.findings:
                observer.finding(finding)
            for verdict in recorded.result.verdicts:
                observer.verdict(verdict)
            observer.finished(recorded.result)
    write(order, recorded.result, recorded.requirements)
    return order.path.read_text(encoding="utf-8")


@pytest.fixture(scope="module", params=["basic", "bearer"])
def private(request: pytest.FixtureRequest) -> Recorded:
    """A campaign on a registry that wants credentials."""
    return record(request.param)


@pytest.mark.parametrize("name", FORMATS)
def test_no_secret_is_in_any_format(tmp_path: Path, private: Recorded, name: str) -> None:
    sent = {
        value
        for finding in private.result.findings
        for exchange in finding.exchanges
        for key, value in exchange.headers
        if key.lower() == "authorization"
    }
    assert PASSWORD in private.secrets
    assert len(private.secrets) >= 3
    text = told(ReportOrder(name, tmp_path / "report"), private)
    assert [secret for secret in private.secrets if secret in text] == []
    assert not [value for value in sent if "[redacted]" not in value and value in text]


def test_the_summary_of_a_ci_job_is_appended(tmp_path: Path, result: Result) -> None:
    path = tmp_path / "summary.md"
    path.write_text("before\n")
    append_summary(path, result, ())
    assert path.read_text(encoding="utf-8").startswith("before\n## ")
    with pytest.raises(UsageError, match=r"the CI summary .* cannot be written: Is a directory"):
        append_summary(tmp_path, result, ())


def test_the_json_report_is_the_result_document(tmp_path: Path, result: Result) -> None:
    write(ReportOrder("json", tmp_path / "r.json"), result, ())
    assert json.loads((tmp_path / "r.json").read_text())["campaign"]["seed"] == 7
