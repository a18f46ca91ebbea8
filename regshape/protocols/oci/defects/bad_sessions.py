"""Faults in the life of an upload: how it begins, ends, and is cancelled."""

from __future__ import annotations

from regshape.model import Defect

BAD_SESSIONS: tuple[Defect, ...] = ()
