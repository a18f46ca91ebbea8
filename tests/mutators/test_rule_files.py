from __future__ import annotations

import json
from pathlib import Path

import pytest

from regshape.errors import CaseError
from regshape.model import Expectation
from regshape.mutators.rule_files import read_rules
from regshape.mutators.rules import BreakRule, When, custom_header, wrong_digest

YAML = """\
rules:
  - name: a
    target: auth
    action: skip
    when:
      method: put
      path: [/v2/*/manifests/*, /v2/x]
      operation: push-manifest
  - target: header
    action: replace
    key: X
    value: 1
    expect: tolerate
  - rule: wrong-digest
  - rule: custom-header
    name: mine
    key: X
    value: b
"""
READ = (
    BreakRule(
        "a",
        "auth",
        "skip",
        when=When(("PUT",), ("/v2/*/manifests/*", "/v2/x"), ("push-manifest",)),
    ),
    BreakRule("header-replace", "header", "replace", "X", 1, expect=Expectation.TOLERATE),
    wrong_digest(),
    BreakRule("mine", "header", "replace", "X", "b"),
)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_of_rules_is_read_in_order(tmp_path: Path) -> None:
    assert read_rules(write(tmp_path / "rules.yaml", YAML)) == READ


def test_json_is_read_like_yaml_with_tabs_too(tmp_path: Path) -> None:
    document = {"rules": [{"rule": "custom-header", "value": "X: \u2603"}]}
    for name in ("rules.json", "rules.yaml", "rules"):
        text = json.dumps(document, indent="\t")
        assert read_rules(write(tmp_path / name, text)) == (custom_header("X", "\u2603"),)


RULE = "rules:\n- name: a\n  target: auth\n  action: skip\n"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[]", ":1: the file: must be an object"),
        ("{}", ":1: rules: is missing"),
        ("rules: []", ":1: rules: must not be empty"),
        ("rules: {}", ":1: rules: must be a list"),
        (RULE + "more: 1", ":5: more: is no field of a rule file"),
        (RULE + "- name: 1", ":5: rules.1.name: must be a text: put it in quotes"),
        (RULE + "  value: yes", ":5: rules.0.value: must be a text or an integer"),
        (RULE + "  expect: maybe", ":5: rules.0.expect: must be 'reject', 'tolerate' or"),
        (RULE + "- target: auth\n  action: melt", ":5: rules.1: no action 'melt' on 'auth'"),
        (RULE + "- target: header\n  action: skip", ":5: rules.1: mutator 'header-skip'"),
        (RULE + "- target: auth", ":5: rules.1: action is missing"),
        (RULE + "- rule: skip-auht", ":5: rules.1: there is no built-in rule 'skip-auht'"),
        (RULE + "- rule: skip-auth\n  action: x", ":5: rules.1: a rule has target and action, or"),
        (RULE + "  when: {method: 1}", ":5: rules.0.when.method: must be a text or a list"),
        (RULE + "  when:\n    paht: x", ":6: rules.0.when.paht: is no field"),
        (
            RULE + "  when:\n    operation: pnig",
            ":6: rules.0.when.operation: there is no operation",
        ),
        (RULE + "  name: b", ":5: name: stands there twice"),
        (RULE + "\t- x", ":5: the file is no YAML: "),
        ("rules: !!python/object/apply:os.system [x]", ":1: the file is no YAML: could not"),
        ("rules: 2026-99-99", ": the file is no YAML: month must be in 1..12"),
        ("[" * 5000, ": is nested too deeply"),
        ("", ":1: the file: must be an object"),
    ],
)
def test_a_bad_file_names_itself_its_line_and_the_field(
    tmp_path: Path, text: str, said: str
) -> None:
    path = write(tmp_path / "rules.yaml", text)
    with pytest.raises(CaseError) as raised:
        read_rules(path, ("ping",))
    assert str(raised.value).startswith(f"{path}{said}")
    assert "\n" not in str(raised.value)


def test_a_line_of_json_is_named_too(tmp_path: Path) -> None:
    text = json.dumps({"rules": [{"target": "auth", "action": "skip", "value": True}]}, indent="\t")
    with pytest.raises(CaseError, match=r"rules\.json:6: rules\.0\.value"):
        read_rules(write(tmp_path / "rules.json", text))
    with pytest.raises(CaseError, match=r"rules\.json:2: the file is no JSON"):
        read_rules(write(tmp_path / "rules.json", '{"rules":\n['))


def test_a_file_that_cannot_be_read_names_itself(tmp_path: Path) -> None:
    with pytest.raises(CaseError, match=r"absent\.json: cannot be read: No such file"):
        read_rules(tmp_path / "absent.json")
    with pytest.raises(CaseError, match="cannot be read: Is a directory"):
        read_rules(tmp_path)
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"\xe9")
    with pytest.raises(CaseError, match="no text in UTF-8"):
        read_rules(path)
