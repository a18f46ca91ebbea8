from __future__ import annotations

import pytest

from regshape.model import Call, Exchange, Expectation, Failure, Fault, Mutator, Request
from regshape.protocols import http

FRAME = Mutator("chunked", "frame", "chunked", None, None, Expectation.TOLERATE)
OPEN = Mutator("header-nul", "header", "replace", "X", "\x00")
METHOD = Mutator("method-frob", "method", "replace", None, "FROB")
MET, SAYS_NOTHING = True, False


def call(*mutators: Mutator, body: bytes = b"", cause: Call | None = None) -> Call:
    return Call("get", Request("GET", "/", body=body), None, mutators=mutators, cause=cause)


def answer(status: int = 200, body: bytes = b"", method: str = "GET", **headers: str) -> Exchange:
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Exchange(method, "/", status=status, answer_headers=pairs, answer=body)


def failed(kind: str) -> Exchange:
    return Exchange("GET", "/", failure=Failure(kind, "it went wrong"))


def aspect(found: object) -> object:
    return found.aspect if isinstance(found, Fault) else found


LARGE = b"x" * (http.LARGE + 1)


@pytest.mark.parametrize(
    ("of", "exchange", "wanted"),
    [
        (call(), answer(), MET),
        (call(), failed("malformed"), MET),
        (call(), failed("timeout"), "no answer: timeout"),
        (call(), failed("closed"), "no answer: closed"),
        (call(OPEN), failed("closed"), SAYS_NOTHING),
        (call(OPEN), failed("timeout"), "no answer: timeout"),
        (call(FRAME), failed("timeout"), SAYS_NOTHING),
        (call(), failed("stale"), SAYS_NOTHING),
        (call(body=LARGE), failed("reset"), SAYS_NOTHING),
    ],
)
def test_an_answer_comes(of: Call, exchange: Exchange, wanted: object) -> None:
    assert aspect(http.answers(of, exchange)) == wanted


@pytest.mark.parametrize(
    ("exchange", "wanted"),
    [
        (answer(body=b"abc", content_length="3"), MET),
        (answer(body=b"abc"), MET),
        (answer(body=b"abc", content_length="4"), "false Content-Length"),
        (answer(body=b"abc", content_length="three"), "false Content-Length"),
        (answer(method="HEAD", content_length="3"), MET),
        (answer(204, content_length="3"), MET),
        (failed("malformed"), "malformed"),
        (failed("cut-off"), "cut-off"),
        (failed("timeout"), SAYS_NOTHING),
    ],
)
def test_an_answer_is_as_long_as_it_says(exchange: Exchange, wanted: object) -> None:
    assert aspect(http.well_formed(call(), exchange)) == wanted


@pytest.mark.parametrize(
    ("of", "status", "wanted"),
    [
        (call(), 404, MET),
        (call(), 500, "status 500"),
        (call(), 502, "status 502"),
        (call(), 503, SAYS_NOTHING),
        (call(), 501, "status 501"),
        (call(METHOD), 501, MET),
        (call(FRAME), 501, MET),
        (call(FRAME), 505, MET),
        (call(), 505, "status 505"),
    ],
)
def test_nothing_makes_the_server_fail(of: Call, status: int, wanted: object) -> None:
    assert aspect(http.no_server_error(of, answer(status))) == wanted


@pytest.mark.parametrize(
    ("exchange", "wanted"),
    [
        (answer(401, www_authenticate="Basic"), MET),
        (answer(401), "no WWW-Authenticate"),
        (answer(403), SAYS_NOTHING),
    ],
)
def test_a_401_has_a_challenge(exchange: Exchange, wanted: object) -> None:
    assert aspect(http.challenge(call(), exchange)) == wanted


@pytest.mark.parametrize(
    ("exchange", "wanted"),
    [
        (answer(405, allow="GET"), MET),
        (answer(405, allow=""), MET),
        (answer(405), "no Allow"),
        (answer(404), SAYS_NOTHING),
    ],
)
def test_a_405_lists_what_is_allowed(exchange: Exchange, wanted: object) -> None:
    assert aspect(http.allow(call(), exchange)) == wanted


@pytest.mark.parametrize(("status", "wanted"), [(100, MET), (599, MET), (600, "illegal status")])
def test_a_status_is_one_of_five_classes(status: int, wanted: object) -> None:
    assert aspect(http.legal_status(call(), answer(status))) == wanted


def test_after_broken_framing_the_server_serves_on() -> None:
    after = call(cause=call(FRAME))
    assert http.alive(after, answer()) is MET
    assert aspect(http.alive(after, failed("connect"))) == "gone after broken framing"
    assert http.alive(call(), answer()) is SAYS_NOTHING


@pytest.mark.parametrize(
    ("value", "target"),
    [
        ('</v2/x?n=1>; rel="next"', "/v2/x?n=1"),
        ("</x>; rel=next", "/x"),
        ("</x>;rel=NEXT", "/x"),
        ('</x> ; title="a, b; c" ; rel="prev next"', "/x"),
        ('<first>; rel="first", </x>; rel="next"', "/x"),
        ("</a,b>; rel=next", "/a,b"),
        ('</x>; rel="prev"', None),
        ("</x>", None),
        ('</x>; title="rel=next"', None),
        ("/x; rel=next", None),
        ("", None),
    ],
)
def test_a_link_to_the_next_page_is_found_among_others(value: str, target: str | None) -> None:
    assert http.next_link(answer(link=value)) == target


@pytest.mark.parametrize(
    ("headers", "name"),
    [
        ([("Server", "zot/2.1.0")], "zot/2.1.0"),
        (
            [("server", "nginx/1.25"), ("Docker-Distribution-Api-Version", "registry/2.0")],
            "registry/2.0",
        ),
        ([("server", "nginx"), ("x-jfrog-version", "A/7")], "X-Jfrog-Version: A/7"),
        ([("X-GitHub-Request-Id", "A1:B2")], "X-Github-Request-Id"),
        ([("Content-Type", "text/plain"), ("Server", "uvicorn")], None),
        ([], None),
    ],
)
def test_an_implementation_is_named_by_its_headers(
    headers: list[tuple[str, str]], name: str | None
) -> None:
    assert http.implementation_of(tuple(headers)) == name
