"""The requests that change manifests, which more than one part of the client makes."""

from __future__ import annotations

from regshape.formats.digest import is_grammatical
from regshape.model import Headers, Request
from regshape.protocols.oci import calls
from regshape.protocols.oci.client import names
from regshape.protocols.oci.client.session import Task

DELETED = frozenset({200, 202, 204})
"""A registry answers 202 to a delete (spec.md); some are known to say 200 or 204."""
_CREATED = frozenset({201})


def pushing(repository: str, reference: str, content: bytes, kind: str) -> Task:
    """Return the task of storing a manifest (spec.md, "Pushing Manifests")."""
    parts = {"name": names.repository(repository), "reference": names.reference(reference)}
    headers: Headers = (("Content-Type", kind),)
    return Task(
        "push-manifest",
        Request("PUT", calls.MANIFEST, parts, (), headers, content),
        names.described("push of the manifest", repository, reference),
        _CREATED,
        names.scope(repository, names.PUSH),
    )


def deletion(repository: str, reference: str) -> Task:
    """Return the task of deleting a manifest or tag (spec.md, "Deleting tags")."""
    parts = {"name": names.repository(repository), "reference": names.reference(reference)}
    what = "manifest" if is_grammatical(reference) else "tag"
    return Task(
        f"delete-{what}",
        Request("DELETE", calls.MANIFEST, parts),
        names.described(f"deletion of the {what}", repository, reference),
        DELETED,
        names.scope(repository, names.DELETE),
    )
