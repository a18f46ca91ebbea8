from __future__ import annotations

import json
from pathlib import Path

import pytest

from regshape.errors import CaseError
from regshape.model import Expectation, Mutator, Request
from regshape.mutators import rules
from regshape.mutators.apply import apply, validate

DIGEST = "sha256:" + "a" * 64
REQUEST = Request(
    "PUT",
    "/v2/x/blobs/{digest}",
    {"digest": DIGEST},
    headers=(("Content-Type", "a/b"), ("Authorization", "Bearer good"), ("Content-Length", "4")),
    body=b"body",
)


@pytest.mark.parametrize(
    ("rule", "check"),
    [
        (rules.wrong_digest(), lambda r: r.parts["digest"] == DIGEST[:-1] + "0"),
        (rules.wrong_digest("md5:0"), lambda r: r.parts["digest"] == "md5:0"),
        (
            rules.invalid_content_type(),
            lambda r: r.headers[0] == ("Content-Type", "application/x-not-a-media-type"),
        ),
        (rules.skip_auth(), lambda r: all(name != "Authorization" for name, _ in r.headers)),
        (rules.expired_token("old"), lambda r: ("Authorization", "Bearer old") in r.headers),
        (rules.expired_token("Basic eA=="), lambda r: ("Authorization", "Basic eA==") in r.headers),
        (rules.corrupt_body(), lambda r: r.body == b"body\x00\xff"),
        (rules.oversized_payload(10), lambda r: r.body == b"body" + bytes(10)),
        (rules.wrong_method("GET"), lambda r: r.method == "GET"),
        (rules.custom_header("X-A", "b"), lambda r: r.headers[-1] == ("X-A", "b")),
    ],
    ids=lambda value: value.name if isinstance(value, Mutator) else "",
)
def test_a_common_rule_does_what_its_name_says(rule: Mutator, check: object) -> None:
    validate(rule)
    assert callable(check)
    assert check(apply([rule], REQUEST))


def write(path: Path, document: object) -> Path:
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def test_a_file_of_rules_is_read_in_order(tmp_path: Path) -> None:
    path = write(
        tmp_path / "rules.json",
        {
            "rules": [
                {"name": "a", "target": "auth", "action": "skip"},
                {
                    "name": "b",
                    "target": "header",
                    "action": "replace",
                    "key": "X",
                    "value": 1,
                    "expect": "tolerate",
                },
            ]
        },
    )
    assert rules.read_rules(path) == (
        Mutator("a", "auth", "skip"),
        Mutator("b", "header", "replace", "X", 1, Expectation.TOLERATE),
    )


RULE = {"name": "a", "target": "auth", "action": "skip"}


@pytest.mark.parametrize(
    ("document", "field"),
    [
        ([], "the file"),
        ({}, "rules"),
        ({"rules": [RULE], "more": 1}, "more"),
        ({"rules": [RULE, {**RULE, "name": 1}]}, r"rules\.1\.name"),
        ({"rules": [{**RULE, "value": True}]}, r"rules\.0\.value"),
        ({"rules": [{**RULE, "expect": "maybe"}]}, r"rules\.0\.expect"),
        ({"rules": [{**RULE, "action": "melt"}]}, r"rules\.0: no action 'melt'"),
        ({"rules": [{**RULE, "target": "header"}]}, r"rules\.0: .*needs a key"),
    ],
)
def test_a_bad_file_names_itself_and_the_field(
    tmp_path: Path, document: object, field: str
) -> None:
    path = write(tmp_path / "rules.json", document)
    with pytest.raises(CaseError, match=f"rules.json: {field}"):
        rules.read_rules(path)


def test_a_file_that_is_no_json_or_not_there_names_itself(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match=r"absent\.json: cannot be read"):
        rules.read_rules(tmp_path / "absent.json")
    path = tmp_path / "broken.json"
    path.write_bytes(b"{")
    with pytest.raises(CaseError, match=r"broken\.json: the file"):
        rules.read_rules(path)
