"""Who may do what: no authentication, Basic, or Bearer with a token endpoint of its own.

Tokens are opaque to clients: a JSON payload in base64url, and the HMAC of that. The schemes are
those of RFC 7617 and RFC 6750, the challenge that of the distribution project's token
authentication.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import Any, Final, NamedTuple, TypeAlias

from regshape.protocols.oci.models import ErrorCode, is_name
from regshape.protocols.oci.reference import targets
from regshape.protocols.oci.reference.list_handlers import Lists
from regshape.protocols.oci.reference.memory import ReferenceOptions
from regshape.protocols.oci.reference.messages import Incoming
from regshape.protocols.serving import Answer, RefusedError

Access: TypeAlias = Mapping[str, Sequence[str]]

PULL: Final = "pull"
PUSH: Final = "push"
DELETE: Final = "delete"
EVERYTHING: Final = frozenset({PULL, PUSH, DELETE, "*"})
NOBODY: Final = ""
"""The name of who shows no credentials."""
CATALOG_SCOPE: Final = "registry:catalog"
ACTIONS: Mapping[str, tuple[str, ...]] = {
    "GET": (PULL,),
    "HEAD": (PULL,),
    "POST": (PULL, PUSH),
    "PUT": (PULL, PUSH),
    "PATCH": (PULL, PUSH),
}
_HOST = re.compile(r"[A-Za-z0-9.:\[\]_-]+")
_SCOPE = re.compile(r"(repository:[a-z0-9._/-]+|registry:catalog):([a-z*]+(?:,[a-z*]+)*)")


class Need(NamedTuple):
    """What a request needs: actions on a resource; an empty resource needs an identity only."""

    resource: str
    actions: tuple[str, ...]

    def scope(self) -> str:
        """Return the need as a scope is written in a challenge."""
        return f"{self.resource}:{','.join(self.actions)}" if self.resource else ""


class Auth(Lists):
    """The part of the registry that knows who asks."""

    def __init__(self, options: ReferenceOptions | None = None) -> None:
        """Start an empty registry with a signing key of its own."""
        super().__init__(options)
        self.key = secrets.token_bytes(32)

    def authorize(self, request: Incoming) -> None:
        """Refuse with 401 a request that does not show the right to be answered."""
        if self.options.auth == "none":
            return
        need = self.need_of(request)
        header = request.header(b"authorization")
        if self.options.auth == "basic":
            self.authorize_basic(request, need, header)
            return
        if header is None:
            raise self.unauthorized(request, need)
        access = self.token_access(header)
        if access is None:
            raise self.unauthorized(request, need, "invalid_token")
        if not self.is_granted(access, need):
            raise self.unauthorized(request, need, "insufficient_scope")

    def authorize_basic(self, request: Incoming, need: Need, header: str | None) -> None:
        """Refuse with 401 who does not log in, and with 403 a user who may not do this."""
        user = NOBODY if header is None else self.basic_user(header)
        if user is None or (user == NOBODY and not self.is_open(need)):
            raise self.unauthorized(request, need)
        if need.resource and not set(need.actions) <= self.rights_of(user, need.resource):
            raise self.refusal(
                HTTPStatus.FORBIDDEN, ErrorCode.DENIED, "requested access to the resource is denied"
            )

    def is_open(self, need: Need) -> bool:
        """Return whether a request needs nothing that nobody in particular may not do."""
        return bool(need.resource) and set(need.actions) <= self.rights_of(NOBODY, need.resource)

    def rights_of(self, user: str, resource: str) -> frozenset[str]:
        """Return the actions that a user may do on a resource; the catalogue is open to users."""
        given = self.options.rights.get(user)
        if given is None:
            return frozenset() if user == NOBODY else EVERYTHING
        kind, _, name = resource.partition(":")
        if kind == "registry":
            return EVERYTHING
        found = (actions for glob, actions in given.items() if fnmatchcase(name, glob))
        return frozenset(action for actions in found for action in actions)

    def user_of(self, request: Incoming) -> str:
        """Return the name of who asks, whose right to be answered was found before."""
        header = request.header(b"authorization") or ""
        if self.options.auth == "basic":
            return self.basic_user(header) or NOBODY
        claims = self.read_token(header.partition(" ")[2].strip())
        return NOBODY if claims is None else str(claims["sub"])

    def listed_repositories(self, request: Incoming) -> Iterable[str]:
        """Return the repositories that whoever asks may pull from."""
        listed = super().listed_repositories(request)
        if self.options.auth == "none":
            return listed
        user = self.user_of(request)
        return [name for name in listed if PULL in self.rights_of(user, f"repository:{name}")]

    def need_of(self, request: Incoming) -> Need:
        """Return what a request needs."""
        if request.route == targets.CATALOG:
            return Need(CATALOG_SCOPE, ("*",))
        if not is_name(request.name):
            return Need("", ())
        return Need(f"repository:{request.name}", self.needed_actions(request))

    def needed_actions(self, request: Incoming) -> tuple[str, ...]:
        """Return the actions that a request is on its repository."""
        if request.method == "DELETE" and request.route != targets.SESSION:
            return (DELETE,)
        return ACTIONS.get(request.method, (PULL, PUSH))

    # credentials

    def basic_user(self, header: str) -> str | None:
        """Return the user of Basic credentials, or None if they are not right (RFC 7617)."""
        scheme, _, encoded = header.partition(" ")
        if scheme.lower() != "basic":
            return None
        user, colon, password = self.decode_credentials(encoded.strip()).partition(":")
        return user if colon and self.is_password(user, password) else None

    def decode_credentials(self, encoded: str) -> str:
        """Return what Basic credentials encode; empty if they are not in canonical base64."""
        try:
            decoded = base64.b64decode(encoded, validate=True)
            text = decoded.decode("utf-8")
        except (binascii.Error, ValueError):
            return ""
        return text if base64.b64encode(decoded).decode() == encoded else ""

    def is_password(self, user: str, password: str) -> bool:
        """Return whether the password is the user's."""
        known = self.options.users.get(user)
        return known is not None and hmac.compare_digest(known.encode(), password.encode())

    def token_access(self, header: str) -> Access | None:
        """Return what a Bearer token grants, or None if it is not a living token of ours."""
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            return None
        claims = self.read_token(token.strip())
        if claims is None or self.is_expired(claims):
            return None
        access: Access = claims["access"]
        return access

    def is_expired(self, claims: Mapping[str, Any]) -> bool:
        """Return whether a token's time is over."""
        return bool(claims["exp"] <= time.time())

    def is_granted(self, access: Access, need: Need) -> bool:
        """Return whether a token grants all that is needed."""
        return not need.resource or set(need.actions) <= set(access.get(need.resource, ()))

    def may_read(self, request: Incoming, name: str) -> bool:
        """Return whether the user, or the token, of a request may pull from a repository."""
        if self.options.auth == "none":
            return True
        if self.options.auth == "basic":
            return PULL in self.rights_of(self.user_of(request), f"repository:{name}")
        access = self.token_access(request.header(b"authorization") or "") or {}
        return self.is_granted(access, Need(f"repository:{name}", (PULL,)))

    # tokens

    def get_token(self, request: Incoming) -> Answer:
        """Answer the token endpoint: a token for what is asked for and allowed."""
        header = request.header(b"authorization")
        is_open = NOBODY in self.options.rights
        user = NOBODY if header is None and is_open else self.basic_user(header or "")
        if user is None:
            raise self.refusal(
                HTTPStatus.UNAUTHORIZED,
                ErrorCode.UNAUTHORIZED,
                "authentication required",
                {"WWW-Authenticate": f'Basic realm="{self.host(request)}", charset="UTF-8"'},
            )
        token = self.make_token(user, self.granted_access(user, request.parameters("scope")))
        body = {
            "token": token,
            "access_token": token,
            "expires_in": self.options.token_lifetime,
            "issued_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        return self.json_answer(HTTPStatus.OK, body, {"Cache-Control": "no-store"})

    def granted_access(self, user: str, scopes: Sequence[str]) -> dict[str, list[str]]:
        """Return the access of the scopes that are well-formed, as far as the user has it."""
        access: dict[str, list[str]] = {}
        for scope in " ".join(scopes).split():
            found = _SCOPE.fullmatch(scope)
            if found is not None:
                granted = self.granted_actions(user, found[1], found[2])
                access.setdefault(found[1], []).extend(granted)
        return access

    def granted_actions(self, user: str, resource: str, wanted: str) -> list[str]:
        """Return the allowed actions of a scope; `*` stands for itself and for all others."""
        actions = wanted.split(",")
        if "*" in actions:
            actions += [PULL, PUSH, DELETE]
        return [action for action in actions if action in self.rights_of(user, resource)]

    def make_token(self, user: str, access: Access) -> str:
        """Return a signed token."""
        expiry = time.time() + self.options.token_lifetime
        claims = json.dumps({"sub": user, "exp": expiry, "access": access})
        payload = base64.urlsafe_b64encode(claims.encode()).decode()
        return f"{payload}.{self.signature(payload)}"

    def read_token(self, token: str) -> dict[str, Any] | None:
        """Return the claims of a token that we signed, or None."""
        payload, _, signature = token.partition(".")
        if not hmac.compare_digest(signature.encode(), self.signature(payload).encode()):
            return None
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload))
        return claims

    def signature(self, payload: str) -> str:
        """Return the signature of a token's payload, as it stands in the token.

        Text is compared with text: base64 can write the same bytes in several ways.
        """
        return hmac.new(self.key, payload.encode(), hashlib.sha256).hexdigest()

    # challenges

    def unauthorized(self, request: Incoming, need: Need, error: str | None = None) -> RefusedError:
        """Return the refusal that asks for credentials."""
        return self.refusal(
            HTTPStatus.UNAUTHORIZED,
            ErrorCode.UNAUTHORIZED,
            "authentication required",
            {
                "WWW-Authenticate": self.challenge(request, need, error),
                "Docker-Distribution-Api-Version": "registry/2.0",
            },
        )

    def challenge(self, request: Incoming, need: Need, error: str | None = None) -> str:
        """Return the challenge of the scheme in use."""
        host = self.host(request)
        if self.options.auth == "basic":
            return f'Basic realm="{host}", charset="UTF-8"'
        parts = [f'Bearer realm="{request.scheme}://{host}/token"', f'service="{host}"']
        if need.resource:
            parts.append(f'scope="{need.scope()}"')
        if error is not None:
            parts.append(f'error="{error}"')
        return ",".join(parts)

    def host(self, request: Incoming) -> str:
        """Return the host that the client used; one that is no host is not repeated."""
        given = request.header(b"host") or ""
        return given if _HOST.fullmatch(given) else "localhost"
