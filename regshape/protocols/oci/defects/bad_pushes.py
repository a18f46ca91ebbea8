"""Faults in pushing manifests, their subjects and their tags."""

from __future__ import annotations

from regshape.model import Defect

BAD_PUSHES: tuple[Defect, ...] = ()
