"""Faults in what is told of packages: lists, metadata, archives, search, the log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from regshape.formats.digest import compute
from regshape.model import Defect
from regshape.protocols.ori.defects.planting import defect
from regshape.protocols.ori.models import ErrorCode, Metadata
from regshape.protocols.ori.package import Package
from regshape.protocols.ori.reference import Answer, Asked, Reference
from regshape.protocols.ori.reference.records import Holding, Release


class ListForgetsPreReleases(Reference):
    """Leaves pre-releases out of the list, as a resolver would."""

    def order(self, releases: Mapping[str, Release]) -> list[str]:
        """Return the versions that have no label."""
        return [version for version in super().order(releases) if "-" not in version]


class UnknownListed(Reference):
    """Answers with an empty list where there is no package."""

    async def get_versions(self, asked: Asked) -> Answer:
        """Answer with all versions, none of a package that nobody published."""
        if asked.package not in self.shelf.releases:
            return self.plain_document(HTTPStatus.OK, [], {})
        return await super().get_versions(asked)


class VersionsByText(Reference):
    """Orders versions as texts: 1.9.0 is newer than 1.10.0."""

    def order(self, releases: Mapping[str, Release]) -> list[str]:
        """Return the versions in the order of text."""
        return sorted(releases, reverse=True)


class PagesOverlap(Reference):
    """Begins each page with the last version of the page before."""

    def page_start(self, asked: Asked, items: Any) -> int:
        """Return the index of the item that the cursor names."""
        start = super().page_start(asked, items)
        size = self.page_size(asked)
        return start - 1 if start > 1 and size > 1 else start


class NameWithoutScope(Reference):
    """Tells the name of a package without its scope."""

    async def get_metadata(self, asked: Asked) -> Answer:
        """Answer with what the registry tells of a version."""
        return _changed(await super().get_metadata(asked), name=asked.words["name"])


class DependenciesLeftOut(Reference):
    """Keeps no dependencies: the form has a field for them that nobody fills."""

    def about(self, package: Package) -> dict[str, Any]:
        """Return what the metadata says from the manifest."""
        return {**super().about(package), "dependencies": {}}


class FeaturesLeftOut(Reference):
    """Keeps of the features only those that are on."""

    def about(self, package: Package) -> dict[str, Any]:
        """Return what the metadata says from the manifest."""
        about = super().about(package)
        return {**about, "features": {key: on for key, on in about["features"].items() if on}}


class ChecksumOfTree(Reference):
    """Tells the checksum of the unpacked files, not of the archive."""

    def metadata(self, release: Release) -> Metadata:
        """Return the metadata of a version."""
        return super().metadata(replace(release, checksum=compute(release.version.encode())))


class NewestInstead(Reference):
    """Answers with the newest version where there is not the one that was asked for."""

    def need_release(self, asked: Asked) -> Release:
        """Return the version that the path names, or else the newest."""
        releases = self.need_package(asked.package)
        newest = releases[super().order(releases)[0]]
        return releases.get(asked.words["version"], newest)


class DownloadRepacked(Reference):
    """Writes the archive anew for each download, with the time in it."""

    async def read_archive(self, release: Release) -> bytes:
        """Return the archive with the time of gzip's header set."""
        content = await super().read_archive(release)
        return content[:4] + b"\1\0\0\0" + content[8:]


class DownloadOfNewest(Reference):
    """Keeps one archive for each package: what was published last."""

    async def read_archive(self, release: Release) -> bytes:
        """Return the newest archive."""
        last = max(self.shelf.releases[release.package].values(), key=lambda one: one.log_index)
        return await super().read_archive(last)


class EtagOfVersion(Reference):
    """Gives archives an ETag, and answers with the whole archive whatever is known."""

    def is_known(self, etag: str, asked: Asked) -> bool:
        """Return that nothing is known."""
        return False


class YankedGone(Reference):
    """Refuses to hand out what was yanked."""

    async def get_archive(self, asked: Asked) -> Answer:
        """Answer with the archive, unless it was yanked."""
        if self.need_release(asked).yanked:
            return self.plain_document(HTTPStatus.GONE, {"errors": []}, {})
        return await super().get_archive(asked)


class SearchByDescription(Reference):
    """Searches nothing but the beginnings of names."""

    def matching(self, text: str) -> list[str]:
        """Return the names that begin with a text."""
        return [name for name in super().matching(text) if name.startswith(text)]


class SearchFindsAll(Reference):
    """Shows what is popular where nothing is found."""

    def matching(self, text: str) -> list[str]:
        """Return the names that hold a text, or else all."""
        return super().matching(text) or sorted(self.shelf.releases)


