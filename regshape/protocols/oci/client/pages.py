"""Lists that come in pages: one of them, or all, by their Links (RFC 8288).

A page's Link must lead to the registry itself, and to a page that was not there before.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from regshape.errors import RegistryError
from regshape.model import Exchange
from regshape.protocols.http import next_link
from regshape.protocols.oci import calls
from regshape.protocols.oci.client.session import Session, Task
from regshape.protocols.oci.models import CatalogList, TagList
from regshape.transport.locations import resolved

D = TypeVar("D", bound=BaseModel)
OK = frozenset({200})


def window(limit: int | None, last: str | None) -> tuple[tuple[str, str], ...]:
    """Return the query for at most so many entries, after that one (spec.md, "Listing Tags")."""
    pairs = (("n", None if limit is None else str(limit)), ("last", last))
    return tuple((key, calls.escape(value)) for key, value in pairs if value is not None)


async def exchanges(session: Session, task: Task) -> AsyncIterator[Exchange]:
    """Give the answer to a request for a list, and those of the pages that follow.

    Raises:
        RegistryError: the pages lead to another host, or in a circle.
    """
    seen: set[str] = set()
    while True:
        seen.add(session.url_of(task))
        exchange = await session.call(task)
        yield exchange
        link = next_link(exchange)
        if link is None:
            return
        place = resolved(session.url_of(task), link)
        if place.origin != session.place.origin:
            raise RegistryError(f"{task.doing}: the next page is on another host: {place.origin}")
        if place.url in seen:
            raise RegistryError(f"{task.doing}: the pages lead in a circle, at {place.target}")
        request = place.request("GET", task.request.headers)
        task = replace(task, place=place, request=request)


P = TypeVar("P", TagList, CatalogList)


def one_page(exchange: Exchange, kind: type[P], doing: str) -> P:
    """Return the document of one page, which knows whether there are more."""
    has_more = next_link(exchange) is not None
    return document(exchange, kind, doing).model_copy(update={"has_more": has_more})


def document(exchange: Exchange, kind: type[D], doing: str) -> D:
    """Return the document that an answer holds; raises `RegistryError` if it is none."""
    try:
        return kind.model_validate_json(exchange.answer)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise RegistryError(
            f"{doing}: the answer is no {kind.__name__}: {field}: {first['msg']}"
        ) from error
