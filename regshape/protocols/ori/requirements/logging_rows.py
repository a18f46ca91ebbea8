"""The transparency log: that all is in it, and that it only grows (4.5)."""

from __future__ import annotations

from regshape.model import Call, Exchange, Fault, Requirement
from regshape.protocols.judging import judged, must_be
from regshape.protocols.ori.facts import LogFacts
from regshape.protocols.ori.operations.log_reads import read_checkpoint, read_lookup
from regshape.protocols.ori.requirements.table import MUST, OK, row

SECTION = "4.5 Checksum Database"
READS = ("look-up", "get-checkpoint")


def in_log(call: Call, exchange: Exchange) -> Fault | bool:
    """What was published can be looked up at once, with its checksum."""
    facts: LogFacts = call.facts
    if not facts.record or not judged(call, exchange):
        return False
    status = must_be(exchange, f"the lookup of {facts.package} {facts.version}", OK)
    if status is not True:
        return status
    found = read_lookup(exchange)
    if found is None:
        return Fault("no lookup", "a lookup is no number, record and checkpoint")
    if found[1] == facts.record:
        return True
    return Fault("other record", f"the log has {found[1]!r}, not {facts.record!r}")


def included(call: Call, exchange: Exchange) -> Fault | bool:
    """The record is in the tree that the checkpoint stands for."""
    facts: LogFacts = call.facts
    if not facts.inclusion or exchange.failure is not None:
        return False
    return facts.inclusion == "right" or Fault("not included", facts.inclusion)


def consistent(call: Call, exchange: Exchange) -> Fault | bool:
    """A checkpoint continues the one that was seen before."""
    facts: LogFacts = call.facts
    if not facts.consistency or exchange.failure is not None:
        return False
    return facts.consistency == "right" or Fault("not consistent", facts.consistency)


def checkpointed(call: Call, exchange: Exchange) -> Fault | bool:
    """The checkpoint is a note with origin, size and root."""
    if not judged(call, exchange) or call.mutators:
        return False
    if must_be(exchange, "GET checkpoint", OK) is not True:
        return must_be(exchange, "GET checkpoint", OK)
    return read_checkpoint(exchange) is not None or Fault("no note", "it is no signed checkpoint")


LOGGING: tuple[Requirement, ...] = (
    row("ORI-57", MUST, SECTION,
        "Every version is in the log before it is listed: after the 201 its lookup succeeds.",
        in_log, READS, needs="log"),
    row("ORI-55", MUST, SECTION,
        "The record of a version is included in the tree of a checkpoint.",
        included, READS, needs="log"),
    row("ORI-56", MUST, SECTION,
        "The log is append-only: of two checkpoints the later continues the earlier.",
        consistent, READS, needs="log"),
    row("ORI-66", MUST, f"{SECTION}, decision 18",
        "The checkpoint is a signed note with origin, size and root (C2SP tlog-checkpoint).",
        checkpointed, ("get-checkpoint",), needs="log"),
)  # fmt: skip
