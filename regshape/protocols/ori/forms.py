"""The bodies of a publish, `multipart/form-data`, whole and broken (RFC 7578, RFC 2046 5.1)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

BOUNDARY = "regshape-7d1f9c"
INSIDE = f"a line\n--{BOUNDARY}\nand --{BOUNDARY}-- too\n".encode()
"""Text that has the boundary in it, but nowhere behind CRLF: no delimiter."""
FORM = "multipart/form-data"
Sent: TypeAlias = tuple[str, bytes]
"""The Content-Type, and the body."""


@dataclass(frozen=True, slots=True)
class Upload:
    """What is to be published."""

    package: bytes
    filename: str
    checksum: str


@dataclass(frozen=True, slots=True)
class Form:
    """One way of laying out a publish, what must become of it, and what says so."""

    write: Callable[[Upload], Sent]
    wanted: Literal["accept", "refuse", "open"]
    requirement: str = "ORI-11"
    statuses: tuple[int, ...] = (400, 411, 415, 422)


def _file(upload: Upload, name: str = "package") -> bytes:
    head = (
        f'Content-Disposition: form-data; name="{name}"; filename="{upload.filename}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return head.encode() + upload.package


def _text(name: str, value: str) -> bytes:
    return f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()


def _body(*parts: bytes, boundary: str = BOUNDARY) -> bytes:
    delimited = (f"--{boundary}\r\n".encode() + part + b"\r\n" for part in parts)
    return b"".join(delimited) + f"--{boundary}--\r\n".encode()


def _sent(body: bytes, parameters: str = f"; boundary={BOUNDARY}") -> Sent:
    return f"{FORM}{parameters}", body


def plain(upload: Upload) -> Sent:
    """Return one file part, as the decision has it."""
    return _sent(_body(_file(upload)))


def _cut(upload: Upload) -> Sent:
    body = plain(upload)[1]
    return _sent(body[: len(body) // 2])


def _wrong_sum(upload: Upload) -> str:
    return upload.checksum[:-1] + ("0" if upload.checksum[-1] != "0" else "1")


FORMS: Mapping[str, Form] = {
    "": Form(plain, "accept"),
    "checksum": Form(lambda u: _sent(_body(_file(u), _text("checksum", u.checksum))), "accept"),
    "other-part": Form(lambda u: _sent(_body(_text("note", "x"), _file(u))), "accept"),
    "boundary-inside": Form(plain, "accept"),
    "preamble": Form(lambda u: _sent(b"to be ignored\r\n" + _body(_file(u))), "open"),
    "epilogue": Form(lambda u: _sent(_body(_file(u)) + b"to be ignored\r\n"), "open"),
    "quoted-boundary": Form(lambda u: _sent(_body(_file(u)), f'; boundary="{BOUNDARY}"'), "accept"),
    "no-boundary": Form(lambda u: _sent(_body(_file(u)), ""), "refuse"),
    "other-boundary": Form(lambda u: _sent(_body(_file(u)), "; boundary=other"), "refuse"),
    "doubled": Form(lambda u: _sent(_body(_file(u), _file(u))), "refuse"),
    "wrong-part": Form(lambda u: _sent(_body(_file(u, "file"))), "refuse"),
    "no-parts": Form(lambda u: _sent(_body()), "refuse"),
    "checksum-wrong": Form(
        lambda u: _sent(_body(_file(u), _text("checksum", _wrong_sum(u)))), "refuse"
    ),
    "nothing": Form(lambda u: _sent(b""), "refuse"),
    "truncated": Form(_cut, "refuse", "ORI-17"),
    "no-end": Form(
        lambda u: _sent(plain(u)[1].removesuffix(f"--{BOUNDARY}--\r\n".encode())),
        "refuse",
        "ORI-17",
    ),
    "json": Form(
        lambda u: ("application/json", json.dumps({"package": u.checksum}).encode()),
        "refuse",
        "ORI-12",
        (400, 415),
    ),
    "raw": Form(lambda u: ("application/octet-stream", u.package), "refuse", "ORI-12", (400, 415)),
    "url-encoded": Form(
        lambda u: ("application/x-www-form-urlencoded", b"package=x"),
        "refuse",
        "ORI-12",
        (400, 415),
    ),
}
