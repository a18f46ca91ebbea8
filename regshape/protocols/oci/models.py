"""The words of OCI distribution: grammars, media types, error codes, and what crosses the network.

Sources are the distribution specification (`spec.md`) and the image specification (`descriptor.md`,
`manifest.md`, `image-index.md`). Unknown fields are kept, as both specifications ask.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

NAME_LIMIT = 255
TAG_LIMIT = 128

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
NAME = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
"""A repository's name (spec.md, "Pulling manifests"); to be matched in full."""
TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
"""A tag (spec.md, "Pulling manifests"); to be matched in full."""

IMAGE_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
IMAGE_INDEX = "application/vnd.oci.image.index.v1+json"
IMAGE_CONFIG = "application/vnd.oci.image.config.v1+json"
IMAGE_LAYER = "application/vnd.oci.image.layer.v1.tar"
IMAGE_LAYER_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
EMPTY_JSON = "application/vnd.oci.empty.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_MANIFEST_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
OCTETS = "application/octet-stream"
JSON = "application/json"

IMAGE_TYPES = frozenset({IMAGE_MANIFEST, DOCKER_MANIFEST})
INDEX_TYPES = frozenset({IMAGE_INDEX, DOCKER_MANIFEST_LIST})
MANIFEST_TYPES = IMAGE_TYPES | INDEX_TYPES
FOREIGN_LAYER_TYPES = frozenset(
    {
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd",
    }
)
"""Layers that a client does not push, because another server holds them (image-spec, layer.md)."""


class ErrorCode(StrEnum):
    """The codes that an error may have (spec.md, "Error Codes")."""

    BLOB_UNKNOWN = "BLOB_UNKNOWN"
    BLOB_UPLOAD_INVALID = "BLOB_UPLOAD_INVALID"
    BLOB_UPLOAD_UNKNOWN = "BLOB_UPLOAD_UNKNOWN"
    DIGEST_INVALID = "DIGEST_INVALID"
    MANIFEST_BLOB_UNKNOWN = "MANIFEST_BLOB_UNKNOWN"
    MANIFEST_INVALID = "MANIFEST_INVALID"
    MANIFEST_UNKNOWN = "MANIFEST_UNKNOWN"
    NAME_INVALID = "NAME_INVALID"
    NAME_UNKNOWN = "NAME_UNKNOWN"
    SIZE_INVALID = "SIZE_INVALID"
    UNAUTHORIZED = "UNAUTHORIZED"
    DENIED = "DENIED"
    UNSUPPORTED = "UNSUPPORTED"
    TOOMANYREQUESTS = "TOOMANYREQUESTS"


def is_name(text: str) -> bool:
    """Return whether the text is a repository's name of at most 255 characters."""
    return len(text) <= NAME_LIMIT and NAME.fullmatch(text) is not None


def is_tag(text: str) -> bool:
    """Return whether the text is a tag."""
    return TAG.fullmatch(text) is not None


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow", populate_by_name=True)


class Descriptor(_Document):
    """What points at content (image-spec, descriptor.md). The size is in bytes."""

    media_type: str = Field(alias="mediaType")
    digest: str
    size: int = Field(ge=0)
    artifact_type: str | None = Field(default=None, alias="artifactType")
    annotations: dict[str, str] | None = None
    data: str | None = None
    urls: tuple[str, ...] | None = None
    platform: dict[str, Any] | None = None


class ImageManifest(_Document):
    """An image manifest (image-spec, manifest.md)."""

    schema_version: Literal[2] = Field(alias="schemaVersion")
    media_type: str | None = Field(default=None, alias="mediaType")
    artifact_type: str | None = Field(default=None, alias="artifactType")
    config: Descriptor
    layers: tuple[Descriptor, ...]
    subject: Descriptor | None = None
    annotations: dict[str, str] | None = None


class ImageIndex(_Document):
    """An image index, also the answer to a query for referrers (image-spec, image-index.md)."""

    schema_version: Literal[2] = Field(alias="schemaVersion")
    media_type: str | None = Field(default=None, alias="mediaType")
    artifact_type: str | None = Field(default=None, alias="artifactType")
    manifests: tuple[Descriptor, ...]
    subject: Descriptor | None = None
    annotations: dict[str, str] | None = None


Manifest: TypeAlias = ImageManifest | ImageIndex


class ErrorEntry(_Document):
    """One error of an envelope. The code may be one that the specification does not know."""

    code: str
    message: str = ""
    detail: Any = None


class ErrorEnvelope(_Document):
    """The JSON body of a 4xx answer (spec.md, "Error Codes")."""

    errors: tuple[ErrorEntry, ...]


class TagList(_Document):
    """The answer to a listing of tags (spec.md, "Listing Tags")."""

    name: str
    tags: tuple[str, ...]


class Catalog(_Document):
    """The answer to a listing of repositories (the reserved `_catalog` extension)."""

    repositories: tuple[str, ...]
