"""Open the way to the settings' target."""

from __future__ import annotations

from typing import Any

from pydantic import SecretStr

from regshape.model import Identity, Space
from regshape.mutators.apply import apply
from regshape.settings import Settings
from regshape.transport.auth import Credentials
from regshape.transport.client import Client, open_client

EMBEDDED = "http://embedded"
"""The name of an application in the same process, where the settings name no target."""


def client_of(settings: Settings, inner: Any = None) -> Client:
    """Return a client for the settings' target, or for a transport given as `inner`.

    Raises:
        UsageError: the target is no URL, or the CA file cannot be read.
    """
    return open_client(
        settings.target or EMBEDDED,
        _credentials(settings.username, settings.password),
        other=_credentials(settings.other_username, settings.other_password),
        tokens={name: token.get_secret_value() for name, token in settings.tokens.items()},
        insecure=settings.insecure,
        ca_file=settings.ca_file,
        deadline=settings.deadline,
        body_limit=settings.body_limit,
        inner=inner,
        apply=apply,
    )


def space_of(settings: Settings, client: Client) -> Space:
    """Return what the spaces of all executions have in common."""
    return Space(
        settings.repo_prefix,
        "",
        client.url.rstrip("/"),
        read_only=settings.read_only,
        other_prefix=settings.other_prefix,
        other_user=settings.other_user,
        identities=identities_of(settings),
    )


def identities_of(settings: Settings) -> frozenset[Identity]:
    """Return those who have credentials to show."""
    names = {"main": settings.username, "other": settings.other_username}
    return frozenset(settings.tokens) | {who for who, name in names.items() if name is not None}


def _credentials(username: str | None, password: SecretStr | None) -> Credentials | None:
    if username is None:
        return None
    return Credentials(username, password.get_secret_value() if password else "")
