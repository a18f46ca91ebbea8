"""Open the way to the settings' target."""

from __future__ import annotations

from typing import Any

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
    credentials = None
    if settings.username is not None:
        password = settings.password.get_secret_value() if settings.password else ""
        credentials = Credentials(settings.username, password)
    return open_client(
        settings.target or EMBEDDED,
        credentials,
        insecure=settings.insecure,
        ca_file=settings.ca_file,
        deadline=settings.deadline,
        body_limit=settings.body_limit,
        inner=inner,
        apply=apply,
    )
