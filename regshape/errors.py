"""The exceptions of RegShape.

RegShapeError
├── UsageError          the caller asked for something that does not exist or does not fit
├── CaseError           a case, corpus or rule file that cannot be read
├── TargetError         the target cannot be reached, or is no registry of the protocol
│   └── TargetLostError      the target was there and is gone
├── StoreError          the verdict store cannot be opened, read or written
├── FileError           a file that a command was to write cannot be written
├── AuthError           the registry wants credentials, or these are none for it
├── RegistryError       the registry refuses what a client asked for, or answers what is no answer
│   ├── ManifestError
│   │   ├── ManifestNotFoundError      MANIFEST_UNKNOWN
│   │   ├── ManifestInvalidError       MANIFEST_INVALID
│   │   └── ManifestBlobUnknownError   MANIFEST_BLOB_UNKNOWN
│   ├── BlobError
│   │   ├── BlobNotFoundError          BLOB_UNKNOWN
│   │   ├── BlobUploadInvalidError     BLOB_UPLOAD_INVALID
│   │   ├── BlobUploadUnknownError     BLOB_UPLOAD_UNKNOWN
│   │   └── DigestInvalidError         DIGEST_INVALID, and content that has another digest
│   ├── NameError_
│   │   ├── NameInvalidError           NAME_INVALID
│   │   └── NameUnknownError           NAME_UNKNOWN
│   ├── SizeInvalidError               SIZE_INVALID
│   ├── DeniedError                    DENIED
│   ├── UnsupportedError               UNSUPPORTED
│   ├── TooManyRequestsError           TOOMANYREQUESTS
│   └── LogError            the transparency log does not vouch for what came
│       └── LogForkError    the log has two histories
├── TransportError      no whole answer came
│   ├── RegistryConnectionError
│   ├── RegistryTimeoutError
│   └── TlsError
└── BreakModeError      a request cannot be broken as asked
    └── BreakModeConfigError

To a campaign, what a registry does wrong is never an exception: it is an `Exchange` with a failure.
AuthError, RegistryError and TransportError are for programs that use a registry by the client.
"""

from __future__ import annotations


class RegShapeError(Exception):
    """Base of all errors that RegShape raises itself; the text says what to do."""


class UsageError(RegShapeError):
    """Raised when an option, name or value does not exist or does not fit."""


class CaseError(RegShapeError):
    """Raised when a case or rule file cannot be read; names the file and the field."""


class TargetError(RegShapeError):
    """Raised when the target cannot be reached or does not speak the protocol."""


class TargetLostError(TargetError):
    """Raised when a target that answered before no longer does."""


class StoreError(RegShapeError):
    """Raised when the verdict store cannot be opened, read or written."""


class FileError(RegShapeError):
    """Raised when what a command was to write cannot be written, as on a full disk."""


# --- what a client meets --------------------------------------------------------------------------


class _AnsweredError(RegShapeError):
    """What a registry answered: status and error code where there are any.

    `status_code` is that of HTTP, `oci_code` the code of the error document, `detail` what that
    document has under `detail`, `cause` the registry's own words.
    """

    def __init__(
        self,
        message: str,
        cause: str | None = None,
        *,
        oci_code: str | None = None,
        status_code: int | None = None,
        detail: object = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.cause = cause
        self.oci_code = oci_code
        self.status_code = status_code
        self.detail = detail


class AuthError(_AnsweredError):
    """Raised when the registry wants other credentials (UNAUTHORIZED), or there is no token."""


class RegistryError(_AnsweredError):
    """Raised when the registry refuses a request, or its answer is not what it owes."""


class ManifestError(RegistryError):
    """Base of what concerns manifests."""


class ManifestNotFoundError(ManifestError):
    """Raised for MANIFEST_UNKNOWN: there is no such manifest."""


class ManifestInvalidError(ManifestError):
    """Raised for MANIFEST_INVALID: the registry does not take this manifest."""


class ManifestBlobUnknownError(ManifestError):
    """Raised for MANIFEST_BLOB_UNKNOWN: the manifest names content that is not there."""


class BlobError(RegistryError):
    """Base of what concerns blobs."""


class BlobNotFoundError(BlobError):
    """Raised for BLOB_UNKNOWN: there is no such blob."""


class BlobUploadInvalidError(BlobError):
    """Raised for BLOB_UPLOAD_INVALID: the upload cannot go on like this."""


class BlobUploadUnknownError(BlobError):
    """Raised for BLOB_UPLOAD_UNKNOWN: the upload has ended, or never was."""


class DigestInvalidError(BlobError):
    """Raised for DIGEST_INVALID, and for content that does not have the digest it should."""


class NameError_(RegistryError):  # noqa: N801, N818 - a public name; NameError is Python's
    """Base of what concerns repositories' names."""


class NameInvalidError(NameError_):
    """Raised for NAME_INVALID: no repository can have that name."""


class NameUnknownError(NameError_):
    """Raised for NAME_UNKNOWN: there is no such repository."""


class SizeInvalidError(RegistryError):
    """Raised for SIZE_INVALID: the content is not as long as was said."""


class DeniedError(RegistryError):
    """Raised for DENIED: who asks may not do this."""


class UnsupportedError(RegistryError):
    """Raised for UNSUPPORTED: the registry does not do this."""


class TooManyRequestsError(RegistryError):
    """Raised for TOOMANYREQUESTS: ask again later."""


class LogError(RegistryError):
    """Raised when a registry's transparency log does not vouch for what the registry gave."""


class LogForkError(LogError):
    """Raised when a log does not go on from a checkpoint that was seen; holds both, as evidence."""

    def __init__(self, message: str, kept: str, seen: str) -> None:
        super().__init__(message)
        self.kept = kept
        self.seen = seen


class TransportError(RegShapeError):
    """Raised when no whole answer came; `kind` is that of `regshape.model.Failure`."""

    def __init__(self, message: str, kind: str = "") -> None:
        super().__init__(message)
        self.kind = kind


class RegistryConnectionError(TransportError):
    """Raised when a connection cannot be made, breaks, or carries what is no HTTP."""


class RegistryTimeoutError(TransportError):
    """Raised when the registry does not answer in time."""


class TlsError(TransportError):
    """Raised when the TLS handshake fails, mostly for want of trust."""


class BreakModeError(RegShapeError):
    """Raised when a request cannot be broken as asked."""


class BreakModeConfigError(BreakModeError):
    """Raised when a break rule does not exist or does not fit."""


def first_of(several: BaseExceptionGroup[BaseException]) -> RegShapeError | None:
    """Return the first error of ours in a group, if there is one: the others follow from it."""
    for error in several.exceptions:
        if isinstance(error, RegShapeError):
            return error
        if isinstance(error, BaseExceptionGroup) and (inner := first_of(error)):
            return inner
    return None
