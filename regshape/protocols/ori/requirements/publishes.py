"""What may be published and what may not: forms, archives, manifests (4.1, 4.4)."""

from __future__ import annotations

from collections.abc import Iterable

from regshape.model import Call, Check, Exchange, Fault, Requirement
from regshape.protocols.judging import answered, judged
from regshape.protocols.ori.facts import PublishFacts
from regshape.protocols.ori.forms import FORMS
from regshape.protocols.ori.requirements.table import (
    CREATED,
    MUST,
    SHOULD,
    answered_at_all,
    flawed,
    row,
)
from regshape.protocols.ori.state import RESERVED
from regshape.protocols.ori.trees import ACCEPTED_SIZE, FLAWS

PUBLISH, BOTH = ("publish",), ("publish", "list-versions")
ENDPOINTS, FORMAT = "4.1 API Endpoints", "4.4 Package Archive Format"
NAMES = ("too-long", "upper-case", "underscore", "dot", "space", "non-ascii")


def flaws_of(requirement: str) -> list[str]:
    """Return the flaws and forms that a requirement forbids."""
    forms = [f"form {name}" for name, form in FORMS.items()
             if form.wanted == "refuse" and form.requirement == requirement]  # fmt: skip
    return forms + [name for name, flaw in FLAWS.items() if flaw.requirement == requirement]


def _refuse(requirement: str, *more: str) -> Check:
    return flawed(flaws=[*flaws_of(requirement), *more])


def accepted(call: Call, exchange: Exchange) -> Fault | bool:
    """A publish that is as it should be is answered with 201."""
    facts: PublishFacts = call.facts
    if not judged(call, exchange) or facts.wanted != "accept" or facts.transferred:
        return False
    if call.identity != "main" or len(call.request.body) > ACCEPTED_SIZE // 2:
        return False
    if exchange.status == CREATED:
        return True
    tell = f"status {exchange.status}"
    return Fault(tell, f"a sound publish was answered with {exchange.status}, not 201")


def form_kept(call: Call, exchange: Exchange) -> Fault | bool:
    """A publish is one multipart form with one package, and nothing else is."""
    found = accepted(call, exchange) if isinstance(call.facts, PublishFacts) else False
    return found if found is not False else _refuse("ORI-11")(call, exchange)


def size_kept(call: Call, exchange: Exchange) -> Fault | bool:
    """Ten megabytes are taken, and more than ten mebibytes are not."""
    facts = call.facts
    if isinstance(facts, PublishFacts) and facts.wanted == "accept":
        large = len(call.request.body) > ACCEPTED_SIZE // 2
        if not large or not answered(exchange):
            return False
        if exchange.status == CREATED:
            return True
        return Fault(
            f"status {exchange.status}",
            f"a package of 10 MB was answered with {exchange.status}, not 201",
        )
    return flawed(flaws=["size"])(call, exchange)


def repeated(why: str) -> Check:
    """Return the check that a version which is there, or was, is not published again."""

    def check(call: Call, exchange: Exchange) -> Fault | bool:
        facts = call.facts
        if not isinstance(facts, PublishFacts) or facts.why != why or call.mutators:
            return False
        if facts.package_known is not True or not answered_at_all(exchange):
            return False
        return flawed(flaws=[why])(call, exchange)

    return check


def _row(id_: str, section: str, text: str, *more: str, on: Iterable[str] = BOTH) -> Requirement:
    return row(id_, MUST, section, text, _refuse(id_, *more), on)


PUBLISHES: tuple[Requirement, ...] = (
    row("ORI-15", MUST, "7.2 Immutability, decision",
        "A yanked version cannot be published again: 409.", repeated("yanked"), PUBLISH),
    row("ORI-14", MUST, "7.2 Immutability",
        "A version that is there cannot be published again: 409.", repeated("exists"), PUBLISH),
    _row("ORI-12", ENDPOINTS, "A publish of another content type is refused with 415 (or 400)."),
    _row("ORI-17", ENDPOINTS, "A publish is atomic: one that is cut short leaves nothing."),
    _row("ORI-16", ENDPOINTS, "Scope and name in the URL are those of the manifest."),
    _row("ORI-54", FORMAT,
         "An archive that is not safe to unpack is refused, and nothing of it stored."),
    _row("ORI-49", FORMAT, "The archive has an oripk.toml without scripts."),
    _row("ORI-50", FORMAT,
         "The archive has an oripk.lock with the checksums of all dependencies.", "lock-wrong"),
    _row("ORI-51", FORMAT, "The archive has a CHECKSUM that is right and covers all else."),
    _row("ORI-52", FORMAT, "The archive has at least one file under src/."),
    _row("ORI-48", FORMAT, "The archive is gzip over POSIX ustar."),
    row("ORI-53", MUST, FORMAT,
        "10,000,000 bytes are taken; more than 10,485,760 are refused with 413.",
        size_kept, BOTH),
    row("ORI-60", SHOULD, "1.2 Names, decision",
        "Names are of a-z, 0-9 and -, with 64 characters at most, and none is reserved.",
        flawed(flaws=[f"name {name}" for name in (*NAMES, *RESERVED)]), BOTH),
    row("ORI-61", SHOULD, "1.2 Versions, decision",
        "Versions are MAJOR.MINOR.PATCH, with a pre-release if need be and without build.",
        _refuse("ORI-61"), BOTH),
    row("ORI-62", SHOULD, "7.2 Publishing, decision",
        "A publish has a description, and no git, path or range dependency.",
        _refuse("ORI-62"), BOTH),
    row("ORI-11", MUST, ENDPOINTS,
        "A package is published by a multipart POST, which is answered with 201.",
        form_kept, BOTH),
)  # fmt: skip
