"""The values that flow through the engine, from a case to a verdict.

Everything here is frozen, holds no I/O and knows no protocol.
"""

from regshape.model.exchange import (
    PLAIN,
    Ending,
    Exchange,
    Expectation,
    Failure,
    Frame,
    Headers,
    Mutator,
    Request,
)
from regshape.model.interface import (
    Capability,
    Defect,
    DefectKind,
    Play,
    RegistryProtocol,
    Space,
    World,
)
from regshape.model.judgement import (
    Call,
    Check,
    Fault,
    Identity,
    Level,
    Race,
    RaceCheck,
    Requirement,
    Role,
    Turn,
    Violation,
)
from regshape.model.outcome import (
    CampaignInfo,
    Comparison,
    Finding,
    KnownFailure,
    Observer,
    Outcome,
    Result,
    Standing,
    Verdict,
)
from regshape.model.program import (
    Case,
    Step,
)

__all__ = [
    "PLAIN",
    "Call",
    "CampaignInfo",
    "Capability",
    "Case",
    "Check",
    "Comparison",
    "Defect",
    "DefectKind",
    "Ending",
    "Exchange",
    "Expectation",
    "Failure",
    "Fault",
    "Finding",
    "Frame",
    "Headers",
    "Identity",
    "KnownFailure",
    "Level",
    "Mutator",
    "Observer",
    "Outcome",
    "Play",
    "Race",
    "RaceCheck",
    "RegistryProtocol",
    "Request",
    "Requirement",
    "Result",
    "Role",
    "Space",
    "Standing",
    "Step",
    "Turn",
    "Verdict",
    "Violation",
    "World",
]
