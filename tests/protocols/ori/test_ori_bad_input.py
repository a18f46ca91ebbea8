"""Whatever a campaign spoils is refused as the document says, and leaves the registry as it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from regshape.model import Expectation, Mutator, Step
from regshape.protocols.ori.breaks import BREAKS
from regshape.protocols.ori.forms import FORMS
from regshape.protocols.ori.models import STATUSES, ErrorCode
from regshape.protocols.ori.operations.marking import GOOD, MESSAGES
from regshape.protocols.ori.trees import FLAWS, REFUSED_SIZE
from regshape.strategies.ori import NAMES, STRANGERS
from tests.protocols.ori.spoilt import Spoilt, registry_in, spoil

ALLOWED_NAMES = frozenset({"longest", "digits"})
BY_SCOPE = frozenset({"reader", "publisher", "manager"})
ARCHIVE = (
    *("traversal", "traversal-inside", "absolute", "symlink", "hardlink", "device", "duplicate"),
    *("case-clash", "trailing-data", "bomb", "no-gzip", "no-tar", "cut-gzip", "empty"),
)
OF_FLAWS: Mapping[str, str] = {
    **dict.fromkeys(ARCHIVE, "ARCHIVE_INVALID"),
    **dict.fromkeys(("no-manifest", "no-lock", "no-listing", "no-source"), "FILE_MISSING"),
    "scripts": "SCRIPTS_PRESENT",
    "bad-toml": "MANIFEST_INVALID",
    **dict.fromkeys(("lock-no-digest", "dependency-unlocked"), "LOCK_INVALID"),
    **dict.fromkeys(("listing-wrong", "listing-short", "listing-long"), "CHECKSUM_INVALID"),
    "other-name": "NAME_MISMATCH",
    "no-description": "DESCRIPTION_MISSING",
    **dict.fromkeys(
        ("git-dependency", "path-dependency", "range-dependency"), "DEPENDENCY_INVALID"
    ),
    **{name: "VERSION_INVALID" for name in FLAWS if name.startswith("version-")},
}
OF_FORMS: Mapping[str, str] = {
    **dict.fromkeys(
        ("no-boundary", "other-boundary", "doubled", "wrong-part", "no-parts"), "FORM_INVALID"
    ),
    **dict.fromkeys(("nothing", "truncated", "no-end"), "FORM_INVALID"),
    "checksum-wrong": "CHECKSUM_INVALID",
    **dict.fromkeys(("json", "raw", "url-encoded"), "TYPE_UNSUPPORTED"),
}
OF_BODIES: Mapping[str, str] = {"body-null": "FIELD_INVALID", "body-array": "FIELD_INVALID"}
OF_PARTS: Mapping[str, str] = {
    "name-invalid-utf8": "REQUEST_INVALID",
    "name-bad-escape": "REQUEST_INVALID",
    "version-invalid-utf8": "REQUEST_INVALID",
    "version-dots": "ROUTE_UNKNOWN",
}
OF_TARGETS: Mapping[str, str] = {
    "auth": "UNAUTHORIZED",
    "method": "METHOD_NOT_ALLOWED",
    "name": "PACKAGE_UNKNOWN",
    "reference": "VERSION_UNKNOWN",
    "query": "QUERY_INVALID",
    "body": "JSON_INVALID",
}
"""What a mutator of a target is refused with, where none of the tables above says otherwise."""
TAKEN = frozenset({"limit-huge"})
"""Mutators that are no errors: a page may be shorter than was asked for."""


def publishes() -> Iterator[tuple[Mapping[str, Any], str]]:
    for name in FLAWS:
        yield {"flaw": name}, OF_FLAWS[name]
    for name, form in FORMS.items():
        if form.wanted == "refuse":
            yield {"form": name}, OF_FORMS[name]
    for name in NAMES:
        if name not in ALLOWED_NAMES:
            yield {"name": name}, "NAME_RESERVED" if name in {"test", "std-x"} else "NAME_INVALID"
    yield {"version": "again"}, "VERSION_EXISTS"
    yield {"version": "again", "bytes": "same"}, "VERSION_EXISTS"
    yield {"version": "yanked"}, "VERSION_EXISTS"
    yield {"needs": "wrong"}, "DEPENDENCY_UNKNOWN"
    yield {"size": REFUSED_SIZE + 1}, "TOO_LARGE"


def strangers() -> Iterator[tuple[str, str, str]]:
    for who, (_, tried) in STRANGERS.items():
        other = "SCOPE_MISSING" if who in BY_SCOPE else "UNAUTHORIZED"
        for what in tried:
            yield who, what, "NOT_OWNER" if who == "other" else other


def broken() -> Iterator[tuple[str, Mutator, str]]:
    for operation, mutators in BREAKS.items():
        for mutator in mutators:
            tolerated = mutator.expect is Expectation.TOLERATE or mutator.name in TAKEN
            if mutator.target in OF_TARGETS and not tolerated:
                yield operation, mutator, code_of(operation, mutator)


def code_of(operation: str, mutator: Mutator) -> str:
    code = {**OF_TARGETS, **OF_PARTS, **OF_BODIES}.get(mutator.name, OF_TARGETS[mutator.target])
    mismatched = operation == "publish" and code == "PACKAGE_UNKNOWN"
    return "NAME_MISMATCH" if mismatched else code


def assert_refused(spoilt: Spoilt, code: str) -> None:
    assert (spoilt.code, spoilt.status) == (code, STATUSES[ErrorCode(code)])
    assert spoilt.after == spoilt.before


@pytest.mark.parametrize(("arguments", "code"), [*publishes()], ids=str)
@pytest.mark.parametrize("stored", [False, True], ids=["memory", "folder"])
async def test_a_spoilt_publish_is_refused_and_leaves_nothing(
    arguments: Mapping[str, Any], code: str, tmp_path: Path, *, stored: bool
) -> None:
    with registry_in(tmp_path if stored else None) as registry:
        spoilt = await spoil(registry, Step("publish", arguments))
    assert_refused(spoilt, code)
    if "flaw" in arguments:
        assert spoilt.status in FLAWS[arguments["flaw"]].statuses
    if "form" in arguments:
        assert spoilt.status in FORMS[arguments["form"]].statuses


@pytest.mark.parametrize("stored", [False, True], ids=["memory", "folder"])
async def test_a_sound_publish_changes_all_that_is_looked_at(
    tmp_path: Path, *, stored: bool
) -> None:
    with registry_in(tmp_path if stored else None) as registry:
        spoilt = await spoil(registry, Step("publish"))
    assert spoilt.status == 201
    assert [name for name, held in spoilt.before.items() if spoilt.after[name] == held] == []


@pytest.mark.parametrize(("who", "what", "code"), [*strangers()])
async def test_who_may_not_is_refused_and_leaves_nothing(who: str, what: str, code: str) -> None:
    with registry_in(None) as registry:
        spoilt = await spoil(registry, Step("try-as", {"who": who, "what": what}))
    assert_refused(spoilt, code)


@pytest.mark.parametrize("message", [name for name in MESSAGES if name not in GOOD])
async def test_a_deprecation_without_a_message_is_refused(message: str) -> None:
    with registry_in(None) as registry:
        spoilt = await spoil(registry, Step("deprecate", {"message": message}))
    assert_refused(spoilt, "FIELD_INVALID")


async def test_an_accept_of_what_nobody_offers_is_refused() -> None:
    with registry_in(None) as registry:
        spoilt = await spoil(registry, Step("transfer", {"action": "accept", "started": False}))
    assert_refused(spoilt, "NOT_OWNER")


async def test_an_accept_after_72_hours_is_refused() -> None:
    wait, accept = Step("wait", {"hours": 73}), Step("transfer", {"action": "accept"})
    with registry_in(None) as registry:
        spoilt = await spoil(registry, Step("transfer"), wait, accept)
    assert_refused(spoilt, "TRANSFER_EXPIRED")


@pytest.mark.parametrize(
    ("operation", "mutator", "code"),
    [pytest.param(*one, id=f"{one[0]}-{one[1].name}") for one in broken()],
)
async def test_a_broken_request_is_refused_and_leaves_nothing(
    operation: str, mutator: Mutator, code: str
) -> None:
    with registry_in(None) as registry:
        spoilt = await spoil(registry, Step(operation, {}, (mutator,)))
    assert_refused(spoilt, code)
