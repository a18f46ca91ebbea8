"""The embedded OCI reference registry: conforming, in memory, made of small overridable parts."""

from regshape.protocols.oci.reference.messages import Answer, Incoming, RefusedError
from regshape.protocols.oci.reference.registry import Reference
from regshape.protocols.oci.reference.store import (
    ReferenceOptions,
    Repository,
    Session,
    Store,
    StoredManifest,
)

__all__ = [
    "Answer",
    "Incoming",
    "Reference",
    "ReferenceOptions",
    "RefusedError",
    "Repository",
    "Session",
    "Store",
    "StoredManifest",
]
