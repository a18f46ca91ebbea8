"""Faults in what owners do with their packages: marks, transfers, races."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import Any

import anyio

from regshape.model import Defect
from regshape.protocols.ori.defects.planting import defect
from regshape.protocols.ori.models import Deprecation, ErrorCode
from regshape.protocols.ori.package import Package
from regshape.protocols.ori.reference import Answer, Asked, Reference
from regshape.protocols.ori.reference.records import HOUR, Holding, Offer, Release

DAY = 24 * HOUR


class YankForgotten(Reference):
    """Answers a yank before it is kept, and does not keep it."""

    async def yank(self, asked: Asked) -> Answer:
        """Answer as if the version were yanked."""
        return self.document(HTTPStatus.OK, self.row(self.need_owned_release(asked)))


class UnyankForgotten(Reference):
    """Leaves a version yanked for good."""

    async def unyank(self, asked: Asked) -> Answer:
        """Answer as if the version were there again."""
        return self.document(HTTPStatus.OK, self.row(self.need_owned_release(asked)))


class YankTwiceConflicts(Reference):
    """Refuses to yank what is yanked."""

    async def yank(self, asked: Asked) -> Answer:
        """Hide a version from resolution, once."""
        if self.need_owned_release(asked).yanked:
            raise self.refusal(ErrorCode.VERSION_EXISTS, "the version is yanked already")
        return await super().yank(asked)


class YankCreatesNothing(Reference):
    """Answers a yank of what is not there as if that were so already."""

    async def yank(self, asked: Asked) -> Answer:
        """Hide a version from resolution, if it is there."""
        if asked.words["version"] not in self.shelf.releases.get(asked.package, {}):
            return self.plain_document(HTTPStatus.OK, {}, {})
        return await super().yank(asked)


class MessageCut(Reference):
    """Keeps of a message what its column has room for."""

    def deprecation(self, release: Release) -> Deprecation | None:
        """Return the beginning of why a version should not be used."""
        found = super().deprecation(release)
        return None if found is None else Deprecation(message=found.message[:4])


class MessageOptional(Reference):
    """Takes a deprecation without a message, for which it has one of its own."""

    async def deprecate(self, asked: Asked) -> Answer:
        """Give a version a message, if one was sent."""
        release = self.need_owned_release(asked)
        body = await asked.body.read(1024)
        if body == b"{}":
            return self.change(replace(release, deprecated="deprecated"))
        return await super().deprecate(_again(asked, body))


def _again(asked: Asked, body: bytes) -> Asked:
    """Return the request with a body that was read already."""

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    return replace(asked, body=type(asked.body)(receive, asked.headers))


class TransferAtOnce(Reference):
    """Takes the owner's word for a transfer."""

    def offer(self, holding: Holding, to: str) -> Answer:
        """Make the recipient the owner."""
        self.hold(Holding(holding.package, to))
        return self.owners(HTTPStatus.ACCEPTED, holding, shown=False)


class AcceptUnasked(Reference):
    """Gives a package to whoever accepts it."""

    def need_party(self, package: str, user: str) -> None:
        """Refuse what is not there."""
        self.need_holding(package)

    def take(self, holding: Holding, user: str) -> Answer:
        """Make the caller the owner."""
        return self.owners(HTTPStatus.OK, self.hold(Holding(holding.package, user)), shown=True)


class OffersForEver(Reference):
    """Lets a transfer wait until somebody accepts it."""

    def waiting(self, holding: Holding) -> Offer | None:
        """Return the offer, whenever it was made."""
        return holding.offer


class OffersForADay(Reference):
    """Forgets a transfer that was not accepted within a day."""

    def waiting(self, holding: Holding) -> Offer | None:
        """Return the offer, if it was made within a day."""
        offer = super().waiting(holding)
        ends = 0.0 if offer is None else offer.expires - self.options.transfer_lifetime + DAY
        return offer if self.now() < ends else None


class OldOwnerStays(Reference):
    """Lets who published a package first publish it for good."""

    def check_may_publish(self, user: str, package: str) -> Holding:
        """Return the package as it is held, or refuse who did not begin it."""
        found = self.shelf.packages.get(package)
        if found is not None and self.shelf.scopes.get(found.scope) == user:
            return found
        return super().check_may_publish(user, package)


class AnybodyOffers(Reference):
    """Looks at the scope of a token for a transfer, and not at whose package it is."""

    async def transfer(self, asked: Asked) -> Answer:
        """Take who asks for the owner, unless the package is offered already."""
        held = self.shelf.packages.get(asked.package)
        if asked.token is None or held is None or held.offer is not None:
            return await super().transfer(asked)
        grant = replace(asked.token.grant, user=held.owner)
        return await super().transfer(replace(asked, token=replace(asked.token, grant=grant)))


class CheckedThenKept(Reference):
    """Looks whether a version is there, and takes its time to keep it."""

    async def accept(self, package: Package, data: bytes, user: str) -> Release:
        """Return the version that a package has become."""
        self.check_new(package)
        self.check_dependencies(package)
        self.publishing.release()
        await anyio.sleep(0.01)
        await self.publishing.acquire()
        holding = self.check_may_publish(user, package.name)
        await self.journal.keep(package.checksum, data)
        return self.store(package, holding)


class RowsReadTooEarly(Reference):
    """Writes back the versions of a package as they were when a publish began."""

    async def accept(self, package: Package, data: bytes, user: str) -> Release:
        """Return the version that a package has become; what came meanwhile is lost."""
        before = dict(self.shelf.releases.get(package.name, {}))
        self.publishing.release()
        await anyio.sleep(0.01)
        await self.publishing.acquire()
        release = await super().accept(package, data, user)
        self.shelf.releases[package.name] = {**before, package.version: release}
        return release


BAD_MARKS: tuple[Defect, ...] = (
    defect("yank-forgotten", YankForgotten, "Q", "ORI-18"),
    defect("unyank-forgotten", UnyankForgotten, "Q", "ORI-20"),
    defect("yank-twice-conflicts", YankTwiceConflicts, "Q", "ORI-21"),
    defect("yank-of-nothing", YankCreatesNothing, "S", "ORI-64"),
    defect("message-cut", MessageCut, "Q", "ORI-22"),
    defect("message-optional", MessageOptional, "S", "ORI-23", "ORI-22"),
    defect("transfer-at-once", TransferAtOnce, "A", "ORI-25"),
    defect("accept-unasked", AcceptUnasked, "A", "ORI-25"),
    defect("offers-for-ever", OffersForEver, "Q", "ORI-69"),
    defect("offers-for-a-day", OffersForADay, "Q", "ORI-24"),
    defect("old-owner-stays", OldOwnerStays, "A", "ORI-24"),
    defect("anybody-offers", AnybodyOffers, "A", "ORI-26"),
    defect("checked-then-kept", CheckedThenKept, "C", "ORI-67"),
    defect("rows-read-too-early", RowsReadTooEarly, "C", "ORI-68", "ORI-01"),
)
