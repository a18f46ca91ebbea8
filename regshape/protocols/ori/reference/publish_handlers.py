"""Publishing: a package is checked whole, and then becomes a version all at once or not at all."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import anyio
from anyio import to_thread

from regshape.formats.digest import compute
from regshape.protocols.ori.models import ErrorCode, Published, TokenScope, timestamp
from regshape.protocols.ori.package import Package, PackageError, check
from regshape.protocols.ori.reference.form import FORM_BYTES, Form, boundary_of, read_form
from regshape.protocols.ori.reference.journal import Journal
from regshape.protocols.ori.reference.package_handlers import Packages
from regshape.protocols.ori.reference.records import Holding, ReferenceOptions, Release
from regshape.protocols.ori.reference.traffic import Asked
from regshape.protocols.ori.toml_files import plain
from regshape.protocols.serving import Answer

SMALL_BYTES = 64 * 1024
"""Size up to which a package is checked on the spot; others are answered meanwhile above it."""


class Publishing(Packages):
    """The part of the registry that takes packages."""

    def __init__(
        self, options: ReferenceOptions | None = None, journal: Journal | None = None
    ) -> None:
        """Start with what the journal holds."""
        super().__init__(options, journal)
        self.publishing = anyio.Lock()

    async def publish(self, asked: Asked) -> Answer:
        """Take a package (ORI-11 to ORI-17)."""
        user = self.need(asked, TokenScope.PUBLISH)
        self.check_may_publish(user, asked.package)
        form = await self.receive_form(asked)
        self.check_stated(form)
        package = await self.examine(form.package)
        self.check_address(package, asked.package)
        async with self.publishing:
            release = await self.accept(package, form.package, user)
        return self.published(release)

    async def receive_form(self, asked: Asked) -> Form:
        """Return the form that is posted, read as it arrives."""
        boundary = boundary_of(asked.header(b"content-type"))
        return await read_form(asked.body.pieces(FORM_BYTES), boundary)

    async def examine(self, data: bytes) -> Package:
        """Return the package that was posted, or refuse what is none."""
        if len(data) <= SMALL_BYTES:
            return self.check_package(data)
        return await to_thread.run_sync(self.check_package, data)

    def check_package(self, data: bytes) -> Package:
        """Return what a package holds, or refuse what is none."""
        return check(data)

    async def accept(self, package: Package, data: bytes, user: str) -> Release:
        """Return the version that a package has become; nobody else publishes meanwhile."""
        self.check_new(package)
        self.check_dependencies(package)
        await self.journal.keep(package.checksum, data)
        # While it was kept a transfer may have ended, and so the right to publish.
        holding = self.check_may_publish(user, package.name)
        return self.store(package, holding)

    def store(self, package: Package, holding: Holding) -> Release:
        """Keep a version for good, log it, and then list it (ORI-57)."""
        release = self.release(package)
        self.journal.publish(release, holding)
        self.log.append(release.record())
        self.shelf.hold(holding)
        self.shelf.add(release)
        return release

    def release(self, package: Package) -> Release:
        """Return the version that a package is to become."""
        return Release(
            package=package.name,
            version=package.version,
            checksum=package.checksum,
            size=package.size,
            published=float(int(self.now())),
            log_index=len(self.log),
            about=self.about(package),
        )

    def about(self, package: Package) -> dict[str, Any]:
        """Return what the metadata says from the manifest (ORI-05, ORI-06)."""
        project = package.manifest.project
        return {
            **project.model_dump(exclude={"name", "version"}),
            "dependencies": plain(package.manifest.dependencies),
            "features": package.manifest.features,
        }

    def published(self, release: Release) -> Answer:
        """Return the acknowledgement of a publish."""
        body = Published(
            name=release.package,
            version=release.version,
            checksum=release.checksum,
            published_at=timestamp(release.published),
            log_index=release.log_index,
        )
        path = f"/v1/packages/{release.package.removeprefix('@')}/{release.version}/metadata"
        return self.document(HTTPStatus.CREATED, body, {"Location": path})

    # what is refused

    def check_may_publish(self, user: str, package: str) -> Holding:
        """Return the package as it is held, or refuse who does not own it (ORI-35, decision 6).

        A new package is for the owner of its scope, and a new scope for whoever comes first.
        """
        found = self.shelf.packages.get(package)
        holding = found or Holding(package, user)
        owner = found.owner if found else self.shelf.scopes.get(holding.scope, user)
        if owner != user:
            raise self.refusal(ErrorCode.NOT_OWNER, f"{package} is not {user}'s to publish")
        return holding

    def check_stated(self, form: Form) -> None:
        """Refuse a package that is not what its sender says (decision 10)."""
        if form.checksum is not None and form.checksum != compute(form.package):
            raise PackageError(
                ErrorCode.CHECKSUM_INVALID, "the package has another checksum", "checksum"
            )

    def check_address(self, package: Package, name: str) -> None:
        """Refuse a package that is posted to another's address (ORI-16)."""
        if package.name != name:
            raise PackageError(
                ErrorCode.NAME_MISMATCH,
                f"the package is {package.name}, not {name[:80]}",
                "oripk.toml#/project/name",
            )

    def check_new(self, package: Package) -> None:
        """Refuse a version that is there, yanked or not (ORI-14, ORI-15)."""
        if package.version in self.shelf.releases.get(package.name, {}):
            raise self.refusal(
                ErrorCode.VERSION_EXISTS, f"{package.name} {package.version} is published already"
            )

    def check_dependencies(self, package: Package) -> None:
        """Refuse what the registry does not have, or has with another checksum (decision 14)."""
        for locked, checksum in package.lock.checksums.items():
            name, _, version = locked.partition(":")
            release = self.shelf.releases.get(name, {}).get(version)
            if release is None or release.checksum != checksum:
                what = "is not here" if release is None else "has another checksum"
                raise PackageError(
                    ErrorCode.DEPENDENCY_UNKNOWN,
                    f"{locked} {what}",
                    f"oripk.lock#/checksums/{locked.replace('/', '~1')}",
                )
