"""Registries by their names, and the token for each (ORI-38 to ORI-40, decision 20).

A registry is named in the environment (`ORI_REGISTRY_{NAME}_URL`) or in `registries.toml`; the
name `default` is that of the one which is meant where none is named.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from regshape.errors import UsageError
from regshape.formats.digest import compute
from regshape.settings import is_local

DEFAULT = "default"
_ORIGIN_PORTS = {"http": 80, "https": 443}
_Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str
    log_key: Annotated[str | None, Field(validation_alias=AliasChoices("log-key", "log_key"))] = (
        None
    )


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    registries: dict[_Name, _Entry] = {}


@dataclass(frozen=True, slots=True)
class Chosen:
    """A registry that was chosen: its URL, its name if it has one, its token and its log's key."""

    url: str
    name: str | None
    token: str | None = field(default=None, repr=False)
    log_key: str | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Where names and tokens are looked for: the environment, and the home directory."""

    environment: Mapping[str, str]
    home: Path

    @property
    def file(self) -> Path:
        """The file that names registries."""
        return self._folder("XDG_CONFIG_HOME", ".config") / "ori" / "registries.toml"

    def memory_of(self, url: str) -> Path:
        """Return the file that keeps what is known of a registry's log."""
        parts = urlsplit(url)
        host = re.sub(r"[^A-Za-z0-9.]", "_", parts.netloc)
        mark = compute(url.rstrip("/").encode()).partition(":")[2][:8]
        return self._folder("XDG_STATE_HOME", ".local/state") / "ori" / f"log-{host}-{mark}.json"

    def _folder(self, variable: str, default: str) -> Path:
        named = self.environment.get(variable, "")
        return Path(named) if Path(named).is_absolute() else self.home / default


def choose(wanted: str | None, token: str | None, around: Surroundings) -> Chosen:
    """Return the registry that is meant, and the token for it and no other.

    Args:
        wanted: a name or a URL; None for the default registry.
        token: what the command line gave, which goes before all else.
        around: the environment and the file.

    Raises:
        UsageError: no registry has that name, or the file is none.
    """
    known = _known(around)
    if wanted is not None and "://" in wanted:
        names = [name for name, entry in known.items() if _same(entry.url, wanted)]
        name, url = (names[0] if names else None), wanted
    else:
        name = wanted or DEFAULT
        if name not in known:
            raise UsageError(_unknown(name, around))
        url = known[name].url
    given = token or (None if name is None else _token(name, around.environment))
    log_key = known[name].log_key if name is not None else None
    return Chosen(url.rstrip("/"), name, given, log_key)


def checked(url: str, *, insecure: bool) -> str:
    """Return a registry's URL; raises `UsageError` if it is none, or not encrypted."""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises where it is no port
    except ValueError as error:
        raise UsageError(f"registry {url!r} is no URL: {error}") from error
    if parts.username or parts.password:
        raise UsageError("a token does not belong into the URL: use ORI_REGISTRY_TOKEN, --token")
    if parts.scheme not in _ORIGIN_PORTS or not parts.hostname or parts.query or parts.fragment:
        raise UsageError(f"registry {url!r} is no URL: write https://HOST[:PORT]")
    if parts.scheme == "http" and not insecure and not is_local(url):
        raise UsageError(f"{url} is not encrypted: add --insecure if you mean it")
    return url


def mangled(name: str) -> str:
    """Return a registry's name as variables have it (decision 20)."""
    return re.sub(r"[^A-Z0-9]", "_", name.upper())


def _token(name: str, environment: Mapping[str, str]) -> str | None:
    own = environment.get(f"ORI_REGISTRY_{mangled(name)}_TOKEN")
    if own or name != DEFAULT:
        return own or None
    return environment.get("ORI_REGISTRY_TOKEN") or None


def _known(around: Surroundings) -> Mapping[str, _Entry]:
    """Return the registries by name; what the environment says goes before the file."""
    known = dict(_read(around.file).registries)
    by_mark = {mangled(name): name for name in known}
    if len(by_mark) < len(known):
        raise UsageError(f"{around.file}: two names stand for one variable: rename a registry")
    if url := around.environment.get("ORI_REGISTRY_URL"):
        known[DEFAULT] = _Entry(url=url)
    for variable, url in around.environment.items():
        found = re.fullmatch(r"ORI_REGISTRY_([A-Z0-9_]+)_URL", variable)
        if found and url:
            name = by_mark.get(found[1], found[1].lower())
            known[name] = _Entry(url=url)
    return known


def _read(path: Path) -> _File:
    try:
        return _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return _File()
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        raise UsageError(f"{path}: {field}: {first['msg']}") from error
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error


def _same(one: str, other: str) -> bool:
    return _place(one) == _place(other)


def _place(url: str) -> tuple[str, str | None, int | None, str]:
    try:
        parts = urlsplit(url)
        port = parts.port or _ORIGIN_PORTS.get(parts.scheme)
    except ValueError:  # of no use to anybody, and the same as itself only
        return (url, None, None, "")
    return (parts.scheme, parts.hostname, port, parts.path.rstrip("/"))


def _unknown(name: str, around: Surroundings) -> str:
    variable = "ORI_REGISTRY_URL" if name == DEFAULT else f"ORI_REGISTRY_{mangled(name)}_URL"
    what = "no registry is named" if name == DEFAULT else f"there is no registry {name!r}"
    return f"{what}: give --registry URL, set {variable}, or add it to {around.file}"
