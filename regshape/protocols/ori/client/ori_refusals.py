"""From an Ori registry's refusals to the errors of `regshape.errors`: the only place that does."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from regshape import errors
from regshape.errors import AuthError, RegistryError
from regshape.model import Exchange
from regshape.protocols.ori.models import ErrorBody, ErrorEntry
from regshape.transport.faults import in_words

_BY_STATUS: Mapping[int, type[RegistryError | AuthError]] = {
    401: AuthError,
    403: errors.DeniedError,
    404: errors.NameUnknownError,
    405: errors.UnsupportedError,
    429: errors.TooManyRequestsError,
    501: errors.UnsupportedError,
}
"""The error for each status that is not just a refusal (decision 9)."""


def ori_refusal(exchange: Exchange, doing: str) -> RegistryError | AuthError:
    """Return the error for an answer that is not what was asked for."""
    status = exchange.status or 0
    entry = _first_entry(exchange.answer)
    said = f"{entry.code}: {entry.detail}" if entry else exchange.reason
    kind = _BY_STATUS.get(status, RegistryError)
    return kind(
        f"{doing}: the registry answered {status}{in_words(said)}{_advice(exchange)}",
        entry.detail if entry else None,
        oci_code=entry.code if entry else None,
        status_code=status,
        detail=entry.pointer if entry else None,
    )


def _first_entry(body: bytes) -> ErrorEntry | None:
    try:
        return ErrorBody.model_validate_json(body).errors[0]
    except ValidationError:
        return None


def _advice(exchange: Exchange) -> str:
    wait = exchange.header("retry-after") or ""
    return f"; try again in {wait} s" if wait.isascii() and wait.isdecimal() else ""
