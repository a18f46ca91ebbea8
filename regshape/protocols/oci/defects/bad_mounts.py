"""Faults in mounting a blob from another repository."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus

from regshape.model import Defect
from regshape.protocols.oci.models import ErrorCode
from regshape.protocols.oci.reference import Answer, Incoming, Reference


class MountLocationOfUpload(Reference):
    """Opens a session for every mount, and answers with its location where the mount was done."""

    def mount_answer(self, request: Incoming) -> Answer | None:
        """Return 201 with the Location of a session."""
        answer = super().mount_answer(request)
        if answer is None:
            return None
        where = self.session_location(self.open_session(request.name, None))
        return replace(answer, headers={**answer.headers, "Location": where})


class MountNotDone(Reference):
    """Finds the blob in the other repository, and forgets to link it."""

    def mount(self, source: str, name: str, digest: str) -> bool:
        """Return whether the blob is there, and change nothing."""
        del name
        return self.find_blob(source, digest) is not None


class MountBySha256(Reference):
    """Links what it mounts by its SHA-256, though it was asked by its SHA-512."""

    def mount(self, source: str, name: str, digest: str) -> bool:
        """Return whether the blob is there; only under one kind of digest is it linked."""
        if digest.startswith("sha256:"):
            return super().mount(source, name, digest)
        return self.find_blob(source, digest) is not None


class MountNeedsFrom(Reference):
    """Has no route for a mount that does not say from where."""

    def mount_sources(self, request: Incoming, digest: str, source: str | None) -> Iterator[str]:
        """Refuse a mount without `from`."""
        if source is None:
            raise self.method_not_allowed(request, {"GET": "", "PUT": ""})
        return super().mount_sources(request, digest, source)


class FailedMountRefused(Reference):
    """Answers a mount that cannot be done with 404 where a session is due."""

    def mount_answer(self, request: Incoming) -> Answer | None:
        """Refuse what cannot be mounted."""
        answer = super().mount_answer(request)
        if answer is None and request.parameter("mount") is not None:
            raise self.refusal(HTTPStatus.NOT_FOUND, ErrorCode.BLOB_UNKNOWN, "nothing to mount")
        return answer


BAD_MOUNTS: tuple[Defect, ...] = (
    Defect(
        "mount-location-of-upload",
        "sends who mounted a blob to a session instead of the blob",
        ("OCI-MNT-01",),
        MountLocationOfUpload,
        "go-containerregistry#1661",
        kind="Q",
    ),
    Defect(
        "mount-not-done",
        "acknowledges a mount that it does not make",
        ("OCI-MNT-01",),
        MountNotDone,
        kind="Q",
    ),
    Defect(
        "mount-by-sha256",
        "acknowledges the mount of a sha512 digest that is not found by it then",
        ("OCI-MNT-01",),
        MountBySha256,
        "docker-registry 2.8.2, distribution 3.1.2",
        kind="Q",
    ),
    Defect(
        "mount-needs-from",
        "refuses a mount without from",
        ("OCI-MNT-02",),
        MountNeedsFrom,
        "zot#442",
        kind="S",
    ),
    Defect(
        "failed-mount-refused",
        "refuses a mount that it cannot make",
        ("OCI-MNT-03",),
        FailedMountRefused,
        kind="S",
    ),
)
