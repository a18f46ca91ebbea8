"""Who asks: bearer tokens with scopes (RFC 6750), and how often each caller may ask."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from regshape.protocols.ori.models import ErrorCode, TokenScope
from regshape.protocols.ori.reference.journal import Journal
from regshape.protocols.ori.reference.records import Quota, ReferenceOptions, Token, hash_token
from regshape.protocols.ori.reference.replies import NO_HEADERS, Replies
from regshape.protocols.ori.reference.traffic import Asked
from regshape.protocols.serving import Headers, RefusedError

MOST_WINDOWS = 10_000
"""Callers after which those whose windows have ended are forgotten."""
_BEARER = re.compile(r"bearer +([A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)


@dataclass(slots=True)
class Window:
    """What one caller has asked since its first request."""

    start: float
    used: int = 0


class Callers(Replies):
    """The part of the registry that knows callers apart."""

    def __init__(
        self, options: ReferenceOptions | None = None, journal: Journal | None = None
    ) -> None:
        """Start with what the journal holds, and with nobody having asked."""
        super().__init__(options, journal)
        self.windows: dict[str, Window] = {}

    # tokens

    def identify(self, headers: Headers) -> tuple[Token | None, bool]:
        """Return the token that a request shows if it is good, and whether it shows a bad one."""
        shown = [value for key, value in headers if key == b"authorization"]
        if not shown:
            return None, False
        found = _BEARER.fullmatch(shown[0].decode("latin-1").strip())
        token = self.find_token(found[1]) if found and len(shown) == 1 else None
        return token, token is None

    def find_token(self, text: str) -> Token | None:
        """Return the token with that text, unless it has expired."""
        token = self.journal.find_token(hash_token(text))
        return None if token is None or self.is_expired(token) else token

    def is_expired(self, token: Token) -> bool:
        """Return whether a token is good no longer."""
        return token.grant.expires is not None and token.grant.expires <= self.now()

    def admit(self, asked: Asked) -> None:
        """Refuse a bad token wherever it is shown, and reads without a token if so set up."""
        if asked.refused:
            raise self.unauthorized('error="invalid_token"')
        if self.options.auth == "required" and asked.method in ("GET", "HEAD"):
            self.need(asked, TokenScope.READ)

    def need(self, asked: Asked, scope: TokenScope) -> str:
        """Return the user who asks, or refuse who does not show a token with that scope."""
        if asked.token is None:
            raise self.unauthorized()
        if not self.has_scope(asked.token, scope):
            raise self.refusal(
                ErrorCode.SCOPE_MISSING,
                f"the token does not have the scope {scope}",
                self.challenge(f'error="insufficient_scope", scope="{scope}"'),
            )
        return asked.token.grant.user

    def has_scope(self, token: Token, scope: TokenScope) -> bool:
        """Return whether a token has a scope; no scope implies another (decision 5)."""
        return scope in token.grant.scopes

    def unauthorized(self, why: str = "") -> RefusedError:
        """Return the refusal of who does not show a good token (RFC 6750, 3)."""
        return self.refusal(
            ErrorCode.UNAUTHORIZED, "a good bearer token is needed", self.challenge(why)
        )

    def challenge(self, why: str) -> Mapping[str, str]:
        """Return the header that asks for a token."""
        return {"WWW-Authenticate": f'Bearer realm="ori"{", " if why else ""}{why}'}

    # rate limits

    def count(self, token: Token | None, client: str) -> Quota:
        """Count a request, and return what its caller has left (decision 17)."""
        caller = self.caller(token, client)
        limit = self.limit_of(token)
        now = self.now()
        window = self.windows.get(caller)
        if window is None or self.has_ended(window, now):
            self.forget_windows(now)
            window = self.windows[caller] = Window(now)
        window.used += 1
        return Quota(limit, window.used, window.start + self.options.window)

    def has_ended(self, window: Window, now: float) -> bool:
        """Return whether a window is over, or has not begun where the clock was put back."""
        return not window.start <= now < window.start + self.options.window

    def caller(self, token: Token | None, client: str) -> str:
        """Return whose requests are counted together; a bad token counts as none (ORI-47)."""
        return f"client {client}" if token is None else f"token {token.id}"

    def limit_of(self, token: Token | None) -> int:
        """Return how many requests a caller has in a window (ORI-44, ORI-45)."""
        if token is None:
            return self.options.anonymous_limit
        return self.options.authenticated_limit

    def forget_windows(self, now: float) -> None:
        """Forget the windows that have ended, once there are many."""
        if len(self.windows) < MOST_WINDOWS:
            return
        begin = now - self.options.window
        self.windows = {key: one for key, one in self.windows.items() if one.start > begin}

    def check_quota(self, asked: Asked) -> None:
        """Refuse with 429 what is one request too many (ORI-46)."""
        if asked.quota.exceeded:
            wait = self.seconds_left(asked.quota)
            raise self.refusal(
                ErrorCode.RATE_LIMITED,
                f"{asked.quota.limit} requests in a window are the limit: ask again in {wait} s",
                {**NO_HEADERS, "Retry-After": str(wait)},
            )
