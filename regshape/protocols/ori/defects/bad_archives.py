"""Faults in what is let in: archives, forms, names, sizes, and what is there already."""

from __future__ import annotations

import gzip
import io
import tarfile
import tomllib
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from regshape.formats import archive
from regshape.formats.digest import compute
from regshape.model import Defect
from regshape.protocols.ori import package as packages
from regshape.protocols.ori.defects.planting import defect
from regshape.protocols.ori.models import ErrorCode
from regshape.protocols.ori.package import Package, PackageError
from regshape.protocols.ori.reference import Answer, Asked, Reference
from regshape.protocols.ori.reference.form import Form
from regshape.protocols.ori.reference.records import Release
from regshape.protocols.ori.toml_files import Manifest

LARGEST = 10 * 1024 * 1024
DEFAULT = b"[checksums]\n"
Files = dict[str, bytes]
SOUND_PATH, FILLER = "src/main.ori", b"-- nothing\n"


def unpacked(data: bytes) -> list[tarfile.TarInfo]:
    """Return the members of an archive as the library reads them, whatever they are."""
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as tar:
        return tar.getmembers()


def forgiving(passed: Callable[[tarfile.TarInfo], bool]) -> Callable[[bytes], bytes]:
    """Return what leaves members out that the check would refuse, if they are such."""

    def clean(data: bytes) -> bytes:
        try:
            raw = gzip.decompress(data)
            with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
                kept = {
                    item.name: _content(tar, item)
                    for item in tar.getmembers()
                    if not passed(item) and item.isreg()
                }
                dropped = any(passed(item) for item in tar.getmembers())
        except (OSError, EOFError, tarfile.TarError, zlib.error):
            return data
        if not dropped:
            return data
        kept.pop(packages.CHECKSUM, None)
        kept[packages.CHECKSUM] = packages.checksum_file(kept)
        return archive.pack(kept)

    return clean


