"""Finding packages by their names, and the advisories about them."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from regshape.formats import semver
from regshape.protocols.ori.models import (
    Advisories,
    ErrorCode,
    SearchHit,
    SearchResult,
)
from regshape.protocols.ori.reference.owner_handlers import Ownership
from regshape.protocols.ori.reference.records import Release
from regshape.protocols.ori.reference.traffic import Asked
from regshape.protocols.serving import Answer


class Finding(Ownership):
    """The part of the registry that is asked without a name."""

    async def search(self, asked: Asked) -> Answer:
        """Answer with the packages whose names hold the text `q` (ORI-27 to ORI-29)."""
        text = self.parameter(asked, "q")
        if not text:
            raise self.refusal(ErrorCode.QUERY_INVALID, "say what to search with q", pointer="q")
        found = ((name, self.resolvable(name)) for name in self.matching(text))
        page, headers = self.page(asked, [(name, releases) for name, releases in found if releases])
        body = SearchResult(packages=[self.hit(self.best(releases)) for releases in page])
        return self.document(HTTPStatus.OK, body, headers)

    def matching(self, text: str) -> list[str]:
        """Return the names that hold a text, in any case of letters, in their order."""
        wanted = text.lower()
        return sorted(name for name in self.shelf.releases if wanted in name)

    def resolvable(self, name: str) -> list[Release]:
        """Return the versions of a package that are not yanked (ORI-19)."""
        return [release for release in self.shelf.releases[name].values() if not release.yanked]

    def best(self, releases: Sequence[Release]) -> Release:
        """Return the newest version, a pre-release only if there is no other."""
        return max(releases, key=self.rank)

    def rank(self, release: Release) -> tuple[bool, semver.Version]:
        """Return what a version is preferred by."""
        version = semver.parse(release.version)
        return not version.pre, version

    def hit(self, release: Release) -> SearchHit:
        """Return a package as a search tells of it."""
        return SearchHit(
            name=release.package,
            version=release.version,
            description=release.about["description"],
            deprecated=self.deprecation(release),
        )

    async def get_advisories(self, asked: Asked) -> Answer:
        """Answer with all advisories, by their ids (ORI-30)."""
        known = {advisory.id: advisory for advisory in self.options.advisories}
        page, headers = self.page(asked, sorted(known.items()))
        body = Advisories(advisories=page).model_dump(mode="json", exclude_unset=True)
        return self.plain_document(HTTPStatus.OK, body, headers)
