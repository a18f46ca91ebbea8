"""From failures to the errors of `regshape.errors`, and a registry's words made fit for these."""

from __future__ import annotations

from collections.abc import Mapping

from regshape import errors
from regshape.errors import AuthError, TransportError
from regshape.model import Failure

_FAULTS: Mapping[str, type[TransportError]] = {
    "timeout": errors.RegistryTimeoutError,
    "tls": errors.TlsError,
}
"""The error for each kind of failure; a connection's is the rest."""


def fault(failure: Failure, doing: str) -> TransportError | AuthError:
    """Return the error for an exchange without a whole answer; `doing` is how it begins."""
    if failure.kind == "auth":
        return AuthError(f"{doing}: {failure.detail}")
    kind = _FAULTS.get(failure.kind, errors.RegistryConnectionError)
    return kind(f"{doing}: {failure.detail}", failure.kind)


def in_words(text: str) -> str:
    """Return a registry's words in brackets: one line, nothing that moves a terminal's cursor."""
    plain = "".join(char if char.isprintable() else " " for char in text[:300]).strip(": ")
    return f" ({plain})" if plain else ""
