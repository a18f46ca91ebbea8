"""Faults that can be planted in the reference registry, each as a maintainer would have made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from regshape.model import Defect
from regshape.protocols.oci.defects.bad_answers import BAD_ANSWERS
from regshape.protocols.oci.defects.bad_chunks import BAD_CHUNKS
from regshape.protocols.oci.defects.bad_deletes import BAD_DELETES
from regshape.protocols.oci.defects.bad_heads import BAD_HEADS
from regshape.protocols.oci.defects.bad_http import BAD_HTTP
from regshape.protocols.oci.defects.bad_lists import BAD_LISTS
from regshape.protocols.oci.defects.bad_mounts import BAD_MOUNTS
from regshape.protocols.oci.defects.bad_names import BAD_NAMES
from regshape.protocols.oci.defects.bad_pulls import BAD_PULLS
from regshape.protocols.oci.defects.bad_pushes import BAD_PUSHES
from regshape.protocols.oci.defects.bad_races import BAD_RACES
from regshape.protocols.oci.defects.bad_referrers import BAD_REFERRERS
from regshape.protocols.oci.defects.bad_rights import BAD_RIGHTS
from regshape.protocols.oci.defects.bad_sessions import BAD_SESSIONS
from regshape.protocols.oci.defects.bad_wire import BAD_WIRE
from regshape.protocols.oci.reference import Reference
from regshape.protocols.serving import composed

_TABLES: Sequence[Sequence[Defect]] = (
    BAD_SESSIONS,
    BAD_CHUNKS,
    BAD_MOUNTS,
    BAD_RIGHTS,
    BAD_PUSHES,
    BAD_NAMES,
    BAD_PULLS,
    BAD_HEADS,
    BAD_LISTS,
    BAD_REFERRERS,
    BAD_DELETES,
    BAD_ANSWERS,
    BAD_HTTP,
    BAD_WIRE,
    BAD_RACES,
)
DEFECTS: Mapping[str, Defect] = {defect.name: defect for table in _TABLES for defect in table}


def planted(names: Sequence[str], ordinary: type[Reference] = Reference) -> type[Reference]:
    """Return the reference registry, or another in its place, with these faults.

    Raises:
        UsageError: there is no defect of that name.
    """
    return composed(names, DEFECTS, ordinary, "regshape requirements")
