"""The ways in which clients ask for one thing: what a case asks for again, it asks in another.

No answer may depend on them, since each accepts all that the first one did.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from regshape.model import Call, Request

ACCEPTS = ("*/*", "application/json, */*", "application/octet-stream, */*", "*/*;q=0.9")
"""What clients send with requests of which the answer has one type only: curl, oras, podman."""


def in_another_manner(request: Request, times: int) -> Request:
    """Return a request as a client would send it that is not the first `times` ones."""
    if not times:
        return request
    accepted = next((value for name, value in request.headers if name == "Accept"), None)
    if accepted is None:
        return request.with_header("Accept", ACCEPTS[(times - 1) % len(ACCEPTS)])
    types = accepted.split(", ")
    first = times % len(types)
    return request.with_header("Accept", ", ".join((*types[first:], *types[:first])))


@dataclass(slots=True)
class Manners:
    """What was asked for already, and how often."""

    asked: dict[tuple[str, str, bytes], int] = field(default_factory=dict)

    def next(self, call: Call) -> Call:
        """Return the call in a manner that nothing in its case had before, unless it is broken."""
        if call.mutators:
            return call
        request = call.request
        key = (request.method, request.target(), request.body)
        times = self.asked.get(key, 0)
        self.asked[key] = times + 1
        return replace(call, request=in_another_manner(request, times)) if times else call
