"""Authentication: credentials for one origin, basic or bearer, added before anything is broken.

Credentials leave for their own origin only, and for the token endpoint that it names, if that is
reached as safely. A token is fetched once for each identity and scope, and again when it has nearly
expired; what one identity was given is never sent for another.
"""

from __future__ import annotations

import ipaddress
import json
import re
import time
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import anyio
import httpx

from regshape.model import Identity
from regshape.transport.challenge import Challenge, parse_challenges
from regshape.transport.failures import AuthError

PING = "/v2/"
"""What is asked for to learn how a registry authenticates."""
_UNAUTHORIZED = 401
_OK = 200
_LIFETIME = 60.0
"""Seconds that a token is good for if its endpoint does not say (Docker token specification)."""
_LONGEST_LIFETIME = 3600.0
_MARGIN = 0.8
"""The part of its lifetime after which a token is fetched anew."""
_MOST_TOKENS = 1024
_TOKEN = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user's name and password, or the token that stands for both at the token endpoint."""

    username: str
    password: str = field(repr=False)
    identity_token: str | None = field(default=None, repr=False)

    def basic(self) -> str:
        """Return the value of an Authorization header (RFC 7617)."""
        pair = f"{self.username}:{self.password}".encode()
        return f"Basic {b64encode(pair).decode('ascii')}"


