"""The API as a whole, and what only a client can keep (4.2, 4.6)."""

from __future__ import annotations

from regshape.model import Call, Exchange, Fault, Requirement
from regshape.protocols.judging import answered, rejecting
from regshape.protocols.ori.requirements.table import MUST, row

SECTION = "4.6 Phase Completion Checklist"
NOT_ALLOWED = 405
CLIENT = "a matter of the client: nothing that a registry answers tells of it"


def other_methods(call: Call, exchange: Exchange) -> Fault | bool:
    """Every route answers, and another method with 405 and Allow."""
    if not answered(exchange) or (call.mutators and not rejecting(call, "method")):
        return False
    status = exchange.status or 0
    if not call.mutators:
        what = f"{exchange.method} {exchange.target} was answered with 405"
        return status != NOT_ALLOWED or Fault("status 405", what)
    if status != NOT_ALLOWED:
        return Fault(f"status {status}", f"{exchange.method} was answered with {status}, not 405")
    what = f"a 405 to {exchange.method} came without Allow"
    return bool(exchange.header("allow")) or Fault("no Allow", what, wide=True)


METHODS: tuple[Requirement, ...] = (
    row("ORI-58", MUST, SECTION,
        "All endpoints are there; another method is answered with 405 and Allow.",
        other_methods),
    row("ORI-38", MUST, "4.2 Authentication",
        "ORI_REGISTRY_TOKEN is the token for the default registry.", waiver=CLIENT),
    row("ORI-39", MUST, "4.2 Authentication",
        "ORI_REGISTRY_{NAME}_TOKEN is the token for a named registry.", waiver=CLIENT),
    row("ORI-40", MUST, "4.2 Authentication",
        "The default token goes to no named registry and to no other origin.", waiver=CLIENT),
    row("ORI-59", MUST, "Exit criteria",
        "The registry protocol is fully specified and testable.",
        waiver="this table is what it asks for"),
)  # fmt: skip