class SearchForNothing(Reference):
    """Answers a search without a text with everything."""

    async def search(self, asked: Asked) -> Answer:
        """Answer with the packages whose names hold the text."""
        if not asked.parameters("q"):
            return self.plain_document(HTTPStatus.OK, {"packages": []}, {})
        return await super().search(asked)


class SearchAsPattern(Reference):
    """Fails on texts that its database takes for something else."""

    def matching(self, text: str) -> list[str]:
        """Return the names that hold a text."""
        if "\0" in text:
            raise ValueError("a text cannot contain NUL")
        return super().matching(text)


class AdvisoriesOfOwn(Reference):
    """Tells advisories in a form of its own, without the time of the last change."""

    async def get_advisories(self, asked: Asked) -> Answer:
        """Answer with all advisories."""
        return self.plain_document(HTTPStatus.OK, {"advisories": [{"id": "ORI-1"}]}, {})


class LogBehind(Reference):
    """Puts versions in the log by a job that runs now and then."""

    def index(self, release: Release) -> int:
        """Return the index of a version, if the job has run."""
        if release.log_index == len(self.log) - 1:
            raise self.refusal(ErrorCode.VERSION_UNKNOWN, "the log does not have it")
        return super().index(release)


class LogIndexFromOne(Reference):
    """Counts the entries of the log from one."""

    def index(self, release: Release) -> int:
        """Return the number of a version."""
        return super().index(release) + 1


class RecordWithoutScope(Reference):
    """Writes records without the scope of the package."""

    def record(self, release: Release) -> bytes:
        """Return the record of a version."""
        return super().record(release).partition(b"/")[2]


class LogRebuilt(Reference):
    """Builds the log anew from the versions, by name, with every publish."""

    def store(self, package: Package, holding: Holding) -> Release:
        """Keep a version, and sort the log."""
        release = super().store(package, holding)
        records = sorted(self.log.records, reverse=True)
        self.log = type(self.log)(self.log.signer, records)
        return release


class CheckpointBare(Reference):
    """Shows the checkpoint as JSON."""

    async def get_checkpoint(self, asked: Asked) -> Answer:
        """Answer with the state of the log."""
        return self.plain_document(HTTPStatus.OK, {"size": len(self.log)}, {})


class OwnersEmpty(Reference):
    """Names owners only to themselves."""

    async def get_owners(self, asked: Asked) -> Answer:
        """Answer with no owner."""
        return _changed(await super().get_owners(asked), owners=[])


def _changed(answer: Answer, **fields: Any) -> Answer:
    """Return a JSON answer with other fields."""
    document = {**json.loads(answer.body), **fields}
    return replace(answer, body=json.dumps(document).encode())


BAD_READS: tuple[Defect, ...] = (
    defect("pre-releases-unlisted", ListForgetsPreReleases, "S", "ORI-01"),
    defect("unknown-listed", UnknownListed, "S", "ORI-02"),
    defect("versions-by-text", VersionsByText, "Q", "ORI-03"),
    defect("pages-overlap", PagesOverlap, "Q", "ORI-63"),
    defect("name-without-scope", NameWithoutScope, "S", "ORI-04"),
    defect("dependencies-left-out", DependenciesLeftOut, "S", "ORI-05"),
    defect("features-left-out", FeaturesLeftOut, "S", "ORI-06"),
    defect("checksum-of-tree", ChecksumOfTree, "S", "ORI-07"),
    defect("newest-instead", NewestInstead, "S", "ORI-08"),
    defect("download-repacked", DownloadRepacked, "S", "ORI-09"),
    defect("download-of-newest", DownloadOfNewest, "Q", "ORI-10"),
    defect("if-none-match-ignored", EtagOfVersion, "D", "ORI-10"),
    defect("yanked-gone", YankedGone, "S", "ORI-19"),
    defect("search-by-beginning", SearchByDescription, "S", "ORI-27"),
    defect("search-finds-all", SearchFindsAll, "S", "ORI-27"),
    defect("search-for-nothing", SearchForNothing, "S", "ORI-28"),
    defect("search-fails-on-nul", SearchAsPattern, "S", "ORI-29", "HTTP-03"),
    defect("advisories-of-own", AdvisoriesOfOwn, "S", "ORI-30"),
    defect("log-behind", LogBehind, "S", "ORI-57"),
    defect("record-without-scope", RecordWithoutScope, "S", "ORI-57"),
    defect("log-index-from-one", LogIndexFromOne, "S", "ORI-55"),
    defect("log-rebuilt", LogRebuilt, "Q", "ORI-56", "ORI-57", "ORI-55"),
    defect("checkpoint-bare", CheckpointBare, "S", "ORI-66"),
    defect("owners-empty", OwnersEmpty, "S", "ORI-65"),
)
