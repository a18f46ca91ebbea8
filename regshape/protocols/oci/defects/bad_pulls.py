"""Faults in pulling manifests and blobs."""

from __future__ import annotations

from regshape.model import Defect

BAD_PULLS: tuple[Defect, ...] = ()
