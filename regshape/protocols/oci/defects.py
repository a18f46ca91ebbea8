"""Faults that can be planted in the reference registry, each as a maintainer would have made it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from regshape.errors import UsageError
from regshape.model import Defect
from regshape.protocols.oci.reference import Reference


class ChunkOrderIgnored(Reference):
    """Appends a chunk wherever its Content-Range says that it begins."""

    def check_order(self, session, start):  # type: ignore[no-untyped-def]
        """Accept every start."""


_DEFECTS: Sequence[Defect] = (
    Defect(
        "chunk-order-ignored",
        "appends chunks whatever their Content-Range",
        ("OCI-CHK-07",),
        ChunkOrderIgnored,
        "distribution#3141",
    ),
)
DEFECTS: Mapping[str, Defect] = {defect.name: defect for defect in _DEFECTS}


def planted(names: Sequence[str]) -> type[Reference]:
    """Return the reference registry with these faults.

    Raises:
        UsageError: there is no defect of that name.
    """
    for name in names:
        if name not in DEFECTS:
            raise UsageError(f"no defect {name!r}: `regshape requirements` lists them")
    mistakes = tuple(DEFECTS[name].mistake for name in names)
    return type("Planted", (*mistakes, Reference), {}) if mistakes else Reference
