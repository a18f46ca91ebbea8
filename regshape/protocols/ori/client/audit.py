"""Locked packages against advisories (OSV schema 1.6, "affected[].ranges", "Evaluation").

All versions of this registry are semantic ones, so that ranges of the types SEMVER and ECOSYSTEM
are read alike; ranges of commits say nothing of versions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from regshape.errors import RegistryError
from regshape.formats import semver
from regshape.formats.semver import Version
from regshape.protocols.ori.models import Advisory, Affected, AffectedRange
from regshape.protocols.ori.toml_files import Lock

ECOSYSTEM = "Ori"
_ORDER = {"fixed": 0, "introduced": 1, "last_affected": 2}
"""Of events at one version: what begins there is not ended by what ended there before."""
_FIRST = Version(0, 0, 0, ("0",))
"""Comes before every other version; OSV writes it `0`."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A locked package that an advisory is about; `fixed` are the versions that mend it."""

    package: str
    version: str
    advisory: Advisory
    fixed: Sequence[str]


def audited(lock: Lock, advisories: Iterable[Advisory]) -> list[Hit]:
    """Return what advisories say of locked packages, by package; withdrawn ones say nothing.

    Raises:
        RegistryError: one of them cannot be read: nothing may be passed over.
    """
    standing = [advisory for advisory in advisories if advisory.withdrawn is None]
    return [
        hit
        for locked in sorted(lock.checksums)
        for advisory in standing
        for hit in _hits(*_named(locked), advisory)
    ]


def _named(locked: str) -> tuple[str, str]:
    package, _, version = locked.partition(":")
    return package, version


def _hits(package: str, version: str, advisory: Advisory) -> Iterator[Hit]:
    about = [affected for affected in advisory.affected if _is_about(affected, package)]
    try:
        if any(is_affected(version, affected) for affected in about):
            yield Hit(package, version, advisory, _fixes(version, about))
    except ValueError as error:
        raise RegistryError(f"advisory {advisory.id} cannot be read: {error}") from error


def _is_about(affected: Affected, package: str) -> bool:
    named = affected.package
    return named is not None and named.ecosystem == ECOSYSTEM and named.name == package


def is_affected(version: str, affected: Affected) -> bool:
    """Return whether a version is listed, or in a range; raises `ValueError` for a bad range."""
    parsed = semver.parse(version)
    listed = any(_version(text) == parsed for text in affected.versions)
    return listed or any(_is_within(parsed, span) for span in affected.ranges)


def _is_within(version: Version, span: AffectedRange) -> bool:
    if span.type == "GIT":
        return False
    events = sorted(
        ((_version(text), kind) for event in span.events for kind, text in event.items()),
        key=lambda pair: (pair[0], _ORDER.get(pair[1], 0)),
    )
    limits = [at for at, kind in events if kind == "limit"]
    if limits and all(version >= limit for limit in limits):
        return False
    within = False
    for at, kind in events:
        if kind == "introduced" and version >= at:
            within = True
        elif (kind == "fixed" and version >= at) or (kind == "last_affected" and version > at):
            within = False
    return within


def _version(text: str) -> Version:
    if text == "0":
        return _FIRST
    return _FAR if text == "*" else semver.parse(text)


_FAR = Version(10**30, 0, 0)
"""Comes behind every other version; OSV writes it `*`, as a limit."""


def _fixes(version: str, about: Iterable[Affected]) -> list[str]:
    """Return the fixed versions that are newer than this one, the oldest first."""
    mine = semver.parse(version)
    found = {
        event["fixed"]
        for affected in about
        for span in affected.ranges
        if span.type != "GIT"
        for event in span.events
        if "fixed" in event
    }
    return sorted((text for text in found if _version(text) > mine), key=_version)
