"""Faults in uploading a blob in chunks."""

from __future__ import annotations

from regshape.model import Defect
from regshape.protocols.oci.reference import Reference


class ChunkOrderIgnored(Reference):
    """Appends a chunk wherever its Content-Range says that it begins."""

    def check_order(self, session, start):  # type: ignore[no-untyped-def]
        """Accept every start."""


BAD_CHUNKS: tuple[Defect, ...] = (
    Defect(
        "chunk-order-ignored",
        "appends chunks whatever their Content-Range",
        ("OCI-CHK-07",),
        ChunkOrderIgnored,
        "distribution#3141",
    ),
)
