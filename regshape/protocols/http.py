"""What every registry that speaks HTTP owes, whatever its protocol (RFC 9110, RFC 9112, RFC 8288).

A failing of the server itself is judged on every request but these: those whose framing was broken
may end without an answer, and a broken request without a stated expectation may be cut off.
"""

from __future__ import annotations

import re
from urllib.parse import urljoin, urlsplit

from regshape.model import Call, Exchange, Expectation, Fault, Headers, Level, Requirement

RFC9110 = "RFC 9110, https://www.rfc-editor.org/rfc/rfc9110"
RFC9112 = "RFC 9112, https://www.rfc-editor.org/rfc/rfc9112"

NOT_IMPLEMENTED, UNAVAILABLE, BAD_VERSION = 501, 503, 505
BODILESS = frozenset({204, 304})
PORTS = {"http": 80, "https": 443}
LARGE = 1024 * 1024
"""Bytes of a body from which on a server may close before it has read all (RFC 9110 §15.5.14)."""
_ILLEGAL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
"""What no field value has (RFC 9110, section 5.5)."""
_PARAMETER = r"""[ \t]*;[ \t]*([^\s=;,]*)(?:[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"|[^",;\s]*))?"""
_LINK = re.compile(rf"<([^>]*)>((?:{_PARAMETER})*)")


TELLING_HEADERS = (
    "X-Artifactory-Node-Id",
    "X-Jfrog-Version",
    "X-Github-Request-Id",
    "X-Gitlab-Meta",
    "X-Registry-Supports-Signatures",
)
"""Headers of one vendor each, which say who answers where `Server` does not."""
FRONTS = ("nginx", "apache", "envoy", "cloudflare", "caddy", "uvicorn", "traefik", "awselb")
"""What `Server` names where something stands before the registry, or carries it."""


def implementation_of(headers: Headers) -> str | None:
    """Return what an answer's headers say of who made the server, or None where they are silent.

    That is `Server`, unless it names a proxy; else a header of one vendor, as `name: value`; else
    the generation that `Docker-Distribution-Api-Version` names, which many registries send.
    """
    values = {name.lower(): value.strip() for name, value in headers}
    server = values.get("server", "")
    if server and not server.lower().startswith(FRONTS):
        return server
    for name in TELLING_HEADERS:
        if name.lower() in values:
            value = values[name.lower()] if "version" in name.lower() else ""
            return f"{name}: {value}".rstrip(": ")
    return values.get("docker-distribution-api-version") or None


def breaks(call: Call, *targets: str) -> bool:
    """Return whether a mutator of the call aims at one of these."""
    return any(mutator.target in targets for mutator in call.mutators)


def next_link(exchange: Exchange) -> str | None:
    """Return the target of the Link with rel="next", or None (RFC 8288, section 3)."""
    for value in exchange.header_values("link"):
        for link in _LINK.finditer(value):
            relations = [
                text.strip('"').lower().split()
                for name, text in re.findall(_PARAMETER, link[2])
                if name.lower() == "rel"
            ]
            if relations and "next" in relations[0]:
                return link[1]
    return None


def resolve(origin: str, location: str | None, target: str) -> str | None:
    """Return the request target that a Location or Link stands for, or None if it leads away.

    It may be absolute, or relative to the target of the request (RFC 9110, section 10.2.2).
    """
    if not location:
        return None
    here = urlsplit(origin)
    try:
        split = urlsplit(urljoin(f"{origin}{target}", location))
        away = (split.scheme, split.hostname, split.port or PORTS.get(split.scheme)) != (
            here.scheme,
            here.hostname,
            here.port or PORTS.get(here.scheme),
        )
    except ValueError:
        return None
    if away:
        return None
    path = split.path.removeprefix(here.path.rstrip("/"))
    return f"{path}?{split.query}" if split.query else path


def answers(call: Call, exchange: Exchange) -> Fault | bool:
    """An answer comes, in time and whole enough to have a status."""
    failure = exchange.failure
    if breaks(call, "frame"):
        return False
    if failure is None or failure.kind in {"malformed", "cut-off", "too-large", "auth"}:
        return True
    if failure.kind == "stale":
        return False  # the peer may close an idle connection at any time (RFC 9112 section 9.5)
    if failure.kind in {"closed", "reset"} and (
        call.expect is Expectation.UNSPECIFIED or len(call.request.body) > LARGE
    ):
        return False
    return Fault(f"no answer: {failure.kind}", f"no answer to {call.operation}: {failure.detail}")


