"""Lists: tags, referrers, the catalogue, extensions (end-8, end-12, ext/_oci)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from regshape.model import Call, Exchange, Mutator, Play, Request, Role, Step
from regshape.protocols.http import next_link
from regshape.protocols.oci import calls
from regshape.protocols.oci.facts import Facts, ListFacts, Referrer, ReferrersFacts
from regshape.protocols.oci.operations.needs import need_manifest, need_tags
from regshape.protocols.oci.state import Repository, State

OK = 200


def list_tags(state: State, step: Step) -> Play:
    """GET tags/list, a page or the whole, or page after page to the end."""
    repo = state.repo(step.arguments)
    if repo is not state.absent:
        yield from need_tags(state, repo, step.arguments.get("tags", 1))
    n = _page_size(step.arguments.get("n"), len(repo.tags))
    last = _last_tag(step.arguments.get("last"), sorted(repo.tags))
    query: list[tuple[str, str | None]] = []
    if n is not None:
        query.append(("n", str(n)))
    if last is not None:
        query.append(("last", calls.escape(last)))
    request = Request("GET", calls.TAGS, {"name": repo.name}, tuple(query))
    if step.arguments.get("walk"):
        yield from _walk(state, repo, request, n)
        return
    facts = _list_facts(repo, n, last)
    yield tags_call(repo, request, facts, step.mutators)


def _page_size(asked: Any, count: int) -> int | None:
    named = {"count": count, "more": count + 1, "fewer": max(1, count - 1)}
    return named.get(asked) if isinstance(asked, str) else asked


def _last_tag(asked: str | None, tags: Sequence[str]) -> str | None:
    """Return the value of `last`: a tag at either end, one between that is none, one beyond."""
    if asked is None:
        return None
    named = {
        "first": tags[0] if tags else "a",
        "end": tags[-1] if tags else "z",
        "between": tags[0] + "-none" if tags else "m",
        "beyond": "zzzz",
    }
    return named.get(asked, asked)


def found(repo: Repository) -> bool | None:
    """Return whether lists of the repository must be found.

    What makes a repository exist is not defined; one with a manifest does, one where nothing was
    acknowledged does not, and the rest is open.
    """
    if repo.manifests and not repo.unsure:
        return True
    return False if repo.exists is False else None


def _list_facts(repo: Repository, n: int | None, last: str | None) -> ListFacts:
    sure = found(repo) and not repo.forgotten
    return ListFacts(
        "end-8b" if n is not None or last is not None else "end-8a",
        repo.name,
        found(repo),
        expected=tuple(sorted(repo.tags)) if sure else None,
        n=n,
        last=last,
    )


def _walk(state: State, repo: Repository, request: Request, n: int | None) -> Play:
    """Follow the pages until they end; the last call carries all that was walked."""
    facts = _list_facts(repo, n, None)
    walked: list[str] = []
    cause: Call | None = None
    for page in range(len(repo.tags) + 5):  # noqa: B007 - how far it came is told at the end
        call = tags_call(repo, request, facts, (), cause)
        exchange = yield call
        cause = cause or call
        tags = tags_of(exchange)
        if tags is None:
            return
        walked += tags
        following = _next_page(state, repo, exchange, n, tags)
        if following is None and next_link(exchange) is not None:
            return  # the next page is on another host
        if following is None:
            break
        request = following
        facts = replace(facts, expected=None, last=tags[-1] if tags else None)
    facts = replace(
        _list_facts(repo, None, None), walked=tuple(walked), walk_ends=page <= len(repo.tags) + 2
    )
    yield tags_call(repo, _whole(repo), facts, (), cause)


def tags_call(
    repo: Repository,
    request: Request,
    facts: ListFacts,
    mutators: tuple[Mutator, ...] = (),
    cause: Call | None = None,
) -> Call:
    """Return a GET of tags; what was deleted may be listed for a moment more."""
    role: Role = "step" if cause is None else "readback"
    gone = frozenset(repo.deleted) - frozenset(repo.tags)
    facts = replace(facts, gone=gone)
    call = calls.call("list-tags", request, facts, mutators, role, cause)
    return replace(call, early=lambda exchange: bool(gone & _tags_in(exchange))) if gone else call


def _tags_in(exchange: Exchange) -> frozenset[str]:
    return frozenset(tags_of(exchange) or ())


def _whole(repo: Repository) -> Request:
    return Request("GET", calls.TAGS, {"name": repo.name})


def _next_page(
    state: State, repo: Repository, exchange: Exchange, n: int | None, tags: list[str]
) -> Request | None:
    link = next_link(exchange)
    if link is not None:
        target = state.resolve(link, exchange.target)
        return Request("GET", target.replace("{", "%7B")) if target else None
    if n is None or not tags or len(tags) != n:
        return None
    query = (("n", str(n)), ("last", calls.escape(tags[-1])))
    return Request("GET", calls.TAGS, {"name": repo.name}, query)


def tags_of(exchange: Exchange) -> list[str] | None:
    """Return the tags of a 200, or None where it holds no list of strings."""
    document = document_of(exchange)
    tags = document.get("tags") if isinstance(document, dict) else None
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        return None
    return tags


def document_of(exchange: Exchange) -> Any:
    """Return the JSON document of a whole 200, or None."""
    if exchange.status != OK or exchange.failure is not None:
        return None
    try:
        return json.loads(exchange.answer)
    except ValueError:
        return None


def list_referrers(state: State, step: Step) -> Play:
    """GET referrers of a digest: of one with referrers, without, unknown, or no digest at all."""
    repo = state.repo(step.arguments)
    if step.mutators and repo is not state.absent:
        yield from need_tags(state, repo, 1)  # else the repository may be what is not found
    want = step.arguments.get("subject", "recent")
    subjects = list(repo.gone_referrers.values())
    subjects += [m.subject for m in repo.manifests.values() if m.subject]
    if want == "recent" and subjects:
        subject = subjects[-1 - step.arguments.get("which", 0) % len(subjects)]
    elif want == "manifest" and repo is not state.absent:
        manifest = yield from need_manifest(state, repo, step.arguments.get("which", 0))
        if manifest is None:
            return
        subject = manifest.digest
    else:
        subject = state.fresh_digest(step.arguments.get("algorithm", "sha256"))
    wanted = step.arguments.get("filter")
    query = (("artifactType", calls.escape(wanted)),) if wanted else ()
    facts = ReferrersFacts(
        "end-12b" if wanted else "end-12a",
        repo.name,
        found(repo),
        subject=subject,
        expected=expected_referrers(repo, subject),
        filter=wanted,
        gone=frozenset(repo.gone_referrers),
        optional=optional_referrers(repo),
        subject_answered=subject in state.subjects_answered,
    )
    request = Request("GET", calls.REFERRERS, {"name": repo.name, "reference": subject}, query)
    call = calls.call("list-referrers", request, facts, step.mutators)
    yield replace(call, early=partial(_lists_gone, facts.gone)) if facts.gone else call


def _lists_gone(gone: frozenset[str], exchange: Exchange) -> bool:
    """Return whether referrers are listed that were deleted, which they may be for a moment."""
    document = document_of(exchange)
    listed = document.get("manifests") if isinstance(document, dict) else None
    items = listed if isinstance(listed, list) else []
    return any(isinstance(item, dict) and item.get("digest") in gone for item in items)


def expected_referrers(repo: Repository, subject: str) -> dict[str, Referrer] | None:
    """Return what the referrers API must list, or None where the model does not know."""
    if repo.unsure or repo.forgotten:
        return None
    return {
        manifest.digest: Referrer(
            manifest.artifact_type,
            manifest.annotations,
            manifest.media_type,
            len(manifest.content),
        )
        for manifest in repo.manifests.values()
        if manifest.subject == subject
    }


def optional_referrers(repo: Repository) -> frozenset[str]:
    """Return the referrers that need not be listed (distribution-spec, "Enabling the ...")."""
    return frozenset(
        manifest.digest
        for manifest in repo.manifests.values()
        if manifest.media_type == calls.INDEX and not manifest.subject_processed
    )


def list_catalog(state: State, step: Step) -> Play:
    """GET _catalog: a reserved name, outside the specification."""
    n = step.arguments.get("n")
    query = (("n", str(n)),) if n is not None else ()
    request = Request("GET", calls.CATALOG, {}, query)
    yield calls.call("list-catalog", request, ListFacts("ext", kind="catalog", n=n), step.mutators)


def discover_extensions(state: State, step: Step) -> Play:
    """GET _oci/ext/discover, of the registry or of a repository."""
    if step.arguments.get("level") == "repository":
        repo = state.repo(step.arguments)
        yield from need_tags(state, repo, 1)
        request = Request("GET", "/v2/{name}/_oci/ext/discover", {"name": repo.name})
        facts: Facts = ListFacts("ext", repo.name, repo.exists, kind="extensions")
    else:
        request = Request("GET", calls.DISCOVER)
        facts = ListFacts("ext", kind="extensions")
    yield calls.call("discover-extensions", request, facts, step.mutators)
