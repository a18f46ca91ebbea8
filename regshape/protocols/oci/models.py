"""The words of OCI distribution: grammars, media types, error codes, and what crosses the network.

Sources are the distribution specification (`spec.md`) and the image specification (`descriptor.md`,
`manifest.md`, `image-index.md`). Unknown fields are kept, as both specifications ask, and null is
read as nothing where a list should stand, for registries write it. What is written has the names of
the specification, and only what is set.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from regshape.formats.digest import compute

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
IMAGE_LAYER_ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"
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

    def to_json(self) -> bytes:
        """Return the document as JSON: the specification's names, and only what is set."""
        return self.model_dump_json(by_alias=True, exclude_none=True).encode()


def _nothing_for_null(value: Any) -> Any:
    return () if value is None else value


Texts: TypeAlias = Annotated[tuple[str, ...], BeforeValidator(_nothing_for_null)]
"""Texts, or null for none of them."""


class Platform(_Document):
    """What an image runs on (image-spec, image-index.md)."""

    architecture: str = ""
    os: str = ""
    os_version: str | None = Field(default=None, alias="os.version")
    os_features: tuple[str, ...] | None = Field(default=None, alias="os.features")
    variant: str | None = None


class Descriptor(_Document):
    """What points at content (image-spec, descriptor.md). The size is in bytes."""

    media_type: str = Field(alias="mediaType")
    digest: str
    size: int = Field(ge=0)
    artifact_type: str | None = Field(default=None, alias="artifactType")
    annotations: dict[str, str] | None = None
    data: str | None = None
    urls: tuple[str, ...] | None = None
    platform: Platform | None = None


Descriptors: TypeAlias = Annotated[tuple[Descriptor, ...], BeforeValidator(_nothing_for_null)]
"""Descriptors, or null for none of them."""


class _Manifest(_Document):
    schema_version: Literal[2] = Field(default=2, alias="schemaVersion")
    media_type: str | None = Field(default=None, alias="mediaType")
    artifact_type: str | None = Field(default=None, alias="artifactType")

    def digest(self, algorithm: str = "sha256") -> str:
        """Return the digest of the manifest as `to_json` writes it.

        One that was read may have been written otherwise: its digest is that of the bytes.
        """
        return compute(self.to_json(), algorithm)


class ImageManifest(_Manifest):
    """An image manifest (image-spec, manifest.md)."""

    config: Descriptor
    layers: Descriptors = ()
    subject: Descriptor | None = None
    annotations: dict[str, str] | None = None


class ImageIndex(_Manifest):
    """An image index, also the answer to a query for referrers (image-spec, image-index.md)."""

    manifests: Descriptors = ()
    subject: Descriptor | None = None
    annotations: dict[str, str] | None = None


Manifest: TypeAlias = ImageManifest | ImageIndex


class OciErrorDetail(_Document):
    """One error of an error document. The specification may not know the code."""

    code: str
    message: str = ""
    detail: Any = None


class OciErrorResponse(_Document):
    """The JSON body of a 4xx answer (spec.md, "Error Codes")."""

    errors: tuple[OciErrorDetail, ...]


class _Page(_Document):
    """`has_more` says whether the registry named a next page; it is no field of the document."""

    has_more: bool = Field(default=False, exclude=True)


class TagList(_Page):
    """The answer to a listing of tags (spec.md, "Listing Tags")."""

    name: str = ""
    tags: Texts = ()


class CatalogList(_Page):
    """The answer to a listing of repositories (the reserved `_catalog` extension)."""

    repositories: Texts = ()


class ReferrerList(_Document):
    """What refers to a manifest; `filtered` says by what the registry filtered, if it did."""

    manifests: tuple[Descriptor, ...] = ()
    filtered: tuple[str, ...] = ()


class BlobInfo(_Document):
    """What a registry says of a blob: digest, size in bytes, media type."""

    digest: str
    size: int | None = None
    media_type: str = OCTETS


class BlobUploadSession(_Document):
    """An upload under way: where it goes on, how many bytes the registry has, what it will be.

    `upload_url` is whole, scheme and host included; who has it may go on with the upload.
    """

    upload_url: str
    session_id: str = ""
    offset: int = 0
    digest: str | None = None
    total_size: int | None = None
