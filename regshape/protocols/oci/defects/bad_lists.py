"""Faults in listing tags and referrers."""

from __future__ import annotations

from regshape.model import Defect

BAD_LISTS: tuple[Defect, ...] = ()