def well_formed(call: Call, exchange: Exchange) -> Fault | bool:
    """What came is HTTP: a legal head, and a body as long as its head says."""
    failure = exchange.failure
    if failure is not None:
        if failure.kind in {"malformed", "cut-off"} and not breaks(call, "frame"):
            return Fault(failure.kind, f"the answer is no whole HTTP message: {failure.detail}")
        return False
    lengths = exchange.header_values("content-length")
    if len(set(lengths)) > 1 or (lengths and exchange.header("transfer-encoding") is not None):
        return Fault("framed twice", "the answer says in two ways how long its body is")
    wrong = [name for name, value in exchange.answer_headers if _ILLEGAL.search(value)]
    if wrong:
        return Fault(f"illegal {wrong[0]}", f"{wrong[0]} has a control character in its value")
    return _body_as_framed(exchange, lengths[0] if lengths else None)


def _body_as_framed(exchange: Exchange, length: str | None) -> Fault | bool:
    if exchange.method == "HEAD" or exchange.status in BODILESS:
        what = "an answer to HEAD" if exchange.method == "HEAD" else f"a {exchange.status}"
        return not exchange.answer or Fault("body", f"{what} came with a body")
    if length is None:
        return True
    if not length.isdigit() or int(length) != len(exchange.answer):
        return Fault(
            "false Content-Length",
            f"Content-Length says {length}, the body has {len(exchange.answer)} bytes",
        )
    return True


def no_server_error(call: Call, exchange: Exchange) -> Fault | bool:
    """No request makes the server fail (5xx), but where HTTP allows to say so."""
    status = exchange.status
    if status is None or exchange.failure is not None:
        return False
    if not 500 <= status <= 599:  # noqa: PLR2004 - the class of server errors
        return True
    if status == UNAVAILABLE:
        return False  # overload or maintenance (RFC 9110, section 15.6.4): no word on the request
    if status == NOT_IMPLEMENTED and breaks(call, "method", "frame"):
        return True
    if status == BAD_VERSION and breaks(call, "frame"):
        return True
    return Fault(f"status {status}", f"{call.operation} was answered with {status}")


def challenge(_call: Call, exchange: Exchange) -> Fault | bool:
    """A 401 names at least one challenge."""
    if exchange.status != 401:  # noqa: PLR2004 - Unauthorized
        return False
    if exchange.header("www-authenticate"):
        return True
    return Fault("no WWW-Authenticate", "a 401 came without WWW-Authenticate", wide=True)


def allow(_call: Call, exchange: Exchange) -> Fault | bool:
    """A 405 lists the methods that the resource has."""
    if exchange.status != 405:  # noqa: PLR2004 - Method Not Allowed
        return False
    if exchange.header("allow") is not None:
        return True
    return Fault("no Allow", f"a 405 to {exchange.method} came without Allow", wide=True)


def legal_status(_call: Call, exchange: Exchange) -> Fault | bool:
    """A status code is between 100 and 599."""
    if exchange.status is None:
        return False
    if 100 <= exchange.status <= 599:  # noqa: PLR2004 - the five classes
        return True
    return Fault("illegal status", f"{exchange.status} is no HTTP status code", wide=True)


def alive(call: Call, exchange: Exchange) -> Fault | bool:
    """After a request with broken framing, a clean one on a new connection is served."""
    if call.cause is None or not breaks(call.cause, "frame"):
        return False
    if exchange.failure is None:
        return True
    return Fault("gone after broken framing", f"a clean request failed: {exchange.failure.detail}")


HTTP_REQUIREMENTS: tuple[Requirement, ...] = (
    Requirement(
        "HTTP-01",
        Level.MUST,
        "RFC 9110 §3.3",
        "A server answers each request with one or more responses, within the deadline.",
        f"{RFC9110}#section-3.3",
        check=answers,
    ),
    Requirement(
        "HTTP-02",
        Level.MUST,
        "RFC 9112 §6",
        "A response is a well-formed message, its body as long as its framing says.",
        f"{RFC9112}#section-6",
        check=well_formed,
    ),
    Requirement(
        "HTTP-03",
        Level.MUST,
        "RFC 9110 §15.6",
        "No request makes the server fail with a 5xx of its own.",
        f"{RFC9110}#section-15.6",
        check=no_server_error,
    ),
    Requirement(
        "HTTP-04",
        Level.MUST,
        "RFC 9110 §15.5.2",
        "A 401 carries WWW-Authenticate with at least one challenge.",
        f"{RFC9110}#section-15.5.2",
        check=challenge,
    ),
    Requirement(
        "HTTP-05",
        Level.SHOULD,
        "RFC 9110 §15.5.6",
        "A 405 carries Allow with the methods that the resource supports.",
        f"{RFC9110}#section-15.5.6",
        check=allow,
    ),
    Requirement(
        "HTTP-06",
        Level.MUST,
        "RFC 9110 §15",
        "A status code is a number from 100 to 599.",
        f"{RFC9110}#section-15",
        check=legal_status,
    ),
    Requirement(
        "HTTP-07",
        Level.MUST,
        "RFC 9112 §11",
        "A request with broken framing does not stop the server from serving others.",
        f"{RFC9112}#section-11",
        check=alive,
    ),
)
