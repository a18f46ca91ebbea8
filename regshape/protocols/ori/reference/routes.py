"""The routes of the registry, and the way from a raw path to one of them.

A path is split at its slashes and decoded once after that, so that an escaped slash separates
nothing (RFC 3986, 2.2).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

_PACKAGE = "/v1/packages/{scope}/{name}"
_VERSION = f"{_PACKAGE}/{{version}}"
_ESCAPED = re.compile(rb"(?:[^%]|%[0-9a-fA-F]{2})*")


@dataclass(frozen=True, slots=True)
class Route:
    """One route: its path, and the names of its handlers by method. HEAD goes where GET goes.

    A word in braces stands for one step of a path, one with `:path` for all the rest.
    """

    path: str
    handlers: Mapping[str, str]

    @property
    def allowed(self) -> str:
        """What the header `Allow` says."""
        methods = [word for name in self.handlers for word in _with_head(name)]
        return ", ".join(methods)

    def match(self, steps: Sequence[str]) -> dict[str, str] | None:
        """Return the words of a path, or None where it is another's."""
        wanted = self.path.split("/")
        if wanted[-1].endswith(":path}"):
            last = len(wanted) - 1
            steps = [*steps[:last], *(["/".join(steps[last:])] if steps[last:] else [])]
        if len(steps) != len(wanted):
            return None
        words: dict[str, str] = {}
        for want, step in zip(wanted, steps, strict=True):
            if want.startswith("{"):
                words[want.strip("{}").removesuffix(":path")] = step
            elif want != step:
                return None
        return words


def _with_head(method: str) -> tuple[str, ...]:
    return ("GET", "HEAD") if method == "GET" else (method,)


ROUTES: Mapping[str, Route] = {
    "versions": Route(f"{_PACKAGE}/versions", {"GET": "get_versions"}),
    "metadata": Route(f"{_VERSION}/metadata", {"GET": "get_metadata"}),
    "download": Route(f"{_VERSION}/download", {"GET": "get_archive"}),
    "publish": Route(f"{_PACKAGE}/publish", {"POST": "publish"}),
    "yank": Route(f"{_VERSION}/yank", {"POST": "yank"}),
    "unyank": Route(f"{_VERSION}/unyank", {"POST": "unyank"}),
    "deprecate": Route(f"{_VERSION}/deprecate", {"POST": "deprecate"}),
    "transfer": Route(f"{_PACKAGE}/transfer", {"POST": "transfer"}),
    "owners": Route(f"{_PACKAGE}/owners", {"GET": "get_owners"}),
    "search": Route("/v1/search", {"GET": "search"}),
    "advisories": Route("/v1/advisories", {"GET": "get_advisories"}),
    "key": Route("/v1/log/key", {"GET": "get_key"}),
    "checkpoint": Route("/v1/log/checkpoint", {"GET": "get_checkpoint"}),
    "tile": Route("/v1/log/tile/{tile:path}", {"GET": "get_tile"}),
    "lookup": Route("/v1/log/lookup/{scope}/{name}/{version}", {"GET": "look_up"}),
}
"""Every route by its name."""


def split_path(raw: bytes) -> list[str] | None:
    """Return the decoded steps of a path, or None where it is not well escaped UTF-8."""
    if _ESCAPED.fullmatch(raw) is None:
        return None
    try:
        return [unquote_to_bytes(step).decode() for step in raw.split(b"/")]
    except UnicodeDecodeError:
        return None


def find_route(steps: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Return the name of a route with the words of the path; an empty name where there is none."""
    for name, route in ROUTES.items():
        words = route.match(steps)
        if words is not None:
            return name, words
    return "", {}
