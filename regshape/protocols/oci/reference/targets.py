"""From a raw request target to a route of the registry.

The path is split at its slashes first and decoded once after that. An escaped slash never separates
(RFC 3986, 2.2), and nothing here may hold one, so it is refused. Routes are recognised from their
end, because a name may hold the words that routes are made of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

PING = "ping"
CATALOG = "catalog"
DISCOVER = "discover"
DISCOVER_IN = "discover-in"
BLOB = "blob"
UPLOADS = "uploads"
SESSION = "session"
MANIFEST = "manifest"
TAGS = "tags"
REFERRERS = "referrers"
TOKEN = "token"  # noqa: S105 - a route, no secret
UNKNOWN = "unknown"
BROKEN = "broken"

_EXTENSION = ("_oci", "ext", "discover")
_BY_WORD: Mapping[str, str] = {"blobs": BLOB, "manifests": MANIFEST, "referrers": REFERRERS}
_HEX = frozenset(b"0123456789abcdefABCDEF")


class Target(NamedTuple):
    """A route with the repository's name and the reference that the path holds."""

    route: str
    name: str = ""
    reference: str = ""


def split_path(raw: bytes) -> list[str] | None:
    """Return the decoded components of a path, or None if one cannot be decoded strictly."""
    if raw.isascii() and b"%" not in raw and b"\0" not in raw:
        return raw.decode("ascii").split("/")
    components = [_decode(component) for component in raw.split(b"/")]
    known = [component for component in components if component is not None]
    return known if len(known) == len(components) else None


def _decode(component: bytes) -> str | None:
    if not _well_escaped(component):
        return None
    try:
        text = unquote_to_bytes(component).decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if "\0" in text or "/" in text else text


def _well_escaped(component: bytes) -> bool:
    pieces = component.split(b"%")[1:]
    return all(len(piece) > 1 and piece[0] in _HEX and piece[1] in _HEX for piece in pieces)


def find_target(components: Sequence[str]) -> Target:
    """Return the route that the components of a path lead to."""
    if components[:1] != [""] or components[1:2] != ["v2"]:
        return Target(TOKEN) if components == ["", "token"] else Target(UNKNOWN)
    rest = components[2:]
    if not rest or list(rest) == [""]:
        return Target(PING)
    if rest[0].startswith("_"):
        return _extension(rest)
    return _in_repository(rest)


def _extension(rest: Sequence[str]) -> Target:
    if tuple(rest) == _EXTENSION:
        return Target(DISCOVER)
    return Target(CATALOG) if list(rest) == ["_catalog"] else Target(UNKNOWN)


def _in_repository(rest: Sequence[str]) -> Target:
    if tuple(rest[-3:]) == _EXTENSION:
        return Target(DISCOVER_IN, "/".join(rest[:-3]))
    if list(rest[-2:]) == ["tags", "list"]:
        return Target(TAGS, "/".join(rest[:-2]))
    if list(rest[-2:]) == ["blobs", "uploads"]:
        return Target(UPLOADS, "/".join(rest[:-2]))
    if list(rest[-3:-1]) == ["blobs", "uploads"]:
        return Target(SESSION if rest[-1] else UPLOADS, "/".join(rest[:-3]), rest[-1])
    if len(rest) > 1 and rest[-2] in _BY_WORD:
        return Target(_BY_WORD[rest[-2]], "/".join(rest[:-2]), rest[-1])
    return Target(UNKNOWN)
