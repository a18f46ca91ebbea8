from __future__ import annotations

import httpx

from regshape.model import Frame, Mutator, Request
from regshape.mutators.apply import apply
from regshape.transport.mutating import MutatingTransport, retargeted


class Last(httpx.AsyncBaseTransport):
    """Keeps the last request."""

    request: httpx.Request

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.request = request
        return httpx.Response(200)


APPEND = Mutator("p", "path", "append", None, "/x")


async def test_a_request_that_nothing_breaks_is_passed_on_untouched() -> None:
    last = Last()
    request = httpx.Request("GET", "http://h/v2/")
    await MutatingTransport(last, apply).handle_async_request(request)
    assert last.request is request


async def test_a_request_whose_parts_are_not_known_can_be_broken() -> None:
    last = Last()
    request = httpx.Request(
        "PUT", "http://h/a%2Fb?x=1&y&z=", content=b"abc", extensions={"mutators": (APPEND,)}
    )
    await MutatingTransport(last, apply).handle_async_request(request)
    assert last.request.extensions["target"] == b"/a%2Fb/x?x=1&y&z="
    assert last.request.url == "http://h/a%2Fb/x?x=1&y&z="
    assert await last.request.aread() == b"abc"
    assert isinstance(last.request.extensions["frame"], Frame)


async def test_headers_are_those_of_the_moment_and_parts_those_of_the_request() -> None:
    last = Last()
    model = Request("GET", "/v2/{name}", {"name": "a"}, headers=(("Old", "1"),))
    mutators = (Mutator("n", "name", "replace", None, "b"), Mutator("a", "auth", "duplicate"))
    request = httpx.Request(
        "GET",
        "http://h/",
        headers={"Authorization": "Basic x"},
        extensions={"mutators": mutators, "request": model, "prefix": "/p"},
    )
    await MutatingTransport(last, apply).handle_async_request(request)
    assert last.request.extensions["target"] == b"/p/v2/b"
    assert last.request.headers.get_list("Authorization") == ["Basic x", "Basic x"]
    assert "Old" not in last.request.headers


def test_a_target_that_no_url_can_carry_leaves_the_url() -> None:
    url = httpx.URL("http://h/old")
    assert retargeted(url, b"/new?x") == "http://h/new?x"
    for target in (b"*", b"http://other/", b"/\x00", b"/\xff" + b"a" * 70_000):
        assert retargeted(url, target) == url