class AuthTransport(httpx.AsyncBaseTransport):
    """Adds an Authorization header to each request for the origin of the credentials.

    How the registry authenticates is learnt once, by `discover` or before the first request; from
    then on the header is there from the start, so that a 401 is an answer to be judged.
    `extensions["scope"]` says what a bearer token must cover, `extensions["identity"]` as whom the
    request is sent. Raises `AuthError` if there is no way to get a token, or no second identity;
    who is anonymous goes without one then.

    Args:
        inner: the transport that sends.
        credentials: None for tokens that anybody gets.
        other: the second identity's.
        url: the registry, whose origin the credentials are for.
        fetch: the transport for the registry's ping and for tokens; nothing there is broken.
        retry: whether a 401 is answered, once, with new credentials.
        tokens: bearer tokens that identities were given beforehand; nothing is asked for these.
    """

    def __init__(  # noqa: PLR0913 - one for each way to come by a header
        self,
        inner: httpx.AsyncBaseTransport,
        credentials: Credentials | None,
        url: str,
        *,
        fetch: httpx.AsyncBaseTransport,
        retry: bool = False,
        other: Credentials | None = None,
        tokens: Mapping[Identity, str] | None = None,
    ) -> None:
        self._inner = inner
        self._wallets: dict[Identity, _Wallet] = {
            "main": _Wallet(credentials),
            "anonymous": _Wallet(None),
        }
        if other is not None:
            self._wallets["other"] = _Wallet(other)
        self._tokens = dict(tokens or {})
        self._url = httpx.URL(url)
        self._origin = _origin(self._url)
        self._fetch = fetch
        self._retry = retry
        self._challenge: Challenge | None = None
        self._is_discovered = credentials is None
        self._discovering = anyio.Lock()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request, with credentials if it is for their origin."""
        given = self._tokens.get(request.extensions.get("identity", "main"))
        if given is not None:
            return await self._inner.handle_async_request(self._with_given(request, given))
        wallet = self._wallet(request)
        if (self._challenge or wallet.credentials) and _origin(request.url) == self._origin:
            if not self._is_discovered:
                await self._discover_once()
            if "Authorization" not in request.headers:
                await self._authorize(request, wallet)
        response = await self._inner.handle_async_request(request)
        if response.status_code == _UNAUTHORIZED and self._retry:
            return await self._again(request, response)
        return response

    def _with_given(self, request: httpx.Request, token: str) -> httpx.Request:
        """Return the request with a token that was given, if it is for the token's origin."""
        if _origin(request.url) == self._origin and "Authorization" not in request.headers:
            request.headers["Authorization"] = f"Bearer {token}"
            request.extensions["secret"] = True
        return request

    async def discover(self, target: str = PING) -> str | None:
        """Ask the registry how it authenticates, and return the scheme: None, `basic`, `bearer`.

        Raises:
            httpx.HTTPError: the registry does not answer.
        """
        url = self._url.copy_with(raw_path=_joined(self._url, target))
        headers = [(b"Host", url.netloc), (b"Accept", b"application/json")]
        request = httpx.Request("GET", url, headers=headers, stream=httpx.ByteStream(b""))
        response = await self._fetch.handle_async_request(request)
        if response.status_code == _UNAUTHORIZED:
            self._challenge = _preferred(response)
        self._is_discovered = True
        return self._challenge.scheme if self._challenge else None

    async def _discover_once(self) -> None:
        async with self._discovering:
            if not self._is_discovered:
                await self.discover()

    def _wallet(self, request: httpx.Request) -> _Wallet:
        identity: Identity = request.extensions.get("identity", "main")
        try:
            return self._wallets[identity]
        except KeyError:
            if identity == "other":
                raise AuthError("there is no second identity: give --other-username") from None
            variable = f"REGSHAPE_TOKEN_{identity.upper().replace('-', '_')}"
            raise AuthError(f"there is no token of {identity}: set {variable}") from None

    async def _authorize(self, request: httpx.Request, wallet: _Wallet) -> None:
        try:
            value = await self._value(request.extensions.get("scope"), wallet)
        except AuthError:
            if request.extensions.get("identity") != "anonymous":
                raise
            return  # where nobody gets a token, anonymous is who shows none
        if value is not None:
            request.headers["Authorization"] = value
            request.extensions["secret"] = True

    async def _value(self, scope: str | None, wallet: _Wallet) -> str | None:
        challenge = self._challenge
        if challenge is not None and challenge.scheme == "bearer":
            wanted = challenge.parameters.get("scope", "") if scope is None else scope
            return f"Bearer {await self._token(challenge, wanted, wallet)}"
        if wallet.credentials is None or wallet.credentials.identity_token:
            return None  # an identity token is for the token endpoint alone
        return wallet.credentials.basic()

    async def _again(self, request: httpx.Request, response: httpx.Response) -> httpx.Response:
        challenge = _preferred(response)
        wallet = self._wallet(request)
        if challenge is None or _origin(request.url) != self._origin:
            return response
        if challenge.scheme != "bearer" and wallet.credentials is None:
            return response
        scope = request.extensions.get("scope")
        if scope is None:
            scope = challenge.parameters.get("scope", "")
        self._challenge = challenge
        wallet.tokens.pop(scope, None)
        await response.aclose()
        await self._authorize(request, wallet)
        return await self._inner.handle_async_request(request)

    async def _token(self, challenge: Challenge, scope: str, wallet: _Wallet) -> str:
        token = wallet.tokens.get(scope)
        if token is None or token.expires <= time.monotonic():
            lock = wallet.fetching.setdefault(scope, anyio.Lock())
            async with lock:
                token = wallet.tokens.get(scope)
                if token is None or token.expires <= time.monotonic():
                    token = await self._new_token(challenge, scope, wallet)
            if not lock.statistics().tasks_waiting:
                wallet.fetching.pop(scope, None)
        return token.value

    async def _new_token(self, challenge: Challenge, scope: str, wallet: _Wallet) -> _Token:
        request = self._token_request(challenge, scope, wallet.credentials)
        response = await self._fetch.handle_async_request(request)
        where = f"the token endpoint {request.url.host}"
        if response.status_code != _OK:
            raise AuthError(f"{where} answered {response.status_code} for {scope or 'no scope'!r}")
        token = _read_token(await response.aread(), where)
        if len(wallet.tokens) >= _MOST_TOKENS:
            wallet.tokens.clear()
        wallet.tokens[scope] = token
        return token

    def _token_request(
        self, challenge: Challenge, scope: str, credentials: Credentials | None
    ) -> httpx.Request:
        realm = challenge.parameters.get("realm", "")
        pairs = [("scope", one) for one in scope.split()]
        if "service" in challenge.parameters:
            pairs.insert(0, ("service", challenge.parameters["service"]))
        if credentials is not None and credentials.identity_token:
            return self._refresh_request(realm, scope, challenge, credentials.identity_token)
        query = _encoded(pairs)
        try:
            url = httpx.URL(realm + ("&" if "?" in realm else "?") + query if query else realm)
        except httpx.InvalidURL as error:
            raise AuthError(f"the registry names no usable token endpoint: {realm!r}") from error
        self._check_endpoint(url)
        headers = [(b"Host", url.netloc), (b"Accept", b"application/json")]
        if credentials is not None:
            headers.append((b"Authorization", credentials.basic().encode("ascii")))
        return httpx.Request("GET", url, headers=headers, stream=httpx.ByteStream(b""))

    def _refresh_request(
        self, realm: str, scope: str, challenge: Challenge, token: str
    ) -> httpx.Request:
        """Return the request for a token by an identity token (Docker's OAuth2 specification)."""
        try:
            url = httpx.URL(realm)
        except httpx.InvalidURL as error:
            raise AuthError(f"the registry names no usable token endpoint: {realm!r}") from error
        self._check_endpoint(url)
        form = {
            "grant_type": "refresh_token",
            "service": challenge.parameters.get("service", ""),
            "client_id": "regshape",
            "scope": scope,
            "refresh_token": token,
        }
        body = _encoded(form.items()).encode("ascii")
        headers = [
            (b"Host", url.netloc),
            (b"Accept", b"application/json"),
            (b"Content-Type", b"application/x-www-form-urlencoded"),
            (b"Content-Length", b"%d" % len(body)),
        ]
        return httpx.Request("POST", url, headers=headers, stream=httpx.ByteStream(body))

    def _check_endpoint(self, url: httpx.URL) -> None:
        ours = self._url
        is_near = url.host == ours.host or (_is_loopback(url.host) and _is_loopback(ours.host))
        if url.scheme == "https" or (url.scheme == "http" == ours.scheme and is_near):
            return
        raise AuthError(f"credentials do not go to {url.scheme}://{url.host}: use https there")


