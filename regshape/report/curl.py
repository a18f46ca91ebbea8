"""Show an exchange as a curl command, to be tried by hand."""

from __future__ import annotations

import shlex

from regshape.model import Exchange

LEFT_TO_CURL = frozenset({"host", "user-agent", "content-length"})
SECRET = frozenset({"authorization", "cookie", "proxy-authorization"})
LONGEST_BODY = 2048
LONGEST_HEADER = 32 * 1024


def curl(exchange: Exchange, origin: str) -> str:
    """Return a curl command line that sends the exchange's request.

    A long or binary body is left to a file of the user's; broken framing cannot be sent with curl.
    """
    words = ["curl", "-i", "--path-as-is"]
    if exchange.method == "HEAD":
        words.append("--head")
    elif exchange.method != "GET":
        words += ["-X", exchange.method]
    for name, value in exchange.headers:
        if name.lower() in SECRET:
            words += ["-H", f"{name}: <yours>"]
        elif len(value) > LONGEST_HEADER:
            words += ["-H", f"@header-{name}-of-{len(value)}-bytes"]
        elif name.lower() not in LEFT_TO_CURL:
            words += ["-H", f"{name}: {value}" if value else f"{name};"]
    if exchange.body or exchange.method in {"POST", "PUT", "PATCH"}:
        words += ["--data-binary", _body(exchange.body)]
    words.append(origin.rstrip("/") + exchange.target)
    return shlex.join(words)


def _body(body: bytes) -> str:
    text = body.decode("latin-1")
    if len(body) <= LONGEST_BODY and text.isascii() and (text.isprintable() or not text):
        return text
    return f"@body-of-{len(body)}-bytes"
