from regshape.mutators.rules import BreakRule as BreakRule
from regshape.protocols.oci.client import BreakModeConfig as BreakModeConfig
from regshape.protocols.oci.client import RegistryClient as RegistryClient
from regshape.protocols.oci.client import TelemetryConfig as TelemetryConfig
from regshape.protocols.oci.client import TransportConfig as TransportConfig

__version__: str
