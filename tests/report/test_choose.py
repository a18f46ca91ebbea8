from __future__ import annotations

import json
from pathlib import Path

import pytest

from regshape.errors import UsageError
from regshape.model import Result
from regshape.report.choose import PLANNED, ReportOrder, check_writable, parse_order, write


def test_an_order_has_a_format_and_a_path_that_may_hold_an_equals_sign() -> None:
    assert parse_order("json=out/a=b.json") == ReportOrder("json", Path("out/a=b.json"))


@pytest.mark.parametrize("text", ["json", "json=", "=x", ""])
def test_an_order_of_another_form_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_order(text)


@pytest.mark.parametrize("name", PLANNED)
def test_a_format_that_is_not_built_yet_says_which_is(name: str) -> None:
    with pytest.raises(UsageError, match=f"--report {name} is not built yet; json is"):
        parse_order(f"{name}=x")


def test_an_unknown_format_says_which_there_are() -> None:
    with pytest.raises(UsageError, match="--report 'pdf' is no format; json is"):
        parse_order("pdf=x")


def test_a_path_is_tried_before_and_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "new" / "r.json"
    check_writable(ReportOrder("json", path))
    assert path.parent.is_dir()
    assert not path.exists()
    path.write_text("old")
    check_writable(ReportOrder("json", path))
    assert path.read_text() == "old"


def test_a_path_that_cannot_be_written_is_said(tmp_path: Path, result: Result) -> None:
    order = ReportOrder("json", tmp_path)
    said = r"--report json=.* cannot be written: Is a directory"
    with pytest.raises(UsageError, match=said):
        check_writable(order)
    with pytest.raises(UsageError, match=said):
        write(order, result, ())


def test_a_report_is_written(tmp_path: Path, result: Result) -> None:
    write(ReportOrder("json", tmp_path / "r.json"), result, ())
    assert json.loads((tmp_path / "r.json").read_text())["campaign"]["seed"] == 7
