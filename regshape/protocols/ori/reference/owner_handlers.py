"""Who owns a package, and how it passes to another: both parties have to agree (decision 7)."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

from regshape.protocols.ori.models import (
    ErrorCode,
    Owners,
    TokenScope,
    Transfer,
    TransferRequest,
    timestamp,
)
from regshape.protocols.ori.reference.change_handlers import Changes
from regshape.protocols.ori.reference.records import Holding, Offer
from regshape.protocols.ori.reference.traffic import Asked
from regshape.protocols.serving import Answer


class Ownership(Changes):
    """The part of the registry in which packages change hands."""

    async def get_owners(self, asked: Asked) -> Answer:
        """Answer with the owner, and to the two parties with the transfer that waits."""
        holding = self.need_holding(asked.package)
        return self.owners(HTTPStatus.OK, holding, self.is_party(asked, holding))

    async def transfer(self, asked: Asked) -> Answer:
        """Offer a package, accept it, or take the offer back (ORI-24 to ORI-26, ORI-36)."""
        user = self.need(asked, TokenScope.ADMIN)
        self.need_party(asked.package, user)
        wanted = await self.receive(asked, TransferRequest)
        self.check_one(wanted)
        if wanted.to is not None:
            return self.offer(self.need_owner(asked.package, user), wanted.to)
        if wanted.cancel:
            return self.cancel(self.need_owner(asked.package, user))
        return self.take(self.need_holding(asked.package), user)

    def offer(self, holding: Holding, to: str) -> Answer:
        """Let a package wait for its recipient; the same offer again is no error."""
        if to == holding.owner:
            raise self.refusal(
                ErrorCode.FIELD_INVALID, f"the package is {to}'s already", pointer="#/to"
            )
        waiting = self.waiting(holding)
        if waiting is not None and waiting.to != to:
            raise self.refusal(
                ErrorCode.TRANSFER_PENDING, f"the package is offered to {waiting.to}: cancel first"
            )
        if waiting is None:
            ends = self.now() + self.options.transfer_lifetime
            holding = self.hold(replace(holding, offer=Offer(to, ends)))
        return self.owners(HTTPStatus.ACCEPTED, holding, shown=True)

    def cancel(self, holding: Holding) -> Answer:
        """Take an offer back; without one that is no error."""
        return self.owners(HTTPStatus.OK, self.hold(replace(holding, offer=None)), shown=True)

    def take(self, holding: Holding, user: str) -> Answer:
        """Make the recipient the owner, while the offer stands."""
        if holding.offer is None or holding.offer.to != user:
            raise self.refusal(ErrorCode.NOT_OWNER, f"the package is not offered to {user}")
        if self.waiting(holding) is None:
            raise self.refusal(ErrorCode.TRANSFER_EXPIRED, "the offer has ended: ask for another")
        holding = self.hold(Holding(holding.package, user))
        return self.owners(HTTPStatus.OK, holding, shown=True)

    def waiting(self, holding: Holding) -> Offer | None:
        """Return the offer that stands, if one does."""
        offer = holding.offer
        return offer if offer is not None and self.now() < offer.expires else None

    def hold(self, holding: Holding) -> Holding:
        """Keep who owns a package, and to whom it is offered."""
        if holding != self.shelf.packages[holding.package]:
            self.journal.change_holding(holding)
            self.shelf.hold(holding)
        return holding

    def owners(self, status: int, holding: Holding, shown: bool) -> Answer:  # noqa: FBT001
        """Return an answer with the owner, and with the offer if it is to be shown."""
        offer = self.waiting(holding) if shown else None
        body = Owners(
            package=holding.package,
            owners=[holding.owner],
            transfer=Transfer(to=offer.to, expires_at=timestamp(offer.expires)) if offer else None,
        )
        return self.document(status, body)

    def is_party(self, asked: Asked, holding: Holding) -> bool:
        """Return whether the caller is the owner, or who the package is offered to."""
        user = asked.token.grant.user if asked.token else None
        return user in (holding.owner, holding.offer.to if holding.offer else holding.owner)

    def need_party(self, package: str, user: str) -> None:
        """Refuse who is neither the owner nor offered the package, whatever it asks (ORI-26)."""
        holding = self.need_holding(package)
        if user not in (holding.owner, holding.offer.to if holding.offer else holding.owner):
            raise self.refusal(ErrorCode.NOT_OWNER, f"the package is neither {user}'s nor offered")

    def check_one(self, wanted: TransferRequest) -> None:
        """Refuse what asks for nothing, or for several things."""
        if len(wanted.model_dump(exclude_none=True)) != 1:
            raise self.refusal(
                ErrorCode.FIELD_INVALID, 'a transfer has one of "to", "accept" and "cancel"'
            )
