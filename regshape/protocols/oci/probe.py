"""What a registry can do: optional features, found out once before a campaign."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from regshape.errors import TargetError
from regshape.formats.digest import compute
from regshape.model import Call, Capability, Exchange, Request
from regshape.protocols.oci import calls
from regshape.protocols.oci.facts import Facts
from regshape.protocols.oci.guards import GUARDS, all_absent, guards
from regshape.protocols.oci.operations.deletes import Kind, delete_request
from regshape.protocols.oci.operations.needs import compact, index_document, put_blob
from regshape.protocols.oci.operations.pull import ping_request
from regshape.protocols.oci.state import Repository, State, Upload

ACCEPTED, CREATED, OK, UNAUTHORIZED = 202, 201, 200, 401
REFUSALS = frozenset({400, 401, 403, 404, 405, 501})
"""The answers of a registry that does not have what it was asked for."""
Asking = Generator[Call, Exchange, Capability]
FEATURES_OF_PUSH = (
    "isolated-blobs",
    "single-post",
    "mount",
    "upload-status",
    "cancel",
    "sha512",
    "tag-parameters",
    "referrers",
    "delete-tag",
    "delete-manifest",
    "delete-blob",
    *GUARDS,
)


def probe(state: State) -> Generator[Call, Exchange, Sequence[Capability]]:
    """Ask for each optional feature once, in a space of its own.

    Raises:
        TargetError: what answers is no OCI registry, or nothing answers.
    """
    yield from _see_registry()
    extensions = yield from _extensions()
    if state.space.read_only:
        absent = "the campaign is read-only"
        return [
            extensions,
            *all_absent(("push", *FEATURES_OF_PUSH), absent),
        ]
    push = yield from _push(state)
    if not push.present:
        absent = f"pushing does not work: {push.reason}"
        return [extensions, push, *all_absent(FEATURES_OF_PUSH, absent)]
    found = [extensions, push]
    for ask in (_isolated, _single_post, _mount):
        found += [(yield from ask(state))]
    found += yield from _session(state)
    for ask in (_sha512, _tag_parameters, _referrers):
        found += [(yield from ask(state))]
    found += yield from guards(state)
    found += yield from _deletes(state)
    return found


def _see_registry() -> Generator[Call, Exchange, None]:
    exchange = yield _asking(ping_request())
    failure = exchange.failure
    if failure is not None:
        hint = ": pass --username and --password-stdin" if failure.kind == "auth" else ""
        raise TargetError(f"{failure.detail}{hint}")
    kind = (exchange.header("content-type") or "").lower()
    if exchange.status == OK and not kind.startswith("text/html"):
        return
    if exchange.status == UNAUTHORIZED:
        if exchange.header("www-authenticate"):
            raise TargetError(
                "the registry wants credentials and accepts none of those given: "
                "pass --username and --password-stdin"
            )
        return
    what = "HTML" if kind.startswith("text/html") else "no OCI registry"
    raise TargetError(
        f"GET /v2/ was answered with {exchange.status} and {what}: "
        "give the URL of a registry, such as http://127.0.0.1:5000"
    )


def _asking(request: Request, repo: str = "") -> Call:
    return calls.call("probe", request, Facts("", repo), role="probe")


def _found(name: str, exchange: Exchange, *absent: int) -> Capability:
    """Return whether a feature is there: a wrong success and a 5xx are faults of one that is."""
    if exchange.failure is not None:
        return Capability(name, present=False, reason=exchange.failure.detail)
    answer = f"{exchange.method} was answered with {exchange.status}"
    return Capability(name, exchange.status not in REFUSALS.union(absent), answer)


def _extensions() -> Asking:
    exchange = yield _asking(Request("GET", calls.DISCOVER))
    return _found("extensions", exchange)


def _push(state: State) -> Asking:
    repo = state.repos[0]
    exchange = yield _asking(Request("POST", calls.UPLOADS, {"name": repo.name}), repo.name)
    location = state.resolve(exchange.header("location"))
    if exchange.status != ACCEPTED or location is None:
        found = _found("push", exchange)
        where = "there is no upload location on this host"
        why = where if exchange.status == ACCEPTED else found.reason
        return Capability("push", present=False, reason=why)
    blob = yield from put_blob(state, Upload(repo, [location]), state.fresh(40))
    if blob is None:
        why = "a blob could not be pushed by POST and PUT"
        return Capability("push", present=False, reason=why)
    return Capability("push", present=True, reason="a blob was pushed by POST and PUT")


def _isolated(state: State) -> Asking:
    """Ask for a blob in a repository that it was not pushed to."""
    name, digest = state.repos[1].name, next(iter(state.repos[0].blobs))
    request = Request("GET", calls.BLOB, {"name": name, "reference": digest})
    exchange = yield _asking(request, name)
    answer = f"a blob of another repository was answered with {exchange.status}"
    return Capability("isolated-blobs", exchange.status != OK, answer)


def _single_post(state: State) -> Asking:
    content, repo = state.fresh(40), state.repos[0]
    request = Request(
        "POST",
        calls.UPLOADS,
        {"name": repo.name},
        (("digest", compute(content)),),
        (("Content-Type", calls.OCTETS),),
        content,
    )
    exchange = yield _asking(request, repo.name)
    _remember(state, exchange, repo, compute(content))
    return _found("single-post", exchange, ACCEPTED)


def _remember(state: State, exchange: Exchange, repo: Repository, digest: str) -> None:
    """Note what a POST left behind, to remove it in the end: a blob, or a session."""
    if exchange.status == CREATED:
        repo.made[digest] = "blob"
    location = state.resolve(exchange.header("location"))
    if exchange.status == ACCEPTED and location is not None:
        state.strays.append(location)


def _mount(state: State) -> Asking:
    repo, target = state.repos
    digest = next(iter(repo.blobs))
    query = (("mount", digest), ("from", repo.name))
    request = Request("POST", calls.UPLOADS, {"name": target.name}, query)
    exchange = yield _asking(request, target.name)
    _remember(state, exchange, target, digest)
    found = _found("mount", exchange)
    return Capability("mount", exchange.status == CREATED, found.reason)


def _opened(
    state: State, query: tuple[tuple[str, str], ...] = ()
) -> Generator[Call, Exchange, tuple[Exchange, Upload | None]]:
    """Open a session; None where the answer is no 202 with a location on this host."""
    repo = state.repos[0]
    request = Request("POST", calls.UPLOADS, {"name": repo.name}, query)
    exchange = yield _asking(request, repo.name)
    location = state.resolve(exchange.header("location"))
    if exchange.status != ACCEPTED or location is None:
        return exchange, None
    return exchange, Upload(repo, [location])


def _session(state: State) -> Generator[Call, Exchange, list[Capability]]:
    """Ask for the status of a session, and cancel it."""
    _, upload = yield from _opened(state)
    if upload is None:
        return all_absent(("upload-status", "cancel"), "no session could be opened")
    name, location = upload.repo.name, upload.locations[-1]
    exchange = yield _asking(calls.session_request("GET", location, name), name)
    status = _found("upload-status", exchange)
    exchange = yield _asking(calls.session_request("DELETE", location, name), name)
    return [status, _found("cancel", exchange)]


def _sha512(state: State) -> Asking:
    exchange, upload = yield from _opened(state, (("digest-algorithm", "sha512"),))
    if upload is None:
        return _found("sha512", exchange)
    content = state.fresh(40)
    blob = yield from put_blob(state, upload, content, "sha512")
    return Capability("sha512", blob is not None, "a PUT with a sha512 digest was tried")


def _manifest(state: State, reference: str, content: bytes, *tags: str) -> Request:
    return Request(
        "PUT",
        calls.MANIFEST,
        {"name": state.repos[0].name, "reference": reference},
        tuple(("tag", tag) for tag in tags),
        (("Content-Type", calls.INDEX),),
        content,
    )


def _tag_parameters(state: State) -> Asking:
    content, repo = compact(index_document(state)), state.repos[0]
    digest = compute(content)
    exchange = yield _asking(_manifest(state, digest, content, "p1"), repo.name)
    repo.made |= {digest: "manifest", "p1": "tag"}
    if exchange.status != CREATED:
        return _found("tag-parameters", exchange)
    if exchange.header("oci-tag") is None:
        return Capability("tag-parameters", present=False, reason="OCI-Tag was not sent")
    repo.tags["p1"] = digest
    return _found("tag-parameters", exchange)


def _referrers(state: State) -> Asking:
    name = state.repos[0].name
    parts = {"name": name, "reference": state.fresh_digest()}
    return _found("referrers", (yield _asking(Request("GET", calls.REFERRERS, parts), name)))


def _deletes(state: State) -> Generator[Call, Exchange, list[Capability]]:
    """Delete a tag, its manifest and a blob; what is gone is not removed again in the end."""
    repo = state.repos[0]
    tag, digest = yield from _tagged(state)
    references: tuple[tuple[Kind, str], ...] = (
        ("tag", tag),
        ("manifest", digest),
        ("blob", next(iter(repo.blobs))),
    )
    found = []
    for kind, reference in references:
        exchange = yield _asking(delete_request(repo.name, kind, reference), repo.name)
        found.append(_found(f"delete-{kind}", exchange))
        if exchange.status == ACCEPTED:
            repo.deleted[reference] = kind
    return found


def _tagged(state: State) -> Generator[Call, Exchange, tuple[str, str]]:
    """Return a tag and the digest of its manifest: those of the tag parameter, or new ones."""
    repo = state.repos[0]
    if repo.tags:
        return next(iter(repo.tags.items()))
    content = compact(index_document(state))
    yield _asking(_manifest(state, "gone", content), repo.name)
    repo.made |= {compute(content): "manifest", "gone": "tag"}
    return "gone", compute(content)
