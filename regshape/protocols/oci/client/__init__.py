"""The OCI client for programs: operations on a registry, asynchronous, with typed documents."""

from regshape.protocols.oci.client.manifest_client import PulledManifest
from regshape.protocols.oci.client.refusals import OCI_ERROR_MAP
from regshape.protocols.oci.client.registry_client import Pong, RegistryClient
from regshape.protocols.oci.client.telemetry import TelemetryConfig
from regshape.protocols.oci.client.transport_config import BreakModeConfig, TransportConfig

__all__ = [
    "OCI_ERROR_MAP",
    "BreakModeConfig",
    "Pong",
    "PulledManifest",
    "RegistryClient",
    "TelemetryConfig",
    "TransportConfig",
]
