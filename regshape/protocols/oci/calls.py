"""The requests of the OCI distribution API, unbroken, as calls with their facts."""

from __future__ import annotations

from urllib.parse import quote

from regshape.model import Call, Exchange, Expectation, Mutator, Request, Role
from regshape.mutators.apply import apply
from regshape.protocols.oci.facts import Facts

INDEX = "application/vnd.oci.image.index.v1+json"
IMAGE = "application/vnd.oci.image.manifest.v1+json"
EMPTY = "application/vnd.oci.empty.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
CONFIG = "application/vnd.example.config.v1"
"""No image's config, which a registry might read: of other types it is told not to (image-spec)."""
DOCKER = "application/vnd.docker.distribution.manifest"
ACCEPT = f"{INDEX}, {IMAGE}, {DOCKER}.list.v2+json, {DOCKER}.v2+json"
OCTETS = "application/octet-stream"

PING = "/v2/"
BLOB = "/v2/{name}/blobs/{reference}"
MANIFEST = "/v2/{name}/manifests/{reference}"
UPLOADS = "/v2/{name}/blobs/uploads/"
SESSION = "/v2/{name}/blobs/uploads/{session}"
TAGS = "/v2/{name}/tags/list"
REFERRERS = "/v2/{name}/referrers/{reference}"
CATALOG = "/v2/_catalog"
DISCOVER = "/v2/_oci/ext/discover"

LATE_TARGETS = frozenset({"header", "frame", "auth", "content_type"})
PULL, PUSH, DELETE = "pull", "pull,push", "pull,push,delete"


def call(
    operation: str,
    request: Request,
    facts: Facts,
    mutators: tuple[Mutator, ...] = (),
    role: Role = "step",
    cause: Call | None = None,
) -> Call:
    """Return a call with the token scope that its method needs (Docker token scope grammar).

    A mutator that must be refused and changes nothing of this request is left out.
    """
    mutators = tuple(mutator for mutator in mutators if _bites(mutator, request))
    scope = None
    if facts.repo:
        actions = {"GET": PULL, "HEAD": PULL, "DELETE": DELETE}.get(request.method, PUSH)
        scope = f"repository:{facts.repo}:{actions}"
    elif operation == "list-catalog":
        scope = "registry:catalog:*"
    return Call(operation, request, facts, role, mutators, cause, scope)


def _bites(mutator: Mutator, request: Request) -> bool:
    """Return whether a mutator breaks the request; headers and framing are complete only later."""
    if mutator.expect is not Expectation.REJECT or mutator.target in LATE_TARGETS:
        return True
    sent = apply((mutator,), request)
    before = (request.method, request.target(), request.body)
    return (sent.method, sent.target(), sent.body) != before


def session_request(
    method: str,
    location: str,
    repo: str,
    *,
    digest: str | None = None,
    content_range: str | None = None,
    body: bytes = b"",
) -> Request:
    """Return a request to an upload's location, its query kept byte for byte.

    Source: distribution-spec, "POST then PUT": the location may hold critical query parameters.
    """
    path, _, query = location.partition("?")
    head, _, session = path.rpartition("/")
    pairs: list[tuple[str, str | None]] = []
    for item in query.split("&") if query else ():
        key, equals, value = item.partition("=")
        pairs.append((key, value if equals else None))
    if digest is not None:
        pairs.append(("digest", digest))
    headers: list[tuple[str, str]] = []
    if method in {"PATCH", "PUT"} and (body or method == "PATCH"):
        headers.append(("Content-Type", OCTETS))
    if content_range is not None:
        headers.append(("Content-Range", content_range))
    plain = f"/v2/{repo}/blobs/uploads"
    return Request(
        method,
        SESSION if head == plain else head.replace("{", "%7B") + "/{session}",
        {"name": repo, "session": session} if head == plain else {"session": session},
        tuple(pairs),
        tuple(headers),
        body,
    )


def escape(value: str) -> str:
    """Return a query value escaped, leaving what digests, names and media types hold as it is."""
    return quote(value, safe=":/.-_~")


def created(exchange: Exchange) -> bool:
    """Return whether the answer says that the content now stands there: no need to ask again."""
    return exchange.failure is None and exchange.status == 201  # noqa: PLR2004 - Created


def redirected(exchange: Exchange) -> bool:
    """Return whether the answer sends the client elsewhere; its effect is then not known here."""
    return exchange.status is not None and 300 <= exchange.status < 400  # noqa: PLR2004 - the class of redirects
