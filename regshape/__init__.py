"""RegShape: an asynchronous conformance-fuzzing engine for registries, and a client for them.

The names of the client and of the engine are importable from here, and imported when they are first
asked for; their types are in `__init__.pyi`.
"""

from importlib import import_module

__version__ = "0.1.0"

_CLIENT = "regshape.protocols.oci.client"
_LAZY = {
    "BreakModeConfig": _CLIENT,
    "BreakRule": "regshape.mutators.rules",
    "RegistryClient": _CLIENT,
    "Settings": "regshape.settings",
    "TelemetryConfig": _CLIENT,
    "TransportConfig": _CLIENT,
    "fuzz": "regshape.engine.fuzzing",
}
"""The module of each public name."""


def __getattr__(name: str) -> object:
    """Return a public name's value; raises `AttributeError` if there is none."""
    if name not in _LAZY:
        raise AttributeError(f"module 'regshape' has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)


def __dir__() -> list[str]:
    """Return all names, those that are not imported yet too."""
    return sorted([*globals(), *_LAZY])
