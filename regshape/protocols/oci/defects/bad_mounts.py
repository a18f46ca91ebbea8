"""Faults in mounting a blob from another repository."""

from __future__ import annotations

from regshape.model import Defect

BAD_MOUNTS: tuple[Defect, ...] = ()
