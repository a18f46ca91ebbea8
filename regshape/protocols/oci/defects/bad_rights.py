"""Faults in who may do what, where rights are kept (`ReferenceOptions.auth` and `rights`)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from regshape.model import Defect
from regshape.protocols.oci.reference import (
    Answer,
    Incoming,
    Reference,
    ReferenceOptions,
    Session,
)
from regshape.protocols.oci.reference.token_auth import PULL, Access, Need


class MountUnchecked(Reference):
    """Asks whether the blob is there, and forgets whether who asks may read it."""

    def mount_sources(self, request: Incoming, digest: str, source: str | None) -> Iterator[str]:
        """Yield every repository that is named, or that has the blob."""
        del request
        yield from self.holders(digest) if source is None else [source]


class DigestIsSecret(Reference):
    """Takes it that who knows a digest has been told it by who may read the blob."""

    def need_of(self, request: Incoming) -> Need:
        """Return what a request needs: of blobs, to be somebody."""
        if request.route == "blob" and request.method in {"GET", "HEAD"}:
            return Need("", ())
        return super().need_of(request)


class CatalogOfAll(Reference):
    """Lists from the index of the store, which knows no rights."""

    def listed_repositories(self, request: Incoming) -> Iterable[str]:
        """Return all repositories."""
        del request
        return self.store.repositories


class SessionIsEnough(Reference):
    """Asks for the right to push when an upload is begun, and never again."""

    def need_of(self, request: Incoming) -> Need:
        """Return what a request needs: of sessions, to be somebody."""
        return Need("", ()) if request.route == "session" else super().need_of(request)


class SessionUnderAnyName(Reference):
    """Finds a session by its id alone, under whatever name it is asked for."""

    def find_session(self, name: str, session_id: str) -> Session | None:
        """Return the open session of that id."""
        del name
        return self.store.sessions.get(session_id)


class HeadUnguarded(Reference):
    """Lets HEAD through for the load balancer's health checks."""

    def authorize(self, request: Incoming) -> None:
        """Refuse what does not show the right to be answered, unless it is a HEAD."""
        if request.method != "HEAD":
            super().authorize(request)


class DeleteUnguarded(Reference):
    """Was told that DELETE is only reachable from inside."""

    def authorize(self, request: Incoming) -> None:
        """Refuse what does not show the right to be answered, unless it deletes content."""
        if request.method != "DELETE" or request.route == "session":
            super().authorize(request)


class ReferrersUnguarded(Reference):
    """Has a route for referrers, newer than the list of those that are guarded."""

    def authorize(self, request: Incoming) -> None:
        """Refuse what does not show the right to be answered on the routes of old."""
        if request.route != "referrers":
            super().authorize(request)


class AnyGrantWillDo(Reference):
    """Looks for the action in a token, in whichever of its grants."""

    def is_granted(self, access: Access, need: Need) -> bool:
        """Return whether the token grants these actions on something."""
        granted = {action for actions in access.values() for action in actions}
        return not need.resource or set(need.actions) <= granted


class SecondScopeUnchecked(Reference):
    """Checks the rights for the first scope of a request for a token, and grants the rest."""

    def granted_access(self, user: str, scopes: Sequence[str]) -> dict[str, list[str]]:
        """Return the access, of the first scope as far as the user has it."""
        first, *others = " ".join(scopes).split() or [""]
        access = super().granted_access(user, [first])
        for scope in others:
            resource, _, actions = scope.rpartition(":")
            access[resource] = actions.split(",")
        return access


class PullTokenPushes(Reference):
    """Maps methods to actions in a table that PUT was never added to."""

    def needed_actions(self, request: Incoming) -> tuple[str, ...]:
        """Return the actions that a request is, pull by default."""
        return (PULL,) if request.method == "PUT" else super().needed_actions(request)


