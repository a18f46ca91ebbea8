"""How the registry is set up that a campaign works with: its tokens are known."""

from __future__ import annotations

from collections.abc import Mapping

from regshape.protocols.ori.models import Advisory, TokenScope
from regshape.protocols.ori.reference.records import Grant, ReferenceOptions
from regshape.protocols.ori.reference.service import Reference

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
OPTIONS = ReferenceOptions(
    tokens={TOKENS[name]: grant for name, grant in GRANTS.items()}, advisories=(ADVISORY,)
)
"""Those of the registry that a campaign works with: the limits are those of the document."""
ODD: Mapping[str, type[Reference]] = {"stock": Reference}
"""Twins in its place, by name: `stock` has one time and one window for all, as others have."""
