from __future__ import annotations

from email import message_from_bytes
from email.message import Message

import pytest

from regshape.formats.digest import compute
from regshape.protocols.ori.forms import BOUNDARY, FORMS, INSIDE, Upload

UPLOAD = Upload(b"\x1f\x8b\0\r\n\xff --\r\nthe end", "json-1.0.0.oripk", compute(b"x"))
WHOLE = [name for name, form in FORMS.items() if form.wanted != "refuse"]
STATED = ("ORI-11", "ORI-12", "ORI-17")


def parts_of(name: str) -> dict[str, bytes]:
    """Return the parts of a form by name, as the standard library reads them."""
    kind, body = FORMS[name].write(UPLOAD)
    message = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + body)
    return {_name(part): _content(part) for part in message.walk() if not part.is_multipart()}


def _name(part: Message) -> str:
    return str(part.get_param("name", header="content-disposition"))


def _content(part: Message) -> bytes:
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_form_has_the_package_byte_for_byte(name: str) -> None:
    assert parts_of(name)["package"] == UPLOAD.package


def test_further_parts_are_beside_the_package() -> None:
    assert parts_of("checksum")["checksum"] == UPLOAD.checksum.encode()
    assert set(parts_of("other-part")) == {"note", "package"}


def test_the_boundary_inside_is_no_delimiter() -> None:
    assert INSIDE.count(f"--{BOUNDARY}".encode()) == 2
    assert f"\r\n--{BOUNDARY}".encode() not in INSIDE


def test_a_wrong_checksum_is_a_checksum_of_something_else() -> None:
    _, body = FORMS["checksum-wrong"].write(UPLOAD)
    assert UPLOAD.checksum.encode() not in body
    assert UPLOAD.checksum[:-1].encode() in body


@pytest.mark.parametrize("name", ["truncated", "no-end", "nothing"])
def test_a_form_that_is_cut_has_no_end(name: str) -> None:
    assert not FORMS[name].write(UPLOAD)[1].endswith(f"--{BOUNDARY}--\r\n".encode())


@pytest.mark.parametrize("name", FORMS)
def test_what_must_be_refused_says_by_which_requirement(name: str) -> None:
    form = FORMS[name]
    assert form.requirement in STATED
    assert all(400 <= status < 500 for status in form.statuses)
