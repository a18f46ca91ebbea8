"""Faults in deleting tags, manifests and blobs."""

from __future__ import annotations

from regshape.model import Defect

BAD_DELETES: tuple[Defect, ...] = ()
