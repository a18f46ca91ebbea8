"""Faults in names of repositories, in references and tags."""

from __future__ import annotations

import errno
import re
from typing import Final

from regshape.formats import digest as digests
from regshape.model import Defect
from regshape.protocols.oci.models import NAME, NAME_LIMIT, TAG
from regshape.protocols.oci.reference import Reference, Session, StoredManifest

_LONG_TAG: Final = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,128}")


class NameUnanchored(Reference):
    """Matches a name's beginning and forgets to anchor its end."""

    def is_legal_name(self, name: str) -> bool:
        """Return whether the text begins like a name."""
        return len(name) <= NAME_LIMIT and NAME.match(name) is not None


class NameWithoutDoubles(Reference):
    """Allows one separator at a time, though two underscores and many dashes are legal."""

    def is_legal_name(self, name: str) -> bool:
        """Return whether the text is a name without runs of separators."""
        return "__" not in name and "--" not in name and super().is_legal_name(name)


class NameTooLongForFiles(Reference):
    """Makes a folder for each upload without asking whether a name of that length can be one."""

    def is_legal_name(self, name: str) -> bool:
        """Return whether the text matches the grammar, however long it is."""
        return NAME.fullmatch(name) is not None

    def open_session(self, name: str, algorithm: str | None) -> Session:
        """Open a session in a folder of its own."""
        if len(name) > NAME_LIMIT:
            raise OSError(errno.ENAMETOOLONG, "File name too long")
        return super().open_session(name, algorithm)


class BadDigestAsTag(Reference):
    """Takes a reference that cannot be read as a digest for a tag, and checks no further."""

    def is_digest(self, reference: str) -> bool:
        """Return whether the reference can be read as a digest."""
        return digests.is_valid(reference)

    def check_manifest_reference(self, reference: str) -> None:
        """Accept every reference: what is no digest is a tag."""


class BadDigestCrashes(Reference):
    """Decodes the hash of a digest before it asks whether it is one."""

    def check_pulled_reference(self, reference: str) -> None:
        """Refuse what names no manifest."""
        if self.is_digest(reference):
            bytes.fromhex(reference.partition(":")[2])
        super().check_pulled_reference(reference)


class TagOneTooLong(Reference):
    """Counts the first character of a tag apart, and allows 128 more."""

    def is_legal_tag(self, tag: str) -> bool:
        """Return whether the text is a tag of at most 129 characters."""
        return _LONG_TAG.fullmatch(tag) is not None


class TagUnanchored(Reference):
    """Matches a tag's beginning and forgets to anchor its end."""

    def is_legal_tag(self, tag: str) -> bool:
        """Return whether the text begins like a tag."""
        return TAG.match(tag) is not None


class TagCaseFolded(Reference):
    """Finds tags whatever their case, as a file system that ignores it does."""

    def find_manifest(self, name: str, reference: str) -> StoredManifest | None:
        """Return the manifest of a tag, or of one that differs in case only."""
        found = super().find_manifest(name, reference)
        if found is not None or self.is_digest(reference):
            return found
        return super().find_manifest(name, reference.swapcase())


BAD_NAMES: tuple[Defect, ...] = (
    Defect("name-unanchored", "matches a name's beginning only",
        ("OCI-NAME-01",), NameUnanchored, kind="S"),
    Defect("name-without-doubles", "refuses names with two underscores or dashes in a row",
        ("OCI-NAME-01",), NameWithoutDoubles, kind="S"),
    Defect("name-too-long-for-files", "fails where a name is too long for a folder",
        ("OCI-NAME-02",), NameTooLongForFiles, kind="S"),
    Defect("bad-digest-as-tag", "stores a manifest under a tag that looks like a digest",
        ("OCI-REF-01",), BadDigestAsTag, "zot#4165", kind="S"),
    Defect("bad-digest-crashes", "fails on a digest that is not hexadecimal",
        ("OCI-REF-01",), BadDigestCrashes, "distribution#4945", kind="S"),
    Defect("tag-one-too-long", "accepts tags of 129 characters",
        ("OCI-TAG-01",), TagOneTooLong, kind="S"),
    Defect("tag-unanchored", "matches a tag's beginning only",
        ("OCI-TAG-01",), TagUnanchored, kind="S"),
    Defect("tag-case-folded", "finds tags whatever their case",
        ("OCI-TAG-01",), TagCaseFolded, kind="Q"),
)  # fmt: skip
