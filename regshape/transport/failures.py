"""What can go wrong with an exchange, as httpx errors, and as the failures that are recorded.

httpx.TransportError
├── httpx.ConnectError
│   └── TlsError                 the handshake failed, mostly for want of trust
├── AuthError                    no credentials could be obtained for the request
├── httpx.ReadError
│   ├── AbandonedError           this side reset the connection, as a mutator asked
│   └── StaleError               a connection that was used before is gone
└── httpx.RemoteProtocolError
    ├── NoAnswerError            the connection was closed before any byte of the answer
    ├── CutOffError              the connection was closed within the answer
    ├── MalformedAnswerError     the answer is no HTTP/1.1
    └── TooLargeError            the answer's body is longer than what is read

Foreign exceptions (sockets, TLS, h11) are turned into these in `translated`, and nowhere else.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence

import anyio
import h11
import httpx

from regshape.model import Failure

FOREIGN_ERRORS = (
    OSError,
    anyio.EndOfStream,
    anyio.BrokenResourceError,
    anyio.ClosedResourceError,
    h11.RemoteProtocolError,
)
"""What sockets, TLS and h11 raise; `translated` knows them all."""


class TlsError(httpx.ConnectError):
    """Raised when the TLS handshake fails."""


class AuthError(httpx.TransportError):
    """Raised when no credentials can be obtained for a request."""


class AbandonedError(httpx.ReadError):
    """Raised when this side has reset the connection, as a mutator asked."""


class StaleError(httpx.ReadError):
    """Raised when a connection that was used before ends before any byte of the answer.

    The peer may have closed it while the request was under way, which it may do at any time
    (RFC 9112 section 9.5): whether the request was at fault shows on a fresh connection only.
    """


class NoAnswerError(httpx.RemoteProtocolError):
    """Raised when the connection is closed before any byte of the answer."""


class AnswerError(httpx.RemoteProtocolError):
    """An answer that cannot be used; `received` holds the raw bytes of its head that arrived."""

    def __init__(self, message: str, received: bytes = b"") -> None:
        super().__init__(message)
        self.received = received


class CutOffError(AnswerError):
    """Raised when the connection is closed within the answer."""


class MalformedAnswerError(AnswerError):
    """Raised when the answer is no HTTP/1.1."""


class TooLargeError(AnswerError):
    """Raised when the answer's body is longer than what is read."""


_KINDS: Sequence[tuple[type[Exception], str]] = (
    (TlsError, "tls"),
    (AuthError, "auth"),
    (NoAnswerError, "closed"),
    (StaleError, "stale"),
    (CutOffError, "cut-off"),
    (TooLargeError, "too-large"),
    (MalformedAnswerError, "malformed"),
    (httpx.TimeoutException, "timeout"),
    (httpx.ConnectError, "connect"),
    (httpx.NetworkError, "reset"),
    (httpx.RemoteProtocolError, "malformed"),
)
"""The kind of failure for an error; the first that fits."""

_FOREIGN_TRANSPORT_KINDS: Sequence[tuple[str, str]] = (
    ("disconnected without sending", "closed"),
    ("peer closed connection", "cut-off"),
    ("CERTIFICATE_VERIFY_FAILED", "tls"),
)
"""Other transports tell these apart by their messages only (httpcore)."""


def failure_of(error: httpx.HTTPError) -> Failure:
    """Return the failure that an exchange records for an error."""
    detail = str(error) or type(error).__name__
    for text, kind in _FOREIGN_TRANSPORT_KINDS:
        if type(error) in (httpx.RemoteProtocolError, httpx.ConnectError) and text in detail:
            return Failure(kind, detail)
    for exception, kind in _KINDS:
        if isinstance(error, exception):
            return Failure(kind, detail)
    return Failure("connect", f"the request could not be sent: {detail}")


def untrusted(error: ssl.SSLError) -> TlsError:
    """Return the error for a failed handshake, saying what to do about it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        why = f"its certificate cannot be verified ({error.verify_message})"
        hint = "give the authority's certificate with --ca-file, or use --insecure"
        return TlsError(f"the target cannot be trusted: {why}; {hint}")
    return TlsError(f"the TLS handshake failed: {error.reason or error}")


def translated(error: Exception, received: bytes = b"", *, answering: bool = False) -> Exception:
    """Return the httpx error for a foreign exception that ended an exchange.

    Args:
        error: one of `FOREIGN_ERRORS`.
        received: the raw bytes of an answer whose head is not known yet.
        answering: whether the head of the answer is known already.
    """
    if isinstance(error, h11.RemoteProtocolError):
        if "peer " in str(error):
            return CutOffError(f"the answer ends early: {error}", received)
        return MalformedAnswerError(f"the answer is malformed: {error}", received)
    if isinstance(error, TimeoutError):
        return httpx.ReadTimeout("the peer did not answer in time")
    if isinstance(error, anyio.EndOfStream):
        return _ended(received, answering=answering)
    if isinstance(error, ssl.SSLError):
        return httpx.ReadError(f"TLS failed: {error.reason or error}")
    cause = error.__cause__ or error
    return httpx.ReadError(f"the connection broke: {str(cause) or type(cause).__name__}")


def _ended(received: bytes, *, answering: bool) -> httpx.RemoteProtocolError:
    if received or answering:
        return CutOffError("the answer ends early: the peer closed the connection", received)
    return NoAnswerError("the peer closed the connection without an answer")
