"""Listings: tags, referrers, the catalogue, extensions (end-8, end-12, `_catalog`, `_oci`)."""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from http import HTTPStatus
from typing import Any, Final

from regshape.protocols.oci.models import IMAGE_INDEX, ErrorCode
from regshape.protocols.oci.reference.manifest_handlers import Manifests
from regshape.protocols.oci.reference.memory import StoredManifest
from regshape.protocols.oci.reference.messages import Incoming
from regshape.protocols.serving import Answer, RefusedError

_MOST_DIGITS: Final = 18
CURSOR: Final = "cursor"
"""The parameter of our own links from page to page of referrers; the specification names none."""
EXTENSION_URL = "https://github.com/opencontainers/distribution-spec/blob/main/extensions/_oci.md"


class Lists(Manifests):
    """The part of the registry that lists what is there."""

    def get_tags(self, request: Incoming) -> Answer:
        """Answer GET of the tags (spec.md, "Listing Tags")."""
        repository = self.need_repository(request.name)
        count = self.page_size(request)
        last = self.last_seen(request)
        ordered = self.order_tags(repository.tags)
        page = self.tag_page(ordered, count, last)
        headers = self.next_page(request, page, ordered, count)
        return self.json_answer(HTTPStatus.OK, {"name": request.name, "tags": page}, headers)

    def get_catalog(self, request: Incoming) -> Answer:
        """Answer GET of the repositories, paged as tags are."""
        count = self.page_size(request)
        last = self.last_seen(request)
        ordered = sorted(self.listed_repositories(request))
        page = self.tag_page(ordered, count, last)
        headers = self.next_page(request, page, ordered, count)
        return self.json_answer(HTTPStatus.OK, {"repositories": page}, headers)

    def get_referrers(self, request: Incoming) -> Answer:
        """Answer GET of the referrers (spec.md, "Listing Referrers")."""
        if not self.options.referrers:
            raise self.refusal(
                HTTPStatus.NOT_FOUND, ErrorCode.UNSUPPORTED, "referrers are not supported"
            )
        self.check_digest(request.reference)
        wanted = self.wanted_types(request)
        found = self.referrers_of(request.name, request.reference)
        listed = self.filter_referrers(found, wanted)
        page = self.referrer_page(listed, request.parameter(CURSOR) or "")
        headers = {"Content-Type": IMAGE_INDEX, **self.filter_headers(wanted)}
        if page and page[-1] is not listed[-1]:
            types = (("artifactType", artifact_type) for artifact_type in wanted)
            headers["Link"] = self.link(request.path, *types, (CURSOR, page[-1].digest))
        return self.json_answer(HTTPStatus.OK, self.referrers_index(page), headers)

    def get_extensions(self, request: Incoming) -> Answer:
        """Answer GET of the extensions of the registry (extensions/_oci.md)."""
        del request
        return self.json_answer(HTTPStatus.OK, {"extensions": self.extensions()})

    def get_repository_extensions(self, request: Incoming) -> Answer:
        """Answer GET of the extensions of a repository (extensions/_oci.md)."""
        self.need_repository(request.name)
        return self.get_extensions(request)

    # pages

    def page_size(self, request: Incoming) -> int | None:
        """Return how many entries a page may have: `n`, the registry's own limit, or None."""
        given = request.parameters("n")
        if not given:
            return self.options.page_limit
        wanted = self.parse_count(given[0]) if len(given) == 1 else None
        if wanted is None:
            raise self.list_refusal("n has to be one number, zero or more")
        limit = self.options.page_limit
        return wanted if limit is None else min(wanted, limit)

    def parse_count(self, text: str) -> int | None:
        """Return the number that the text is, or None."""
        if not (text.isascii() and text.isdigit()):
            return None
        digits = text.lstrip("0")
        return sys.maxsize if len(digits) > _MOST_DIGITS else int(digits or "0")

    def last_seen(self, request: Incoming) -> str:
        """Return after which entry the page begins; empty for the first page."""
        given = request.parameters("last")
        if len(given) > 1:
            raise self.list_refusal("last has to be given once")
        return given[0] if given else ""

    def order_tags(self, tags: Iterable[str]) -> list[str]:
        """Return tags in ASCII order, one of the two that the specification knows."""
        return sorted(tags)

    def tag_page(self, ordered: Sequence[str], count: int | None, last: str) -> list[str]:
        """Return at most `count` entries that come after `last`, which need not be there itself."""
        start = bisect_right(ordered, last)
        return list(ordered[start:] if count is None else ordered[start : start + count])

    def has_more(self, page: Sequence[str], ordered: Sequence[str]) -> bool:
        """Return whether entries follow a page; none do after an empty one."""
        return bool(page) and page[-1] != ordered[-1]

    def next_page(
        self, request: Incoming, page: Sequence[str], ordered: Sequence[str], count: int | None
    ) -> dict[str, str]:
        """Return the `Link` header where entries follow the page."""
        if not self.has_more(page, ordered):
            return {}
        return {"Link": self.link(request.path, ("n", str(count)), ("last", page[-1]))}

    def list_refusal(self, message: str) -> RefusedError:
        """Return the refusal of a parameter of a listing; the specification has no code for it."""
        return self.refusal(HTTPStatus.BAD_REQUEST, ErrorCode.UNSUPPORTED, message)

    def listed_repositories(self, request: Incoming) -> Iterable[str]:
        """Return the repositories that the catalogue shows to whoever asks."""
        del request
        return self.store.repositories

    # referrers

    def referrers_of(self, name: str, digest: str) -> list[StoredManifest]:
        """Return the manifests of this repository whose subject has that digest, by digest."""
        repository = self.find_repository(name)
        manifests = () if repository is None else repository.manifests.values()
        found = [manifest for manifest in manifests if manifest.subject == digest]
        return sorted(found, key=lambda manifest: manifest.digest)

    def wanted_types(self, request: Incoming) -> list[str]:
        """Return the artifact types that are asked for; none stands for all."""
        return [wanted for wanted in request.parameters("artifactType") if wanted]

    def filter_referrers(
        self, found: Sequence[StoredManifest], wanted: Sequence[str]
    ) -> list[StoredManifest]:
        """Return the referrers of the wanted artifact types."""
        return [manifest for manifest in found if not wanted or manifest.artifact_type in wanted]

    def filter_headers(self, wanted: Sequence[str]) -> dict[str, str]:
        """Return the header that says which filters were applied."""
        return {"OCI-Filters-Applied": "artifactType"} if wanted else {}

    def referrer_page(self, listed: Sequence[StoredManifest], cursor: str) -> list[StoredManifest]:
        """Return the referrers after the digest `cursor`, as many as a page may have."""
        rest = [manifest for manifest in listed if manifest.digest > cursor]
        return rest[: self.options.page_limit]

    def referrers_index(self, page: Iterable[StoredManifest]) -> dict[str, Any]:
        """Return the image index that lists referrers."""
        descriptors = [self.referrer(manifest) for manifest in page]
        return {"schemaVersion": 2, "mediaType": IMAGE_INDEX, "manifests": descriptors}

    def referrer(self, manifest: StoredManifest) -> dict[str, Any]:
        """Return the descriptor that a referrer is listed with."""
        descriptor: dict[str, Any] = {
            "mediaType": manifest.media_type,
            "digest": manifest.digest,
            "size": len(manifest.content),
        }
        if manifest.artifact_type is not None:
            descriptor["artifactType"] = manifest.artifact_type
        if manifest.annotations is not None:
            descriptor["annotations"] = dict(manifest.annotations)
        return descriptor

    def extensions(self) -> list[dict[str, Any]]:
        """Return what the discovery of extensions lists."""
        return [
            {
                "name": "_oci",
                "description": "Discovery of the extensions that this registry supports",
                "url": EXTENSION_URL,
                "endpoints": ["_oci/ext/discover"],
            }
        ]
