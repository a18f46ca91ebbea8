"""The exceptions of RegShape.

RegShapeError
├── UsageError          the caller asked for something that does not exist or does not fit
├── CaseError           a case, corpus or rule file that cannot be read
├── TargetError         the target cannot be reached, or is no registry of the protocol
│   └── TargetLostError      the target was there and is gone
└── StoreError          the verdict store cannot be opened, read or written

What a registry does wrong is never an exception: it is an `Exchange` with a failure.
"""


class RegShapeError(Exception):
    """Base of all errors that RegShape raises itself; the text says what to do."""


class UsageError(RegShapeError):
    """Raised when an option, name or value does not exist or does not fit."""


class CaseError(RegShapeError):
    """Raised when a case or rule file cannot be read; names the file and the field."""


class TargetError(RegShapeError):
    """Raised when the target cannot be reached or does not speak the protocol."""


class TargetLostError(TargetError):
    """Raised when a target that answered before no longer does."""


class StoreError(RegShapeError):
    """Raised when the verdict store cannot be opened, read or written."""
