"""The files in which docker and podman keep logins: read tolerantly, written whole or not at all.

Sources: docker's `config.json` (docker/cli, "docker login"), podman's `containers-auth.json(5)`.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from regshape.errors import AuthError, UsageError
from regshape.transport.auth import Credentials

HUB_KEY = "https://index.docker.io/v1/"
"""What Docker Hub is called in these files."""
_HUB_HOSTS = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})
_VERSIONS = frozenset({"v1", "v2"})


class Entry(BaseModel):
    """A login as it stands in a file; empty where a program keeps it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    auth: str | None = None
    username: str | None = None
    password: str | None = None
    identitytoken: str | None = None


class AuthDocument(BaseModel):
    """What is read of such a file."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    auths: dict[str, Entry] = Field(default_factory=dict)
    helpers: dict[str, str] = Field(default_factory=dict, alias="credHelpers")
    store: str | None = Field(default=None, alias="credsStore")


@dataclass(frozen=True, slots=True)
class AuthFile:
    """A file of logins, which need not exist."""

    path: Path

    def read(self) -> AuthDocument | None:
        """Return what the file holds, or None where there is none.

        Raises:
            UsageError: it cannot be read, or is no such file.
        """
        try:
            return AuthDocument.model_validate_json(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except OSError as error:
            raise UsageError(f"{self.path}: cannot be read: {error.strerror}") from error
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            field = ".".join(str(part) for part in first["loc"]) or "the whole"
            raise UsageError(f"{self.path}: {field}: {first['msg']}") from None

    def find(self, document: AuthDocument, host: str, repository: str) -> Credentials | None:
        """Return the login for a repository, the nearest: its own, a namespace's, the host's.

        Raises:
            AuthError: there is one that cannot be read.
        """
        by_name = {normal(key): entry for key, entry in document.auths.items()}
        for name in candidates(host, repository):
            entry = by_name.get(name)
            if entry is not None and (found := self._credentials(entry, name)) is not None:
                return found
        return None

    def _credentials(self, entry: Entry, name: str) -> Credentials | None:
        username, password = entry.username or "", entry.password or ""
        if entry.auth:
            try:
                pair = base64.b64decode(entry.auth, validate=True).decode()
            except (binascii.Error, UnicodeDecodeError):
                raise AuthError(
                    f"{self.path}: auths.{name}.auth is no base64: log in anew"
                ) from None
            username, colon, password = pair.partition(":")
            password = password.rstrip("\0")
            if not colon:
                raise AuthError(f"{self.path}: auths.{name}.auth has no colon: log in anew")
        if entry.identitytoken:
            return Credentials(username, "", entry.identitytoken)
        return Credentials(username, password) if username else None

    def change(self, edit: Callable[[dict[str, Any]], None]) -> None:
        """Edit the file's JSON object, keeping what is not edited; it is made if there is none.

        Raises:
            UsageError: it cannot be read or written.
        """
        path = self.path.resolve()
        try:
            document = json.loads(path.read_bytes()) if path.exists() else {}
            if not isinstance(document, dict):
                raise UsageError(f"{self.path}: is no JSON object")
            edit(document)
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            _replace(path, json.dumps(document, indent="\t").encode() + b"\n")
        except OSError as error:
            raise UsageError(f"{self.path}: cannot be written: {error.strerror}") from error
        except ValueError as error:
            raise UsageError(f"{self.path}: is no JSON") from error


def _replace(path: Path, content: bytes) -> None:
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        beside.replace(path)
    finally:
        with suppress(FileNotFoundError):
            beside.unlink()


def normal(key: str) -> str:
    """Return a key as host and path: without scheme, version and the other names of Docker Hub."""
    _, scheme, rest = key.rpartition("://")
    rest = rest.strip("/")
    host, slash, path = rest.partition("/")
    if scheme or path in _VERSIONS:
        slash, path = "", ""
    return f"{'docker.io' if host in _HUB_HOSTS else host}{slash}{path}"


def candidates(host: str, repository: str) -> Iterator[str]:
    """Give the names under which a login may stand, the nearest first (podman's order)."""
    name = f"{normal(host)}/{repository}" if repository else normal(host)
    while name:
        yield name
        name = name.rpartition("/")[0]


def key_of(host: str) -> str:
    """Return how docker writes a host in these files, and names it to programs."""
    name = normal(host)
    return HUB_KEY if name == "docker.io" else name


def paths(environment: Mapping[str, str]) -> Iterator[Path]:
    """Give the files in which a login may be, in the order in which they are asked."""
    if named := environment.get("REGISTRY_AUTH_FILE"):
        yield Path(named)
    if runtime := environment.get("XDG_RUNTIME_DIR"):
        yield Path(runtime) / "containers" / "auth.json"
    yield docker_path(environment)


def docker_path(environment: Mapping[str, str]) -> Path:
    """Return where docker keeps its configuration."""
    folder = environment.get("DOCKER_CONFIG")
    home = environment.get("HOME") or str(Path.home())
    return (Path(folder) if folder else Path(home) / ".docker") / "config.json"


def kept_in(environment: Mapping[str, str]) -> AuthFile:
    """Return the file that a new login goes to."""
    named = environment.get("REGISTRY_AUTH_FILE")
    return AuthFile(Path(named) if named else docker_path(environment))
