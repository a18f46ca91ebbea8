"""Generate, mutate, send, judge, shrink, record."""
