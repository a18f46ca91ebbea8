"""The requirements on an OCI registry, as a table.

Where one answer violates several in the same aspect, the first of the table is reported: rows that
say more about the cause stand before rows that say less.
"""

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

REQUIREMENTS: tuple[Requirement, ...] = (
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
