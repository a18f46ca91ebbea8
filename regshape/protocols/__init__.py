"""The registry protocols, one folder each, and what every HTTP registry owes."""
