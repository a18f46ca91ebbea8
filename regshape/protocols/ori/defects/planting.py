"""How a table of faults names each of them."""

from __future__ import annotations

from regshape.model import Defect, DefectKind
from regshape.protocols.ori.reference import Reference


def defect(name: str, mistake: type[Reference], kind: DefectKind, *requirements: str) -> Defect:
    """Return the defect that a class makes, which its docstring describes."""
    return Defect(name, (mistake.__doc__ or "").strip(), requirements, mistake, kind=kind)
