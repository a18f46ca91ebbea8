"""What is asked for again is asked in another manner, and for nothing less."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from regshape.model import Call, Mutator, Request
from regshape.protocols.oci import calls
from regshape.protocols.oci.manners import ACCEPTS, Manners, in_another_manner

OPENED = Request("POST", "/v2/{name}/blobs/uploads/", {"name": "a"})
PULLED = Request("GET", "/v2/a/manifests/v1", headers=(("Accept", calls.ACCEPT),))


def accepted(request: Request) -> str | None:
    return dict(request.headers).get("Accept")


@given(st.integers(1, 50))
def test_a_manifest_is_asked_for_again_with_the_same_types_in_another_order(times: int) -> None:
    types = (accepted(in_another_manner(PULLED, times)) or "").split(", ")
    assert sorted(types) == sorted(calls.ACCEPT.split(", "))


def test_the_first_requests_of_a_case_differ_and_only_in_what_they_accept() -> None:
    manners = Manners()
    asked = [manners.next(Call("start-upload", OPENED, None)).request for _ in range(5)]
    assert [accepted(request) for request in asked] == [None, *ACCEPTS]
    assert all(replace(request, headers=()) == OPENED for request in asked)


def test_a_request_with_a_fault_in_it_stays_as_it_is() -> None:
    fault = Mutator("accept-empty", "header", "replace", "Accept", "")
    manners, call = Manners(), Call("pull", PULLED, None, mutators=(fault,))
    assert [manners.next(call), manners.next(call)] == [call, call]


def test_a_type_that_alone_is_accepted_stays_alone() -> None:
    alone = Request("GET", "/v2/a/manifests/v1", headers=(("Accept", "a/b"),))
    assert in_another_manner(alone, 3) == alone
