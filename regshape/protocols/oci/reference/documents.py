"""What a manifest has to look like before it is stored: plain inspection of its JSON.

Sources: image-spec, `manifest.md`, `image-index.md`, `descriptor.md`. Unknown fields are accepted,
optional fields of the wrong type are not. Each method returns what is wrong, or None.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn, TypeAlias

from regshape.formats import digest as digests
from regshape.formats.media_type import without_parameters
from regshape.protocols.oci.models import (
    IMAGE_INDEX,
    IMAGE_MANIFEST,
    INDEX_TYPES,
    MANIFEST_TYPES,
)
from regshape.protocols.oci.reference.answers import Answers

Document: TypeAlias = dict[str, Any]

SCHEMA_VERSION: Final = 2
LARGEST_SIZE: Final = 2**63 - 1


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_object(value: object) -> bool:
    return isinstance(value, dict)


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_annotations(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(item, str) for item in value.values())


def _is_size(value: object) -> bool:
    return type(value) is int and 0 <= value <= LARGEST_SIZE


def _is_type(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and digests.is_valid(value)


REQUIRED_OF_DESCRIPTOR: Mapping[str, Callable[[object], bool]] = {
    "mediaType": _is_type,
    "digest": _is_digest,
    "size": _is_size,
}
OPTIONAL_OF_DESCRIPTOR: Mapping[str, Callable[[object], bool]] = {
    "annotations": _is_annotations,
    "artifactType": _is_text,
    "data": _is_text,
    "platform": _is_object,
    "urls": _is_texts,
}
OPTIONAL_OF_MANIFEST: Mapping[str, Callable[[object], bool]] = {
    "annotations": _is_annotations,
    "artifactType": _is_text,
}


class Documents(Answers):
    """The part of the registry that reads manifests."""

    def parse_manifest(self, content: bytes) -> Document | None:
        """Return the JSON object that the content is, or None. Duplicate keys: the last one."""
        try:
            document = json.loads(content.decode("utf-8"), parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            return None
        return document if isinstance(document, dict) else None

    def decide_content_type(self, header: str | None, document: Document) -> str:
        """Return the type to store: that of the request without parameters, else the manifest's."""
        given = without_parameters(header or "")
        if given:
            return given
        declared = document.get("mediaType")
        if isinstance(declared, str) and declared:
            return declared
        return IMAGE_INDEX if "manifests" in document else IMAGE_MANIFEST

    def flaw(self, document: Document, media_type: str) -> str | None:
        """Return what is wrong with a manifest of that type, or None."""
        return (
            self.flaw_of_type(document, media_type)
            or self.flaw_of_shape(document, is_index=self.is_index(media_type))
            or self.flaw_of_descriptors(document)
        )

    def is_index(self, media_type: str) -> bool:
        """Return whether the type is that of an index."""
        return _folded(media_type) in INDEX_TYPES

    def flaw_of_type(self, document: Document, media_type: str) -> str | None:
        """Return why the type, the schema version or a field common to all is wrong, or None."""
        if _folded(media_type) not in MANIFEST_TYPES:
            return f"manifests of type {media_type[:100]!r} are not supported"
        declared = document.get("mediaType", media_type)
        if not isinstance(declared, str) or _folded(declared) != _folded(media_type):
            return "mediaType is not the Content-Type of the request"
        version = document.get("schemaVersion")
        if type(version) is not int or version != SCHEMA_VERSION:
            return "schemaVersion has to be 2"
        return _flaw_of_fields(document, OPTIONAL_OF_MANIFEST)

    def flaw_of_shape(self, document: Document, *, is_index: bool) -> str | None:
        """Return why the lists of descriptors are not those of the type, or None.

        A manifest with both `layers` and `manifests` is ambiguous (CVE-2021-41190).
        """
        own, foreign = ("manifests", "layers") if is_index else ("layers", "manifests")
        if foreign in document:
            return f"{foreign} does not belong into this type of manifest"
        if not isinstance(document.get(own), list):
            return f"{own} has to be a list of descriptors"
        if not is_index and "config" not in document:
            return "config is missing"
        return None

    def flaw_of_descriptors(self, document: Document) -> str | None:
        """Return what is wrong with the first wrong descriptor, or None."""
        for field in ("config", "subject"):
            found = self.flaw_of_descriptor(document[field]) if field in document else None
            if found is not None:
                return f"{field}: {found}"
        for field in ("layers", "manifests"):
            for position, descriptor in enumerate(document.get(field, ())):
                found = self.flaw_of_descriptor(descriptor)
                if found is not None:
                    return f"{field}[{position}]: {found}"
        return None

    def flaw_of_descriptor(self, descriptor: object) -> str | None:
        """Return what is wrong with a descriptor, or None (image-spec, descriptor.md)."""
        if not isinstance(descriptor, dict):
            return "not a descriptor"
        for field, is_right in REQUIRED_OF_DESCRIPTOR.items():
            if not is_right(descriptor.get(field)):
                return f"{field} is missing or invalid"
        return _flaw_of_fields(descriptor, OPTIONAL_OF_DESCRIPTOR)

    def artifact_type(self, document: Document, media_type: str) -> str | None:
        """Return the artifact type of a referrer (spec.md, "Listing Referrers")."""
        own: str = document.get("artifactType", "")
        if own or self.is_index(media_type):
            return own or None
        config_type: str = document["config"]["mediaType"]
        return config_type

    def annotations(self, document: Document) -> Mapping[str, str] | None:
        """Return the annotations that a referrer is listed with."""
        found: Mapping[str, str] | None = document.get("annotations")
        return found

    def subject(self, document: Document) -> str | None:
        """Return the digest of the manifest that this one refers to, or None."""
        digest: str | None = document.get("subject", {}).get("digest")
        return digest


def _flaw_of_fields(
    document: Document, fields: Mapping[str, Callable[[object], bool]]
) -> str | None:
    for field, is_right in fields.items():
        if field in document and not is_right(document[field]):
            return f"{field} is invalid"
    return None


def _folded(media_type: str) -> str:
    """Return the type in lower case; other alphabets are left alone (U+212A would become a k)."""
    return media_type.lower() if media_type.isascii() else media_type


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
