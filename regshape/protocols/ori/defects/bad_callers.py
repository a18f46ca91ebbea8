"""Faults in who may do what, how often, and with which method."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus

from regshape.model import Defect
from regshape.protocols.ori.defects.planting import defect
from regshape.protocols.ori.models import ErrorCode, TokenScope
from regshape.protocols.ori.reference import Answer, Asked, Reference, RefusedError
from regshape.protocols.ori.reference.callers import Window
from regshape.protocols.ori.reference.records import Holding, Quota, Token
from regshape.protocols.ori.reference.routes import Route


class AnonymousPublish(Reference):
    """Lets who shows no token publish, in the name of nobody."""

    def need(self, asked: Asked, scope: TokenScope) -> str:
        """Return the user who asks."""
        if asked.token is None and not asked.refused and scope is TokenScope.PUBLISH:
            return "main"
        return super().need(asked, scope)


class BasicChallenge(Reference):
    """Asks for a password where it takes tokens."""

    def challenge(self, why: str) -> Mapping[str, str]:
        """Return the header that asks for a password."""
        del why
        return {"WWW-Authenticate": 'Basic realm="ori"'}


class SchemeExact(Reference):
    """Knows the scheme only as it is written in the examples."""

    def identify(self, headers: tuple[tuple[bytes, bytes], ...]) -> tuple[Token | None, bool]:
        """Return the token that a request shows if it is good, and whether it shows a bad one."""
        shown = [value for key, value in headers if key == b"authorization"]
        if shown and not shown[0].startswith(b"Bearer "):
            return None, True
        return super().identify(headers)


class ExpiredGood(Reference):
    """Does not look when a token ends."""

    def is_expired(self, token: Token) -> bool:
        """Return that no token has expired."""
        del token
        return False


class BadTokenForbidden(Reference):
    """Answers a bad token with 403 where it changes something."""

    def admit(self, asked: Asked) -> None:
        """Refuse a bad token."""
        if asked.refused and asked.method == "POST":
            raise self.refusal(ErrorCode.SCOPE_MISSING, "the token is not good")
        super().admit(asked)


class BadTokenAnonymous(Reference):
    """Takes who shows a bad token for who shows none."""

    def admit(self, asked: Asked) -> None:
        """Refuse a bad token where something is changed."""
        if asked.refused and asked.method == "GET":
            return
        super().admit(asked)


class ReadersPublish(Reference):
    """Takes every good token for one that may publish."""

    def has_scope(self, token: Token, scope: TokenScope) -> bool:
        """Return whether a token has a scope."""
        return scope is TokenScope.PUBLISH or super().has_scope(token, scope)


class OwnersUnasked(Reference):
    """Lets everybody with the scope publish what is there."""

    def check_may_publish(self, user: str, package: str) -> Holding:
        """Return the package as it is held."""
        found = self.shelf.packages.get(package)
        return found if found is not None else super().check_may_publish(user, package)


class PublishersTransfer(Reference):
    """Lets who may publish transfer too."""

    def has_scope(self, token: Token, scope: TokenScope) -> bool:
        """Return whether a token has a scope."""
        publishes = TokenScope.PUBLISH in token.grant.scopes
        return (scope is TokenScope.ADMIN and publishes) or super().has_scope(token, scope)


class AdminsDoAll(Reference):
    """Takes the scope admin for all scopes."""

    def has_scope(self, token: Token, scope: TokenScope) -> bool:
        """Return whether a token has a scope."""
        return TokenScope.ADMIN in token.grant.scopes or super().has_scope(token, scope)


class ErrorsWithoutLimits(Reference):
    """Says what remains on answers that succeed only."""

    def finish(self, answer: Answer, asked: Asked) -> Answer:
        """Return the answer with what every answer has."""
        finished = super().finish(answer, asked)
        if answer.status < HTTPStatus.BAD_REQUEST:
            return finished
        kept = {key: value for key, value in finished.headers.items() if "RateLimit" not in key}
        return replace(finished, headers=kept)


class RemainingStands(Reference):
    """Says what remained when the window began."""

    def quota_headers(self, quota: Quota) -> dict[str, str]:
        """Return the headers that tell of the rate limit."""
        return {**super().quota_headers(quota), "X-RateLimit-Remaining": str(quota.limit)}


class ResetInMilliseconds(Reference):
    """Says when the window ends in milliseconds, as the clock of its language does."""

    def quota_headers(self, quota: Quota) -> dict[str, str]:
        """Return the headers that tell of the rate limit."""
        reset = str(int(quota.reset * 1000))
        return {**super().quota_headers(quota), "X-RateLimit-Reset": reset}


class TokensAsAnonymous(Reference):
    """Has one tier for all."""

    def limit_of(self, token: Token | None) -> int:
        """Return how many requests a caller has in a window."""
        del token
        return self.options.anonymous_limit


class AnonymousUncounted(Reference):
    """Counts, and lets who shows no token ask on."""

    def check_quota(self, asked: Asked) -> None:
        """Refuse what is one request too many, with a token."""
        if asked.token is not None:
            super().check_quota(asked)


class TokensUncounted(Reference):
    """Counts, and lets who shows a token ask on."""

    def check_quota(self, asked: Asked) -> None:
        """Refuse what is one request too many, without a token."""
        if asked.token is None:
            super().check_quota(asked)


class OneTooMany(Reference):
    """Looks whether anything was left before a request, not whether it was for this one."""

    def check_quota(self, asked: Asked) -> None:
        """Refuse what is two requests too many."""
        if asked.quota.used > asked.quota.limit + 1:
            super().check_quota(asked)


class LastRefused(Reference):
    """Takes the last request of a window for the first that is too much."""

    def check_quota(self, asked: Asked) -> None:
        """Refuse the last request of a window, too."""
        quota = asked.quota
        last = quota.used == quota.limit
        super().check_quota(replace(asked, quota=replace(quota, used=quota.used + last)))


class WindowsForGood(Reference):
    """Begins no new window for who asked too much in the last one, however long ago that was."""

    def has_ended(self, window: Window, now: float) -> bool:
        """Return whether a window is over, and was not too small."""
        return window.used <= self.options.anonymous_limit and super().has_ended(window, now)


class OneBucket(Reference):
    """Counts by where requests come from, with a token and without."""

    def caller(self, token: Token | None, client: str) -> str:
        """Return whose requests are counted together."""
        del token
        return f"client {client}"


class NoRetryAfter(Reference):
    """Says that it was too much, and not until when."""

    def finish(self, answer: Answer, asked: Asked) -> Answer:
        """Return the answer with what every answer has."""
        kept = {key: value for key, value in answer.headers.items() if key != "Retry-After"}
        return super().finish(replace(answer, headers=kept), asked)


class MethodsNotFound(Reference):
    """Knows routes with their methods only: what is posted to another is not found."""

    def method_not_allowed(self, route: Route) -> RefusedError:
        """Return the refusal of a method."""
        del route
        return self.refusal(ErrorCode.ROUTE_UNKNOWN, "there is no such endpoint")


BAD_CALLERS: tuple[Defect, ...] = (
    defect("anonymous-publish", AnonymousPublish, "A", "ORI-13"),
    defect("basic-challenge", BasicChallenge, "A", "ORI-13"),
    defect("scheme-exact", SchemeExact, "S", "ORI-31"),
    defect("expired-good", ExpiredGood, "A", "ORI-32", "ORI-33"),
    defect("bad-token-forbidden", BadTokenForbidden, "S", "ORI-32"),
    defect("bad-token-anonymous", BadTokenAnonymous, "S", "ORI-33"),
    defect("readers-publish", ReadersPublish, "A", "ORI-34", "ORI-37"),
    defect("owners-unasked", OwnersUnasked, "A", "ORI-35", "ORI-24"),
    defect("publishers-transfer", PublishersTransfer, "A", "ORI-36"),
    defect("admins-do-all", AdminsDoAll, "A", "ORI-37"),
    defect("errors-without-limits", ErrorsWithoutLimits, "S", "ORI-41"),
    defect("remaining-stands", RemainingStands, "Q", "ORI-42"),
    defect("reset-in-milliseconds", ResetInMilliseconds, "S", "ORI-43"),
    defect("tokens-as-anonymous", TokensAsAnonymous, "S", "ORI-44"),
    defect("anonymous-uncounted", AnonymousUncounted, "Q", "ORI-45"),
    defect("tokens-uncounted", TokensUncounted, "Q", "ORI-44"),
    defect("one-too-many", OneTooMany, "Q", "ORI-45", "ORI-44"),
    defect("last-refused", LastRefused, "Q", "ORI-45", "ORI-44"),
    defect("windows-for-good", WindowsForGood, "Q", "ORI-45", "ORI-44", "ORI-43"),
    defect("one-bucket", OneBucket, "A", "ORI-47"),
    defect("no-retry-after", NoRetryAfter, "Q", "ORI-46"),
    defect("methods-not-found", MethodsNotFound, "S", "ORI-58"),
)
