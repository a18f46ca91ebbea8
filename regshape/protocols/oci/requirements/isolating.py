"""What one identity keeps, another does not get.

No document of OCI says who may do what; where a registry refuses somebody, it refuses them on every
way to the same thing. The actions are those of the documentation of token authentication.
"""

from __future__ import annotations

from dataclasses import replace

from regshape.model import Call, Check, Exchange, Fault, Identity, Level, Requirement
from regshape.protocols.judging import json_of
from regshape.protocols.oci.facts import Aim, StrangerFacts
from regshape.protocols.oci.requirements.table import MUST, SHOULD, row

SCOPES = "https://distribution.github.io/distribution/spec/auth/scope/"
TOKENS = "https://distribution.github.io/distribution/spec/auth/jwt/"
CREATED, TOO_MANY = 201, 429
WORDS = {"anonymous": "somebody without credentials", "other": "the second identity"}


def _tells(exchange: Exchange) -> bool:
    """Return whether the answer says who may do what: no redirect, no load, no fault."""
    status = exchange.status or 0
    refused = 400 <= status < 500 and status != TOO_MANY  # noqa: PLR2004 - client errors
    return exchange.failure is None and (_succeeded(exchange) or refused)


def _succeeded(exchange: Exchange) -> bool:
    return 200 <= (exchange.status or 0) < 300  # noqa: PLR2004 - the class of success


def _kept(who: Identity, *aims: Aim) -> Check:
    """Return the check that such a request of that identity is not answered with success."""

    def kept(call: Call, exchange: Exchange) -> Fault | bool:
        facts: StrangerFacts = call.facts
        if facts.who != who or facts.aim not in aims or not _tells(exchange):
            return False
        if not _succeeded(exchange):
            return True
        what = f"{exchange.method} of {WORDS[who]}"
        return Fault(_cause(call, facts), f"{what} was answered with {exchange.status}")

    return kept


def _cause(call: Call, facts: StrangerFacts) -> str:
    """Return what was let through: a token, a session, a DELETE, or else all of one resource."""
    name = call.request.parts.get("name")
    asked = (call.scope or "").startswith(f"repository:{facts.repo}:")
    if facts.who == "other" and name == facts.repo and not asked:
        return "a token for another repository"
    if facts.who == "other" and name not in {facts.repo, None}:
        return f"{_resource(call)} of another repository"
    return "DELETE" if call.request.method == "DELETE" else _resource(call)


def _resource(call: Call) -> str:
    """Return the kind of thing that was asked for, as it stands in the path."""
    path = call.request.route.partition("/v2/")[2].removeprefix("{name}/")
    return "sessions" if "session" in call.request.parts else path.partition("/")[0]


def _unlisted(who: Identity) -> Check:
    """Return the check that a list tells that identity nothing of the repository."""

    def unlisted(call: Call, exchange: Exchange) -> Fault | bool:
        facts: StrangerFacts = call.facts
        if facts.who != who or facts.aim != "list" or not _tells(exchange):
            return False
        if not _succeeded(exchange) or not _shows(exchange, facts.repo):
            return True
        return Fault(_cause(call, facts), f"a list shows {WORDS[who]} what it may not read")

    return unlisted


def _shows(exchange: Exchange, repo: str) -> bool:
    document = json_of(exchange)
    if not isinstance(document, dict):
        return False
    repositories = document.get("repositories")
    named = isinstance(repositories, list) and repo in repositories
    return named or bool(document.get("tags")) or bool(document.get("manifests"))


def mount_kept(call: Call, exchange: Exchange) -> Fault | bool:
    """A blob that may not be read is not mounted."""
    if not _tells(exchange):
        return False
    if exchange.status != CREATED:
        return True
    return Fault("status 201", "the second identity mounted a blob that it may not read")


def token_kept(call: Call, exchange: Exchange) -> Fault | bool:
    """A token opens nothing that it was not asked for."""
    facts: StrangerFacts = call.facts
    if not _tells(exchange):
        return False
    if not _succeeded(exchange):
        return True
    asked = "pull" if facts.repo in (call.scope or "").split(":") else "another repository"
    what = f"{exchange.method} with a token for {asked}"
    return Fault(_cause(call, facts), f"{what} was answered with {exchange.status}")


def _isolation(
    id_: str, level: Level, text: str, check: Check, on: tuple[str, ...], needs: str
) -> Requirement:
    return replace(row(id_, level, "Isolation", text, check, on, needs=needs), source=SCOPES)


READING, WRITING = ("read-as", "session-as"), ("write-as", "session-as")

ISOLATING: tuple[Requirement, ...] = (
    row("OCI-MNT-04", MUST, "Mounting a blob from another repository",
        "A mount gives nobody what they may not pull.",
        mount_kept, ("mount-as",), needs="foreign-mounts"),
    _isolation("OCI-ISO-01", MUST,
        "Who shows no credentials and may not pull gets no content on any way.",
        _kept("anonymous", "content"), READING, "guarded-reads"),
    _isolation("OCI-ISO-02", MUST,
        "Who shows no credentials and may not push changes nothing on any way.",
        _kept("anonymous", "write"), WRITING, "guarded-writes"),
    _isolation("OCI-ISO-03", MUST,
        "An identity that may not pull gets no content on any way.",
        _kept("other", "content"), READING, "private-reads"),
    _isolation("OCI-ISO-04", MUST,
        "An identity that may not push changes nothing on any way.",
        _kept("other", "write"), WRITING, "private-writes"),
    _isolation("OCI-ISO-05", SHOULD,
        "No list shows what is kept from whom shows no credentials.",
        _unlisted("anonymous"), ("read-as",), "guarded-reads"),
    _isolation("OCI-ISO-06", SHOULD,
        "No list shows an identity what it may not pull.",
        _unlisted("other"), ("read-as",), "private-reads"),
    replace(
        _isolation("OCI-ISO-07", MUST,
            "A token allows the actions on the repository that it was asked for, and no others.",
            token_kept, ("exceed-scope",), "scoped-tokens"),
        source=TOKENS,
    ),
)  # fmt: skip
