"""The odd twins: registries that conform and use every freedom that the specification leaves.

Some freedoms exclude others, so there are several; each is the reference with many small changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from regshape.protocols.oci.reference import odd_answers as answers
from regshape.protocols.oci.reference import odd_manners as manners
from regshape.protocols.oci.reference.memory import ReferenceOptions
from regshape.protocols.oci.reference.registry import Reference


class Sparing(
    answers.AbsoluteLocations,
    answers.TextErrors,
    answers.NothingFound,
    answers.NoRangeOfNothing,
    answers.NoRanges,
    answers.LexicalOrder,
    answers.LastMustBeThere,
    manners.LengthRequired,
    manners.UnknownParametersRefused,
    manners.ConfigsRead,
    manners.NoCancel,
    manners.Sha256Only,
    manners.ChunksNeedRanges,
    manners.DeletesRefused,
    manners.MissingFirst,
):
    """Does as little as may be: no deletes, referrers, mounts, single POSTs, ranges, cancels."""

    def __init__(self, options: ReferenceOptions | None = None) -> None:
        """Start an empty registry; whatever is optional is off."""
        super().__init__(
            replace(
                options or ReferenceOptions(),
                delete=False,
                referrers=False,
                mount=False,
                single_post=False,
                page_limit=2,
                chunk_min_length=64,
                max_tags=10,
            )
        )


class Roundabout(
    answers.MoreHeaders,
    answers.Warns,
    answers.UpperCaseTypes,
    answers.EmptyErrors,
    answers.OtherDigest,
    answers.RelativeLinks,
    answers.UpperCaseOrder,
    manners.StatefulLocations,
    manners.BlobsMoved,
    manners.KeepsWhatIsInUse,
    manners.RepositoryByUpload,
    manners.SubjectsOfImagesOnly,
    manners.MalformedEndsSession,
    manners.PartsNotNeeded,
    manners.TagsNotDeleted,
    manners.LateDeletes,
):
    """Does everything in a roundabout way: redirects, late deletes, pages of three."""

    def __init__(self, options: ReferenceOptions | None = None) -> None:
        """Start an empty registry with pages of three."""
        super().__init__(replace(options or ReferenceOptions(), page_limit=3))


class Strict(
    answers.AbsoluteLocations,
    answers.LegacyCodes,
    answers.InvalidRangesRefused,
    answers.MoreHeaders,
    manners.StatefulLocations,
    manners.MalformedEndsSession,
    manners.KeepsWhatIsInUse,
    manners.MissingFirst,
    manners.LengthRequired,
):
    """Refuses whatever it may, and pages of one."""

    def __init__(self, options: ReferenceOptions | None = None) -> None:
        """Start an empty registry with pages of one."""
        super().__init__(replace(options or ReferenceOptions(), page_limit=1, single_post=False))


ODD: Mapping[str, type[Reference]] = {
    "sparing": Sparing,
    "roundabout": Roundabout,
    "strict": Strict,
}
