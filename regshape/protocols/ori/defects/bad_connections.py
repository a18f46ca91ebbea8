"""Faults in what every HTTP server owes: an answer, its framing, its status."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus

import anyio

from regshape.model import Defect
from regshape.protocols.ori.defects.planting import defect
from regshape.protocols.ori.reference import Answer, Asked, Reference, RefusedError
from regshape.protocols.ori.reference.routes import Route
from regshape.protocols.serving import DisconnectedError

PATIENCE = 0.6
"""Seconds that a server waits for the rest of a body."""


class UnyankDeadlocked(Reference):
    """Takes a lock to unyank that it holds already."""

    async def unyank(self, asked: Asked) -> Answer:
        """Wait for a lock that is never free."""
        del asked
        await anyio.sleep_forever()
        raise AssertionError


class ErrorsLonger(Reference):
    """Ends an error with a new line after its length was counted."""

    def finish(self, answer: Answer, asked: Asked) -> Answer:
        """Return the answer with what every answer has, and an error with a new line."""
        finished = super().finish(answer, asked)
        if answer.status != HTTPStatus.NOT_FOUND or not finished.body:
            return finished
        return replace(finished, body=finished.body + b"\n")


class Unchallenged(Reference):
    """Refuses who shows no token, and does not say how to come by one."""

    def challenge(self, why: str) -> Mapping[str, str]:
        """Return no header."""
        del why
        return {}


class StatusOfItsOwn(Reference):
    """Denies methods with a status that nobody knows."""

    def method_not_allowed(self, route: Route) -> RefusedError:
        """Return the refusal of a method."""
        refused = super().method_not_allowed(route)
        return RefusedError(replace(refused.answer, status=999))


class WedgedByCutRequest(Reference):
    """Serves no one else while it waits for the rest of a body, though the client has gone."""

    async def answer(self, asked: Asked) -> Answer:
        """Return the answer to a request, once those before it are whole or given up."""
        async with self.publishing_gate():
            try:
                return await super().answer(asked)
            except DisconnectedError:
                await anyio.sleep(PATIENCE)
                raise

    def publishing_gate(self) -> anyio.Lock:
        """Return what lets one request through at a time."""
        gate: anyio.Lock = self.__dict__.setdefault("gate", anyio.Lock())
        return gate


BAD_WIRE: tuple[Defect, ...] = (
    defect("unyank-deadlocked", UnyankDeadlocked, "S", "HTTP-01"),
    defect("errors-longer", ErrorsLonger, "W", "HTTP-02"),
    defect("unchallenged", Unchallenged, "A", "HTTP-04", "ORI-13"),
    defect("status-of-its-own", StatusOfItsOwn, "S", "HTTP-06", "ORI-58"),
    defect("wedged-by-cut-request", WedgedByCutRequest, "W", "HTTP-07"),
)
