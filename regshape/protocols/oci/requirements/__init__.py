"""The requirements on an OCI registry, as a table.

Where one answer violates several in the same aspect, the first of the table is reported: rows that
say more about the cause stand before rows that say less.
"""

from collections.abc import Mapping
from dataclasses import replace

from regshape.model import Requirement
from regshape.protocols.http import HTTP_REQUIREMENTS
from regshape.protocols.oci.requirements.answering import ANSWERING
from regshape.protocols.oci.requirements.chunking import CHUNKING
from regshape.protocols.oci.requirements.deleting import DELETING
from regshape.protocols.oci.requirements.isolating import ISOLATING
from regshape.protocols.oci.requirements.listing import LISTING
from regshape.protocols.oci.requirements.pulling import PULLING
from regshape.protocols.oci.requirements.pushing import PUSHING
from regshape.protocols.oci.requirements.racing import RACING
from regshape.protocols.oci.requirements.referring import REFERRING
from regshape.protocols.oci.requirements.uploading import UPLOADING

_ROWS: tuple[Requirement, ...] = (
    *ISOLATING,
    *UPLOADING,
    *CHUNKING,
    *PUSHING,
    *DELETING,
    *LISTING,
    *REFERRING,
    *PULLING,
    *RACING,
    *ANSWERING,
    *HTTP_REQUIREMENTS,
)

FOLLOWS: Mapping[str, tuple[str, ...]] = {
    # What is not kept as it was pushed is not read as it was pushed.
    "OCI-BLOB-01": ("OCI-UPL-05", "OCI-UPL-09", "OCI-CHK-12"),
    "OCI-BLOB-03": ("OCI-UPL-05", "OCI-UPL-09", "OCI-CHK-12", "OCI-MNT-01", "OCI-BLOB-01"),
    "OCI-PULL-01": ("OCI-MAN-03", "OCI-DEL-03"),
    "OCI-PULL-04": ("OCI-MAN-12",),
    "OCI-PULL-03": ("OCI-MAN-03", "OCI-MAN-06", "OCI-PULL-01"),
    "OCI-MAN-04": ("OCI-MAN-03",),
    # What GET does not find or names otherwise, HEAD does not either.
    "OCI-HEAD-01": ("OCI-PULL-01", "OCI-BLOB-01"),
    "OCI-HEAD-05": ("OCI-PULL-04",),
    # All ways to push a blob end alike, and begin alike.
    "OCI-UPL-06": ("OCI-UPL-05",),
    "OCI-UPL-09": ("OCI-UPL-05",),
    "OCI-CHK-12": ("OCI-UPL-05",),
    "OCI-MNT-03": ("OCI-UPL-01",),
    # A session that counts wrongly, or is shared, does so in every answer.
    "OCI-CHK-05": ("OCI-UPL-02",),
    "OCI-CHK-08": ("OCI-CHK-06",),
    "OCI-CHK-10": ("OCI-CHK-06", "OCI-CHK-14"),
    "OCI-CHK-13": ("OCI-CHK-07",),
    "OCI-CHK-14": ("OCI-UPL-02", "OCI-CHK-06", "OCI-CHK-08"),
    # A refusal without a code, or of everything, has not the right code.
    "OCI-PUSH-03": ("OCI-MAN-02", "OCI-ERR-01", "OCI-ERR-02"),
    # Pages that are cut, linked or begun wrongly do not make up the list when they are walked.
    "OCI-TAGS-06": ("OCI-TAGS-04",),
    "OCI-TAGS-07": ("OCI-TAGS-03",),
    "OCI-TAGS-08": ("OCI-TAGS-03",),
    "OCI-TAGS-09": (
        "OCI-TAGS-03",
        "OCI-TAGS-04",
        "OCI-TAGS-05",
        "OCI-TAGS-07",
        "OCI-TAGS-08",
        "OCI-DEL-03",
    ),
    "OCI-RFR-04": ("OCI-RFR-08", "OCI-RFR-09"),
    "OCI-RFR-08": ("OCI-TAGS-05",),
    # What makes the server fail breaks the row that asks for any answer but that.
    "OCI-NAME-02": ("HTTP-03",),
    "OCI-MAN-11": ("HTTP-03",),
    # A delete that leaves its tags leaves them in a race too.
    "OCI-RACE-02": ("OCI-DEL-06",),
    "OCI-RACE-07": ("OCI-DEL-06",),
    "HTTP-07": ("HTTP-01", "HTTP-02"),
}
"""Which violations bring others with them: what follows is told with what it follows from."""

REQUIREMENTS: tuple[Requirement, ...] = tuple(
    replace(item, follows=FOLLOWS.get(item.id, ())) for item in _ROWS
)
