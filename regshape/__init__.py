"""RegShape: an asynchronous conformance-fuzzing engine for registries."""

__version__ = "0.1.0"
