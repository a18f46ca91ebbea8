"""The requests of the Ori registry, unbroken, as calls with their facts."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from regshape.model import Call, Exchange, Identity, Mutator, Request, Role
from regshape.protocols.ori.facts import Facts

PACKAGE = "/v1/packages/{scope}/{name}"
VERSIONS = f"{PACKAGE}/versions"
OWNERS = f"{PACKAGE}/owners"
PUBLISH = f"{PACKAGE}/publish"
TRANSFER = f"{PACKAGE}/transfer"
METADATA = f"{PACKAGE}/{{reference}}/metadata"
DOWNLOAD = f"{PACKAGE}/{{reference}}/download"
MARKS = {
    "yank": f"{PACKAGE}/{{reference}}/yank",
    "unyank": f"{PACKAGE}/{{reference}}/unyank",
    "deprecate": f"{PACKAGE}/{{reference}}/deprecate",
}
SEARCH = "/v1/search"
ADVISORIES = "/v1/advisories"
CHECKPOINT = "/v1/log/checkpoint"
LOOKUP = "/v1/log/lookup/{scope}/{name}/{reference}"
TILE = "/v1/log/tile/{tile}"

JSON = "application/json"
ACCEPT = (("Accept", f"{JSON}, */*;q=0.5"),)


def call(  # noqa: PLR0913, PLR0917 - what a call is made of
    operation: str,
    request: Request,
    facts: Facts,
    mutators: tuple[Mutator, ...] = (),
    role: Role = "step",
    cause: Call | None = None,
    identity: Identity = "main",
    *,
    patient: bool = True,
) -> Call:
    """Return a call; no token of this protocol is fetched, so it has no scope."""
    return Call(
        operation, request, facts, role, mutators, cause, identity=identity, patient=patient
    )


def get(route: str, **parts: str) -> Request:
    """Return a GET of a route."""
    return Request("GET", route, parts, (), ACCEPT)


def post(route: str, document: Any, **parts: str) -> Request:
    """Return a POST of a JSON document; None stands for no body at all."""
    if document is None:
        return Request("POST", route, parts, (), ACCEPT)
    headers = (*ACCEPT, ("Content-Type", JSON))
    return Request("POST", route, parts, (), headers, json.dumps(document).encode())


def escape(value: str) -> str:
    """Return a query value escaped whole."""
    return quote(value, safe="")


def document_of(exchange: Exchange) -> Any:
    """Return the JSON document of a whole 200, or None."""
    if exchange.status != 200 or exchange.failure is not None:  # noqa: PLR2004 - OK
        return None
    try:
        return json.loads(exchange.answer)
    except (ValueError, RecursionError):
        return None


def json_object(exchange: Exchange) -> bool:
    """Return whether the body is a JSON object."""
    try:
        return isinstance(json.loads(exchange.answer), dict)
    except (ValueError, RecursionError):
        return False
