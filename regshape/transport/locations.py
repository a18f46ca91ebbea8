"""Where a request goes: a route of the registry, or what a Location said.

A Location is absolute or relative, and its query is kept byte for byte (spec.md, "Pushing blobs").
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from regshape.errors import RegistryError
from regshape.model import Headers, Request

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Place:
    """A URL in the two parts that the transport takes; the target is as it goes on the wire."""

    origin: str
    target: str

    @property
    def url(self) -> str:
        """The whole URL."""
        return self.origin + self.target

    def request(self, method: str, headers: Headers = (), extra: str | None = None) -> Request:
        """Return a request for the place, with one more query parameter, escaped, behind."""
        path, mark, query = self.target.partition("?")
        texts = query.split("&") if mark and query else []
        if extra is not None:
            texts.append(extra)
        return Request(method, path, {}, tuple(_pair(text) for text in texts), headers)


def place_of(url: str) -> Place:
    """Return the place of an absolute URL; raises `RegistryError` if it is none."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise RegistryError(f"the registry names a URL that is none: {url!r}") from error
    if parts.scheme not in _PORTS or not parts.hostname:
        raise RegistryError(f"the registry names a URL that is not of HTTP: {url!r}")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    shown = "" if port in (None, _PORTS[parts.scheme]) else f":{port}"
    return Place(f"{parts.scheme}://{host}{shown}", _target_of(url))


def _target_of(url: str) -> str:
    # As it stands there: urlsplit is not trusted to give every byte back.
    rest = url.partition("#")[0].partition("://")[2]
    starts = [at for at in (rest.find("/"), rest.find("?")) if at >= 0]
    target = rest[min(starts) :] if starts else "/"
    return target if target.startswith("/") else f"/{target}"


def resolved(base: str, location: str) -> Place:
    """Return the place that a Location stands for in the answer to a request for `base`."""
    if any(char <= " " for char in location):
        raise RegistryError(f"the registry names a Location that is no URL: {location!r}")
    return place_of(urljoin(base, location))


def _pair(text: str) -> tuple[str, str | None]:
    key, sign, value = text.partition("=")
    return (key, value if sign else None)
