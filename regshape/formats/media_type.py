"""Media types without their parameters (RFC 9110, section 8.3.1)."""

from __future__ import annotations


def without_parameters(value: str) -> str:
    """Return a media type as it is written, without parameters."""
    return value.partition(";")[0].strip()


def bare_type(value: str) -> str:
    """Return a media type in lower case, without parameters: its case tells nothing."""
    return without_parameters(value).lower()
