"""The commands of `regshape ori`: the registry of Ori packages, and its client."""
