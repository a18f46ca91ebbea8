from __future__ import annotations

import re
from dataclasses import replace

import pytest

from regshape.errors import UsageError
from regshape.model import Request
from regshape.mutators import rules
from regshape.mutators.apply import apply, validate
from regshape.mutators.rules import BreakRule, When

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
    ids=lambda value: value.name if isinstance(value, BreakRule) else "",
)
def test_a_common_rule_does_what_its_name_says(rule: BreakRule, check: object) -> None:
    validate(rule.mutator())
    assert callable(check)
    assert check(apply([rule.mutator()], REQUEST))


@pytest.mark.parametrize("name", rules.BUILT_IN)
def test_a_built_in_rule_is_made_as_its_example_says(name: str) -> None:
    known = rules.BUILT_IN[name]
    called, equals, value = known.example.partition("=")
    rule = rules.built_in(called, value if equals else None)
    assert rule.name == name
    assert apply([rule.mutator()], REQUEST) != REQUEST


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("melt", None, "there is no built-in rule 'melt': there are wrong-digest, invalid-"),
        ("wrong-method", None, "rule wrong-method: it needs the method, such as wrong-method=GET"),
        ("skip-auth", "x", "rule skip-auth: it takes no value"),
        ("oversized-payload", "-1", "'-1' is no number of bytes"),
        ("custom-header", "X", "'X' is no header: write NAME:VALUE"),
    ],
)
def test_a_built_in_rule_that_does_not_fit_says_why(
    name: str, value: str | None, said: str
) -> None:
    with pytest.raises(UsageError, match=re.escape(said)):
        rules.built_in(name, value)


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        (When(), True),
        (When(methods=("PUT", "POST")), True),
        (When(methods=("GET",)), False),
        (When(paths=("/v2/*/blobs/*",)), True),
        (When(paths=("/v2/*/manifests/*",)), False),
        (When(operations=("finish-upload",)), True),
        (When(operations=("ping",)), False),
        (When(methods=("PUT",), paths=("/v2/*",), operations=("ping",)), False),
    ],
)
def test_a_rule_is_for_the_requests_that_all_of_its_words_fit(*, when: When, holds: bool) -> None:
    rule = replace(rules.skip_auth(), when=when)
    assert rule.holds(REQUEST, "finish-upload") is holds


def test_a_predicate_in_code_counts_too() -> None:
    rule = replace(rules.skip_auth(), predicate=lambda request: request.body == b"other")
    assert not rule.holds(REQUEST)


def test_rules_are_selected_in_their_order_by_the_request_as_it_was_meant() -> None:
    only_put = When(methods=("PUT",))
    chosen = rules.select(
        [
            replace(rules.wrong_method("GET"), when=only_put),
            replace(rules.skip_auth(), when=When(methods=("GET",))),
            replace(rules.custom_header("X", "1"), when=only_put),
        ],
        REQUEST,
        "finish-upload",
    )
    assert [mutator.name for mutator in chosen] == ["wrong-method", "custom-header"]
