"""Signed notes with Ed25519, and the checkpoints of logs, which are such notes.

Sources: C2SP signed-note (the note, key ids), C2SP tlog-checkpoint; the text form of keys is that
of Go's sumdb/note, `NAME+ID+BASE64`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

ED25519 = b"\x01"
"""The signature type of Ed25519 (signed-note, "Signature types")."""

MOST_SIGNATURES = 100
"""Signatures that a note may have; the document demands at least 16."""

_DASH = "\N{EM DASH} "
_ID_SIZE, _KEY_SIZE, _HASH_SIZE = 4, 32, 32


class NoteError(ValueError):
    """Raised when a note is none, or nobody who is trusted has signed it."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key with its name."""

    name: str
    key: bytes

    @property
    def id(self) -> bytes:
        """The four bytes by which a signature names the key (signed-note, "Signatures")."""
        return _key_id(self.name, self.key)

    def __str__(self) -> str:
        key = base64.b64encode(ED25519 + self.key).decode()
        return f"{self.name}+{self.id.hex()}+{key}"

    def verifies(self, signature: bytes, text: bytes) -> bool:
        """Return whether the signature is the key's, of this text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(signature, text)
        except InvalidSignature:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key with its name."""

    name: str
    seed: bytes

    @property
    def verifier(self) -> Verifier:
        """The public half."""
        private = Ed25519PrivateKey.from_private_bytes(self.seed)
        return Verifier(self.name, private.public_key().public_bytes_raw())

    def sign(self, text: bytes) -> bytes:
        """Return the 64 bytes of a signature."""
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(text)


def new_signer(name: str) -> Signer:
    """Return a signer with a key that nobody else has.

    Raises:
        NoteError: a key cannot have that name.
    """
    _check_name(name)
    return Signer(name, Ed25519PrivateKey.generate().private_bytes_raw())


def parse_verifier(text: str) -> Verifier:
    """Return the public key that `NAME+ID+BASE64` stands for.

    Raises:
        NoteError: it is none, or its id is that of another key.
    """
    name, _, rest = text.partition("+")
    stated, _, encoded = rest.partition("+")
    _check_name(name)
    key = _decoded(encoded)
    if len(key) != 1 + _KEY_SIZE or key[:1] != ED25519:
        raise NoteError(f"the key of {name} is not one of Ed25519")
    verifier = Verifier(name, key[1:])
    if verifier.id.hex() != stated:
        raise NoteError(f"the key of {name} has the id {verifier.id.hex()}, not {stated}")
    return verifier


def sign(text: str, *signers: Signer) -> str:
    """Return the note: the text, which ends in a newline, and a line for each signature.

    Raises:
        NoteError: the text cannot be that of a note.
    """
    _check_text(text)
    lines = (_signature_line(signer, text) for signer in signers)
    return f"{text}\n{''.join(lines)}"


def open_note(note: str, trusted: Sequence[Verifier]) -> str:
    """Return the text of a note that somebody trusted has signed.

    Signatures of keys that are not known are ignored, as the document demands.

    Raises:
        NoteError: it is no note, nobody trusted signed it, or a trusted key's signature is wrong.
    """
    text, signatures = _parts(note)
    known = {(item.name, item.id): item for item in trusted}
    signed = False
    for name, id_, signature in signatures:
        verifier = known.get((name, id_))
        if verifier is None:
            continue
        if not verifier.verifies(signature, text.encode()):
            raise NoteError(f"the signature of {name} is not of this text")
        signed = True
    if not signed:
        raise NoteError("nobody who is trusted has signed this note")
    return text


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The state of a log: whose it is, how many leaves it has, and the hash over them."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return it as the text of a note (tlog-checkpoint, "Note text")."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def parse_checkpoint(text: str) -> Checkpoint:
    """Return the checkpoint that a note's text says; extension lines are left aside.

    Raises:
        NoteError: it is none.
    """
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() or not all(lines):  # noqa: PLR2004 - three, and the end
        raise NoteError("a checkpoint has three lines that are not empty")
    origin, size, encoded = lines[:3]
    if not (size.isascii() and size.isdecimal()) or str(int(size)) != size:
        raise NoteError(f"the size of a checkpoint is a number, not {size!r}")
    root = _decoded(encoded)
    if len(root) != _HASH_SIZE:
        raise NoteError(f"the root hash of a checkpoint has {_HASH_SIZE} bytes, not {len(root)}")
    return Checkpoint(origin, int(size), root)


def _key_id(name: str, key: bytes) -> bytes:
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + key).digest()[:_ID_SIZE]


def _signature_line(signer: Signer, text: str) -> str:
    signature = signer.verifier.id + signer.sign(text.encode())
    return f"{_DASH}{signer.name} {base64.b64encode(signature).decode()}\n"


def _parts(note: str) -> tuple[str, list[tuple[str, bytes, bytes]]]:
    text, blank, block = note.rpartition("\n\n")
    lines = block.split("\n")
    if not blank or lines.pop() or not 0 < len(lines) <= MOST_SIGNATURES:
        raise NoteError("a note is a text, an empty line, and lines with signatures")
    text += "\n"
    _check_text(text)
    return text, [_signature(line) for line in lines]


def _signature(line: str) -> tuple[str, bytes, bytes]:
    if not line.startswith(_DASH):
        raise NoteError("a signature's line begins with a dash and a space")
    name, _, encoded = line.removeprefix(_DASH).partition(" ")
    _check_name(name)
    signature = _decoded(encoded)
    if len(signature) <= _ID_SIZE:
        raise NoteError(f"the signature of {name} is too short")
    return name, signature[:_ID_SIZE], signature[_ID_SIZE:]


def _check_text(text: str) -> None:
    if not text.endswith("\n"):
        raise NoteError("the text of a note ends with a newline")
    if any(character < " " and character != "\n" for character in text):
        raise NoteError("the text of a note has no control characters but newlines")


def _check_name(name: str) -> None:
    if not name or any(c == "+" or c.isspace() or unicodedata.category(c) == "Zs" for c in name):
        raise NoteError(f"a key's name has no spaces and no plus, as {name!r} has")


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise NoteError(f"{text[:60]!r} is not base64") from error
