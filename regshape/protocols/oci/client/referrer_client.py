"""What refers to a manifest: by the referrers API, or by the tag that stands in for it.

Source: distribution-spec, `spec.md`, "Listing Referrers" and "Unavailable Referrers API".
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from regshape.errors import ManifestNotFoundError, RegistryError
from regshape.model import Exchange, Headers, Request
from regshape.protocols.oci import calls
from regshape.protocols.oci.client import names
from regshape.protocols.oci.client.manifest_tasks import pushing
from regshape.protocols.oci.client.pages import OK, document, exchanges
from regshape.protocols.oci.client.session import Part, Session, Task
from regshape.protocols.oci.client.telemetry import track_time
from regshape.protocols.oci.models import IMAGE_INDEX, Descriptor, ImageIndex, ReferrerList

_MISSING = 404
_ACCEPT: Headers = (("Accept", IMAGE_INDEX),)


class ReferrerClient(Part):
    """The referrers of a registry's manifests."""

    @track_time
    async def list(
        self, repository: str, digest: str, artifact_type: str | None = None
    ) -> ReferrerList:
        """Return what refers to a manifest, the first page; empty where nothing does.

        Those of another artifact type are left out, whether the registry filters or not.
        """
        async for found in self._pages(repository, digest, artifact_type):
            return found
        return ReferrerList()

    async def all(
        self, repository: str, digest: str, artifact_type: str | None = None
    ) -> AsyncIterator[Descriptor]:
        """Give everything that refers to a manifest, of that artifact type if one is named."""
        async for found in self._pages(repository, digest, artifact_type):
            for descriptor in found.manifests:
                yield descriptor

    async def _pages(
        self, repository: str, digest: str, artifact_type: str | None
    ) -> AsyncIterator[ReferrerList]:
        task = _referrers(repository, digest, artifact_type)
        try:
            async for exchange in exchanges(self._session, task):
                yield _chosen(exchange, artifact_type, task.doing)
        except RegistryError as error:
            if error.status_code != _MISSING:
                raise
            yield await self._by_tag(repository, digest, artifact_type)

    async def _by_tag(
        self, repository: str, digest: str, artifact_type: str | None
    ) -> ReferrerList:
        task = tagged(repository, digest)
        try:
            exchange = await self._session.call(task)
        except ManifestNotFoundError:
            return ReferrerList()
        return _chosen(exchange, artifact_type, task.doing)


async def refer(
    session: Session, repository: str, subject: Descriptor, referrer: Descriptor
) -> None:
    """Add a referrer to the index that stands in for the API, if it is not there.

    Source: `spec.md`, "Referrers Tag Schema". Two clients that do this at once may lose one: the
    specification has no way against that.
    """
    task = tagged(repository, subject.digest)
    try:
        found = document(await session.call(task), ImageIndex, task.doing)
    except ManifestNotFoundError:
        found = ImageIndex(media_type=IMAGE_INDEX)
    if any(known.digest == referrer.digest for known in found.manifests):
        return
    index = found.model_copy(update={"manifests": (*found.manifests, referrer)})
    tag = referrers_tag(subject.digest)
    await session.call(pushing(repository, tag, index.to_json(), IMAGE_INDEX))


def referrers_tag(digest: str) -> str:
    """Return the tag under which the referrers of a digest stand where there is no API for them."""
    algorithm, _, encoded = digest.partition(":")
    return f"{algorithm[:32]}-{encoded[:64]}"


def tagged(repository: str, digest: str) -> Task:
    """Return the task of reading the index that stands in for the API."""
    tag = referrers_tag(names.digest(digest))
    parts = {"name": names.repository(repository), "reference": tag}
    return Task(
        "get-manifest",
        Request("GET", calls.MANIFEST, parts, (), _ACCEPT),
        names.described("referrers of", repository, digest),
        OK,
        names.scope(repository, names.PULL),
    )


def _referrers(repository: str, digest: str, artifact_type: str | None) -> Task:
    parts = {"name": names.repository(repository), "reference": names.digest(digest)}
    query = (("artifactType", calls.escape(artifact_type)),) if artifact_type else ()
    return Task(
        "list-referrers",
        Request("GET", calls.REFERRERS, parts, query, _ACCEPT),
        names.described("referrers of", repository, digest),
        OK,
        names.scope(repository, names.PULL),
    )


def _chosen(exchange: Exchange, artifact_type: str | None, doing: str) -> ReferrerList:
    index = document(exchange, ImageIndex, doing)
    applied = (exchange.header("oci-filters-applied") or "").split(",")
    kept = (entry for entry in index.manifests if artifact_type in (None, entry.artifact_type))
    return ReferrerList(
        manifests=tuple(kept), filtered=tuple(word.strip() for word in applied if word.strip())
    )