def _content(tar: tarfile.TarFile, item: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(item)
    return file.read() if file is not None else b""


class _Lenient(Reference):
    """Takes packages that a step of the check refuses, as if that step were not there."""

    def check_package(self, data: bytes) -> Package:
        """Return what a package holds, with what is passed over put right first."""
        found = packages.check(self.passed_over(data))
        return replace(found, checksum=compute(data), size=len(data))

    def passed_over(self, data: bytes) -> bytes:
        """Return the archive as this registry looks at it."""
        return data

    def rewritten(self, data: bytes, change: Callable[[Files], Files]) -> bytes:
        """Return the archive with other files, and a listing of them."""
        try:
            files = archive.unpack(data)
        except archive.ArchiveError:
            return data
        changed = change(files)
        if changed == files:
            return data
        return archive.pack(changed)

    def relisted(self, data: bytes, change: Callable[[Files], Files]) -> bytes:
        """Return the archive with other files, and a listing that is right for them."""

        def with_listing(files: Files) -> Files:
            there = {name: files[name] for name in files if name != packages.CHECKSUM}
            if files.get(packages.CHECKSUM) != packages.checksum_file(there):
                return files
            changed = change(there)
            return {**changed, packages.CHECKSUM: packages.checksum_file(changed)}

        return self.rewritten(data, with_listing)


class PathsUnchecked(_Lenient):
    """Unpacks members wherever their names lead."""

    def passed_over(self, data: bytes) -> bytes:
        """Return the archive without those that lead out."""
        return forgiving(lambda item: ".." in item.name or item.name.startswith("/"))(data)


class LinksFollowed(_Lenient):
    """Takes symbolic links, which some projects have."""

    def passed_over(self, data: bytes) -> bytes:
        """Return the archive without its links."""
        return forgiving(lambda item: item.issym() or item.islnk())(data)


class DevicesKept(_Lenient):
    """Looks at the names of members only, not at what kind they are."""

    def passed_over(self, data: bytes) -> bytes:
        """Return the archive without devices."""
        return forgiving(lambda item: item.isdev())(data)


class LastMemberWins(_Lenient):
    """Unpacks a name that is there twice over itself."""

    def passed_over(self, data: bytes) -> bytes:
        """Return the archive with each name once."""
        try:
            names = [item.name for item in unpacked(data)]
        except (OSError, EOFError, tarfile.TarError, zlib.error):
            return data
        if len(names) == len(set(names)):
            return data
        raw = gzip.decompress(data)
        with tarfile.open(fileobj=io.BytesIO(raw)) as tar:
            return archive.pack({item.name: _content(tar, item) for item in tar.getmembers()})


class TailIgnored(_Lenient):
    """Stops reading where gzip ends."""

    def passed_over(self, data: bytes) -> bytes:
        """Return the first gzip member."""
        inflater = zlib.decompressobj(16 + zlib.MAX_WBITS)
        try:
            inflater.decompress(data)
        except zlib.error:
            return data
        return data[: len(data) - len(inflater.unused_data)]


class ScriptsKept(_Lenient):
    """Takes manifests with scripts, and leaves it to the client not to run them."""

    def passed_over(self, data: bytes) -> bytes:
        """Return the archive without the scripts."""
        return self.relisted(data, self.stripped)

    def stripped(self, files: Files) -> Files:
        """Return the files with a manifest that has no scripts."""
        try:
            return {**files, packages.MANIFEST: packages.strip_scripts(files[packages.MANIFEST])}
        except (KeyError, PackageError):
            return files


class LockOptional(_Lenient):
    """Takes packages without a lock, which those without dependencies have no need of."""

    def passed_over(self, data: bytes) -> bytes:
        """Return the archive with a lock."""
        return self.relisted(data, lambda files: {packages.LOCK: DEFAULT, **files})


class LockUncompared(Reference):
    """Does not compare the lock with what it has."""

    def check_dependencies(self, package: Package) -> None:
        """Refuse nothing."""


class ListingUnread(_Lenient):
    """Has the listing in every package and never reads it."""

    def passed_over(self, data: bytes) -> bytes:
        """Return the archive with the listing that it ought to have."""

        def right(files: Files) -> Files:
            there = {name: files[name] for name in files if name != packages.CHECKSUM}
            return {**there, packages.CHECKSUM: packages.checksum_file(there)}

        return self.rewritten(data, right)


class SourcesOptional(_Lenient):
    """Takes packages that have nothing but their manifest."""

    def passed_over(self, data: bytes) -> bytes:
        """Return the archive with a source."""
        return self.relisted(data, lambda files: {SOUND_PATH: FILLER, **files})


class PlainTarTaken(_Lenient):
    """Takes tar files that are not compressed, as the library opens them all the same."""

    def passed_over(self, data: bytes) -> bytes:
        """Return the archive compressed."""
        return gzip.compress(data, mtime=0) if data[257:262] == b"ustar" else data


class _Described(_Lenient):
    """Puts a manifest right before it is looked at."""

    def passed_over(self, data: bytes) -> bytes:
        """Return the archive with another manifest."""
        return self.relisted(data, self.manifest)

    def manifest(self, files: Files) -> Files:
        """Return the files with the manifest put right."""
        if packages.MANIFEST not in files:
            return files
        return {**files, packages.MANIFEST: self.text(files[packages.MANIFEST])}

    def text(self, manifest: bytes) -> bytes:
        """Return the manifest put right."""
        return manifest


class DescriptionOptional(_Described):
    """Takes packages without a description."""

    def text(self, manifest: bytes) -> bytes:
        """Return the manifest with a description."""
        if b"description" in manifest:
            return manifest
        return manifest.replace(b"[project]", b'[project]\ndescription = "x"', 1)


class BuildTaken(_Described):
    """Takes versions with build metadata, as the standard allows."""

    def check_address(self, package: Package, name: str) -> None:
        """Refuse a package that is posted to another's address."""
        super().check_address(package, name)

    def text(self, manifest: bytes) -> bytes:
        """Return the manifest with a version without build metadata."""
        return manifest.replace(b'"1.0.0+b"', b'"1.0.0"', 1)


class ReservedNames(Reference):
    """Takes reserved names, the list of which is the client's."""

    def check_package(self, data: bytes) -> Package:
        """Return what a package holds, whatever it is called."""
        try:
            return super().check_package(data)
        except PackageError as error:
            if error.code is not ErrorCode.NAME_RESERVED:
                raise
        files = archive.unpack(data)
        manifest = Manifest.model_validate(tomllib.loads(files[packages.MANIFEST].decode()))
        lock = packages.read_lock(files[packages.LOCK])
        name, version = manifest.project.name, manifest.project.version
        return Package(name, version, manifest, lock, files, compute(data), len(data))


class AddressUnchecked(Reference):
    """Publishes under the name in the manifest, wherever it was posted to."""

    def check_address(self, package: Package, name: str) -> None:
        """Refuse nothing."""


class VersionReplaced(Reference):
    """Replaces a version that is there, as its owner may want."""

    def check_new(self, package: Package) -> None:
        """Refuse nothing."""


class YankedFree(Reference):
    """Takes a yanked version for one that is not there."""

    def check_new(self, package: Package) -> None:
        """Refuse a version that is there and not yanked."""
        release = self.shelf.releases.get(package.name, {}).get(package.version)
        if release is None or not release.yanked:
            super().check_new(package)


class SizeInThousands(Reference):
    """Takes ten megabytes for ten times 1,000 times 1,000 less the form around them."""

    def check_package(self, data: bytes) -> Package:
        """Return what a package holds, or refuse what is too large."""
        if len(data) > 10_000_000 - 1024:
            raise PackageError(ErrorCode.TOO_LARGE, "the package is too large")
        return super().check_package(data)


class AcceptedOnly(Reference):
    """Answers a publish with 202: a job will look at the package."""

    def published(self, release: Release) -> Answer:
        """Return the acknowledgement."""
        return replace(super().published(release), status=202)


class LastPackageTaken(Reference):
    """Does not compare the checksum of the form with that of the package."""

    def check_stated(self, form: Form) -> None:
        """Refuse nothing."""


class RawBodies(Reference):
    """Takes the archive as the body too, which is easier to send."""

    async def receive_form(self, asked: Asked) -> Form:
        """Return the form that is posted, or the archive that is the body."""
        if asked.header(b"content-type") == "application/octet-stream":
            return Form(await asked.body.read(LARGEST), None)
        return await super().receive_form(asked)


class CutFormsTaken(Reference):
    """Reads a form to its end, wherever that is."""

    async def receive_form(self, asked: Asked) -> Form:
        """Return the form that is posted, with its end put right."""
        body = await asked.body.read(LARGEST)
        kind = asked.header(b"content-type") or ""
        boundary = kind.partition("boundary=")[2].strip('"').encode()
        head, _, content = body.partition(b"\r\n\r\n")
        end = b"\r\n--" + boundary + b"--"
        if boundary and b'name="package"' in head and end not in content:
            return Form(content.removesuffix(b"\r\n"), None)
        return await super().receive_form(_again(asked, body))


def _again(asked: Asked, body: bytes) -> Asked:
    """Return the request with a body that was read already."""

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    return replace(asked, body=type(asked.body)(receive, asked.headers))


BAD_ARCHIVES: tuple[Defect, ...] = (
    defect("paths-unchecked", PathsUnchecked, "S", "ORI-54"),
    defect("links-followed", LinksFollowed, "S", "ORI-54"),
    defect("devices-kept", DevicesKept, "S", "ORI-54"),
    defect("last-member-wins", LastMemberWins, "S", "ORI-54"),
    defect("tail-ignored", TailIgnored, "S", "ORI-54"),
    defect("scripts-kept", ScriptsKept, "S", "ORI-49"),
    defect("lock-optional", LockOptional, "S", "ORI-50"),
    defect("lock-uncompared", LockUncompared, "S", "ORI-50"),
    defect("listing-unread", ListingUnread, "S", "ORI-51"),
    defect("sources-optional", SourcesOptional, "S", "ORI-52"),
    defect("plain-tar-taken", PlainTarTaken, "S", "ORI-48"),
    defect("description-optional", DescriptionOptional, "S", "ORI-62"),
    defect("build-taken", BuildTaken, "S", "ORI-61"),
    defect("reserved-names", ReservedNames, "S", "ORI-60"),
    defect("address-unchecked", AddressUnchecked, "S", "ORI-16"),
    defect("version-replaced", VersionReplaced, "Q", "ORI-14", "ORI-10", "ORI-15"),
    defect("yanked-free", YankedFree, "Q", "ORI-15", "ORI-10"),
    defect("size-in-thousands", SizeInThousands, "S", "ORI-53"),
    defect("accepted-only", AcceptedOnly, "S", "ORI-11"),
    defect("checksum-uncompared", LastPackageTaken, "S", "ORI-11"),
    defect("raw-bodies", RawBodies, "S", "ORI-12"),
    defect("cut-forms-taken", CutFormsTaken, "S", "ORI-17"),
)
