"""The Ori reference registry: conforming, in memory or on disk, of small overridable parts."""

from regshape.protocols.ori.reference.records import Grant, ReferenceOptions
from regshape.protocols.ori.reference.service import Reference
from regshape.protocols.ori.reference.traffic import Asked
from regshape.protocols.serving import Answer, RefusedError

__all__ = ["Answer", "Asked", "Grant", "Reference", "ReferenceOptions", "RefusedError"]
