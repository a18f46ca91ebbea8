"""Tags of a repository, and repositories of a registry."""

from __future__ import annotations

from collections.abc import AsyncIterator

from regshape.model import Request
from regshape.protocols.oci import calls
from regshape.protocols.oci.client import names
from regshape.protocols.oci.client.manifest_tasks import deletion
from regshape.protocols.oci.client.pages import OK, document, exchanges, one_page, window
from regshape.protocols.oci.client.session import Part, Task
from regshape.protocols.oci.client.telemetry import track_time
from regshape.protocols.oci.models import CatalogList, TagList

CATALOG_SCOPE = "registry:catalog:*"


class TagClient(Part):
    """The tags of a registry's repositories."""

    @track_time
    async def list(
        self, repository: str, limit: int | None = None, last: str | None = None
    ) -> TagList:
        """Return one page of tags: at most `limit`, after `last`.

        Raises:
            NameUnknownError: there is no such repository.
        """
        task = _tags(repository, limit, last)
        return one_page(await self._session.call(task), TagList, task.doing)

    async def all(self, repository: str, page: int | None = None) -> AsyncIterator[str]:
        """Give every tag, asking for pages of that size.

        Raises:
            NameUnknownError: there is no such repository.
        """
        task = _tags(repository, page, None)
        async for exchange in exchanges(self._session, task):
            for tag in document(exchange, TagList, task.doing).tags:
                yield tag

    @track_time
    async def delete(self, repository: str, tag: str) -> None:
        """Delete a tag, where the registry does that; the manifest stays.

        Raises:
            ManifestNotFoundError: there is none.
            UnsupportedError: the registry does not delete tags.
        """
        await self._session.call(deletion(repository, names.tag(tag)))


def _tags(repository: str, limit: int | None, last: str | None) -> Task:
    parts = {"name": names.repository(repository)}
    return Task(
        "list-tags",
        Request("GET", calls.TAGS, parts, window(limit, last)),
        names.described("tags of", repository),
        OK,
        names.scope(repository, names.PULL),
    )


class CatalogClient(Part):
    """The repositories of a registry, where it lists them."""

    @track_time
    async def list(self, limit: int | None = None, last: str | None = None) -> CatalogList:
        """Return one page of repositories: at most `limit`, after `last`.

        Raises:
            RegistryError: the registry does not list them.
        """
        task = _catalog(limit, last)
        return one_page(await self._session.call(task), CatalogList, task.doing)

    async def all(self, page: int | None = None) -> AsyncIterator[str]:
        """Give every repository, asking for pages of that size.

        Raises:
            RegistryError: the registry does not list them.
        """
        task = _catalog(page, None)
        async for exchange in exchanges(self._session, task):
            for name in document(exchange, CatalogList, task.doing).repositories:
                yield name


def _catalog(limit: int | None, last: str | None) -> Task:
    request = Request("GET", calls.CATALOG, {}, window(limit, last))
    return Task("list-catalog", request, "catalog", OK, CATALOG_SCOPE)
