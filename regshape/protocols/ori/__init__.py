"""The Ori package registry: its words, its archives, and its reference registry."""
