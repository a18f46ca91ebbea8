"""The embedded OCI reference registry: conforming, in memory, made of small overridable parts."""

from regshape.protocols.oci.reference.memory import (
    ReferenceOptions,
    Repository,
    Session,
    Store,
    StoredManifest,
)
from regshape.protocols.oci.reference.messages import Incoming
from regshape.protocols.oci.reference.registry import Reference
from regshape.protocols.serving import Answer, RefusedError

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
