"""Requests in parallel: what they may leave behind, and whether some serial order explains it."""
