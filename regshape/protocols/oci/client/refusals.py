"""From refusals to the errors of `regshape.errors`: the only place that does."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import ValidationError

from regshape import errors
from regshape.errors import AuthError, RegistryError
from regshape.model import Exchange
from regshape.protocols.oci.models import OciErrorDetail, OciErrorResponse
from regshape.transport.faults import in_words

OCI_ERROR_MAP: Mapping[str, type[RegistryError | AuthError]] = {
    "BLOB_UNKNOWN": errors.BlobNotFoundError,
    "BLOB_UPLOAD_INVALID": errors.BlobUploadInvalidError,
    "BLOB_UPLOAD_UNKNOWN": errors.BlobUploadUnknownError,
    "DIGEST_INVALID": errors.DigestInvalidError,
    "MANIFEST_BLOB_UNKNOWN": errors.ManifestBlobUnknownError,
    "MANIFEST_INVALID": errors.ManifestInvalidError,
    "MANIFEST_UNKNOWN": errors.ManifestNotFoundError,
    "NAME_INVALID": errors.NameInvalidError,
    "NAME_UNKNOWN": errors.NameUnknownError,
    "SIZE_INVALID": errors.SizeInvalidError,
    "UNAUTHORIZED": AuthError,
    "DENIED": errors.DeniedError,
    "UNSUPPORTED": errors.UnsupportedError,
    "TOOMANYREQUESTS": errors.TooManyRequestsError,
}
"""The error for each code (spec.md, "Error Codes")."""

_BY_STATUS: Mapping[int, type[RegistryError | AuthError]] = {
    401: AuthError,
    403: errors.DeniedError,
    405: errors.UnsupportedError,
    429: errors.TooManyRequestsError,
    501: errors.UnsupportedError,
}
"""The error where the answer has no code that is known."""

_NOT_FOUND: Mapping[str, type[RegistryError]] = {
    "manifest": errors.ManifestNotFoundError,
    "tag": errors.ManifestNotFoundError,
    "blob": errors.BlobNotFoundError,
    "upload": errors.BlobUploadUnknownError,
    "chunk": errors.BlobUploadUnknownError,
    "tags": errors.NameUnknownError,
}
"""The error for a 404 without a code, such as a HEAD's, by the operation's last word."""
_MISSING = 404


def refusal(exchange: Exchange, operation: str, doing: str) -> RegistryError | AuthError:
    """Return the error for an answer that is not what was asked for."""
    status = exchange.status or 0
    entry = _first_error(exchange.answer)
    kind = OCI_ERROR_MAP.get(entry.code) if entry else None
    if kind is None and status == _MISSING:
        kind = _NOT_FOUND.get(operation.rpartition("-")[2])
    kind = kind or _BY_STATUS.get(status, RegistryError)
    said = f"{entry.code}: {entry.message}" if entry else exchange.reason
    return kind(
        f"{doing}: the registry answered {status}{in_words(said)}",
        entry.message if entry else None,
        oci_code=entry.code if entry else None,
        status_code=status,
        detail=entry.detail if entry else None,
    )


def _first_error(body: bytes) -> OciErrorDetail | None:
    try:
        document = OciErrorResponse.model_validate_json(body)
    except ValidationError:
        return None
    known = (entry for entry in document.errors if entry.code in OCI_ERROR_MAP)
    return next(known, document.errors[0] if document.errors else None)
