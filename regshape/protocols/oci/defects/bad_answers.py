"""Faults in what every answer owes: HTTP, errors, endpoints."""

from __future__ import annotations

from regshape.model import Defect

BAD_ANSWERS: tuple[Defect, ...] = ()
