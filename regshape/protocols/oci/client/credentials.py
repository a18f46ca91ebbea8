"""Where credentials come from: flags, environment, files and programs, as docker and podman do.

`find_credentials` looks for those of one registry and repository; `store_login` and `remove_login`
are what logging in and out are made of. Nothing here prints, and no error holds a secret.
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from regshape.errors import AuthError
from regshape.protocols.oci.client import credential_programs as programs
from regshape.protocols.oci.client.auth_files import (
    AuthDocument,
    AuthFile,
    candidates,
    kept_in,
    key_of,
    normal,
    paths,
)
from regshape.transport.auth import Credentials


async def find_credentials(
    registry: str,
    repository: str = "",
    *,
    username: str | None = None,
    password: str | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Credentials | None:
    """Return the credentials for a registry, or None where there are none.

    The order is: what is given, `REGSHAPE_USERNAME` and `REGSHAPE_PASSWORD`, the file that
    `REGISTRY_AUTH_FILE` names, `$XDG_RUNTIME_DIR/containers/auth.json`, and `config.json` in
    `$DOCKER_CONFIG` or `~/.docker`. In a file a program named by `credHelpers` or `credsStore` is
    asked before `auths` is.

    Args:
        registry: `HOST[:PORT]`, or a URL.
        repository: for logins that are for some repositories only.
        username: given by the caller.
        password: given by the caller.
        environment: in place of the process's own.

    Raises:
        AuthError: half of a login is given, a login cannot be read, or a program fails.
        UsageError: a file is not what it should be.
    """
    user = username or environment.get("REGSHAPE_USERNAME")
    secret = password or environment.get("REGSHAPE_PASSWORD")
    if user and not secret:
        raise AuthError(f"there is no password for {user}: set REGSHAPE_PASSWORD")
    if user and secret:
        return Credentials(user, secret)
    for path in paths(environment):
        found = await _in_file(AuthFile(path), registry, repository)
        if found is not None:
            return found
    return None


async def _in_file(file: AuthFile, registry: str, repository: str) -> Credentials | None:
    document = file.read()
    if document is None:
        return None
    program = program_for(document, registry, repository)
    if program and (found := await programs.fetched(program, key_of(registry))) is not None:
        return found
    return file.find(document, registry, repository)


def program_for(document: AuthDocument, registry: str, repository: str = "") -> str | None:
    """Return the program that keeps a registry's logins, if one does."""
    by_name = {normal(key): program for key, program in document.helpers.items()}
    for name in candidates(registry, repository):
        if name in by_name:
            return by_name[name]
    return document.store


async def store_login(
    registry: str, credentials: Credentials, environment: Mapping[str, str] = os.environ
) -> Path:
    """Keep a login where docker would, and return the file, which only its owner may read.

    Raises:
        AuthError: the program that is to keep it fails.
        UsageError: the file cannot be read or written.
    """
    file = kept_in(environment)
    key = key_of(registry)
    program = program_for(file.read() or AuthDocument(), registry)
    if program:
        await programs.stored(program, key, credentials)

    def edit(document: dict[str, Any]) -> None:
        _forget(document, key)
        document.setdefault("auths", {})[key] = {} if program else _entry(credentials)

    file.change(edit)
    return file.path


def _entry(credentials: Credentials) -> dict[str, str]:
    pair = f"{credentials.username}:{credentials.password}".encode()
    entry = {"auth": b64encode(pair).decode("ascii")}
    token = credentials.identity_token
    return {**entry, "identitytoken": token} if token else entry


async def remove_login(registry: str, environment: Mapping[str, str] = os.environ) -> bool:
    """Forget a login that `store_login` keeps; returns whether there was one.

    Raises:
        AuthError: the program that keeps it fails.
        UsageError: the file cannot be read or written.
    """
    file = kept_in(environment)
    key = key_of(registry)
    document = file.read()
    if document is None:
        return False
    if normal(key) not in {normal(name) for name in document.auths}:
        return False
    program = program_for(document, registry)
    if program:
        await programs.erased(program, key)
    file.change(lambda edited: _forget(edited, key))
    return True


def _forget(document: dict[str, Any], key: str) -> None:
    auths = document.get("auths") or {}
    document["auths"] = {name: auths[name] for name in auths if normal(name) != normal(key)}
