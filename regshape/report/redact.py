"""Takes secrets out of what is about to be stored or shown.

The rule: a value goes by where it stands (the header's name, the query parameter's, the JSON
field's), since nothing here knows the secrets themselves. Too much redacted is the better mistake.
"""

from __future__ import annotations

import re
from dataclasses import replace

from regshape.model import Exchange, Finding, Headers

REDACTED = "[redacted]"

SECRET_NAMES = ("authorization", "cookie", "token", "secret", "apikey", "password", "signature")
"""A header is secret if its name holds one of these; broken names (`Authorization `) included."""

_SCHEME = re.compile(r"\s*(basic|bearer|digest|negotiate)\s", re.IGNORECASE)
# Peers write what these read: each takes time in proportion to the text, whatever it says.
_QUERY = re.compile(r"([?&])([^?=&#\s'\"]+)=([^&#\s'\"]+)")
_USERINFO = re.compile(r"(https?://)[^/?#@\s'\"]+@", re.IGNORECASE)
_FIELD = re.compile(
    rb'("(?:[\w-]*token|[\w-]*secret|password|authorization|auth)"\s*:\s*")(?:[^"\\]|\\.)+',
    re.IGNORECASE,
)
_LINE_HEADER = re.compile(
    r"((?<![\w-])(?:proxy-authorization|authorization|set-cookie|cookie|password|"
    r"[\w-]*(?:token|secret|api-?key))\s*:\s*"
    r"(?:(?:basic|bearer|digest|negotiate)\s+)?)[^'\"\r\n]+",
    re.IGNORECASE,
)
_LINE_USER = re.compile(r"(\s(?:-u|--user)[ =]['\"]?[^\s:'\"$]+:)(?!\$)[^\s'\"]+")


def redact_headers(headers: Headers) -> Headers:
    """Return the headers with secret values replaced; the scheme of a credential stays."""
    return tuple((name, _redact_value(name, value)) for name, value in headers)


def redact_url(text: str) -> str:
    """Return a URL or request target without user information and secret parameters."""
    return _QUERY.sub(_redact_pair, _USERINFO.sub(rf"\g<1>{REDACTED}@", text))


def redact_line(line: str) -> str:
    """Return a command line or sentence without the secrets of headers, users and URLs in it."""
    without_headers = _LINE_HEADER.sub(rf"\g<1>{REDACTED}", line)
    return redact_url(_LINE_USER.sub(rf"\g<1>{REDACTED}", without_headers))


def redact_body(body: bytes) -> bytes:
    """Return a body with the string values of secret JSON fields replaced."""
    return _FIELD.sub(rb"\g<1>" + REDACTED.encode(), body)


def redact_exchange(exchange: Exchange) -> Exchange:
    """Return the exchange without secrets in targets, headers and bodies."""
    return replace(
        exchange,
        target=redact_url(exchange.target),
        headers=redact_headers(exchange.headers),
        body=redact_body(exchange.body),
        answer_headers=redact_headers(exchange.answer_headers),
        answer=redact_body(exchange.answer),
    )


def redact_finding(finding: Finding) -> Finding:
    """Return the finding without secrets in its exchanges, its sentence and its replay lines."""
    exchanges = tuple(redact_exchange(exchange) for exchange in finding.exchanges)
    return replace(redact_words(finding), exchanges=exchanges)


def redact_words(finding: Finding) -> Finding:
    """Return the finding with its exchanges as they are, for who redacts those when writing."""
    replay = tuple(redact_line(line) for line in finding.replay)
    return replace(finding, summary=redact_line(finding.summary), replay=replay)


def _redact_pair(pair: re.Match[str]) -> str:
    before, name, _ = pair.groups()
    secret = name.lower() == "sig" or _is_secret(name) or "credential" in name.lower()
    return f"{before}{name}={REDACTED}" if secret else pair.group()


def _is_secret(name: str) -> bool:
    letters = "".join(character for character in name.lower() if character.isalpha())
    return any(secret in letters for secret in SECRET_NAMES)


def _redact_value(name: str, value: str) -> str:
    if not _is_secret(name):
        return redact_url(value)
    scheme = _SCHEME.match(value)
    return f"{scheme.group(1)} {REDACTED}" if scheme else REDACTED
