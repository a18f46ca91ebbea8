"""Manifests: read, asked for, written and deleted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, Field, ValidationError

from regshape.errors import DigestInvalidError, ManifestInvalidError, UsageError
from regshape.formats.digest import compute, is_grammatical, is_valid
from regshape.formats.media_type import without_parameters
from regshape.model import Exchange, Headers, Request
from regshape.protocols.oci import calls
from regshape.protocols.oci.client import names
from regshape.protocols.oci.client.manifest_tasks import deletion, pushing
from regshape.protocols.oci.client.referrer_client import refer
from regshape.protocols.oci.client.session import Part, Task
from regshape.protocols.oci.client.telemetry import track_time
from regshape.protocols.oci.models import (
    DOCKER_MANIFEST,
    DOCKER_MANIFEST_LIST,
    IMAGE_INDEX,
    IMAGE_MANIFEST,
    INDEX_TYPES,
    Descriptor,
    ImageIndex,
    ImageManifest,
    Manifest,
)

ACCEPTED = (IMAGE_MANIFEST, IMAGE_INDEX, DOCKER_MANIFEST, DOCKER_MANIFEST_LIST)
"""What is asked for unless the caller says otherwise."""
_DIGEST = "docker-content-digest"
_OK = frozenset({200})


@dataclass(frozen=True, slots=True)
class PulledManifest:
    """A manifest as it is stored: its bytes, which have the digest."""

    content: bytes
    media_type: str
    digest: str

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return len(self.content)

    def document(self) -> Manifest:
        """Return the manifest parsed; raises `ManifestInvalidError` if it is none."""
        return parsed(self.content, self.media_type)


def parsed(content: bytes, media_type: str) -> Manifest:
    """Return the manifest in the bytes; raises `ManifestInvalidError` if it is none."""
    kind = ImageIndex if media_type in INDEX_TYPES else ImageManifest
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise ManifestInvalidError(
            f"no manifest of {media_type}: {field}: {first['msg']}"
        ) from error


class ManifestClient(Part):
    """The manifests of a registry."""

    @track_time
    async def get(
        self, repository: str, reference: str, accept: Sequence[str] = ACCEPTED
    ) -> PulledManifest:
        """Return a manifest by tag or digest, verified.

        Raises:
            ManifestNotFoundError: there is none.
            DigestInvalidError: what came has another digest than was asked for or promised.
        """
        task = self._reading("GET", repository, reference, accept)
        exchange = await self._session.call(task)
        content = exchange.answer
        promised = reference if is_grammatical(reference) else exchange.header(_DIGEST)
        algorithm = promised.partition(":")[0] if promised and is_valid(promised) else "sha256"
        digest = compute(content, algorithm)
        if promised and digest != promised:
            raise DigestInvalidError(
                f"{task.doing}: what came has the digest {digest}, not {promised}"
            )
        return PulledManifest(content, media_type_of(exchange, content), digest)

    @track_time
    async def head(
        self, repository: str, reference: str, accept: Sequence[str] = ACCEPTED
    ) -> Descriptor:
        """Return what a registry says of a manifest; where it does not say all, from a GET.

        Raises:
            ManifestNotFoundError: there is none.
        """
        exchange = await self._session.call(self._reading("HEAD", repository, reference, accept))
        digest = exchange.header(_DIGEST) or (reference if is_grammatical(reference) else None)
        length = exchange.header("content-length") or ""
        if digest and length.isdecimal():
            kind = media_type_of(exchange, b"")
            return Descriptor(media_type=kind, digest=digest, size=int(length))
        whole = await self.get(repository, reference, accept)
        return Descriptor(media_type=whole.media_type, digest=whole.digest, size=whole.size)

    def _reading(self, method: str, repository: str, reference: str, accept: Sequence[str]) -> Task:
        parts = {"name": names.repository(repository), "reference": names.reference(reference)}
        headers: Headers = (("Accept", ", ".join(accept)),)
        return Task(
            f"{method.lower()}-manifest",
            Request(method, calls.MANIFEST, parts, (), headers),
            names.described("manifest of", repository, reference),
            _OK,
            names.scope(repository, names.PULL),
        )

    @track_time
    async def put(
        self,
        repository: str,
        reference: str | None,
        manifest: Manifest | bytes,
        media_type: str | None = None,
    ) -> Descriptor:
        """Store a manifest under a tag or its digest, and return what describes it.

        Bytes are sent as they are; a model as `to_json` writes it. Without a reference it is stored
        under its digest, without a media type under what it says itself.

        Where the registry does not take note of its subject (no OCI-Subject in the answer), it is
        added to the index that is tagged for that (spec.md, "Pushing Manifests with Subject").

        Raises:
            ManifestInvalidError: the registry does not take it.
            ManifestBlobUnknownError: it names content that is not there.
        """
        content = manifest if isinstance(manifest, bytes) else manifest.to_json()
        kind = media_type or own_type(content)
        algorithm = reference.partition(":")[0] if reference and is_valid(reference) else "sha256"
        digest = compute(content, algorithm)
        if reference and is_grammatical(reference) and reference != digest:
            raise DigestInvalidError(f"the manifest has the digest {digest}, not {reference}")
        task = pushing(repository, reference or digest, content, kind)
        exchange = await self._session.call(task)
        stored = Descriptor(media_type=kind, digest=digest, size=len(content))
        if exchange.header("oci-subject") is None:
            await self._refer(repository, content, stored)
        return stored

    async def _refer(self, repository: str, content: bytes, stored: Descriptor) -> None:
        """Name a manifest among its subject's referrers, where the registry does not do that."""
        try:
            about = _About.model_validate_json(content)
        except ValidationError:
            return  # it is no manifest that has a subject
        if about.subject is None:
            return
        kind = about.artifact_type or (about.config.media_type if about.config else None)
        more = {"artifact_type": kind, "annotations": about.annotations}
        await refer(self._session, repository, about.subject, stored.model_copy(update=more))

    @track_time
    async def delete(self, repository: str, reference: str) -> None:
        """Delete a manifest by digest, or a tag, where the registry does that.

        Raises:
            ManifestNotFoundError: there is none.
            UnsupportedError: the registry does not delete.
        """
        await self._session.call(deletion(repository, reference))


def media_type_of(exchange: Exchange, content: bytes) -> str:
    """Return the media type of a manifest: its Content-Type, or else what it says itself."""
    said = without_parameters(exchange.header("content-type") or "")
    return said if said or not content else own_type(content)


class _About(BaseModel):
    subject: Descriptor | None = None
    config: Descriptor | None = None
    artifact_type: str | None = Field(default=None, alias="artifactType")
    annotations: dict[str, str] | None = None


class _Typed(BaseModel):
    media_type: str | None = Field(default=None, alias="mediaType")
    manifests: list[object] | None = None


def own_type(content: bytes) -> str:
    """Return the media type that a manifest says it has, or else what its fields make it.

    Raises:
        UsageError: it is no manifest.
    """
    try:
        described = _Typed.model_validate_json(content)
    except ValidationError as error:
        raise UsageError("the manifest is no JSON object: give its media type") from error
    if described.media_type:
        return described.media_type
    return IMAGE_INDEX if described.manifests is not None else IMAGE_MANIFEST
