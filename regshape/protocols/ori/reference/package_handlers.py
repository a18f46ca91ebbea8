"""Reading packages: their versions, the metadata of one, its archive."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from regshape.protocols.ori.models import (
    OCTETS,
    Deprecation,
    ErrorCode,
    Metadata,
    VersionRow,
    newest_first,
    timestamp,
)
from regshape.protocols.ori.package import file_name
from regshape.protocols.ori.reference.callers import Callers
from regshape.protocols.ori.reference.records import Holding, Release
from regshape.protocols.ori.reference.traffic import Asked
from regshape.protocols.serving import Answer

FOR_EVER = "public, max-age=31536000, immutable"


class Packages(Callers):
    """The part of the registry that tells of what was published."""

    async def get_versions(self, asked: Asked) -> Answer:
        """Answer with all versions, the newest first (ORI-01 to ORI-03)."""
        releases = self.need_package(asked.package)
        ordered = [(version, releases[version]) for version in self.order(releases)]
        page, headers = self.page(asked, ordered)
        return self.document(HTTPStatus.OK, [self.row(release) for release in page], headers)

    async def get_metadata(self, asked: Asked) -> Answer:
        """Answer with what the registry tells of a version (ORI-04 to ORI-08)."""
        return self.document(HTTPStatus.OK, self.metadata(self.need_release(asked)))

    async def get_archive(self, asked: Asked) -> Answer:
        """Answer with the archive as it was published, yanked or not (ORI-09, ORI-10, ORI-19)."""
        release = self.need_release(asked)
        content = await self.read_archive(release)
        return Answer(HTTPStatus.OK, self.archive_headers(release), content)

    async def read_archive(self, release: Release) -> bytes:
        """Return the bytes that were published."""
        return await self.journal.read(release.checksum)

    def archive_headers(self, release: Release) -> dict[str, str]:
        """Return what is said with an archive."""
        name = file_name(release.package, release.version)
        return {
            "Content-Type": OCTETS,
            "Content-Disposition": f'attachment; filename="{name}"',
            "ETag": f'"{release.checksum}"',
            "Cache-Control": FOR_EVER,
        }

    def order(self, releases: Mapping[str, Release]) -> list[str]:
        """Return the versions in the order in which they are listed."""
        return newest_first(releases)

    def row(self, release: Release) -> VersionRow:
        """Return a version as it is listed (decision 2)."""
        return VersionRow(
            version=release.version,
            yanked=release.yanked,
            deprecated=self.deprecation(release),
            checksum=release.checksum,
            published_at=timestamp(release.published),
        )

    def metadata(self, release: Release) -> Metadata:
        """Return the metadata of a version."""
        return Metadata.model_validate(
            {
                **release.about,
                **self.row(release).model_dump(),
                "name": release.package,
                "size": release.size,
                "log_index": release.log_index,
            }
        )

    def deprecation(self, release: Release) -> Deprecation | None:
        """Return why a version should not be used any more, if it should not."""
        return None if release.deprecated is None else Deprecation(message=release.deprecated)

    # what is there

    def need_package(self, package: str) -> Mapping[str, Release]:
        """Return the versions of a package, or refuse with 404."""
        releases = self.shelf.releases.get(package)
        if not releases:
            raise self.refusal(ErrorCode.PACKAGE_UNKNOWN, "there is no such package")
        return releases

    def need_release(self, asked: Asked) -> Release:
        """Return the version that the path names, or refuse with 404."""
        release = self.need_package(asked.package).get(asked.words["version"])
        if release is None:
            raise self.refusal(ErrorCode.VERSION_UNKNOWN, "the package has no such version")
        return release

    def need_holding(self, package: str) -> Holding:
        """Return a package with its owner, or refuse with 404."""
        self.need_package(package)
        return self.shelf.packages[package]

    def need_owner(self, package: str, user: str) -> Holding:
        """Return a package of that user, or refuse."""
        holding = self.need_holding(package)
        if holding.owner != user:
            raise self.refusal(ErrorCode.NOT_OWNER, f"the package is not {user}'s")
        return holding
