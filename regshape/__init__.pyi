from regshape.engine.fuzzing import fuzz as fuzz
from regshape.mutators.rules import BreakRule as BreakRule
from regshape.protocols.oci.client import BreakModeConfig as BreakModeConfig
from regshape.protocols.oci.client import RegistryClient as RegistryClient
from regshape.protocols.oci.client import TelemetryConfig as TelemetryConfig
from regshape.protocols.oci.client import TransportConfig as TransportConfig
from regshape.settings import Settings as Settings

__version__: str
