from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from regshape.errors import CaseError
from regshape.model import Case, Exchange, Expectation, Failure, Mutator, Step
from regshape.report.clean import BODY_LIMIT
from regshape.report.codec import (
    case_from_json,
    case_from_text,
    case_to_json,
    exchange_from_json,
    exchange_to_json,
    read_case,
)

CASE = Case(
    "oci",
    (
        Step("start-upload"),
        Step(
            "finish-upload",
            {"blob": {"size": 3, "seed": 1}, "which": None},
            (
                Mutator("drop-digest", "query", "remove", "digest", None, Expectation.REJECT),
                Mutator("long-body", "body", "pad", value=7),
            ),
        ),
    ),
    "found by the sweep",
)


def through_text(data: dict[str, Any]) -> Any:
    return json.loads(json.dumps(data))


def test_a_case_survives_being_written_and_read() -> None:
    assert case_from_json(through_text(case_to_json(CASE)), "x") == CASE


def test_a_case_without_anything_optional_is_short() -> None:
    data = case_to_json(Case("oci", (Step("check-api"),)))
    assert data == {"protocol": "oci", "steps": [{"operation": "check-api"}]}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"protocol": None}, "case.json: protocol: must be a text"),
        ({"steps": {}}, "case.json: steps: must be a list"),
        ({"title": "x"}, "case.json: title: is no field of this format"),
        ({"steps": [{}]}, "case.json: steps.0.operation: is missing"),
        ({"steps": [3]}, "case.json: steps.0: must be an object"),
        (
            {"steps": [{"operation": "x", "mutators": [{"name": "m"}]}]},
            "case.json: steps.0.mutators.0.target: is missing",
        ),
    ],
)
def test_what_is_wrong_with_a_case_file_is_said_with_file_and_field(
    change: dict[str, Any], message: str
) -> None:
    with pytest.raises(CaseError) as caught:
        case_from_json({**case_to_json(CASE), **change}, "case.json")
    assert str(caught.value) == message


def test_an_unknown_expectation_lists_the_known_ones() -> None:
    data = case_to_json(CASE)
    data["steps"][1]["mutators"][0]["expect"] = "explode"
    with pytest.raises(CaseError) as caught:
        case_from_json(data, "c.json")
    assert str(caught.value) == (
        "c.json: steps.1.mutators.0.expect: must be one of reject, tolerate, unspecified"
    )


@pytest.mark.parametrize("text", ["", "{", "nonsense", "[" * 100_000, b"\xff\xfe\x00"])
def test_what_is_no_json_is_a_case_error_that_names_the_file(text: str | bytes) -> None:
    with pytest.raises(CaseError, match=r"^c\.json: not a case file"):
        case_from_text(text, "c.json")


def test_a_list_is_no_case() -> None:
    with pytest.raises(CaseError, match=r"c\.json: the whole: must be an object"):
        case_from_text("[]", "c.json")


def test_a_file_is_read_and_a_missing_one_is_named(tmp_path: Path) -> None:
    path = tmp_path / "case.json"
    path.write_text(json.dumps(case_to_json(CASE)))
    assert read_case(path) == CASE
    with pytest.raises(CaseError, match=r"gone\.json: cannot be read: No such file"):
        read_case(tmp_path / "gone.json")


def test_an_exchange_survives_being_written_and_read() -> None:
    exchange = Exchange(
        "PUT",
        "/v2/a/blobs/uploads/1?digest=sha256:00",
        (("Content-Length", "3"), ("X-Odd", "\xff")),
        b"\x00\xff\x80",
        400,
        "Bad Request",
        (("content-type", "application/json"),),
        '{"errors": "ü"}'.encode(),
        Failure("cut-off", "3 of 9 bytes"),
        0.25,
    )
    assert exchange_from_json(through_text(exchange_to_json(exchange)), "x") == exchange


def test_a_body_that_is_no_printable_text_stands_under_another_key() -> None:
    for body in (b"\xff\xfe", b"a\x00b", b"\x1b[31mred"):
        data = exchange_to_json(Exchange("PUT", "/", body=body))
        assert "body" not in data
        assert exchange_from_json(data, "x").body == body


def test_a_long_body_is_cut_and_its_true_length_is_kept_however_often_it_is_stored() -> None:
    once = exchange_to_json(Exchange("PUT", "/", body=b"a" * 10_000, answer=b"\xff" * 5000))
    assert (len(once["body"]), once["body_length"]) == (BODY_LIMIT, 10_000)
    assert once["answer_length"] == 5000
    assert exchange_to_json(exchange_from_json(once, "x")) == once


def test_a_cut_inside_a_character_does_not_turn_text_into_base64() -> None:
    data = exchange_to_json(Exchange("PUT", "/", body=b"a" + "é".encode() * 4000))
    assert data["body"].startswith("aé")
    assert data["body_length"] == 8001
    assert exchange_to_json(exchange_from_json(data, "x")) == data


def test_an_exchange_with_half_a_header_is_refused() -> None:
    data = {**exchange_to_json(Exchange("GET", "/")), "headers": [["only-a-name"]]}
    with pytest.raises(CaseError, match=r"store: headers\.0: "):
        exchange_from_json(data, "store")


def test_a_race_can_be_written_down_and_read_again() -> None:
    lists = ((Step("push-manifest"), Step("list-tags", {"n": 1})), (Step("delete-tag"),))
    case = Case("oci", (Step("ping"),), "two at once", lists)
    assert case_from_json(json.loads(json.dumps(case_to_json(case))), "here") == case
    assert "parallel" not in case_to_json(Case("oci", (Step("ping"),)))
