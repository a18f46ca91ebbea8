"""The registry as a campaign works with it: known tokens, and room for its requests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from regshape.protocols.ori.models import Advisory, TokenScope
from regshape.protocols.ori.reference.records import Grant, ReferenceOptions

TOKENS: Mapping[str, str] = {
    name: f"regshape-campaign-{name}"
    for name in ("main", "other", "reader", "publisher", "manager", "expired")
}
"""The token of each identity. No secrets: of a registry that serves one campaign."""

READ, PUBLISH, ADMIN = TokenScope
GRANTS: Mapping[str, Grant] = {
    "main": Grant("main", frozenset(TokenScope)),
    "other": Grant("other", frozenset(TokenScope)),
    "reader": Grant("main", frozenset({READ})),
    "publisher": Grant("main", frozenset({READ, PUBLISH})),
    "manager": Grant("main", frozenset({READ, ADMIN})),
    "expired": Grant("main", frozenset(TokenScope), expires=1.0),
}
ADVISORY = Advisory.model_validate(
    {"id": "ORI-2026-0001", "modified": "2026-01-01T00:00:00Z", "summary": "An example."}
)
ROOM = 10**9
"""Requests in a window, where a campaign is not to be held up by it."""


def options_for(odd: str | None) -> ReferenceOptions:
    """Return the options of a campaign's registry; `stock` is one with the documented limits."""
    tokens = {TOKENS[name]: grant for name, grant in GRANTS.items()}
    stock = ReferenceOptions(tokens=tokens, advisories=(ADVISORY,))
    if odd == "stock":
        return stock
    return replace(stock, authenticated_limit=ROOM, anonymous_limit=ROOM)