class AnswersShared(Reference):
    """Keeps answers to GET of tags in front of the registry, by URL and for everybody."""

    def __init__(self, options: ReferenceOptions | None = None) -> None:
        """Start with nothing kept."""
        super().__init__(options)
        self.kept: dict[str, Answer] = {}

    def find_handler(self, request: Incoming) -> str:
        """Return the name of the handler; who asks is of no matter where an answer is kept."""
        kept = request.path in self.kept and request.method == "GET"
        return "get_kept" if kept else super().find_handler(request)

    def get_kept(self, request: Incoming) -> Answer:
        """Answer a GET with what was kept, once."""
        return self.kept.pop(request.path)

    def get_manifest(self, request: Incoming) -> Answer:
        """Answer GET of a manifest, and keep the answer for the next one."""
        answer = super().get_manifest(request)
        if request.method == "GET" and not self.is_digest(request.reference):
            self.kept[request.path] = answer
        return answer

    def put_manifest(self, request: Incoming) -> Answer:
        """Take a manifest, and forget what was kept of it."""
        self.kept.clear()
        return super().put_manifest(request)

    def delete_manifest(self, request: Incoming) -> Answer:
        """Delete a manifest, and forget what was kept of it."""
        self.kept.clear()
        return super().delete_manifest(request)


BAD_RIGHTS: tuple[Defect, ...] = (
    Defect(
        "mount-unchecked",
        "mounts a blob from a repository that who asks may not read",
        ("OCI-MNT-04",),
        MountUnchecked,
        "zot CVE-2024-39897",
        "A",
        "bearer",
    ),
    Defect(
        "digest-is-secret",
        "serves any blob to whoever knows its digest",
        ("OCI-ISO-03",),
        DigestIsSecret,
        "openshift/origin#9755",
        "A",
        "bearer",
    ),
    Defect(
        "catalog-of-all",
        "lists repositories that who asks may not read",
        ("OCI-ISO-06",),
        CatalogOfAll,
        "Harbor#1308",
        "A",
        "bearer",
    ),
    Defect(
        "session-is-enough",
        "lets every user write to an upload that another one began",
        ("OCI-ISO-04", "OCI-ISO-03"),
        SessionIsEnough,
        "",
        "A",
        "bearer",
    ),
    Defect(
        "session-under-any-name",
        "finds another user's upload under the name of one's own repository",
        ("OCI-ISO-04", "OCI-ISO-03"),
        SessionUnderAnyName,
        "artifact-keeper#1317",
        "A",
        "basic",
    ),
    Defect(
        "head-unguarded",
        "answers HEAD without credentials where GET wants them",
        ("OCI-ISO-01", "OCI-ISO-03"),
        HeadUnguarded,
        "",
        "A",
        "basic",
    ),
    Defect(
        "delete-unguarded",
        "deletes without credentials",
        ("OCI-ISO-02", "OCI-ISO-04", "OCI-ISO-07"),
        DeleteUnguarded,
        "",
        "A",
        "bearer",
    ),
    Defect(
        "referrers-unguarded",
        "lists the referrers of private content without credentials",
        ("OCI-ISO-05", "OCI-ISO-06"),
        ReferrersUnguarded,
        "",
        "A",
        "basic",
    ),
    Defect(
        "any-grant-will-do",
        "accepts a token for one repository in another",
        ("OCI-ISO-03", "OCI-ISO-04", "OCI-ISO-06", "OCI-MNT-04"),
        AnyGrantWillDo,
        "",
        "A",
        "bearer",
    ),
    Defect(
        "second-scope-unchecked",
        "grants in a token whatever is asked for second",
        ("OCI-ISO-03", "OCI-ISO-04", "OCI-ISO-06", "OCI-MNT-04"),
        SecondScopeUnchecked,
        "",
        "A",
        "bearer",
    ),
    Defect(
        "pull-token-pushes",
        "pushes a manifest with a token for pull",
        ("OCI-ISO-07",),
        PullTokenPushes,
        "",
        "A",
        "bearer",
    ),
    Defect(
        "answers-shared",
        "gives anybody an answer that was kept for somebody who may read",
        ("OCI-ISO-01",),
        AnswersShared,
        "",
        "A",
        "basic",
    ),
)
