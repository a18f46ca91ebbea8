"""Which registry a caller talks to, with which credentials, and whether it may."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from regshape.errors import UsageError
from regshape.settings import is_local

EMBEDDED = "embedded"
"""The target that stands for a reference registry of our own; `embedded:NAME,NAME` has defects."""
TOKEN = "REGSHAPE_TOKEN"  # noqa: S105 - the name of a variable


@dataclass(frozen=True, slots=True)
class Access:
    """A target with its credentials; no URL stands for the embedded registry with `defects`."""

    url: str | None
    defects: tuple[str, ...] = ()
    username: str | None = None
    password: str | None = None
    other_username: str | None = None
    other_password: str | None = None
    tokens: Mapping[str, str] = field(default_factory=dict)
    """Bearer tokens by identity."""

    @property
    def label(self) -> str:
        """How the target is written in a store, and on the command line again."""
        if self.url is not None:
            return self.url
        return f"{EMBEDDED}:{','.join(self.defects)}" if self.defects else EMBEDDED

    @property
    def credentials(self) -> dict[str, Any]:
        """All of them, as the fields of settings that they are."""
        return {
            "username": self.username,
            "password": self.password,
            "other_username": self.other_username,
            "other_password": self.other_password,
            "tokens": self.tokens,
        }


@dataclass(frozen=True, slots=True)
class Login:
    """What the command line says of credentials."""

    username: str | None
    password_stdin: bool
    other_username: str | None = None


def choose_access(  # noqa: PLR0913 - what flags and environment say
    target: str | None,
    protocol: str,
    login: Login,
    *,
    authorized: bool,
    defects: Sequence[str] = (),
    prefix: str = "--",
    environment: Mapping[str, str] = os.environ,
) -> Access:
    """Return what flags and environment name as the target.

    `prefix` is what the names of the caller's options begin with.

    Raises:
        UsageError: it is no address, may not be attacked, or credentials are half there.
    """
    named = target or from_environment("OCI_ROOT_URL", protocol, environment) or EMBEDDED
    if named == EMBEDDED or named.startswith(f"{EMBEDDED}:"):
        planted = [name for name in named[len(EMBEDDED) + 1 :].split(",") if name]
        return Access(None, (*planted, *defects))
    if defects:
        raise UsageError("--defect is for the embedded registry: leave TARGET out")
    parts = _parsed(named)
    _consent(parts, prefix, authorized=authorized)
    username, password = _credentials(parts, protocol, login, environment)
    other = _other_credentials(login, environment)
    return Access(_address(parts), (), username, password, *other, _tokens(environment))


def _tokens(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return the tokens by identity: REGSHAPE_TOKEN is that of `main`, REGSHAPE_TOKEN_X of `x`."""
    found: dict[str, str] = {}
    for variable, token in environment.items():
        if variable == TOKEN:
            found["main"] = token
        elif variable.startswith(f"{TOKEN}_") and token:
            found[variable[len(TOKEN) + 1 :].lower().replace("_", "-")] = token
    return {name: token for name, token in found.items() if token}


def from_environment(name: str, protocol: str, environment: Mapping[str, str]) -> str | None:
    """Return a variable of the official OCI suite, which only concerns that protocol."""
    return (environment.get(name) or None) if protocol == "oci" else None


def existing_file(option: str, path: Path | None) -> Path | None:
    """Return the path of an option; raises `UsageError` where no file is."""
    if path is not None and not path.is_file():
        raise UsageError(f"{option} {path}: there is no such file")
    return path


def _parsed(named: str) -> SplitResult:
    try:
        parts = urlsplit(named)
        parts.port  # noqa: B018 - raises where it is no port
    except ValueError as error:
        raise UsageError(f"TARGET {named!r} is no URL: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"TARGET {named!r} is no URL: write http://HOST:PORT or https://HOST")
    if parts.query or parts.fragment:
        raise UsageError(f"TARGET {_address(parts)} must have no query and no fragment")
    return parts


def _address(parts: SplitResult) -> str:
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path.rstrip('/')}"


def _consent(parts: SplitResult, prefix: str, *, authorized: bool) -> None:
    if authorized or is_local(_address(parts)):
        return
    raise UsageError(
        f"{parts.hostname} is not this machine, and this tool sends what attackers send: "
        f"add {prefix}authorized if its owner agrees"
    )


def _credentials(
    parts: SplitResult, protocol: str, login: Login, environment: Mapping[str, str]
) -> tuple[str | None, str | None]:
    username = (
        login.username
        or (unquote(parts.username) if parts.username else None)
        or environment.get("REGSHAPE_USERNAME")
        or from_environment("OCI_USERNAME", protocol, environment)
    )
    if login.password_stdin:
        password: str | None = sys.stdin.readline().rstrip("\r\n")
    else:
        password = (
            (unquote(parts.password) if parts.password else None)
            or environment.get("REGSHAPE_PASSWORD")
            or from_environment("OCI_PASSWORD", protocol, environment)
        )
    if username and not password:
        raise UsageError(
            f"there is no password for {username}: set REGSHAPE_PASSWORD, "
            "or pipe it to --password-stdin"
        )
    if login.password_stdin and not username:
        raise UsageError("--password-stdin needs --username")
    return (username, password) if username else (None, None)


def _other_credentials(
    login: Login, environment: Mapping[str, str]
) -> tuple[str | None, str | None]:
    username = login.other_username or environment.get("REGSHAPE_OTHER_USERNAME")
    password = environment.get("REGSHAPE_OTHER_PASSWORD")
    if username and not password:
        raise UsageError(f"there is no password for {username}: set REGSHAPE_OTHER_PASSWORD")
    return (username, password) if username else (None, None)