@dataclass(frozen=True, slots=True)
class _Token:
    """A bearer token, and when it is to be replaced (`time.monotonic`)."""

    value: str = field(repr=False)
    expires: float


@dataclass(slots=True)
class _Wallet:
    """What one identity has: its credentials, and the tokens that they got, by scope."""

    credentials: Credentials | None
    tokens: dict[str, _Token] = field(default_factory=dict)
    fetching: dict[str, anyio.Lock] = field(default_factory=dict)


def _read_token(body: bytes, where: str) -> _Token:
    try:
        document: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise AuthError(f"{where} answered no JSON") from error
    if not isinstance(document, dict):
        raise AuthError(f"{where} answered no JSON object")
    value = document.get("token") or document.get("access_token")
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise AuthError(f"{where} answered without a usable token")
    lifetime = document.get("expires_in")
    if isinstance(lifetime, bool) or not isinstance(lifetime, int | float) or lifetime <= 0:
        lifetime = _LIFETIME
    return _Token(value, time.monotonic() + _MARGIN * min(lifetime, _LONGEST_LIFETIME))


def _preferred(response: httpx.Response) -> Challenge | None:
    values = [
        value.decode("latin-1")
        for name, value in response.headers.raw
        if name.lower() == b"www-authenticate"
    ]
    challenges = parse_challenges(values)
    for scheme in ("bearer", "basic"):
        for challenge in challenges:
            if challenge.scheme == scheme:
                return challenge
    return None


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return (url.scheme, url.host, url.port)


def _encoded(pairs: Iterable[tuple[str, str]]) -> str:
    return "&".join(f"{key}={quote(value, safe='')}" for key, value in pairs)


def _joined(url: httpx.URL, target: str) -> bytes:
    return url.raw_path.rstrip(b"/") + target.encode("latin-1")


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
