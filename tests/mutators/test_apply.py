from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regshape.errors import CaseError, UsageError
from regshape.model import Expectation, Frame, Mutator, Request
from regshape.mutators.apply import TABLE, apply, changes, from_json, to_json, validate
from regshape.mutators.catalogue import CATALOGUE

DIGEST = "sha256:" + "ab" * 32

# Every shape that matters: no parts, odd parts, no body, odd bodies, repeated and odd headers.
REQUESTS = st.builds(
    Request,
    method=st.sampled_from(["GET", "PUT", "", "x y"]),
    route=st.sampled_from(["", "/", "/v2/", "/v2/{name}/blobs/{digest}", "{reference}", "*"]),
    parts=st.sampled_from(
        [{}, {"name": ""}, {"name": "a/b", "digest": DIGEST}, {"reference": "\xff:"}]
    ),
    query=st.sampled_from([(), (("digest", None),), (("digest", "sha256%3Aab"), ("n", ""))]),
    headers=st.sampled_from(
        [(), (("Host", "h"), ("host", "i")), (("Content-Length", "x"), ("Authorization", ""))]
    ),
    body=st.sampled_from([b"", b"\0", b"[", b'{"a":[1]}', b"null", b"\xff\xfe", b"[" * 9999]),
    frame=st.sampled_from([Frame(), Frame("HTTP/1.0", b"", "fin"), Frame(payload=b"x")]),
)
MUTATORS = st.builds(
    lambda pair, key, value: Mutator("m", pair[0], pair[1], key, value),
    st.sampled_from(sorted(TABLE)),
    st.sampled_from([None, "", "n", "digest", "algorithm", "/a/0", "/a/-", "/a/x", "a", "\xff"]),
    st.sampled_from([None, "", "-1", "²", "\u2603", "\ud800", '{"', 0, -1, 7, 2**70 % 99]),
)


@given(REQUESTS, st.lists(st.sampled_from(CATALOGUE), max_size=3))
def test_the_catalogue_can_be_applied_to_any_request(
    request: Request, found: list[Mutator]
) -> None:
    apply(found, request).target()


@given(REQUESTS, MUTATORS)
def test_any_mutator_can_be_applied_to_any_request(request: Request, mutator: Mutator) -> None:
    before = repr(request)
    apply([mutator], request).target()
    assert repr(request) == before


@given(MUTATORS)
def test_a_mutator_survives_json(mutator: Mutator) -> None:
    try:
        validate(mutator)
    except UsageError:
        return
    assert from_json(json.loads(json.dumps(to_json(mutator)))) == mutator


def test_no_mutators_leave_the_request_itself() -> None:
    request = Request("GET", "/")
    assert apply((), request) is request


def test_mutators_are_applied_in_order_but_the_framing_last() -> None:
    chunked = Mutator("f", "frame", "chunked")
    first, second = (Mutator("b", "body", "append", None, text) for text in "12")
    broken = apply([chunked, first, second], Request("PUT", "/", body=b"0"))
    assert broken.frame.payload == b"3\r\n012\r\n0\r\n\r\n"


def test_what_changes_nothing_can_be_told() -> None:
    corrupt = Mutator("d", "digest", "corrupt")
    assert not changes(corrupt, Request("GET", "/v2/"))
    assert changes(corrupt, Request("GET", "/{digest}", {"digest": DIGEST}))


@pytest.mark.parametrize(
    ("mutator", "message"),
    [
        (Mutator("m", "nothing", "replace"), "no mutator target 'nothing': there are method, name"),
        (Mutator("m", "body", "melt"), "no action 'melt' on 'body': there are replace, append"),
        (Mutator("m", "header", "replace"), "mutator 'm' .header replace. needs a key"),
        (Mutator("m", "body", "append"), "mutator 'm' .body append. needs a value"),
    ],
)
def test_what_cannot_be_applied_says_what_can(mutator: Mutator, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        validate(mutator)


GOOD = {"name": "m", "target": "body", "action": "corrupt"}


def test_json_leaves_out_what_is_not_set() -> None:
    assert to_json(Mutator("m", "body", "corrupt")) == GOOD
    full = Mutator("m", "query", "replace", "n", 0, Expectation.REJECT)
    assert to_json(full) == {
        "name": "m",
        "target": "query",
        "action": "replace",
        "key": "n",
        "value": 0,
        "expect": "reject",
    }


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ([], "a JSON object, not list"),
        ({**GOOD, "name": 1}, "name must be a string"),
        ({"name": "m", "target": "body"}, "action must be a string, not None"),
        ({**GOOD, "key": 1}, "key must be a string"),
        ({**GOOD, "value": True}, "value must be"),
        ({**GOOD, "value": 1.5}, "value must be"),
        ({**GOOD, "expect": "maybe"}, "expect must be one of reject, tolerate, unspecified"),
        ({**GOOD, "colour": "red"}, "no field 'colour'"),
        ({**GOOD, "target": "nothing"}, "no mutator target"),
    ],
)
def test_json_that_is_no_mutator_names_the_field(document: object, message: str) -> None:
    with pytest.raises(CaseError, match=message):
        from_json(document)


def test_an_action_does_not_touch_the_rest_of_the_request() -> None:
    request = Request("PUT", "/v2/{name}", {"name": "a"}, (("q", "1"),), (("A", "b"),), b"body")
    broken = apply([Mutator("m", "method", "swap")], request)
    assert broken == replace(request, method="POST")
