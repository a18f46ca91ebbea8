"""The requirements on an Ori registry, as a table: ORI-01 to ORI-62, and what decisions add.

Where one answer violates several in the same aspect, the first of the table is reported: rows that
say more about the cause stand before rows that say less.
"""

from regshape.model import Requirement
from regshape.protocols.http import HTTP_REQUIREMENTS
from regshape.protocols.ori.requirements.changes import CHANGES
from regshape.protocols.ori.requirements.limits import LIMITS
from regshape.protocols.ori.requirements.logging_rows import LOGGING
from regshape.protocols.ori.requirements.methods import METHODS
from regshape.protocols.ori.requirements.overlaps import OVERLAPS
from regshape.protocols.ori.requirements.publishes import PUBLISHES
from regshape.protocols.ori.requirements.rights import RIGHTS
from regshape.protocols.ori.requirements.versions import VERSIONS

REQUIREMENTS: tuple[Requirement, ...] = (
    *RIGHTS,
    *LIMITS,
    *PUBLISHES,
    *CHANGES,
    *VERSIONS,
    *LOGGING,
    *OVERLAPS,
    *METHODS,
    *HTTP_REQUIREMENTS,
)
