from __future__ import annotations

from regshape.model import Expectation, Request
from regshape.mutators.apply import apply, changes, validate
from regshape.mutators.catalogue import CATALOGUE, FRAMING, UNEXPECTED_BODY

REQUEST = Request(
    "PUT",
    "/v2/{name}/manifests/{reference}",
    {"name": "a/b", "reference": "latest"},
    headers=(
        ("Host", "h"),
        ("User-Agent", "u"),
        ("Accept", "x/y"),
        ("Content-Type", "a/b"),
        ("Authorization", "Basic Ym9iOnNlY3JldA=="),
        ("Content-Length", "4"),
    ),
    body=b"body",
)


def test_names_are_unique() -> None:
    names = [mutator.name for mutator in CATALOGUE]
    assert len(names) == len(set(names))


def test_every_entry_can_be_applied_and_changes_a_full_request() -> None:
    same = {"method-put", "body-unexpected"}  # the request has that method, and a body
    for mutator in CATALOGUE:
        validate(mutator)
        assert changes(mutator, REQUEST) == (mutator.name not in same), mutator.name


def test_sizes_are_sane() -> None:
    huge = {"header-huge", "target-huge"}
    for mutator in CATALOGUE:
        broken = apply([mutator], REQUEST)
        if mutator.name in huge:
            continue
        assert max((len(value) for _, value in broken.headers), default=0) <= 16 * 1024
        assert len(broken.headers) <= 600
        assert len(broken.target()) <= 16 * 1024


def test_what_makes_a_peer_wait_for_more_closes_the_sending_side() -> None:
    waiting = {"length-too-long", "length-overflow", "chunk-unterminated", "short-then-closed"}
    for mutator in FRAMING:
        if mutator.name in waiting:
            assert apply([mutator], REQUEST).frame.ending == "fin", mutator.name


def test_only_what_http_demands_is_expected() -> None:
    rejected = {mutator.name for mutator in CATALOGUE if mutator.expect is Expectation.REJECT}
    assert rejected == {
        "host-absent",
        "host-twice",
        "header-space-before-colon",
        "length-differs",
        "length-negative",
        "length-signed",
        "length-hexadecimal",
        "length-fraction",
        "length-word",
        "length-list",
    }


def test_two_are_as_large_as_a_server_must_survive() -> None:
    named = {mutator.name: apply([mutator], REQUEST) for mutator in FRAMING}
    assert max(len(value) for _, value in named["header-huge"].headers) == 2 * 1024 * 1024
    assert len(named["target-huge"].target()) == 64 * 1024


def test_a_body_is_given_to_a_request_that_has_none() -> None:
    get = Request("GET", "/v2/")
    (unexpected, *_) = UNEXPECTED_BODY
    broken = apply([unexpected], get)
    assert broken.headers == (("Content-Length", "8"),)
    assert broken.frame.payload == b"regshape"
