"""Faults that can be planted in the reference registry, each as a maintainer would have made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from regshape.model import Defect
from regshape.protocols.ori.defects.bad_archives import BAD_ARCHIVES
from regshape.protocols.ori.defects.bad_callers import BAD_CALLERS
from regshape.protocols.ori.defects.bad_connections import BAD_WIRE
from regshape.protocols.ori.defects.bad_marks import BAD_MARKS
from regshape.protocols.ori.defects.bad_reads import BAD_READS
from regshape.protocols.ori.reference import Reference
from regshape.protocols.serving import composed

_TABLES: Sequence[Sequence[Defect]] = (BAD_READS, BAD_ARCHIVES, BAD_MARKS, BAD_CALLERS, BAD_WIRE)
DEFECTS: Mapping[str, Defect] = {defect.name: defect for table in _TABLES for defect in table}


def planted(names: Sequence[str], ordinary: type[Reference] = Reference) -> type[Reference]:
    """Return the reference registry, or another in its place, with these faults.

    Raises:
        UsageError: there is no defect of that name.
    """
    return composed(names, DEFECTS, ordinary, "regshape requirements -P ori")
