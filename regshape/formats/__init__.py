"""Leaves that know no protocol: digests, canonical JSON."""
