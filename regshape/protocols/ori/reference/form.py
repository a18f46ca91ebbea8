"""The form that a package is published with, read as it arrives (RFC 7578, decision 10)."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from regshape.protocols.ori.models import FORM, ErrorCode
from regshape.protocols.ori.package import MOST_BYTES, PackageError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

# A form that is broken is the sender's fault, and answered; nobody has to read of it on stderr.
logging.getLogger("python_multipart").addHandler(logging.NullHandler())

PACKAGE = "package"
CHECKSUM = "checksum"
MOST_PARTS = 100
MOST_CHECKSUM_BYTES = 1024
MOST_OTHER_BYTES = 1024 * 1024
"""Bytes that a form may have besides the package."""
FORM_BYTES = MOST_BYTES + MOST_OTHER_BYTES
"""Bytes of a whole form."""
_LIMITS = {PACKAGE: MOST_BYTES, CHECKSUM: MOST_CHECKSUM_BYTES}
_LONGEST_BOUNDARY = 70  # RFC 2046, 5.1.1


@dataclass(frozen=True, slots=True)
class Form:
    """A form that is whole: the archive, and its checksum where the sender says it."""

    package: bytes
    checksum: str | None


def boundary_of(content_type: str | None) -> bytes:
    """Return the boundary that a `Content-Type` names.

    Raises:
        PackageError: the type is another, or the boundary is none.
    """
    kind, parameters = parse_options_header(content_type)
    if kind.decode("latin-1").lower() != FORM:
        raise PackageError(ErrorCode.TYPE_UNSUPPORTED, f"a package is published as {FORM}")
    boundary = parameters.get(b"boundary", b"")
    if not 0 < len(boundary) <= _LONGEST_BOUNDARY:
        raise _broken("the Content-Type has no boundary of 1 to 70 characters")
    return boundary


async def read_form(pieces: AsyncIterator[bytes], boundary: bytes) -> Form:
    """Return the form that arrives in pieces; no more of it is kept than the limits say.

    Raises:
        PackageError: it is none, lacks the package or has it twice, or passes a limit.
    """
    reader = _Reader(boundary)
    async for piece in pieces:
        reader.take(piece)
    return reader.form()


def _broken(detail: str) -> PackageError:
    return PackageError(ErrorCode.FORM_INVALID, detail)


class _Reader:
    """What is known of a form so far."""

    def __init__(self, boundary: bytes) -> None:
        callbacks: MultipartCallbacks = {
            "on_part_begin": self._begin_part,
            "on_header_field": self._field,
            "on_header_value": self._value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._name_part,
            "on_part_data": self._data,
            "on_end": self._end,
        }
        self._parser = MultipartParser(boundary, callbacks)
        self._parts: dict[str, bytearray] = {}
        self._count = 0
        self._whole = False
        self._name = ""
        self._header = [b"", b""]
        self._disposition: bytes | None = None

    def take(self, piece: bytes) -> None:
        try:
            self._parser.write(piece)
        except FormParserError as error:
            raise _broken(f"the form cannot be read: {error}") from error

    def form(self) -> Form:
        if not self._whole:
            raise _broken("the form ends before its last boundary")
        if PACKAGE not in self._parts:
            raise PackageError(ErrorCode.FORM_INVALID, "the form has no package", PACKAGE)
        checksum = self._parts.get(CHECKSUM)
        text = None if checksum is None else checksum.decode("latin-1").strip()
        return Form(bytes(self._parts[PACKAGE]), text)

    def _begin_part(self) -> None:
        self._count += 1
        if self._count > MOST_PARTS:
            raise _broken(f"the form has more than {MOST_PARTS} parts")
        self._disposition = None
        self._header = [b"", b""]

    def _field(self, data: bytes, start: int, end: int) -> None:
        self._header[0] += data[start:end]

    def _value(self, data: bytes, start: int, end: int) -> None:
        self._header[1] += data[start:end]

    def _end_header(self) -> None:
        if self._header[0].lower() == b"content-disposition":
            self._disposition = self._header[1]
        self._header = [b"", b""]

    def _name_part(self) -> None:
        kind, parameters = parse_options_header((self._disposition or b"").decode("latin-1"))
        name = parameters.get(b"name")
        if kind.lower() != b"form-data" or name is None:
            raise _broken("a part of the form has no name")
        self._name = name.decode("latin-1")
        if self._name not in _LIMITS:
            return
        if self._name in self._parts:
            raise PackageError(
                ErrorCode.FORM_INVALID, f"the form has two parts {self._name}", self._name
            )
        self._parts[self._name] = bytearray()

    def _data(self, data: bytes, start: int, end: int) -> None:
        limit = _LIMITS.get(self._name)
        if limit is None:
            return
        part = self._parts[self._name]
        part += data[start:end]
        if len(part) > limit:
            raise PackageError(
                ErrorCode.TOO_LARGE,
                f"the part {self._name} has more than {limit} bytes",
                self._name,
            )

    def _end(self) -> None:
        self._whole = True
